"""Rules that answer nothing, Ingresses that no listener serves, backends that cannot be."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest

from alb_controller.frontends.ingress.admission import validate_ingress
from alb_controller.frontends.ingress.member import MemberIntent
from alb_controller.frontends.ingress.notices import reach
from alb_controller.frontends.translation import Translation
from alb_controller.intent import LOAD_BALANCER, Origin
from alb_controller.intent.covering import Covering, Effort
from alb_controller.objects.annotations.ingress_table import PREFIX
from alb_controller.objects.core import KubeObject
from tests.factories import (
    cluster,
    ingress,
    ingress_class,
    member,
    path,
    rule,
    service,
    site,
    to,
)
from tests.unit.frontends.ingress.test_notices import warned
from tests.unit.frontends.ingress.test_restrictions import BOTH, COGNITO
from tests.unit.frontends.ingress.translation import WEB, on, reported, settings, translated

HTTPS = BOTH | {"listen-ports": '[{"HTTPS": 443}]'}


def redirect(**config: str) -> str:
    """The JSON of a redirect."""
    return json.dumps({"type": "redirect", "redirectConfig": {"statusCode": "HTTP_301", **config}})


def of_reason(made: Translation[MemberIntent], reason: str) -> list[tuple[str, str]]:
    """The Warnings of a reason: whose they are, and their sentences one by one."""
    found = [(who, text) for who, why, text in warned(made) if why == reason]
    return [(who, sentence) for who, text in found for sentence in text.split("; ")]


def group_of(*members: KubeObject) -> Translation[MemberIntent]:
    """A group without problems."""
    made = translated(*members)
    assert made.problems == ()
    return made


def test_a_member_that_listens_where_all_is_redirected_is_unserved() -> None:
    """Another member asks for the redirect; what to add is said with the port that it leads to."""
    secure = BOTH | {"listen-ports": '[{"HTTP": 80}, {"HTTPS": 8443}]', "ssl-redirect": "8443"}
    made = group_of(site("a", alb=secure), site("b"))
    assert of_reason(made, "Unserved") == [
        (
            "Ingress shop/b",
            (
                "no listener serves it: requests on port 80 are redirected to HTTPS port 8443, on "
                f"which it does not listen: set {PREFIX}listen-ports to "
                """'[{"HTTP": 80}, {"HTTPS": 8443}]'"""
            ),
        )
    ]
    assert made.unserved == {"uid-b"}
    assert made.served == {"uid-a", "uid-b"}


def test_a_member_without_paths_is_unserved() -> None:
    """A rule without `http` makes no route."""
    made = group_of(member("a", rules=[rule("a.example")]))
    assert of_reason(made, "Unserved") == [
        (
            "Ingress shop/a",
            "no listener serves it: it has neither a path in spec.rules nor a defaultBackend",
        )
    ]
    assert made.unserved == {"uid-a"}
    assert group_of(member("a", rules=[], default_backend=to())).unserved == frozenset()


def test_a_member_that_is_refused_everywhere_is_unserved() -> None:
    """Its own Warning says what to add."""
    made = group_of(site("a", alb=COGNITO), site("b", alb=COGNITO | BOTH))
    assert made.unserved == {"uid-a"}
    assert of_reason(made, "Unserved") == []


@pytest.mark.parametrize(
    "alb, is_closed",
    [
        ({"inbound-cidrs": "2001:db8::/32"}, True),
        ({"inbound-cidrs": "2001:db8::/32", "ip-address-type": "dualstack"}, False),
        ({"inbound-cidrs": "2001:db8::/32, 10.0.0.0/8"}, False),
        ({"inbound-cidrs": "2001:db8::/32", "security-group-prefix-lists": "pl-1"}, False),
        ({"inbound-cidrs": "2001:db8::/32", "security-groups": "sg-1"}, False),
        ({}, False),
    ],
)
def test_sources_of_ipv6_alone_let_nobody_into_an_ipv4_balancer(
    alb: dict[str, str], is_closed: bool
) -> None:
    """The rules of its security group for IPv6 are left out (spec 6.4)."""
    made = group_of(site("a", alb=alb), site("b", alb={"listen-ports": '[{"HTTP": 81}]'}))
    sentence = (
        "nobody can connect on port 80: inbound-cidrs has IPv6 networks alone, and the load "
        f"balancer is ipv4: add an IPv4 network, or set {PREFIX}ip-address-type to dualstack"
    )
    expected = [("Ingress shop/a", sentence)] if is_closed else []
    assert of_reason(made, "Unserved") == expected
    assert made.unserved == ({"uid-a"} if is_closed else set())


def test_a_redirect_that_leads_to_itself_everywhere_is_reported() -> None:
    """Its rule is left out (spec 4.4), and nothing else answers."""
    config = redirect(host="a.example", port="443", protocol="HTTPS")
    rules = [rule("a.example", path("/in", backend=to("sso", "use-annotation")))]
    made = group_of(member("a", alb=HTTPS | {"actions.sso": config}, rules=rules))
    assert on(443, made.intent).routes == ()
    assert of_reason(made, "RuleUnreachable") == [
        (
            "Ingress shop/a",
            "spec.rules[0].http.paths[0] is left out on port 443, as its redirect leads to itself",
        )
    ]
    assert made.unserved == {"uid-a"}


def test_the_old_way_to_https_is_no_mistake() -> None:
    """On HTTP the redirect hides all that follows, on HTTPS it is left out: both are meant."""
    config = redirect(port="443", protocol="HTTPS")
    up = path("/*", "ImplementationSpecific", to("up", "use-annotation"))
    rules = [rule("", up), rule("", path())]
    made = group_of(member("a", alb=BOTH | {"actions.up": config}, rules=rules))
    assert warned(made) == []
    assert made.unserved == frozenset()


def test_a_rule_that_another_hides_is_reported_with_that_one() -> None:
    """Of the same Ingress or of another of the group: the first that takes all of its requests."""
    first = member("a", rules=[rule("*.example", path("/")), rule("a.example", path("/deep"))])
    later = member("b", rules=[rule("b.example", path("/x"), path("/y", "Exact")), rule("c.test")])
    assert of_reason(group_of(first, later), "RuleUnreachable") == [
        (
            "Ingress shop/a",
            (
                "spec.rules[1].http.paths[0] answers no request on port 80: "
                "spec.rules[0].http.paths[0] comes first and takes all of them"
            ),
        ),
        *(
            (
                "Ingress shop/b",
                (
                    f"spec.rules[0].http.paths[{at}] answers no request on port 80: "
                    "spec.rules[0].http.paths[0] of Ingress shop/a comes first and takes all "
                    "of them"
                ),
            )
            for at in (1, 0)
        ),
    ]


def test_a_rule_that_answers_on_one_port_is_no_warning() -> None:
    """Though another hides it on the other port."""
    ports = {"listen-ports": '[{"HTTP": 80}, {"HTTP": 81}]'}
    one_port = member("a", rules=[rule("", path("/"))])
    both = member("b", alb=ports, rules=[rule("b.example", path("/"))])
    assert of_reason(group_of(one_port, both), "RuleUnreachable") == []


def test_a_rule_with_more_conditions_hides_none_with_fewer() -> None:
    """What is not proved is not reported."""
    config = {"field": "source-ip", "sourceIpConfig": {"values": ["10.0.0.0/8"]}}
    alb = {"conditions.app": json.dumps([config])}
    office = path("/", backend=to("app"))
    all_ = path("/", backend=to("blog"))
    made = translated(
        service("blog"), member("a", alb=alb, rules=[rule("", office), rule("", all_)])
    )
    assert of_reason(made, "RuleUnreachable") == []


def test_a_missing_backend_is_reported_beside_its_503() -> None:
    """A Service, and an action."""
    rules = [rule("", path("/a", backend=to("no")), path("/b", backend=to("up", "use-annotation")))]
    made = translated(ingress(rules=rules), key=WEB)
    assert of_reason(made, "BackendNotFound") == [
        ("Ingress shop/web", "Service shop/no does not exist: its requests get 503"),
        ("Ingress shop/web", f"{PREFIX}actions.up does not exist: its requests get 503"),
    ]


def test_a_service_for_a_name_outside_is_reported() -> None:
    """It has no endpoints: its target group stays empty."""
    made = translated(ingress(alb={"target-type": "ip"}), service(type_="ExternalName"), key=WEB)
    assert of_reason(made, "BackendNotFound") == [
        (
            "Ingress shop/web",
            (
                "Service shop/app is of type ExternalName, which has no endpoints: its requests "
                "get 503. A redirect (actions) can lead there"
            ),
        )
    ]


@pytest.mark.parametrize(
    "config, alb, port",
    [
        (redirect(port="443", protocol="HTTPS"), BOTH, 443),
        (redirect(protocol="HTTPS"), HTTPS, 443),
        (redirect(), {}, 80),
    ],
)
def test_a_default_backend_that_redirects_to_itself_stops_its_member(
    config: str, alb: dict[str, str], port: int
) -> None:
    """AWS would refuse the listener, for the whole group."""
    alb = alb | {"actions.up": config}
    bad = member("a", alb=alb, default_backend=to("up", "use-annotation"))
    made = translated(bad, site("b"))
    protocol = "HTTPS" if port == 443 else "HTTP"
    assert reported(made) == {
        "Ingress shop/a": [
            (
                f"alb.ingress.kubernetes.io/actions.up: redirects requests on port {port} "
                f"({protocol}) to themselves, which AWS refuses: protocol, port, host or path "
                "must be others"
            )
        ]
    }
    assert made.served == {"uid-b"}


@pytest.mark.parametrize(
    "alb",
    [
        {"listen-ports": '[{"HTTP": 80}]', "actions.up": redirect(port="443", protocol="HTTPS")},
        HTTPS | {"actions.up": redirect(host="b.example")},
        BOTH | {"ssl-redirect": "443", "actions.up": redirect(port="80", protocol="HTTP")},
    ],
)
def test_a_default_backend_that_leads_elsewhere_is_served(alb: dict[str, str]) -> None:
    """Nor does one count that a redirect of the listener hides."""
    group_of(member("a", alb=alb, default_backend=to("up", "use-annotation")))


def notes(made: Any) -> tuple[str, ...]:
    """The warnings of an Ingress at admission."""
    known = cluster(ingress_class(), service())
    return validate_ingress(made, None, known, settings()).warnings


def test_admission_reports_what_holds_of_the_ingress_alone() -> None:
    """Of a member of a group no more than what no other member can change."""
    hidden = [rule("", path("/")), rule("", path("/x"))]
    (sentence,) = notes(ingress(rules=hidden))
    assert sentence.startswith("spec.rules[1].http.paths[0] answers no request on port 80: ")
    assert notes(member("a", rules=hidden)) == (sentence,)
    closed = {"inbound-cidrs": "::/0"}
    assert notes(ingress(alb=closed))[0].startswith("nobody can connect on port 80: ")
    assert notes(member("a", alb=closed)) == ()
    assert notes(member("a", alb=COGNITO)) == ()


def test_a_route_that_is_left_out_for_no_known_reason_is_not_reported() -> None:
    """It neither leads to itself nor is it hidden: nothing is said of what is not known."""
    listener = group_of(site("a")).intent.balancer(LOAD_BALANCER).listeners[0]
    found = reach.Reach()
    bare, rules = msgspec.structs.replace(listener, routes=()), Covering[Origin](Effort())
    reach._look_at(bare, listener.routes, found, rules)
    assert listener.routes
    assert (found.live, found.hidden, found.looping) == (set(), {}, {})


@pytest.mark.parametrize(
    "extra,is_reported", [({}, True), ({"ip-address-type": "dualstack"}, False)]
)
def test_a_rule_for_ipv6_sources_alone_answers_nothing_over_ipv4(
    extra: dict[str, str], *, is_reported: bool
) -> None:
    """The Warning says what to add, and the Ingress is unserved where it has no other rule."""
    sources = {"field": "source-ip", "sourceIpConfig": {"values": ["2001:db8::/32", "fd00::/8"]}}
    made = group_of(site("a", alb={"conditions.app": json.dumps([sources]), **extra}))
    found = of_reason(made, "RuleUnreachable")
    assert bool(found) == is_reported
    assert made.unserved == ({"uid-a"} if is_reported else set())
    for who, sentence in found:
        assert who == "Ingress shop/a"
        assert "its source-ip condition has IPv6 networks alone" in sentence
        assert f"set {PREFIX}ip-address-type to dualstack" in sentence


def test_one_ipv4_network_is_enough() -> None:
    """Clients of it are answered."""
    sources = {"field": "source-ip", "sourceIpConfig": {"values": ["fd00::/8", "10.0.0.0/8"]}}
    made = group_of(site("a", alb={"conditions.app": json.dumps([sources])}))
    assert of_reason(made, "RuleUnreachable") == []
    assert made.unserved == set()
