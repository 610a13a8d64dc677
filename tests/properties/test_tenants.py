"""Laws of group trust between namespaces: whose rule answers a request (ADR 34)."""

from __future__ import annotations

import ipaddress
import json
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any, NamedTuple

import msgspec
from hypothesis import given
from hypothesis import settings as profile
from hypothesis import strategies as st

from alb_controller.frontends.ingress.load import load
from alb_controller.frontends.ingress.member import MemberIntent
from alb_controller.frontends.ingress.translate import translate
from alb_controller.frontends.translation import Translation
from alb_controller.intent import (
    LOAD_BALANCER,
    HeaderMatch,
    Match,
    QueryMatch,
    RouteIntent,
    SourceMatch,
)
from alb_controller.model.stack import Observed
from alb_controller.objects.networking import Ingress
from alb_controller.settings import Settings
from alb_controller.values import ObjectRef, StackKey
from tests.factories import BORN, cluster, ingress_class, member, path, rule, service
from tests.properties.test_optimize import REQUESTS, Request, fits_matches

TEAM = StackKey("ingress", "", "team")
STRICT = Settings(cluster_name="prod", group_trust="namespace")
NAMESPACES = ("a", "b", "c")
NAMES = [(namespace, f"{namespace}{at}") for namespace in NAMESPACES for at in (1, 2)]
HOSTS = st.sampled_from(["", "a.example", "b.example", "*.example", "c.test"])
PATHS = st.sampled_from(
    [
        *(path(text, kind) for text in ("/", "/a", "/b") for kind in ("Prefix", "Exact")),
        path("/a*", "ImplementationSpecific"),
        path("/*", "ImplementationSpecific"),
    ]
)
CONDITIONS: list[dict[str, Any]] = [
    {"field": "host-header", "hostHeaderConfig": {"regexValues": [r"^a\."]}},
    {"field": "path-pattern", "pathPatternConfig": {"regexValues": ["^/a"]}},
    {"field": "path-pattern", "pathPatternConfig": {"values": ["/a/b"]}},
    {"field": "http-request-method", "httpRequestMethodConfig": {"values": ["GET"]}},
    {"field": "http-header", "httpHeaderConfig": {"httpHeaderName": "X", "values": ["a*"]}},
    {"field": "query-string", "queryStringConfig": {"values": [{"key": "q", "value": "1"}]}},
    {"field": "query-string", "queryStringConfig": {"values": [{"value": "2"}]}},
    {"field": "source-ip", "sourceIpConfig": {"values": ["10.0.0.0/8"]}},
    {"field": "source-ip", "sourceIpConfig": {"values": ["10.9.9.9/16", "2001:db8::/32"]}},
    {"field": "source-ip", "sourceIpConfig": {"values": ["192.168.0.0/16"]}},
]


class Asked(NamedTuple):
    """What a client asks the listener for; `query` has keys and values."""

    plain: Request
    header: str = ""
    query: tuple[tuple[str, str], ...] = ()
    source: str = "203.0.113.9"


ASKED = [
    *(Asked(plain) for plain in REQUESTS),
    *(Asked(plain, source=one) for plain in REQUESTS for one in ("10.9.1.1", "192.168.0.1")),
    *(Asked(plain, "abc", (("q", "1"), ("r", "2")), "10.1.1.1") for plain in REQUESTS),
]


def fits_all(route: RouteIntent, asked: Asked) -> bool:
    """Whether a rule takes a request."""
    return all(_fits_match(match, asked) for match in route.matches)


def _fits_match(wanted: Match, asked: Asked) -> bool:
    match wanted:
        case HeaderMatch():
            return asked.header.startswith("a")
        case QueryMatch(params=params):
            return any(
                one.key in (None, key) and one.value.text == value
                for one in params
                for key, value in asked.query
            )
        case SourceMatch(cidrs=cidrs):
            networks = (ipaddress.ip_network(one, strict=False) for one in cidrs)
            return any(ipaddress.ip_address(asked.source) in one for one in networks)
    return fits_matches((wanted,), asked.plain)


ALB = st.fixed_dictionaries(
    {},
    optional={
        "group.order": st.sampled_from(["-5", "0", "5"]),
        "conditions.app": st.sampled_from(CONDITIONS).map(lambda one: json.dumps([one])),
        "listen-ports": st.sampled_from(['[{"HTTP": 80}]', '[{"HTTP": 80}, {"HTTP": 81}]']),
    },
)
RULES = st.lists(st.builds(rule, HOSTS, PATHS), min_size=1, max_size=3)


@st.composite
def ingresses(draw: st.DrawFn, name: tuple[str, str] | None = None) -> Ingress:
    """A member of one of three namespaces, of any age."""
    namespace, own = name or draw(st.sampled_from(NAMES))
    born = BORN + timedelta(minutes=NAMES.index((namespace, own)))
    return member(
        own,
        namespace=namespace,
        rules=draw(RULES),
        alb=draw(ALB),
        creation_timestamp=born,
    )


STEPS = st.lists(
    st.tuples(ingresses(), st.sampled_from(["put", "put", "move", "leave"])), min_size=1, max_size=6
)
"""Members that come or change, change their order alone, or leave; a name has one age."""


def translated(
    members: Mapping[str, Ingress], remembered: Mapping[str, MemberIntent]
) -> Translation[MemberIntent]:
    """The group, where namespaces do not trust each other."""
    services = [service(namespace=one) for one in NAMESPACES]
    objects = cluster(ingress_class(), *services, *members.values())
    return translate(load(TEAM, objects, "alb", None), STRICT, remembered, {}, Observed())


def answers(made: Translation[MemberIntent]) -> dict[tuple[int, Asked], ObjectRef]:
    """By port and request, whose rule answers it."""
    if made.intent.is_empty:
        return {}
    found: dict[tuple[int, Asked], ObjectRef] = {}
    for listener in made.intent.balancer(LOAD_BALANCER).listeners:
        for request in ASKED:
            fitting = (r.origin.ref for r in listener.routes if fits_all(r, request))
            answering = next(fitting, None)
            if answering is not None:
                found[listener.port, request] = answering
    return found


@profile(max_examples=150)
@given(STEPS)
def test_no_change_of_a_member_takes_requests_of_another_namespace(
    steps: Sequence[tuple[Ingress, str]],
) -> None:
    """What a rule of a namespace answers, its namespace answers while its member asks for the same.

    An edit that waited for another to leave may be served with that one's step: its rules are new.
    """
    members: dict[str, Ingress] = {}
    remembered: dict[str, MemberIntent] = {}
    before: dict[tuple[int, Asked], ObjectRef] = {}
    for ingress, step in steps:
        name = ingress.metadata.name
        old = members.pop(name, None)
        if step == "put":
            members[name] = ingress
        elif step == "move" and old is not None:
            members[name] = msgspec.structs.replace(ingress, spec=old.spec)
        made = translated(members, remembered)
        after = answers(made)
        present = {one.metadata.uid for one in members.values()}
        now = {uid: one for uid, one in (remembered | made.good).items() if uid in present}
        same = {one.ref for uid, one in now.items() if remembered.get(uid) == one}
        for at, holder in before.items():
            if holder in same and holder.namespace != ingress.metadata.namespace:
                assert after[at].namespace == holder.namespace, at
        remembered = now
        before = after
        late = any(one.place.joined and one.place.joined.late for one in made.good.values())
        if not (made.problems or late):  # a restart tells no more than the ages and the records
            assert answers(translated(members, {})) == after
        again = translated(members, remembered)
        assert answers(again) == after
        assert again.good.keys() == made.good.keys()


@profile(max_examples=150)
@given(st.tuples(*map(ingresses, NAMES)).map(list) | st.lists(ingresses(), max_size=5))
def test_without_a_past_the_oldest_holds(found: list[Ingress]) -> None:
    """Each request is answered by the namespace of the oldest member served that matches it."""
    members = {one.metadata.name: one for one in found}
    made = translated(members, {})
    by_age = sorted((m for m in made.good.values()), key=lambda m: NAMES.index(_name(m.ref)))
    assert made.served == made.good.keys()
    for (port, request), answering in answers(made).items():
        oldest = next(
            one
            for one in by_age
            if port in one.listeners and any(fits_all(route, request) for route in one.routes)
        )
        assert answering.namespace == oldest.ref.namespace


@given(st.permutations(NAMES), st.lists(RULES, min_size=6, max_size=6), st.data())
def test_members_with_hosts_of_their_own_are_all_served(
    order: list[tuple[str, str]], rules: list[Any], data: st.DataObject
) -> None:
    """In whatever order: nothing is rejected that takes nothing."""
    members: dict[str, Ingress] = {}
    for at, name in enumerate(order):
        own = [rule(f"{at}.example", *one.http.paths) for one in rules[at]]
        alb = {"group.order": data.draw(st.sampled_from(["-5", "0", "5"]))}
        members[name[1]] = member(name[1], namespace=name[0], rules=own, alb=alb)
    made = translated(members, {})
    assert not made.problems
    assert not [one for one in made.warnings if one.reason == "GroupTrust"]


def _name(ref: ObjectRef) -> tuple[str, str]:
    return ref.namespace, ref.name
