"""HTTPS seen from outside: certificates that come, change hands and go."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import boto3
import pytest

from tests.controller.manifests import Object, ingress
from tests.controller.rig import Rig

GATE = "--feature-gates=EnableCertificateManagement=true"
HTTPS = '[{"HTTPS": 443}]'


def certificates(rig: Rig) -> list[str]:
    """The ARNs of the one listener, the default one first."""
    (listener,) = rig.aws.listeners()
    shown = rig.aws.account.elbv2.describe_listener_certificates(
        ListenerArn=listener["ListenerArn"]
    )["Certificates"]
    return [one["CertificateArn"] for one in sorted(shown, key=lambda one: not one["IsDefault"])]


def test_swapped_to_and_fro_the_certificates_are_both_there(rig: Rig) -> None:
    """Each becomes the default one in turn; the other is still shown to clients that ask for it."""
    a, b = (rig.aws.ids[f"cert:{name}"] for name in ("myapp.example", "myapi.example"))
    rig.apply(ingress("web", listen_ports=HTTPS, certificate_arn=f"{a},{b}"))
    with rig.running() as controller:
        controller.settle()
        for order in ((b, a), (a, b)):
            rig.annotate("web", certificate_arn=",".join(order))
            controller.settle()
            first, *others = certificates(rig)
            assert first == order[0]
            assert order[1] in others


def test_a_member_without_certificate_stops_alone(rig: Rig) -> None:
    """The others are served, and the Warning says which host has none."""
    group = {"group": "g", "listen_ports": HTTPS}
    rig.apply(ingress("good", ["/good"], host="myapp.example", **group))
    rig.apply(ingress("bad", ["/bad"], host="nowhere.example.org", **group))
    with rig.running() as controller:
        controller.settle()
    assert rig.aws.paths() == ["/good"]
    (problem,) = rig.warnings("bad")
    assert "no certificate found for host: nowhere.example.org" in problem
    assert rig.warnings("good") == []


def past_the_front(rig: Rig) -> str:
    """Route 53 speaks another protocol than the front does."""
    return f"--aws-api-endpoints=Route 53={rig.aws.account.endpoint}"


@pytest.fixture
def zone(rig: Rig) -> Iterator[Any]:
    """The hosted zone team.example; its records by name."""
    client: Any = boto3.client(
        "route53",
        endpoint_url=rig.aws.account.endpoint,
        region_name="us-west-2",
        aws_access_key_id="test",
        aws_secret_access_key="test",
    )
    id_ = client.create_hosted_zone(Name="team.example", CallerReference="x")["HostedZone"]["Id"]

    def names() -> list[str]:
        shown = client.list_resource_record_sets(HostedZoneId=id_)["ResourceRecordSets"]
        return sorted(one["Name"] for one in shown if one["Type"] == "CNAME")

    yield names
    client.delete_hosted_zone(Id=id_)


def managed(rig: Rig) -> dict[str, list[str]]:
    """Names of the certificates that carry our tags, by ARN."""
    acm = rig.aws.account.acm
    found = {}
    for one in acm.list_certificates()["CertificateSummaryList"]:
        arn = one["CertificateArn"]
        tags = acm.list_tags_for_certificate(CertificateArn=arn)["Tags"]
        if any(tag["Key"] == "ingress.k8s.aws/stack" for tag in tags):
            shown = acm.describe_certificate(CertificateArn=arn)["Certificate"]
            found[arn] = sorted(shown["SubjectAlternativeNames"])
    return found


def test_a_requested_certificate_lives_as_long_as_its_ingress(rig: Rig, zone: Any) -> None:
    """Requested once and used; with another host there is another, and none is left at the end."""
    rig.apply(ingress("web", host="a.team.example", create_acm_cert="true"))
    with rig.running(GATE, past_the_front(rig)) as controller:
        controller.settle()
        ((first, names),) = managed(rig).items()
        assert names == ["a.team.example"]
        assert certificates(rig) == [first]
        path: Object = {"path": "/", "pathType": "Prefix"}
        path |= {"backend": {"service": {"name": "app", "port": {"number": 80}}}}
        rule = {"host": "b.team.example", "http": {"paths": [path]}}
        rig.merge("Ingress", "web", {"spec": {"rules": [rule]}})
        controller.settle()
        ((second, names),) = managed(rig).items()
        assert names == ["b.team.example"]
        assert certificates(rig) == [second]
        rig.delete("Ingress", "web")
        rig.until(lambda: rig.is_gone("Ingress", "web"))
        assert managed(rig) == {}
    assert zone() == []


def test_a_requested_certificate_is_nobody_elses(rig: Rig, zone: Any) -> None:
    """Another Ingress that looks for certificates does not find it (spec 3.3)."""
    rig.apply(ingress("web", host="a.team.example", create_acm_cert="true"))
    with rig.running(GATE, past_the_front(rig)) as controller:
        controller.settle()
        assert len(managed(rig)) == 1
        rig.apply(ingress("other", host="a.team.example", listen_ports=HTTPS))
        controller.settle()
        (problem,) = rig.warnings("other")
        assert "no certificate found for host: a.team.example" in problem
        rig.delete("Ingress", "web")
        rig.until(lambda: rig.is_gone("Ingress", "web"))
    assert zone() == []
