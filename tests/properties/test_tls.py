"""Laws of certificates: found in any order they are the same, and every host is covered."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from alb_controller.build.elbv2.tls import choose_certificates
from alb_controller.intent import DiscoveredCertificates, GivenCertificates, Origin, TlsIntent
from alb_controller.model.queries import Certificate, IssuedCertificates, domain_covers
from alb_controller.objects.annotations.mutual_authentication import mutual_authentication
from tests.unit.build.intents import WEB, balancer, context, listener, origin

LABELS = st.sampled_from(["a", "b", "*"])
NAMES = st.lists(LABELS, min_size=1, max_size=2).map(lambda some: ".".join([*some, "example"]))
CERTIFICATES = st.lists(
    st.tuples(st.text("0123456789", min_size=1, max_size=3), st.lists(NAMES, min_size=1)),
    unique_by=lambda one: one[0],
)


def chosen(hosts: tuple[str, ...], issued: list[Certificate]) -> tuple[str, ...]:
    """The certificates of a listener whose hosts are looked for."""
    tls = TlsIntent(
        policy="p",
        certificates=(DiscoveredCertificates(hosts, Origin(WEB)),),
        origin=origin("listen-ports"),
    )
    facts: Any = {IssuedCertificates(hosts): tuple(issued)}
    secure = listener(443, protocol="HTTPS", tls=tls)
    return tuple(choose_certificates(secure, balancer(), context(), facts))


@given(CERTIFICATES, st.randoms(use_true_random=False))
def test_no_order_chooses_the_certificates(made: list[tuple[str, list[str]]], chance: Any) -> None:
    """Neither AWS's order nor that of the hosts; the lowest ARN is the default one (spec 3.3)."""
    issued = [Certificate(arn=arn, domains=tuple(names)) for arn, names in made]
    hosts = sorted({name for one in issued for name in one.domains})
    if not hosts:
        return
    shuffled, turned = issued.copy(), hosts.copy()
    chance.shuffle(shuffled)
    chance.shuffle(turned)
    arns = chosen(tuple(hosts), issued)
    assert arns == chosen(tuple(turned), shuffled)
    assert arns[0] == min(arns)
    assert set(arns) == {one.arn for one in issued}


@given(st.lists(st.lists(st.sampled_from("abcd"), min_size=1), min_size=1))
def test_every_given_certificate_is_there_once(members: list[list[str]]) -> None:
    """The first member's first is the default one (spec 3.2)."""
    choices = tuple(GivenCertificates(tuple(one), origin("certificate-arn")) for one in members)
    tls = TlsIntent(policy="p", certificates=choices, origin=origin("listen-ports"))
    secure = listener(443, protocol="HTTPS", tls=tls)
    arns = tuple(choose_certificates(secure, balancer(), context(), {}))
    assert arns[0] == members[0][0]
    assert sorted(arns) == sorted({arn for one in members for arn in one})


@given(NAMES, NAMES)
def test_a_wildcard_stands_for_one_label(domain: str, host: str) -> None:
    """Only the first labels may differ, and only under a wildcard."""
    covers = domain_covers(domain, host)
    if domain.startswith("*."):
        assert covers == (domain.split(".")[1:] == host.split(".")[1:])
    else:
        assert covers == (domain == host)


ENTRIES = st.lists(
    st.dictionaries(
        st.sampled_from(["port", "mode", "trustStore", "advertiseTrustStoreCaNames", "x"]),
        st.one_of(st.integers(), st.sampled_from(["off", "passthrough", "verify", "on", ""]),
                  st.none(), st.booleans()),
    )
)  # fmt: skip


@given(st.one_of(st.text(), ENTRIES.map(json.dumps)))
def test_client_certificates_are_read_or_refused(raw: str) -> None:
    """Whatever a user writes; what is read can be sent to AWS."""
    try:
        entries = mutual_authentication(raw)
    except ValueError:
        return
    for one in entries:
        assert 1 <= one.port <= 65535
        assert (one.mode == "verify") == (one.trust_store is not None)
