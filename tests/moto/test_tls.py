"""Certificates, trust stores and client certificates, over HTTP."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec
import pytest

from alb_controller.aws.certificates.acm import Acm
from alb_controller.aws.certificates.presented import PresentedCertificates
from alb_controller.model.elbv2 import MutualAuthentication
from tests.moto.conftest import Account
from tests.unit.aws import samples

BUNDLE = {"CaCertificatesBundleS3Bucket": "bucket", "CaCertificatesBundleS3Key": "ca.pem"}


@pytest.fixture
def certificate(account: Account) -> Iterator[str]:
    """A certificate for two names; its ARN."""
    answer = account.sender.call(
        "acm",
        "RequestCertificate",
        DomainName="a.example",
        SubjectAlternativeNames=["*.a.example"],
    )
    yield answer["CertificateArn"]
    account.sender.call("acm", "DeleteCertificate", CertificateArn=answer["CertificateArn"])


def test_issued_certificates_are_listed_with_their_names(
    account: Account, certificate: str
) -> None:
    """The listing and the certificate itself say the same."""
    acm = Acm(account.sender)
    (listed,) = [one for one in acm.issued() if one.arn == certificate]
    assert listed.domains is not None
    assert sorted(listed.domains) == ["*.a.example", "a.example"]
    assert (listed.is_imported, listed.is_private) == (False, False)
    whole = acm.certificate(certificate)
    assert whole is not None
    assert (whole.domains, whole.authority_arn) == (listed.domains, "")


def test_a_certificate_that_is_not_there(account: Account) -> None:
    """Is None, not an error: it may have gone since it was listed."""
    arn = "arn:aws:acm:us-west-2:123456789012:certificate/00000000-0000-0000-0000-000000000000"
    assert Acm(account.sender).certificate(arn) is None
    assert PresentedCertificates(account.sender).certificate(arn) is None


def test_a_certificate_is_known_by_names_key_and_hash(account: Account, certificate: str) -> None:
    """What decides which one is presented; a certificate of IAM has no such detail."""
    found = PresentedCertificates(account.sender).certificate(certificate)
    assert found is not None
    assert (found.name, set(found.domains)) == (certificate, {"a.example", "*.a.example"})
    assert (found.algorithm, found.bits, found.digest_bits) == ("RSA", 2048, 512)
    other = "arn:aws:iam::123456789012:server-certificate/a"
    assert PresentedCertificates(account.sender).certificate(other) is None


def test_trust_stores_are_found_by_name(account: Account) -> None:
    """One name that is not there hides no other."""
    made = {}
    for name in ("ts-one", "ts-two"):
        answer = account.sender.call("elbv2", "CreateTrustStore", Name=name, **BUNDLE)
        made[name] = answer["TrustStores"][0]["TrustStoreArn"]
    assert account.elbv2.trust_stores_by_name(["ts-one", "missing", "ts-two"]) == made
    assert account.elbv2.trust_stores_by_name([]) == {}


@pytest.mark.parametrize(
    "wanted",
    [
        MutualAuthentication("verify", "arn:aws:elasticloadbalancing:ts/1", True, "on"),
        MutualAuthentication("verify", "arn:aws:elasticloadbalancing:ts/1", False, "off"),
        MutualAuthentication("passthrough"),
    ],
)
def test_client_certificates_read_back_as_made(
    account: Account, certificate: str, wanted: MutualAuthentication
) -> None:
    """At creation, and changed to and fro; off is nothing."""
    balancer = account.has_load_balancer()
    made = account.elbv2.create_listener(
        samples.listener(
            load_balancer=balancer.identity,
            port=443,
            protocol="HTTPS",
            certificates=(certificate,),
            ssl_policy="ELBSecurityPolicy-2016-08",
            mutual_authentication=wanted,
        )
    )
    (found,) = account.elbv2.listeners(balancer)
    assert found.resource == made.resource
    assert found.resource.mutual_authentication == wanted
    for change, shown in ((MutualAuthentication("off"), None), (wanted, wanted), (None, wanted)):
        changed = msgspec.structs.replace(made.resource, mutual_authentication=change)
        account.elbv2.modify_listener(made.identity, changed)
        (found,) = account.elbv2.listeners(balancer)
        assert found.resource.mutual_authentication == shown
    account.elbv2.delete_load_balancer(balancer.identity)
