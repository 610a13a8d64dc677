"""The network load balancer in front: its parts, names, subnets, groups and addresses."""

from __future__ import annotations

from typing import Any

import pytest

from alb_controller.build.context import Context, Facts, Kept
from alb_controller.build.elbv2.front import FRONT
from alb_controller.build.elbv2.listeners import LOAD_BALANCER
from alb_controller.build.elbv2.stack import build
from alb_controller.build.needs import needs
from alb_controller.errors import Invalid, Missing
from alb_controller.intent import (
    BalancerIntent,
    FrontIntent,
    FrontPort,
    GivenSecurityGroups,
    NamedSubnets,
    SameSecurityGroups,
    StackIntent,
)
from alb_controller.model.elbv2 import BalancerTarget, LoadBalancer
from alb_controller.model.queries import (
    SecurityGroupInfo,
    SecurityGroupsById,
    SubnetsById,
    SubnetsByRole,
)
from alb_controller.model.refs import Ref, ResourceId
from alb_controller.model.stack import Stack
from tests.unit.build.intents import CHECK, SEED, balancer, context, origin, stack_intent, subnet

INSIDE, OUTSIDE = SubnetsByRole("internal-elb"), SubnetsByRole("elb")
FACTS: Facts = {
    INSIDE: (subnet("a", "a"), subnet("b", "b")),
    OUTSIDE: (subnet("p", "a"), subnet("q", "b")),
}
SHARED = "sg-shared"


def fronted(behind: BalancerIntent | None = None, **fields: Any) -> StackIntent:
    """A group with a front that is on the internet; `fields` are its balancer's."""
    base: dict[str, Any] = {
        "family": "network",
        "scheme": "internet-facing",
        "security": SameSecurityGroups(),
    }
    port = FrontPort(port=443, target_port=80, health_check=CHECK, name=SEED)
    front = FrontIntent(balancer=balancer(**{**base, **fields}), ports=(port,))
    return stack_intent(behind, front=front)


def built(intent: StackIntent, by: Context | None = None, facts: Facts = FACTS) -> Stack:
    """The stack, with the shared security group."""
    return build(intent, by or context(backend_security_group=SHARED), facts)


def front_of(stack: Stack) -> LoadBalancer:
    """The network load balancer."""
    (made,) = (one for one in stack.load_balancers if one.id == FRONT)
    return made


def test_the_parts_of_a_front() -> None:
    """Listener, target group, the load balancer behind: ids are the reference's (spec 6.8)."""
    stack = built(fronted(tags={"team": "a"}))
    (entry,) = (one for one in stack.listeners if one.load_balancer == Ref(FRONT))
    (group,) = stack.target_groups
    assert entry.id == ResourceId("Listener", "FrontendNlb-ls-TCP-443")
    assert (entry.protocol, entry.port) == ("TCP", 443)
    (forward,) = entry.default_actions
    assert [one.target_group for one in getattr(forward, "target_groups", ())] == [Ref(group.id)]
    assert group.id == ResourceId("TargetGroup", "FrontendNlb-tg-TCP-443")
    assert (group.target_type, group.protocol, group.protocol_version) == ("alb", "TCP", None)
    assert (group.port, group.targets) == (443, (BalancerTarget(Ref(LOAD_BALANCER), 80),))
    assert stack.bindings == ()
    made = (front_of(stack), entry, group)
    assert [one.tags["team"] for one in made] == ["a", "a", "a"]
    assert [one.tags["ingress.k8s.aws/resource"] for one in made] == [one.id.name for one in made]


def test_default_tags_are_on_the_front_too() -> None:
    """The reference leaves them out beside tags of the front's own (spec 12.1 #19)."""
    by = context(settings={"default_tags": {"owner": "ops"}}, backend_security_group=SHARED)
    assert front_of(built(fronted(tags={"a": "1"}), by)).tags["owner"] == "ops"


def test_a_front_has_the_groups_of_the_one_behind() -> None:
    """The shared one included (spec 1.1)."""
    stack = built(fronted())
    assert front_of(stack).security_groups == stack.load_balancers[0].security_groups
    assert SHARED in front_of(stack).security_groups


def test_groups_of_its_own_are_its_only_ones() -> None:
    """By id or name, without the shared one."""
    given = GivenSecurityGroups(("sg-1",), False, origin("frontend-nlb-security-groups"))
    query = SecurityGroupsById(("sg-1",))
    intent = fronted(security=given)
    assert query in needs(intent, context(), {})
    info = SecurityGroupInfo(id="sg-1", name_tag="", tags={})
    stack = built(intent, facts={**FACTS, query: (info,)})
    assert front_of(stack).security_groups == ("sg-1",)
    assert SHARED in stack.load_balancers[0].security_groups


@pytest.mark.parametrize(
    "name, expected",
    [
        ("short", "short-nlb"),
        ("k8s-shop-app-392145b625", "k8s-shop-app-392145b625-nlb"),
        ("a" * 32, "a" * 28 + "-nlb"),
    ],
)
def test_its_name_is_that_of_the_one_behind(name: str, expected: str) -> None:
    """The first 28 bytes and `-nlb` (spec 6.1)."""
    assert front_of(built(fronted(balancer(explicit_name=name)))).name == expected


def test_subnets_are_found_for_its_own_scheme() -> None:
    """Its scheme may be another than that of the one behind."""
    assert {INSIDE, OUTSIDE} <= needs(fronted(), context(), {})
    assert front_of(built(fronted())).subnets == ("subnet-p", "subnet-q")


def test_each_keeps_its_own_subnets() -> None:
    """The reference may give one those of the other (spec 12.1 #20)."""
    behind = Kept(scheme="internal", ip_address_type="ipv4", subnets=("subnet-x", "subnet-y"))
    front = Kept(scheme="internet-facing", ip_address_type="ipv4", subnets=("subnet-z",))
    by = context(kept=behind, kept_front=front, backend_security_group=SHARED)
    assert needs(fronted(), by, {}) == frozenset()
    stack = built(fronted(), by, facts={})
    assert stack.load_balancers[0].subnets == ("subnet-x", "subnet-y")
    assert front_of(stack).subnets == ("subnet-z",)


def test_one_subnet_is_enough() -> None:
    """For a network load balancer (spec 6.3)."""
    one = {**FACTS, OUTSIDE: (subnet("p", "a"),)}
    assert front_of(built(fronted(), facts=one)).subnets == ("subnet-p",)
    with pytest.raises(Missing, match="an ALB needs subnets in at least 2 zones"):
        built(fronted(), facts={**FACTS, INSIDE: (subnet("a", "a"),)})


def test_addresses_go_to_subnets_by_place() -> None:
    """In the user's order of both (spec 1.1)."""
    query = SubnetsById(("subnet-p", "subnet-q"))
    given = NamedSubnets(("subnet-q", "subnet-p"), origin("frontend-nlb-subnets"))
    intent = fronted(
        subnets=given,
        elastic_ips=("eip-1", "eip-2"),
        elastic_ips_origin=origin("frontend-nlb-eip-allocations"),
    )
    made = front_of(built(intent, facts={**FACTS, query: FACTS[OUTSIDE]}))
    assert made.subnets == ("subnet-q", "subnet-p")
    assert made.allocation_ids == ("eip-1", "eip-2")


@pytest.mark.parametrize(
    "fields, problem",
    [
        ({"elastic_ips": ("eip-1",)}, "names 1 addresses for 2 subnets"),
        ({"elastic_ips": ("e", "f"), "scheme": "internal"}, "needs an internet-facing"),
    ],
)
def test_addresses_that_do_not_fit_are_told(fields: dict[str, Any], problem: str) -> None:
    """To the Ingress that names them (spec 1.1)."""
    where = origin("frontend-nlb-eip-allocations")
    with pytest.raises(Invalid, match=problem) as error:
        built(fronted(elastic_ips_origin=where, **fields))
    assert (error.value.origin, error.value.field) == (where.ref, where.field)


def test_capacity_and_pool_reach_the_load_balancer() -> None:
    """Of the application load balancer, not of its front."""
    stack = built(fronted(balancer(capacity_units=5, ipv4_ipam_pool_id="ipam-1")))
    assert [one.capacity_units for one in stack.load_balancers] == [5, None]
    assert [one.ipv4_ipam_pool_id for one in stack.load_balancers] == ["ipam-1", None]
