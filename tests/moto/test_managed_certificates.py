"""Certificates that the controller requests, and their records in DNS, over HTTP."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from alb_controller.aws.certificates.managed import (
    CertificateManager,
    CertificateRequest,
    CertificateTags,
    ValidationRecord,
    zone_of,
)
from alb_controller.model.ownership import tracking_tags
from alb_controller.values import StackKey
from tests.clocks import FakeClock
from tests.moto.conftest import Account

CA = "arn:aws:acm-pca:us-west-2:123456789012:certificate-authority/0"
TAGS = tracking_tags("prod", StackKey("ingress", "shop", "web"), "amazon_issued/a.example-1")


@pytest.fixture
def manager(account: Account) -> CertificateManager:
    """What writes."""
    return CertificateManager(account.sender)


@pytest.fixture
def arn(manager: CertificateManager) -> Iterator[str]:
    """A certificate for two names."""
    wanted = CertificateRequest(
        domain="*.a.example", names=("*.a.example", "b.example"), authority_arn="", tags=TAGS
    )
    made = manager.request(wanted)
    yield made
    manager.delete(made)


def test_a_requested_certificate_reads_back(manager: CertificateManager, arn: str) -> None:
    """With its names, its tags and a record for each name."""
    assert arn in manager.arns()
    assert manager.tags(arn) == TAGS
    made = manager.certificate(arn)
    assert made is not None
    assert made.domains == {"*.a.example", "b.example"}
    assert made.has_all_records
    names = sorted(record.name.partition(".")[2] for record in made.records)
    assert names == ["a.example.", "b.example."]


def test_a_private_authority_is_named(manager: CertificateManager, account: Account) -> None:
    """In place of validation by DNS."""
    wanted = CertificateRequest(
        domain="a.internal", names=("a.internal",), authority_arn=CA, tags=TAGS
    )
    made = manager.request(wanted)
    shown = account.sender.call("acm", "DescribeCertificate", CertificateArn=made)
    assert shown["Certificate"]["CertificateAuthorityArn"] == CA
    manager.delete(made)


def test_what_has_gone_is_no_error(manager: CertificateManager) -> None:
    """Neither to read nor to delete."""
    gone = "arn:aws:acm:us-west-2:123456789012:certificate/00000000-0000-0000-0000-000000000000"
    assert manager.tags(gone) is None
    assert manager.certificate(gone) is None
    manager.delete(gone)


def test_managed_certificates_are_reported_by_their_tags(
    manager: CertificateManager, account: Account, arn: str
) -> None:
    """Whatever cluster and stack: they are left out where certificates are looked for."""
    other = account.sender.call("acm", "RequestCertificate", DomainName="c.example")
    tags = CertificateTags(manager, FakeClock())
    assert tags.managed([arn, other["CertificateArn"]]) == [arn]
    manager.delete(other["CertificateArn"])


def test_records_come_and_go(manager: CertificateManager, account: Account) -> None:
    """Again is no error, either way; a zone that has gone is none for a delete."""
    made = account.sender.call(
        "route53", "CreateHostedZone", Name="a.example", CallerReference="one"
    )
    zone = zone_of("_x.a.example.", manager.zones())
    assert zone is not None
    assert made["HostedZone"]["Id"].endswith(zone)
    record = ValidationRecord("_x.a.example.", "_y.acm-validations.aws.")
    for _ in range(2):
        manager.create_records(zone, [record])
    assert _cnames(account, zone) == [(record.name, record.value)]
    for _ in range(2):
        manager.delete_records(zone, [record])
    assert _cnames(account, zone) == []
    account.sender.call("route53", "DeleteHostedZone", Id=zone)
    manager.delete_records(zone, [record])


def _cnames(account: Account, zone: str) -> list[tuple[str, str]]:
    shown = account.sender.call("route53", "ListResourceRecordSets", HostedZoneId=zone)
    return [
        (one["Name"], one["ResourceRecords"][0]["Value"])
        for one in shown["ResourceRecordSets"]
        if one["Type"] == "CNAME"
    ]


def test_the_zone_with_the_longest_domain_serves_a_name() -> None:
    """A delegated zone before its parent."""
    zones = {"example": "Z1", "b.example": "Z2"}
    assert zone_of("a.b.example", zones) == "Z2"
    assert zone_of("*.example.", zones) == "Z1"
    assert zone_of("other", zones) is None
