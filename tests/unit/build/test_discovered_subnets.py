"""Subnets that nobody named: kept, by role tag, or by their routes (spec 6.3)."""

from __future__ import annotations

import pytest

from alb_controller.build.context import Context, CurrentState
from alb_controller.build.elbv2 import subnets
from alb_controller.errors import Missing
from alb_controller.intent import BalancerIntent
from alb_controller.model.queries import (
    Subnet,
    SubnetsById,
    SubnetsByReachability,
    SubnetsByRole,
)
from tests.unit.build.intents import MAIN, WEB, balancer, context, subnet

OURS = {"kubernetes.io/cluster/prod": "shared"}
THEIRS = {"kubernetes.io/cluster/test": "owned"}
INTERNAL = SubnetsByRole("internal-elb")
LIVE = CurrentState(scheme="internal", ip_address_type="ipv4", subnets=("subnet-x", "subnet-y"))
A, B = subnet("a", "a"), subnet("b", "b")


def chosen(*found: Subnet, of: BalancerIntent | None = None, by: Context | None = None) -> set[str]:
    """The ids chosen from the subnets tagged for internal load balancers."""
    ids = subnets.choose(of or balancer(), by or context(), {INTERNAL: found})
    assert list(ids) == sorted(ids)
    return {id_.removeprefix("subnet-") for id_ in ids}


def refused(*found: Subnet, of: BalancerIntent | None = None) -> str:
    """What the user reads where none fits."""
    with pytest.raises(Missing) as raised:
        chosen(*found, of=of)
    assert (raised.value.origin, raised.value.field) == (WEB, "subnets")
    return raised.value.problem


@pytest.mark.parametrize("scheme,role", [("internal", "internal-elb"), ("internet-facing", "elb")])
def test_the_role_tag_follows_the_scheme(scheme: str, role: str) -> None:
    """kubernetes.io/role/elb for the public ones."""
    queries = list(subnets.queries(balancer(scheme=scheme), context(), {}))
    assert queries == [SubnetsByRole(role)]


def test_each_zone_gives_one_subnet() -> None:
    """The lowest id of a zone, whatever the order of the answer."""
    found = (subnet("b2", "b"), subnet("a1", "a"), subnet("b1", "b"), subnet("a2", "a"))
    assert chosen(*found) == chosen(*reversed(found)) == {"a1", "b1"}


def test_the_subnet_of_this_cluster_comes_first_in_its_zone() -> None:
    """Before a lower id."""
    assert chosen(subnet("a1", "a"), subnet("a9", "a", tags=OURS), B) == {"a9", "b"}


def test_subnets_of_other_clusters_are_left_out() -> None:
    """A subnet that several share is ours too; the gate switches the test off."""
    others = subnet("a1", "a", tags=THEIRS)
    shared = subnet("a2", "a", tags={**THEIRS, **OURS})
    assert chosen(others, shared, B) == {"a2", "b"}
    lenient = context(gates={"subnets_cluster_tag_check": False})
    assert chosen(others, B, by=lenient) == {"a1", "b"}


def test_a_subnet_needs_eight_free_addresses() -> None:
    """Elastic Load Balancing's own minimum."""
    full, just = (subnet(str(n), "a", available_ip_addresses=n) for n in (7, 8))
    assert chosen(full, just, B) == {"8", "b"}


def test_dualstack_takes_subnets_with_ipv6() -> None:
    """The others are passed over."""
    six = [subnet(f"{zone}9", zone, has_ipv6=True) for zone in "ab"]
    of = balancer(ip_address_type="dualstack")
    assert chosen(A, B, *six, of=of) == {"a9", "b9"}


def test_where_none_fits_the_reasons_are_counted() -> None:
    """Each subnet counts for the first reason against it."""
    found = (
        subnet("1", tags=THEIRS, available_ip_addresses=0),
        subnet("2", available_ip_addresses=0),
        subnet("3", available_ip_addresses=1),
        subnet("4"),
    )
    assert refused(*found, of=balancer(ip_address_type="dualstack")) == (
        "no subnet fits scheme internal: 1 tagged for other clusters, "
        "2 with fewer than 8 free addresses, 1 without IPv6 CIDR"
    )


def test_where_nothing_is_tagged_that_is_reported() -> None:
    """And without the gate nothing else is looked for."""
    assert refused() == "no subnet fits scheme internal: none is tagged for it"


@pytest.mark.parametrize("scheme,public", [("internal", False), ("internet-facing", True)])
def test_without_any_tagged_subnet_routes_decide(scheme: str, public: bool) -> None:
    """Asked only once the role is known to have none, and only with the gate on."""
    of = balancer(scheme=scheme)
    by = context(gates={"subnet_discovery_by_reachability": True})
    (role,) = subnets.queries(of, by, {})
    routes = SubnetsByReachability(public)
    assert list(subnets.queries(of, by, {role: ()})) == [role, routes]
    assert list(subnets.queries(of, by, {role: (A,)})) == [role]
    assert subnets.choose(of, by, {role: (), routes: (A, B)}) == ("subnet-a", "subnet-b")
    assert subnets.choose(of, by, {role: (A, B)}) == ("subnet-a", "subnet-b")


def test_without_the_gate_routes_are_not_asked_for() -> None:
    """SubnetDiscoveryByReachability."""
    by = context(gates={"subnet_discovery_by_reachability": False})
    assert list(subnets.queries(balancer(), by, {INTERNAL: ()})) == [INTERNAL]


def test_a_live_load_balancer_keeps_its_subnets() -> None:
    """In their order, unasked; a new subnet in the VPC moves nothing."""
    by = context(kept={MAIN: LIVE})
    assert list(subnets.queries(balancer(), by, {})) == []
    assert subnets.choose(balancer(), by, {}) == ("subnet-x", "subnet-y")


def test_another_scheme_is_another_load_balancer() -> None:
    """It is replaced, so its subnets are discovered anew."""
    of, by = balancer(scheme="internet-facing"), context(kept={MAIN: LIVE})
    role = SubnetsByRole("elb")
    assert list(subnets.queries(of, by, {})) == [role]
    assert subnets.choose(of, by, {role: (A, B)}) == ("subnet-a", "subnet-b")


def test_becoming_dualstack_needs_ipv6_in_the_kept_subnets() -> None:
    """They are asked for then; the annotation that wants it is at fault."""
    of, by = balancer(ip_address_type="dualstack"), context(kept={MAIN: LIVE})
    (query,) = subnets.queries(of, by, {})
    assert query == SubnetsById(("subnet-x", "subnet-y"))
    capable = (subnet("x", has_ipv6=True), subnet("y", has_ipv6=True))
    assert subnets.choose(of, by, {query: capable}) == LIVE.subnets
    with pytest.raises(Missing) as raised:
        subnets.choose(of, by, {query: (capable[0], subnet("y"))})
    assert str(raised.value) == (
        "alb.ingress.kubernetes.io/ip-address-type: "
        "subnet subnet-y has no IPv6 CIDR, which dualstack needs"
    )


def test_what_is_dualstack_already_asks_nothing() -> None:
    """Its subnets have IPv6, or it would not be."""
    live = CurrentState(scheme="internal", ip_address_type="dualstack", subnets=LIVE.subnets)
    of, by = balancer(ip_address_type="dualstack"), context(kept={MAIN: live})
    assert list(subnets.queries(of, by, {})) == []
    assert subnets.choose(of, by, {}) == LIVE.subnets
