"""At a quota what goes makes room before what comes, for every quota alike."""

from __future__ import annotations

from typing import Any, cast

import msgspec
import pytest

from alb_controller.errors import NotReady
from alb_controller.model.elbv2 import (
    Action,
    Listener,
    ListenerRule,
    LoadBalancer,
    TargetGroup,
)
from alb_controller.model.stack import Stack
from alb_controller.plan.changes import Limit
from alb_controller.plan.plan import plan
from alb_controller.reconcile.apply import apply
from tests.resources import (
    NOT_FOUND,
    POLICY,
    binding,
    forward,
    listener,
    load_balancer,
    on,
    rule,
    stack,
    target_group,
)
from tests.unit.plan.deploys import deploy
from tests.world import World

GROUPS = {name: target_group(f"shop/web-{name}:80") for name in "abcd"}


def group(rules: str = "", **ports: str) -> Stack:
    """Rules as `/path=group …` of port 80; of other ports their default groups: `p81="a"`."""
    wanted = dict(one.split("=") for one in rules.split())
    used = {*wanted.values(), *ports.values()} - {""}
    defaults = {"p80": "", **ports}
    return stack(
        load_balancers=(load_balancer(),),
        target_groups=tuple(GROUPS[name] for name in sorted(used)),
        bindings=tuple(binding(GROUPS[name]) for name in sorted(used)),
        listeners=tuple(
            listener(int(port[1:]), default_actions=(_to(name),)) for port, name in defaults.items()
        ),
        rules=tuple(
            rule(number, on(path), _to(name))
            for number, (path, name) in enumerate(wanted.items(), 1)
        ),
    )


def _to(name: str) -> Action:
    return forward(GROUPS[name]) if name else NOT_FOUND


def settle(world: World, desired: Stack) -> list[str]:
    """As the loop over stacks: plan with each limit that stops a plan; the calls that it takes."""
    limits, calls = frozenset[Limit](), list[str]()
    while True:
        observed = world.observe()
        policy = msgspec.structs.replace(POLICY, limits_reached=limits)
        outcome = apply(plan(desired, observed, policy), observed, world)
        calls += world.writes()
        match outcome.error or outcome.retried:
            case None:
                assert deploy(world, desired) == []
                return calls
            case NotReady():  # bindings that go are waited for; the next pass knows no limit
                world.finish_bindings()
                limits = frozenset()
            case error:
                limit = outcome.limit_reached
                assert limit not in (None, *limits), (error, calls)
                limits |= {cast("Limit", limit)}


@pytest.mark.parametrize(
    "before, after",
    [
        pytest.param(group("/x=a /y=b"), group("/y=b /z=c"), id="one rule goes, one comes"),
        pytest.param(group("/x=a /y=b"), group("/x=c /y=b"), id="a rule turns to another"),
        pytest.param(group("/x=a /y=a /z=b"), group("/x=c /y=c /z=b"), id="two rules turn"),
        pytest.param(group("/x=a /y=b"), group("/x=b /y=c"), id="groups change places"),
        pytest.param(group("/x=b", p81="a"), group("/x=b", p81="c"), id="a default turns"),
        pytest.param(
            group("/x=a /y=b", p81="a"), group("/x=c /y=b", p81="c"), id="a default and a rule"
        ),
        pytest.param(group("/y=b", p81="a"), group("/y=b", p82="c"), id="a listener goes"),
        pytest.param(group("/x=a /y=b", p81="b"), group("/x=c /y=d"), id="all go"),
    ],
)
@pytest.mark.parametrize("quota", ["groups_used", "target_groups"])
def test_at_the_target_group_limit_one_goes_and_one_comes(
    before: Stack, after: Stack, quota: str
) -> None:
    """No more than the quota at any time, of a load balancer and of the account alike."""
    world = World()
    world.limits[quota] = 2
    deploy(world, before)
    settle(world, after)
    assert {one.name for one in world.all(TargetGroup).values()} == {
        one.name for one in after.target_groups
    }


def test_a_group_for_another_is_traded_in_place() -> None:
    """Nobody else uses them: the path is never without a rule."""
    world = World()
    world.limits["groups_used"] = 2
    deploy(world, group("/x=a /y=b"))
    after = group("/x=c /y=b")
    calls = settle(world, after)
    assert "DeleteRule" not in calls
    assert "ModifyRule" in calls


def secure(*hosts: str, port: int = 443) -> Listener:
    """A listener with a default certificate, and one for each host."""
    arns = ("arn:default", *(f"arn:{host}" for host in hosts))
    return listener(port, protocol="HTTPS", certificates=arns)


@pytest.mark.parametrize(
    "before, after",
    [
        ([secure("a", "b")], [secure("b", "c")]),
        ([secure("a"), secure("b", port=8443)], [secure("a", "c"), secure(port=8443)]),
        ([secure("a"), secure("b", port=8443)], [secure("a", "c")]),
    ],
    ids=["on one listener", "on two", "with its listener"],
)
def test_at_the_certificate_limit_one_goes_and_one_comes(
    before: list[Listener], after: list[Listener]
) -> None:
    """The quota is the load balancer's, default certificates not counted."""

    def with_listeners(*listeners: Listener) -> Stack:
        return stack(load_balancers=(load_balancer(),), listeners=listeners)

    world = World()
    world.limits["certificates"] = 2
    deploy(world, with_listeners(*before))
    assert "AddListenerCertificates" in settle(world, with_listeners(*after))
    shown = {one.port: one.certificates for one in world.all(Listener).values()}
    assert shown == {one.port: one.certificates for one in after}


def test_at_the_listener_limit_one_goes_and_one_comes() -> None:
    """With a gap: there is no other way."""
    world = World()
    world.limits["listeners"] = 2
    deploy(world, group(p81=""))
    calls = settle(world, group(p82=""))
    assert calls == ["CreateListener", "DeleteListener", "CreateListener"]


def test_at_the_load_balancer_limit_what_is_replaced_goes_first() -> None:
    """Its scheme cannot be changed in AWS."""

    def shown(scheme: str) -> Stack:
        return stack(load_balancers=(load_balancer(scheme=scheme),))

    world = World()
    world.limits["load_balancers"] = 1
    deploy(world, shown("internal"))
    calls = settle(world, shown("internet-facing"))
    assert calls == ["CreateLoadBalancer", "DeleteLoadBalancer", "CreateLoadBalancer"]
    (left,) = world.all(LoadBalancer).values()
    assert left.scheme == "internet-facing"


def test_what_only_comes_has_no_room_to_make() -> None:
    """The plan stays as it is, and the refusal is the newcomer's."""
    world = World()
    world.limits["groups_used"] = 1
    deploy(world, group("/x=a"))
    wanted, observed = group("/x=a /y=b"), world.observe()
    tight: Any = msgspec.structs.replace(
        POLICY, limits_reached=frozenset[Limit]({"used-target-groups"})
    )
    assert plan(wanted, observed, tight) == plan(wanted, observed, POLICY)
    outcome = apply(plan(wanted, observed, tight), observed, world)
    assert outcome.limit_reached == "used-target-groups"
    assert [one.conditions for one in world.all(ListenerRule).values()] == [on("/x")]
