"""`create-acm-cert`: the certificate that an Ingress asks for (spec 3.4)."""

from __future__ import annotations

import hashlib
from typing import Any

import pytest

from alb_controller.intent import GivenCertificates, RequestedCertificate, StackIntent
from alb_controller.objects.annotations.ingress_table import PREFIX
from tests.factories import path, rule
from tests.unit.frontends.ingress.translation import (
    alone,
    listeners,
    refused,
    settings,
    tls,
)

OWNER = hashlib.sha256(b"shop/web").hexdigest()[:8]
ASKS = {"create-acm-cert": "true"}
HOSTS = [rule("b.example", path()), rule("*.a.example", path())]


def gated(**fields: Any) -> Any:
    """Settings with the gate on."""
    return settings(gates={"enable_certificate_management": True}, **fields)


def asked(alb: dict[str, str], **fields: Any) -> StackIntent:
    """The intent of an Ingress with hosts."""
    return alone(alb=ASKS | alb, rules=HOSTS, by=gated(**fields))


def ports(intent: StackIntent) -> dict[int, str]:
    """Port -> protocol."""
    return {listener.port: listener.protocol for listener in listeners(intent)}


def test_a_certificate_for_all_hosts() -> None:
    """Named after the first host and its owner; 443 is the default port and uses it."""
    intent = asked({"tags": "a=1"})
    (made,) = intent.certificates
    assert made.id == f"amazon_issued/wildcard.a.example-{OWNER}"
    assert (made.hosts, made.authority_arn) == (("*.a.example", "b.example"), "")
    assert (made.tags, made.origin.field) == ({"a": "1"}, PREFIX + "create-acm-cert")
    assert tls(intent).certificates == (RequestedCertificate(made.id, made.origin),)
    assert ports(intent) == {443: "HTTPS"}


@pytest.mark.parametrize(
    "alb, flag, authority",
    [({}, None, ""), ({}, "flag", "flag"), ({"acm-pca-arn": "mine"}, "flag", "mine")],
)
def test_who_issues_it(alb: dict[str, str], flag: str | None, authority: str) -> None:
    """The annotation's CA, else --default-pca-arn, else Amazon."""
    (made,) = asked(alb, default_pca_arn=flag).certificates
    assert made.authority_arn == authority
    assert made.id.startswith("private/" if authority else "amazon_issued/")


def test_it_is_requested_even_where_another_is_used() -> None:
    """As in LBC."""
    intent = asked({"certificate-arn": "arn:mine"})
    assert len(intent.certificates) == 1
    assert isinstance(tls(intent).certificates[0], GivenCertificates)


def test_without_hosts_it_cannot_be() -> None:
    """The Ingress gets a Warning."""
    (problem,) = refused(alb=ASKS, by=gated())
    assert problem.startswith(f"{PREFIX}create-acm-cert: needs a host")


def test_without_the_gate_the_annotation_means_nothing() -> None:
    """As in LBC."""
    intent = alone(alb=ASKS, rules=HOSTS)
    assert (intent.certificates, ports(intent)) == ((), {80: "HTTP"})


def test_a_token_that_is_no_boolean_is_reported_once() -> None:
    """LBC takes it for false in silence."""
    (problem,) = refused(alb={"create-acm-cert": "yes"}, rules=HOSTS, by=gated())
    assert problem == f"{PREFIX}create-acm-cert: 'yes' must be true or false"
