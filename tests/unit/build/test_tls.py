"""Which certificates a listener gets, and what it does with those of clients (spec 3.2, 3.3)."""

from __future__ import annotations

from typing import Any

import pytest

from alb_controller.build.context import Context, CurrentState
from alb_controller.build.elbv2.listeners import build_listener
from alb_controller.build.needs import needs
from alb_controller.errors import Missing
from alb_controller.intent import (
    CertificateChoice,
    DiscoveredCertificates,
    GivenCertificates,
    ListenerIntent,
    MutualTlsIntent,
    Origin,
    RequestedCertificate,
    TlsIntent,
)
from alb_controller.model.elbv2 import Listener, MutualAuthentication
from alb_controller.model.queries import (
    Answer,
    Certificate,
    IssuedCertificates,
    Query,
    TrustStoreByName,
    TrustStoreInfo,
)
from alb_controller.values import ObjectRef
from tests.unit.build.intents import (
    MAIN,
    WEB,
    balancer,
    context,
    listener,
    origin,
    stack_intent,
)

API = ObjectRef("Ingress", "shop", "api")


def given(*arns: str) -> GivenCertificates:
    """Certificates by ARN."""
    return GivenCertificates(arns, origin("certificate-arn"))


def of_hosts(*hosts: str, ref: ObjectRef = WEB) -> DiscoveredCertificates:
    """Certificates to be found."""
    return DiscoveredCertificates(hosts, Origin(ref))


def secure(*choices: CertificateChoice, **fields: Any) -> ListenerIntent:
    """An HTTPS listener on 443 with a policy."""
    base: dict[str, Any] = {
        "policy": "policy",
        "certificates": choices,
        "origin": origin("listen-ports"),
    }
    return listener(443, protocol="HTTPS", tls=TlsIntent(**{**base, **fields}))


def issued(arn: str, *domains: str, authority: str = "") -> Certificate:
    """An issued certificate."""
    return Certificate(arn=arn, domains=domains, authority_arn=authority)


def built(
    wanted: ListenerIntent, *certificates: Certificate, by: Context | None = None
) -> Listener:
    """The listener, with AWS having these certificates."""
    by = by or context()
    intent = stack_intent(listeners=(wanted,))
    facts: dict[Query, Answer] = {
        query: tuple(c for c in certificates if any(c.covers(host) for host in query.hosts))
        for query in needs(intent, by, {})
        if isinstance(query, IssuedCertificates)
    }
    return build_listener(wanted, balancer(), intent, by, facts)


def test_a_plain_listener_has_nothing_of_tls() -> None:
    """And asks for nothing."""
    made = built(listener(80))
    assert (made.certificates, made.ssl_policy, made.mutual_authentication) == ((), None, None)


@pytest.mark.parametrize(
    "choices, arns",
    [
        ([given("b", "a", "c")], ("b", "a", "c")),
        ([given("b", "c", "a", "b")], ("b", "a", "c")),
        ([given("d"), given("a", "d"), given("c")], ("d", "a", "c")),
    ],
)
def test_the_first_certificate_is_the_default_one(
    choices: list[CertificateChoice], arns: tuple[str, ...]
) -> None:
    """All others follow, sorted and each once."""
    made = built(secure(*choices))
    assert (made.certificates, made.ssl_policy) == (arns, "policy")


WILD, SHOP = issued("3", "*.shop.example", "shop.example"), issued("2", "www.shop.example")


@pytest.mark.parametrize(
    "hosts, arns",
    [
        (["www.shop.example"], ("2", "3")),
        (["a.shop.example"], ("3",)),
        (["shop.example"], ("3",)),
        (["*.shop.example"], ("3",)),
        (["a.shop.example", "www.shop.example"], ("2", "3")),
    ],
)
def test_every_certificate_of_every_host_sorted_by_arn(
    hosts: list[str], arns: tuple[str, ...]
) -> None:
    """So that the default one depends on no order of hosts (spec 3.3)."""
    assert built(secure(of_hosts(*hosts)), WILD, SHOP).certificates == arns


@pytest.mark.parametrize("host", ["a.b.shop.example", "shop.other", "www.SHOP.example", "*.x"])
def test_a_host_that_no_certificate_covers_stops_its_ingress(host: str) -> None:
    """A wildcard is for one label, and case counts; the host is named."""
    with pytest.raises(Missing, match="no certificate found for host: ") as raised:
        built(secure(given("x"), of_hosts("www.shop.example", host, ref=API)), WILD, SHOP)
    assert host in str(raised.value)
    assert raised.value.origin == API


def test_a_requested_certificate_comes_by_the_id_it_was_requested_with() -> None:
    """Among others it takes its place by ARN, as one that was given would."""
    by = context(certificates={"listener/shop": "b", "listener/other": "z"})
    requested = RequestedCertificate("listener/shop", origin("create-acm-cert"))
    wanted = secure(given("c"), requested, given("a"))
    assert built(wanted, by=by).certificates == ("c", "a", "b")


def test_only_allowed_authorities_count() -> None:
    """--allowed-certificate-authority-arns: Amazon's own certificates are none of theirs."""
    by = context(settings={"allowed_certificate_authority_arns": ("ca-1", "ca-2")})
    ours = issued("5", "a.example", authority="ca-2")
    other = issued("4", "a.example", authority="ca-9")
    amazon = issued("1", "a.example")
    wanted = secure(of_hosts("a.example"))
    assert built(wanted, amazon, other, ours, by=by).certificates == ("5",)
    assert built(wanted, amazon, other, ours).certificates == ("1", "4", "5")
    with pytest.raises(Missing, match="in ACM of the allowed authorities"):
        built(wanted, amazon, other, by=by)


def test_a_listener_without_certificates_is_a_problem() -> None:
    """AWS would refuse it; the Ingress's Warning says what to do (spec 12.1 #16)."""
    with pytest.raises(Missing, match="HTTPS port 443 has no certificate: name one") as raised:
        built(secure(of_hosts()))
    assert raised.value.origin == WEB


def kept() -> CurrentState:
    """A live load balancer that serves HTTPS."""
    certificates = {443: ("old", "older")}
    return CurrentState(
        scheme="internal", ip_address_type="ipv4", subnets=("s",), certificates=certificates
    )


def test_certificates_of_a_last_known_good_stay_where_none_is_found() -> None:
    """A stopped member's certificate has expired: what AWS serves is better than nothing."""
    by = context(kept={MAIN: kept()})
    gone = secure(of_hosts("a.example"), keeps_certificates=True)
    assert built(gone, by=by).certificates == ("old", "older")
    assert built(gone, issued("1", "a.example"), by=by).certificates == ("1",)
    with pytest.raises(Missing):
        built(gone)
    with pytest.raises(Missing):
        built(secure(of_hosts("a.example")), by=by)


def mutual(**fields: Any) -> MutualTlsIntent:
    """Client certificates verified by a store."""
    base: dict[str, Any] = {
        "mode": "verify",
        "trust_store": "arn:aws:ts/1",
        "ignore_client_certificate_expiry": True,
        "advertise_trust_store_ca_names": "on",
        "origin": origin("mutual-authentication"),
    }
    return MutualTlsIntent(**{**base, **fields})


def test_client_certificates_by_arn_need_no_question() -> None:
    """The options go along."""
    wanted = secure(given("a"), mutual=mutual())
    assert needs(stack_intent(listeners=(wanted,)), context(kept={MAIN: kept()}), {}) == frozenset()
    expected = MutualAuthentication("verify", "arn:aws:ts/1", True, "on")
    assert built(wanted).mutual_authentication == expected


def test_a_trust_store_by_name_is_looked_up() -> None:
    """One that is not there stops the Ingress."""
    wanted = secure(given("a"), mutual=mutual(trust_store="clients"))
    intent, by = stack_intent(listeners=(wanted,)), context(kept={MAIN: kept()})
    (query,) = needs(intent, by, {})
    assert query == TrustStoreByName("clients")
    store = TrustStoreInfo(name="clients", arn="arn:ts/2")
    made = build_listener(wanted, balancer(), intent, by, {query: (store,)})
    assert made.mutual_authentication == MutualAuthentication("verify", "arn:ts/2", True, "on")
    with pytest.raises(Missing, match="names trust store 'clients', which does not exist"):
        build_listener(wanted, balancer(), intent, by, {query: ()})


def test_unsaid_client_certificates_are_left_alone_but_for_the_gate() -> None:
    """EnhancedDefaultBehavior turns them off when nobody asks for them any more (spec 3.6)."""
    assert built(secure(given("a"))).mutual_authentication is None
    by = context(gates={"enhanced_default_behavior": True})
    assert built(secure(given("a")), by=by).mutual_authentication == MutualAuthentication("off")
    assert built(listener(80), by=by).mutual_authentication is None


def test_attributes_are_those_declared() -> None:
    """None of them is nothing to compare."""
    assert built(listener(80, attributes={"a": "1"})).attributes == {"a": "1"}
    assert built(listener(80)).attributes is None


def test_questions_are_asked_once_for_a_host_list() -> None:
    """And none where a member has no hosts."""
    wanted = secure(of_hosts("a.example"), of_hosts(), of_hosts("a.example"))
    intent = stack_intent(listeners=(wanted,))
    assert needs(intent, context(kept={MAIN: kept()}), {}) == {IssuedCertificates(("a.example",))}
