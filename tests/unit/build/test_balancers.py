"""A second balancer, in front of the first: its parts, names, subnets, groups and addresses."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from alb_controller.build.context import Context, CurrentState, Facts
from alb_controller.build.elbv2.balancers import balancer_id
from alb_controller.build.elbv2.stack import build
from alb_controller.build.needs import needs
from alb_controller.errors import Invalid, Missing
from alb_controller.intent import (
    BalancerBackendIntent,
    BalancerIntent,
    DefaultIntent,
    ForwardIntent,
    GivenSecurityGroups,
    NamedSubnets,
    NetworkOptions,
    SameSecurityGroups,
    StackIntent,
    SubnetAddresses,
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
from tests.unit.build.intents import (
    CHECK,
    FRONT,
    MAIN,
    SEED,
    balancer,
    context,
    listener,
    origin,
    stack_intent,
    subnet,
)

INSIDE, OUTSIDE = SubnetsByRole("internal-elb"), SubnetsByRole("elb")
FACTS: Facts = {
    INSIDE: (subnet("a", "a"), subnet("b", "b")),
    OUTSIDE: (subnet("p", "a"), subnet("q", "b")),
}
SHARED = "sg-shared"
GROUP = "front-group"


def fronted(
    behind: BalancerIntent | None = None, ips: SubnetAddresses | None = None, **fields: Any
) -> StackIntent:
    """An application balancer, and a network balancer on the internet that forwards TCP to it.

    `fields` are those of the one in front, `ips` its addresses.
    """
    entry = listener(
        443,
        id="front-listener",
        protocol="TCP",
        default=DefaultIntent(action=ForwardIntent.to_balancer(GROUP)),
        tags=fields.get("tags", {}),
    )
    base: dict[str, Any] = {
        "id": FRONT,
        "scheme": "internet-facing",
        "security": SameSecurityGroups(MAIN),
        "name_suffix": "-nlb",
        "explicit_name": behind.explicit_name if behind else None,
    }
    front = msgspec.structs.replace(
        balancer(**{**base, **fields}),
        options=NetworkOptions(elastic_ips=ips),
        listeners=(entry,),
    )
    group = BalancerBackendIntent(
        id=GROUP,
        balancer=MAIN,
        balancer_port=80,
        name=SEED,
        port=443,
        health_check=CHECK,
        tags=fields.get("tags", {}),
    )
    made = stack_intent(behind)
    return msgspec.structs.replace(
        made, balancers=(*made.balancers, front), balancer_backends=(group,)
    )


def built(intent: StackIntent, by: Context | None = None, facts: Facts = FACTS) -> Stack:
    """The stack, with the shared security group."""
    return build(intent, by or context(backend_security_group=SHARED), facts)


def front_of(stack: Stack) -> LoadBalancer:
    """The network load balancer."""
    (made,) = (one for one in stack.load_balancers if one.id.name == FRONT)
    return made


def test_the_parts_of_a_front() -> None:
    """Listener, target group, the load balancer behind (spec 6.8)."""
    stack = built(fronted(tags={"team": "a"}))
    (entry,) = (one for one in stack.listeners if one.load_balancer == Ref(balancer_id(FRONT)))
    (group,) = stack.target_groups
    assert entry.id == ResourceId("Listener", "front-listener")
    assert (entry.protocol, entry.port) == ("TCP", 443)
    (forward,) = entry.default_actions
    assert [one.target_group for one in getattr(forward, "target_groups", ())] == [Ref(group.id)]
    assert group.id == ResourceId("TargetGroup", GROUP)
    assert (group.target_type, group.protocol, group.protocol_version) == ("alb", "TCP", None)
    assert (group.port, group.targets) == (443, (BalancerTarget(Ref(balancer_id(MAIN)), 80),))
    assert stack.bindings == ()
    assert front_of(stack).type == "network"
    made = (front_of(stack), entry, group)
    assert [one.tags["team"] for one in made] == ["a", "a", "a"]
    assert [one.tags["ingress.k8s.aws/resource"] for one in made] == [one.id.name for one in made]


def test_default_tags_are_on_the_front_too() -> None:
    """LBC leaves them out beside tags of the front's own (spec 12.1 #19)."""
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
def test_a_suffix_takes_the_place_of_a_name_s_end(name: str, expected: str) -> None:
    """A name has 32 bytes at most (spec 6.1)."""
    assert front_of(built(fronted(balancer(explicit_name=name)))).name == expected


def test_subnets_are_found_for_its_own_scheme() -> None:
    """Its scheme may be another than that of the one behind."""
    assert {INSIDE, OUTSIDE} <= needs(fronted(), context(), {})
    assert front_of(built(fronted())).subnets == ("subnet-p", "subnet-q")


def test_each_keeps_its_own_subnets() -> None:
    """LBC may give one those of the other (spec 12.1 #20)."""
    behind = CurrentState(
        scheme="internal", ip_address_type="ipv4", subnets=("subnet-x", "subnet-y")
    )
    front = CurrentState(scheme="internet-facing", ip_address_type="ipv4", subnets=("subnet-z",))
    by = context(kept={MAIN: behind, FRONT: front}, backend_security_group=SHARED)
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
        ips=SubnetAddresses(("eip-1", "eip-2"), origin("frontend-nlb-eip-allocations")),
    )
    made = front_of(built(intent, facts={**FACTS, query: FACTS[OUTSIDE]}))
    assert made.subnets == ("subnet-q", "subnet-p")
    assert made.allocation_ids == ("eip-1", "eip-2")


@pytest.mark.parametrize(
    "fields, problem",
    [
        ({}, "names 1 addresses for 2 subnets"),
        ({"scheme": "internal"}, "needs an internet-facing"),
    ],
)
def test_addresses_that_do_not_fit_are_reported(fields: dict[str, Any], problem: str) -> None:
    """To the Ingress that names them (spec 1.1)."""
    where = origin("frontend-nlb-eip-allocations")
    with pytest.raises(Invalid, match=problem) as error:
        built(fronted(ips=SubnetAddresses(("eip-1",), where), **fields))
    assert (error.value.origin, error.value.field) == (where.ref, where.field)


def test_capacity_and_pool_reach_the_load_balancer() -> None:
    """Of the application load balancer, not of its front."""
    stack = built(fronted(balancer(capacity_units=5, options={"ipv4_ipam_pool_id": "ipam-1"})))
    assert [one.capacity_units for one in stack.load_balancers] == [5, None]
    assert [one.ipv4_ipam_pool_id for one in stack.load_balancers] == ["ipam-1", None]
