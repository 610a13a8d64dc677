"""Requested certificates: asked for once, validated by DNS, in use before others go (spec 3.4)."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from alb_controller.errors import Missing, NotReady
from alb_controller.intent import CertificateIntent, Origin, StackIntent
from alb_controller.reconcile.certificates import Certificates
from alb_controller.settings import FeatureGates, Settings
from alb_controller.values import ObjectRef, StackKey
from tests.clocks import FakeClock
from tests.world_certificates import Acm

WEB = ObjectRef("Ingress", "shop", "web")
ID = "amazon_issued/a.example-1"


@pytest.fixture
def acm() -> Acm:
    """An account with zones for example and b.example."""
    made = Acm()
    made.hosted = {"example": "Z1", "b.example": "Z2"}
    return made


def certificates(acm: Acm, clock: FakeClock | None = None, **fields: Any) -> Certificates:
    """What a reconciler asks, with the gate on."""
    gates = FeatureGates(enable_certificate_management=True)
    settings = Settings(cluster_name="prod", feature_gates=gates, **fields)
    return Certificates(acm, acm, settings, clock or FakeClock())


def asks(*hosts: str, **fields: Any) -> StackIntent:
    """A stack that asks for one certificate."""
    base: dict[str, Any] = {"id": ID, "hosts": hosts, "tags": {}, "origin": Origin(WEB, "key")}
    wanted = CertificateIntent(**{**base, **fields})
    return StackIntent(key=StackKey("ingress", "shop", "web"), certificates=(wanted,))


def test_one_that_is_issued_at_once_gets_its_records_too(acm: Acm) -> None:
    """ACM renews a certificate by them; one that others have proven is left alone."""
    acm.knows_domains = True
    made, intent = certificates(acm), asks("a.example")
    assert made.arns(intent) == {ID: "arn:0"}
    assert [record.name for record in acm.records] == ["_x.a.example"]
    acm.records.clear()
    assert certificates(acm).arns(intent) == {ID: "arn:0"}
    assert acm.records == {}


NOTHING = StackIntent(key=StackKey("ingress", "shop", "web"))


def issued(made: Certificates, intent: StackIntent) -> dict[str, str]:
    """The ARNs, after the one wait for the issue."""
    with pytest.raises(NotReady, match="the issue of certificate"):
        made.arns(intent)
    return made.arns(intent)


def test_a_certificate_is_requested_proven_and_waited_for(acm: Acm) -> None:
    """One request; each record in the zone with the longest domain; then it has an ARN."""
    made = certificates(acm, default_tags={"team": "platform", "env": "prod"})
    intent = asks("*.a.example", "x.b.example", tags={"team": "mine", "own": "1"})
    assert issued(made, intent) == {ID: "arn:0"}
    (request,) = acm.requests
    assert (request.domain, request.names) == ("*.a.example", ("*.a.example", "x.b.example"))
    assert request.tags == {
        "team": "platform",
        "env": "prod",
        "own": "1",
        "elbv2.k8s.aws/cluster": "prod",
        "ingress.k8s.aws/stack": "shop/web",
        "ingress.k8s.aws/resource": ID,
    }
    assert {record.name: zone for record, zone in acm.records.items()} == {
        "_x.a.example": "Z1",
        "_x.x.b.example": "Z2",
    }


def test_records_are_written_once(acm: Acm) -> None:
    """However long ACM takes to see them."""
    made = certificates(acm)
    with pytest.raises(NotReady):
        made.arns(asks("a.example"))
    acm.records.clear()
    with pytest.raises(NotReady):
        made.arns(asks("a.example"))
    assert not acm.records


def test_what_acm_does_not_list_yet_is_not_requested_twice(acm: Acm) -> None:
    """A listing lags behind."""
    acm.hides_new_ones = True
    made = certificates(acm)
    assert issued(made, asks("a.example")) == {ID: "arn:0"}
    assert len(acm.requests) == 1


def test_after_a_restart_the_certificate_is_found_by_its_tags(acm: Acm) -> None:
    """Nothing is requested again, nor taken from another stack."""
    issued(certificates(acm), asks("a.example"))
    assert certificates(acm).arns(asks("a.example")) == {ID: "arn:0"}
    other = msgspec.structs.replace(asks("a.example"), key=StackKey("ingress", "", "team"))
    assert certificates(acm).arns(other) == {ID: "arn:1"}


def test_records_may_take_acm_a_while(acm: Acm) -> None:
    """Then they are asked for again, soon."""
    acm.is_slow = True
    with pytest.raises(NotReady, match="validation records") as raised:
        certificates(acm).arns(asks("a.example"))
    assert raised.value.after_seconds == 5


def test_a_host_without_a_zone_is_reported_before_anything_is_requested(acm: Acm) -> None:
    """It could never be validated."""
    with pytest.raises(Missing, match=r"'a\.other', which no hosted zone of Route 53") as raised:
        certificates(acm).arns(asks("a.example", "a.other"))
    assert (raised.value.origin, raised.value.field) == (WEB, "key")
    assert not acm.requests


def test_a_private_authority_needs_no_dns(acm: Acm) -> None:
    """It issues at once."""
    acm.hosted = {}
    intent = asks("a.internal", authority_arn="arn:ca")
    assert certificates(acm).arns(intent) == {ID: "arn:0"}
    assert not acm.records


def test_other_hosts_need_another_certificate(acm: Acm) -> None:
    """The old one goes after the deploy; a record that both have stays, for renewals need it."""
    made = certificates(acm)
    issued(made, asks("a.example", "old.example"))
    made.release(asks("a.example", "old.example"))
    after = asks("a.example", "new.example")
    assert issued(made, after) == {ID: "arn:1"}
    assert set(acm.made) == {"arn:0", "arn:1"}
    made.release(after)
    assert set(acm.made) == {"arn:1"}
    assert {record.name for record in acm.records} == {"_x.a.example", "_x.new.example"}


def test_nothing_is_left_when_nobody_asks(acm: Acm) -> None:
    """Neither certificate nor records; one in use is tried again."""
    made = certificates(acm)
    issued(made, asks("a.example"))
    acm.in_use = {"arn:0"}
    with pytest.raises(NotReady, match="arn:0, which is in use"):
        made.release(NOTHING)
    acm.in_use = set()
    made.release(NOTHING)
    assert (acm.made, acm.records) == ({}, {})


def test_a_record_that_another_stack_needs_stays(acm: Acm) -> None:
    """ACM gives all certificates of an account for one domain the same record."""
    mine, theirs = certificates(acm), certificates(acm)
    issued(mine, asks("a.example", "b.example"))
    theirs.arns(msgspec.structs.replace(asks("a.example"), key=StackKey("ingress", "", "team")))
    certificates(acm).release(NOTHING)
    assert set(acm.made) == {"arn:1"}
    assert {record.name for record in acm.records} == {"_x.a.example"}


def test_a_service_has_no_part_in_the_certificates_of_an_ingress_of_its_name(acm: Acm) -> None:
    """It neither takes what was requested for the Ingress, nor deletes it."""
    made, service = certificates(acm), StackKey("service", "shop", "web")
    issued(made, asks("a.example"))
    made.release(asks("a.example"))
    made.release(StackIntent(key=service))
    assert set(acm.made) == {"arn:0"}
    made.arns(msgspec.structs.replace(asks("a.example"), key=service))
    assert acm.requests[1].tags["service.k8s.aws/stack"] == "shop/web"


def test_tags_of_a_user_give_a_certificate_to_no_other_stack(acm: Acm) -> None:
    """Those that say who owns a resource are ours alone to set."""
    tags = {"service.k8s.aws/stack": "shop/web", "team": "a"}
    issued(certificates(acm), asks("a.example", tags=tags))
    assert acm.requests[0].tags == {
        "team": "a",
        "elbv2.k8s.aws/cluster": "prod",
        "ingress.k8s.aws/stack": "shop/web",
        "ingress.k8s.aws/resource": ID,
    }


def test_a_failed_certificate_is_replaced(acm: Acm) -> None:
    """A pending one is not: a new request would have the same records."""
    made = certificates(acm)
    with pytest.raises(NotReady):
        made.arns(asks("a.example"))
    acm.made["arn:0"] = msgspec.structs.replace(acm.made["arn:0"], status="FAILED")
    assert made.arns(asks("a.example")) == {ID: "arn:1"}
    made.release(asks("a.example"))
    assert set(acm.made) == {"arn:1"}


def test_what_is_settled_is_not_asked_again(acm: Acm) -> None:
    """A certificate in use cannot go, and keeps its ARN when it is renewed."""
    made = certificates(acm)
    intent = asks("a.example")
    arns = issued(made, intent)
    made.release(intent)
    acm.made.clear()
    assert made.arns(intent) == arns
    made.release(intent)


def test_without_the_gate_no_call_is_made(acm: Acm) -> None:
    """Not even a listing."""
    made = Certificates(acm, acm, Settings(cluster_name="prod"), FakeClock())
    assert made.arns(NOTHING) == {}
    made.release(NOTHING)
    assert acm.calls == []
    certificates(acm).release(NOTHING)
    assert acm.calls == ["ListCertificates"]
