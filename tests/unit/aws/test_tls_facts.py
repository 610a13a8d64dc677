"""Certificates and trust stores: one listing for all, and nothing missing is taken from memory."""

from __future__ import annotations

from typing import Any, cast

import pytest

from alb_controller.aws.certificates.facts import CertificateFacts, TrustStoreFacts
from alb_controller.model.queries import (
    Certificate,
    IssuedCertificates,
    TrustStoreByName,
    TrustStoreInfo,
)
from tests.clocks import FakeClock
from tests.world_certificates import Acm, Issued
from tests.world_reads import Account

LIST, READ = "ListCertificates", "DescribeCertificate"


@pytest.fixture
def acm() -> Acm:
    """An account without certificates."""
    return Acm()


@pytest.fixture
def clock() -> FakeClock:
    """Time that a test moves."""
    return FakeClock()


@pytest.fixture
def facts(acm: Acm, clock: FakeClock) -> CertificateFacts:
    """What is asked."""
    return CertificateFacts(cast(Any, Issued(acm)), clock)  # as much of Acm as is asked


def found(facts: CertificateFacts, *hosts: str, by_authority: bool = False) -> list[str]:
    """The ARNs for hosts."""
    query = IssuedCertificates(hosts, with_authorities=by_authority)
    return [cast(Certificate, one).arn for one in facts.answer([query])[query]]


def test_one_listing_answers_everybody(acm: Acm, facts: CertificateFacts) -> None:
    """By ARN, however many ask within a minute; what covers no host is left out."""
    acm.has("b", "*.example")
    acm.has("a", "x.example")
    acm.has("c", "other")
    assert found(facts, "x.example") == ["a", "b"]
    assert found(facts, "y.example", "other") == ["b", "c"]
    assert acm.calls == [LIST]


def test_the_listing_grows_old(acm: Acm, facts: CertificateFacts, clock: FakeClock) -> None:
    """After a minute what has expired is not found any more."""
    acm.has("a", "x.example")
    assert found(facts, "x.example") == ["a"]
    acm.made.clear()
    clock.advance(59)
    assert found(facts, "x.example") == ["a"]
    clock.advance(2)
    assert found(facts, "x.example") == []


def test_a_certificate_issued_just_now_is_found(
    acm: Acm, facts: CertificateFacts, clock: FakeClock
) -> None:
    """A host without certificate has them listed at once, and no oftener than it is asked for."""
    assert found(facts, "x.example") == []
    assert acm.calls == [LIST]
    clock.advance(1)
    acm.has("a", "x.example")
    assert found(facts, "x.example") == ["a"]
    assert acm.calls == [LIST, LIST]


@pytest.mark.parametrize("type_, seconds", [("IMPORTED", 300), ("AMAZON_ISSUED", 36000)])
def test_names_that_the_listing_does_not_show_are_read_and_remembered(
    acm: Acm, facts: CertificateFacts, clock: FakeClock, type_: str, seconds: int
) -> None:
    """Of an imported certificate for five minutes: it may be imported anew with other names."""
    acm.has("a", "x.example", type=type_, is_long=True)
    for _ in range(2):
        assert found(facts, "x.example") == ["a"]
    clock.advance(seconds - 1)
    found(facts, "x.example")
    assert acm.calls.count(READ) == 1
    clock.advance(2)
    assert found(facts, "x.example") == ["a"]
    assert acm.calls.count(READ) == 2


def test_authorities_are_read_of_private_certificates_alone(
    acm: Acm, facts: CertificateFacts
) -> None:
    """Where it matters who has issued them."""
    acm.has("a", "x.example")
    acm.has("p", "x.example", type="PRIVATE", authority="ca-1")
    assert found(facts, "x.example") == ["a", "p"]
    assert acm.calls == [LIST]
    query = IssuedCertificates(("x.example",), with_authorities=True)
    made = [cast(Certificate, one) for one in facts.answer([query])[query]]
    assert [(one.arn, one.authority_arn) for one in made] == [("a", ""), ("p", "ca-1")]
    assert acm.calls == [LIST, READ]


def test_a_certificate_that_goes_meanwhile_is_no_answer(acm: Acm, facts: CertificateFacts) -> None:
    """Listed, and deleted before it was read."""
    acm.has("a", "x.example", is_long=True)
    acm.while_listing = acm.made.clear
    assert found(facts, "x.example") == []
    assert READ in acm.calls


def test_trust_stores_are_asked_for_together_and_missing_ones_again(clock: FakeClock) -> None:
    """One that is there is remembered for ten minutes."""
    account = Account()
    account.trust_stores = {"a": "arn:a", "b": "arn:b"}
    facts = TrustStoreFacts(cast(Any, account), clock)  # as much of Elbv2 as is asked
    a, b, missing = (TrustStoreByName(name) for name in ("a", "b", "missing"))
    answers = facts.answer([a, b, missing])
    assert answers[a] == (TrustStoreInfo(name="a", arn="arn:a"),)
    assert answers[b] == (TrustStoreInfo(name="b", arn="arn:b"),)
    assert answers[missing] == ()
    facts.answer([a, missing])
    clock.advance(601)
    facts.answer([a])
    assert account.trust_stores_asked == [["a", "b", "missing"], ["missing"], ["a"]]
