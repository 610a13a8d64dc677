"""Subnets that a user named, by id, Name tag or the tags of a class (spec 6.3)."""

from __future__ import annotations

from typing import Any

import pytest

from alb_controller.build.context import Context, CurrentState, Facts
from alb_controller.build.elbv2 import subnets
from alb_controller.errors import Missing
from alb_controller.intent import BalancerIntent, NamedSubnets, TaggedSubnets
from alb_controller.model.queries import (
    Query,
    Subnet,
    SubnetsById,
    SubnetsByName,
    SubnetsByTags,
)
from tests.unit.build.intents import MAIN, WEB, balancer, context, copy, origin, subnet

A, B, C = subnet("a", "a"), subnet("b", "b"), subnet("c", "c")


def named(*names: str, **fields: Any) -> BalancerIntent:
    """A balancer whose Ingress names subnets."""
    return balancer(subnets=NamedSubnets(names, origin("subnets")), **fields)


def tagged(**fields: Any) -> BalancerIntent:
    """A balancer whose class names tags."""
    return balancer(subnets=TaggedSubnets((("tier", ("web",)),), origin("subnets")), **fields)


def answered(of: BalancerIntent, *found: Subnet) -> Facts:
    """Each open question answered with those of the subnets that it asks for."""

    def fits(query: Query, candidate: Subnet) -> bool:
        match query:
            case SubnetsById(ids=ids):
                return candidate.id in ids
            case SubnetsByName(names=names):
                return candidate.tags.get("Name") in names
            case _:
                return True

    queries = subnets.queries(of, context(), {})
    return {query: tuple(copy(s) for s in found if fits(query, s)) for query in queries}


def chosen(of: BalancerIntent, *found: Subnet, by: Context | None = None) -> list[str]:
    """The ids that are chosen when AWS has these subnets."""
    return list(subnets.choose(of, by or context(), answered(of, *found)))


def refused(of: BalancerIntent, *found: Subnet, by: Context | None = None) -> str:
    """What the user reads; it is about the annotation."""
    with pytest.raises(Missing) as raised:
        chosen(of, *found, by=by)
    assert raised.value.origin == WEB
    assert raised.value.field == "alb.ingress.kubernetes.io/subnets"
    return raised.value.problem


def test_ids_and_names_are_asked_for_apart_and_once_each() -> None:
    """What begins with `subnet-` is an id; the questions are the same in any order."""
    queries = set(subnets.queries(named("web-b", "subnet-2", "web-a", "subnet-1"), context(), {}))
    assert queries == {SubnetsById(("subnet-1", "subnet-2")), SubnetsByName(("web-a", "web-b"))}
    assert set(subnets.queries(named(), context(), {})) == set()


def test_the_order_of_the_user_is_kept() -> None:
    """Ids and names mixed."""
    of = named("subnet-b", "web", "subnet-a")
    assert chosen(of, A, B, subnet("c", "c", "web")) == ["subnet-b", "subnet-c", "subnet-a"]


def test_of_several_subnets_with_one_name_each_mention_takes_one() -> None:
    """The lowest id first."""
    of = named("web", "web")
    assert chosen(of, subnet("2", "b", "web"), subnet("1", "a", "web")) == ["subnet-1", "subnet-2"]


def test_a_subnet_that_does_not_exist_is_named() -> None:
    """By id, by name, or because fewer have the name than it is mentioned."""
    assert refused(named("subnet-a", "subnet-x"), A) == (
        "names subnet 'subnet-x', which does not exist"
    )
    twice = "names subnet {!r} more often than there are subnets of that name: 1"
    assert refused(named("web", "web"), subnet("1", "a", "web")) == twice.format("web")
    assert refused(named("subnet-a", "subnet-a"), A) == twice.format("subnet-a")


def test_an_empty_list_names_no_subnet() -> None:
    """It counts as said, and nothing can be made of it."""
    assert refused(named()) == "names no subnet"


def test_one_zone_may_have_one_subnet() -> None:
    """Both subnets and the zone are named."""
    problem = refused(named("subnet-a", "subnet-z"), A, subnet("z", "a"))
    assert problem == (
        "names subnet-a and subnet-z of one zone, us-west-2a: allowed is one subnet per zone"
    )


def test_one_subnet_named_by_id_and_by_name_is_of_one_zone() -> None:
    """It is never sent to AWS twice."""
    named_a = subnet("a", "a", "web")
    assert "of one zone" in refused(named("subnet-a", "web", "subnet-b"), named_a, B)


def test_named_subnets_need_neither_room_nor_our_tag() -> None:
    """The user knows (spec 6.3)."""
    full = subnet("a", "a", available_ip_addresses=0, tags={"kubernetes.io/cluster/other": "owned"})
    assert chosen(named("subnet-a", "subnet-b"), full, B) == ["subnet-a", "subnet-b"]


@pytest.mark.parametrize("type_", ["dualstack", "dualstack-without-public-ipv4"])
def test_dualstack_needs_ipv6_in_every_named_subnet(type_: str) -> None:
    """The first one without is named."""
    of = named("subnet-a", "subnet-b", ip_address_type=type_)
    problem = refused(of, subnet("a", "a", has_ipv6=True), B)
    assert problem == f"subnet subnet-b has no IPv6 CIDR, which {type_} needs"
    v6 = (subnet("a", "a", has_ipv6=True), subnet("b", "b", has_ipv6=True))
    assert chosen(of, *v6) == ["subnet-a", "subnet-b"]


def test_an_alb_needs_two_zones() -> None:
    """Unless the gate for single subnets is on."""
    problem = refused(named("subnet-a"), A)
    assert problem == "only subnet subnet-a fits: an ALB needs subnets in at least 2 zones"
    lenient = context(gates={"alb_single_subnet": True})
    assert chosen(named("subnet-a"), A, by=lenient) == ["subnet-a"]


@pytest.mark.parametrize("kind", ["local-zone", "wavelength-zone", "outpost"])
def test_one_subnet_will_do_outside_plain_zones(kind: str) -> None:
    """The minimum of two is for availability zones."""
    assert chosen(named("subnet-a"), subnet("a", zone_type=kind)) == ["subnet-a"]


def test_all_subnets_lie_in_zones_of_one_kind() -> None:
    """The kinds are named."""
    problem = refused(named("subnet-a", "subnet-b"), A, subnet("b", "b", zone_type="local-zone"))
    assert problem == "subnets lie in zones of several kinds: availability-zone, local-zone"


def test_tags_choose_one_subnet_per_zone() -> None:
    """As discovery does, but by the tags of the class."""
    assert set(subnets.queries(tagged(), context(), {})) == {SubnetsByTags((("tier", ("web",)),))}
    assert chosen(tagged(), B, subnet("a2", "a"), subnet("a1", "a")) == ["subnet-a1", "subnet-b"]
    assert "no subnet fits scheme internal" in refused(tagged())


def test_named_subnets_win_over_those_of_the_live_load_balancer() -> None:
    """They are how a user moves it."""
    live = CurrentState(scheme="internal", ip_address_type="ipv4", subnets=("subnet-x", "subnet-y"))
    of = named("subnet-a", "subnet-b")
    assert chosen(of, A, B, by=context(kept={MAIN: live})) == ["subnet-a", "subnet-b"]
