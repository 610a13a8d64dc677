"""Members that agree become one load balancer (spec 2.3, 3.2, 7.2)."""

from __future__ import annotations

from typing import Any

import pytest

from alb_controller.intent import (
    ForwardIntent,
    GivenSecurityGroups,
    InboundSources,
    NamedSubnets,
    Origin,
    StackIntent,
)
from alb_controller.objects.annotations.ingress_table import PREFIX
from alb_controller.objects.networking import Ingress
from tests.factories import ingress_class, member, params, path, rule, service, to
from tests.unit.frontends.ingress.translation import (
    TEAM,
    WEB,
    balancer,
    listeners,
    only_listener,
    owners,
    paths,
    translated,
    wanted,
)


def group(*of: dict[str, str]) -> StackIntent:
    """The group of members a, b, c … with these annotations; a is the oldest."""
    made = [member(chr(ord("a") + at), alb=alb, age_minutes=9 - at) for at, alb in enumerate(of)]
    return wanted(*made)


def test_without_members_nothing_is_wanted() -> None:
    """Neither for a group nor for an Ingress that is gone."""
    assert wanted(key=TEAM) == StackIntent(key=TEAM)
    assert wanted(key=WEB) == StackIntent(key=WEB)


@pytest.mark.parametrize(
    "members,expected",
    [
        ([("b", "0"), ("a", "0")], ["a", "b"]),
        ([("a", "1"), ("b", "0"), ("c", "-1000")], ["c", "b", "a"]),
        ([("a", "1000"), ("b", "")], ["b", "a"]),
    ],
)
def test_members_come_by_order_then_by_name(
    members: list[tuple[str, str]], expected: list[str]
) -> None:
    """group.order, 0 if unsaid; age plays no part (spec 2.3)."""
    made = [
        member(name, alb={"group.order": order} if order else {}, age_minutes=at)
        for at, (name, order) in enumerate(members)
    ]
    assert owners(wanted(*made)) == expected


def test_names_are_compared_as_namespace_slash_name() -> None:
    """By bytes, the slash included: `a-b/x` comes before `a/x`."""
    made = [member("x", namespace="a", uid="1"), member("x", namespace="a-b", uid="2")]
    found = only_listener(wanted(*made)).routes
    assert [r.origin.ref.namespace for r in found] == ["a-b", "a"]


def test_what_one_member_says_counts_for_all() -> None:
    """Settings of the whole load balancer, whoever says them; each member its own routes."""
    intent = group({"scheme": "internet-facing"}, {"ip-address-type": "dualstack"}, {})
    made = balancer(intent)
    assert (made.scheme, made.ip_address_type) == ("internet-facing", "dualstack")
    assert made.ip_address_type_origin.ref.name == "b"
    assert made.ip_address_type_origin.field == PREFIX + "ip-address-type"
    assert owners(intent) == ["a", "b", "c"]
    assert [b.id for b in intent.backends] == [f"shop/{name}-app:80" for name in "abc"]


def test_equal_values_are_no_conflict() -> None:
    """For each setting that can have one value only."""
    same = {
        "scheme": "internal",
        "ip-address-type": "ipv4",
        "load-balancer-name": "mine",
        "subnets": "web-1,web-2",
        "security-groups": "sg-1,sg-2",
        "manage-backend-security-group-rules": "true",
        "customer-owned-ipv4-pool": "pool",
        "load-balancer-attributes": "a=1",
        "tags": "a=1",
        "inbound-cidrs": "10.0.0.0/8,192.168.0.0/16",
        "security-group-prefix-lists": "pl-1,pl-2",
    }
    other = {
        **same,
        "subnets": "web-2,web-1",
        "inbound-cidrs": "192.168.0.0/16,10.0.0.0/8",
        "security-group-prefix-lists": "pl-2, pl-1",
    }
    made = balancer(group(same, other))
    assert isinstance(made.subnets, NamedSubnets)
    assert made.subnets.names == ("web-1", "web-2")  # as the older has them
    assert isinstance(made.security, GivenSecurityGroups)
    assert made.security.manage_backend_rules


def test_attributes_and_tags_are_united() -> None:
    """Key by key (spec 1.1)."""
    made = balancer(
        group(
            {"load-balancer-attributes": "a=1,b=2", "tags": "t=1"},
            {"load-balancer-attributes": "b=2,c=3", "tags": "u=2"},
        )
    )
    assert made.attributes == {"a": "1", "b": "2", "c": "3"}
    assert made.tags == {"t": "1", "u": "2"}


def test_ports_are_united_and_each_has_the_routes_of_its_members() -> None:
    """Ascending; the tags of a listener are those of the members on its port (spec 7.2)."""
    intent = wanted(
        member("a", alb={"listen-ports": '[{"HTTP": 81}, {"HTTP": 80}]', "tags": "a=1"}),
        member("b", alb={"tags": "b=1"}, rules=[rule("", path("/b", "Exact"))]),
    )
    assert [listener.port for listener in listeners(intent)] == [80, 81]
    assert (paths(intent, 80), paths(intent, 81)) == (["/*", "/b"], ["/*"])
    assert [listener.tags for listener in listeners(intent)] == [{"a": "1", "b": "1"}, {"a": "1"}]


@pytest.mark.parametrize(
    "alb,inbound",
    [
        ([{}, {}], InboundSources(("0.0.0.0/0",), ("::/0",))),
        (
            [{"inbound-cidrs": "::/0,10.0.0.0/8,1.0.0.0/8"}, {}],
            InboundSources(("1.0.0.0/8", "10.0.0.0/8"), ("::/0",)),
        ),
        (
            [{}, {"security-group-prefix-lists": "pl-2,pl-1"}],
            InboundSources((), (), ("pl-1", "pl-2")),
        ),
        (
            [{"inbound-cidrs": "10.0.0.0/8"}, {"security-group-prefix-lists": "pl-1"}],
            InboundSources(("10.0.0.0/8",), (), ("pl-1",)),
        ),
    ],
)
def test_a_port_is_open_to_the_world_only_if_nobody_names_a_source(
    alb: list[dict[str, str]], inbound: InboundSources
) -> None:
    """CIDRs and prefix lists count together, whoever of the members names them (spec 3.2)."""
    assert only_listener(group(*alb)).inbound == inbound


@pytest.mark.parametrize(
    "written",
    [
        ["10.0.0.0/8,10.1.2.3/8,10.0.0.0/8"],
        ["10.0.0.0/8", "10.1.2.3/8"],
        ["10.1.2.3/8", "10.0.0.0/8,10.9.9.9/8"],
    ],
)
def test_one_network_is_one_permission_however_it_is_written(written: list[str]) -> None:
    """By one member or by several: EC2 has no host bits, so that they do not disagree."""
    inbound = only_listener(group(*({"inbound-cidrs": one} for one in written))).inbound
    assert inbound == InboundSources(("10.0.0.0/8",), ())


def test_networks_of_a_class_are_spelled_alike() -> None:
    """One of the class and one of an annotation do not disagree either."""
    objects = (
        ingress_class("office", params="params"),
        params(inboundCIDRs=["2001:DB8::/32"]),
        member("a", class_name="office"),
        member("b", alb={"inbound-cidrs": "2001:db8::1/32"}),
    )
    assert only_listener(wanted(*objects)).inbound == InboundSources((), ("2001:db8::/32",))


def test_sources_are_those_of_the_members_on_the_port() -> None:
    """Another port stays open."""
    intent = wanted(
        member("a", alb={"inbound-cidrs": "10.0.0.0/8"}),
        member("b", alb={"listen-ports": '[{"HTTP": 81}]'}),
    )
    found = [listener.inbound.cidrs_v4 for listener in listeners(intent)]
    assert found == [("10.0.0.0/8",), ("0.0.0.0/0",)]


def test_one_member_may_have_the_default_backend_of_a_port() -> None:
    """For all members on that port (spec 3.5)."""
    intent = wanted(member("a"), member("b", default_backend=to("app", "http")))
    assert only_listener(intent).default.action == ForwardIntent.to_backend("shop/b-app:http")


def test_default_backends_of_different_ports_do_not_meet() -> None:
    """Each listener has its own."""
    ports = {"listen-ports": '[{"HTTP": 81}]'}
    intent = wanted(
        member("a", default_backend=to()), member("b", alb=ports, default_backend=to("app", "http"))
    )
    assert [listener.default.action for listener in listeners(intent)] == [
        ForwardIntent.to_backend("shop/a-app:80"),
        ForwardIntent.to_backend("shop/b-app:http"),
    ]


def of_class(name: str, class_name: str, **fields: Any) -> Ingress:
    """A member of a class."""
    return member(name, class_name=class_name, **fields)


LOUD = (
    ingress_class("loud", params="loud"),
    params("loud", loadBalancerAttributes=[{"key": "idle", "value": "class"}]),
)


def test_attributes_of_a_class_count_if_the_first_member_is_of_it() -> None:
    """And then over all annotations, which may disagree there (spec 2.2)."""
    stated = [
        member("b", alb={"load-balancer-attributes": "idle=1"}),
        member("c", alb={"load-balancer-attributes": "idle=2,x=y"}),
    ]
    made = balancer(wanted(of_class("a", "loud"), *stated, *LOUD))
    assert made.attributes == {"idle": "class", "x": "y"}


def test_attributes_of_a_class_do_not_count_for_a_later_member() -> None:
    """First is by group order, not by age."""
    later = of_class("z", "loud", age_minutes=99)
    made = balancer(wanted(member("b", alb={"load-balancer-attributes": "idle=1"}), later, *LOUD))
    assert made.attributes == {"idle": "1"}


def test_a_service_of_another_namespace_is_another_service() -> None:
    """Members of two namespaces do not see each other's Services."""
    intent = wanted(
        member("a"), member("b", namespace="other"), service(namespace="other", type_="NodePort")
    )
    assert [b.namespace for b in intent.backends] == ["other", "shop"]
    assert [b.origin.ref.name for b in intent.backends] == ["b", "a"]


def test_security_groups_have_the_origin_of_who_named_them() -> None:
    """So that a missing one is reported on that member."""
    made = balancer(translated(member("a"), member("b", alb={"security-groups": "sg-1"})).intent)
    assert isinstance(made.security, GivenSecurityGroups)
    assert (made.security.origin.ref.name, made.security.origin.field) == (
        "b",
        PREFIX + "security-groups",
    )
    assert isinstance(made.ip_address_type_origin, Origin)
    assert made.ip_address_type_origin.ref.name == "a"
