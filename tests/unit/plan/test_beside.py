"""A load balancer that replaces another: which may stay beside it, and what users see of both."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from alb_controller.model.elbv2 import BalancerTarget, LoadBalancer, TargetGroup
from alb_controller.model.refs import Ref
from alb_controller.model.stack import Observed, Stack
from alb_controller.plan.changes import Limit, Plan
from alb_controller.plan.plan import plan
from alb_controller.plan.render import render_json, render_lines
from alb_controller.plan.replacing.beside import as_shown
from alb_controller.plan.replacing.waits import Replacing
from alb_controller.reconcile.apply import apply
from tests.resources import (
    LOAD_BALANCER,
    POLICY,
    binding,
    forward,
    listener,
    load_balancer,
    rule,
    security_group,
    stack,
    target_group,
)
from tests.world import World

BOTH = Replacing(joins=True, drains=True)
JOINED = msgspec.structs.replace(BOTH, joined=frozenset({LOAD_BALANCER.name}))
PUBLIC = {"scheme": "internet-facing"}


def group(*groups: TargetGroup, **balancer: Any) -> Stack:
    """A load balancer with a rule to a target group."""
    one = target_group()
    return stack(
        load_balancers=(load_balancer(**balancer),),
        target_groups=(one, *groups),
        bindings=(binding(one),),
        listeners=(listener(default_actions=(forward(one),)),),
        rules=(rule(1, (), forward(one)),),
    )


def todo(
    world: World, desired: Stack, by: Replacing = BOTH, limits: frozenset[Limit] = frozenset()
) -> Plan:
    """What is planned."""
    policy = msgspec.structs.replace(POLICY, replacing=by, limits_reached=limits)
    return plan(desired, world.observe(), policy)


def bring_about(world: World, desired: Stack, by: Replacing = BOTH) -> World:
    """One plan, applied; bindings go at once."""
    for _ in range(2):
        outcome = apply(todo(world, desired, by), world.observe(), world)
        assert outcome.error is None or not outcome.done
        world.finish_bindings()
    return world


def schemes(observed: Observed) -> list[str]:
    """Of the load balancers."""
    return [one.resource.scheme for one in observed.load_balancers]


def test_both_have_what_is_theirs_until_the_old_one_goes() -> None:
    """The new one gets groups, listeners and rules; then the old one goes with its own."""
    world = bring_about(World(), group())
    before = set(world.things)
    made = todo(world, group(**PUBLIC))
    assert [(one.kind, one.phase) for one in made.waits] == [("load balancer", "joining")]
    assert list(render_lines(made))[-1] == f"wait for joining load balancer {LOAD_BALANCER}"
    bring_about(world, group(**PUBLIC))
    assert before < set(world.things)
    assert not todo(world, group(**PUBLIC)).steps
    over = msgspec.structs.replace(JOINED, drained=frozenset({"arn:lb/0003"}))
    (old,) = [one for one in before if one.startswith("arn:lb/")]
    over = msgspec.structs.replace(JOINED, drained=frozenset({old}))
    bring_about(world, group(**PUBLIC), over)
    assert not before & set(world.things)
    assert not todo(world, group(**PUBLIC), over)


def test_users_see_the_old_one_until_the_new_one_serves() -> None:
    """Its target groups, too; where nothing is replaced all is shown."""
    world = bring_about(bring_about(World(), group()), group(**PUBLIC))
    seen = world.observe()
    for by, scheme in ((BOTH, "internal"), (JOINED, "internet-facing")):
        shown = as_shown(seen, todo(world, group(**PUBLIC), by).waits)
        assert (schemes(shown), len(shown.target_groups)) == ([scheme], 1)
    assert as_shown(seen, ()) is seen


def test_its_own_security_groups_stay_with_the_old_one() -> None:
    """Though the new one needs them no more."""
    managed = security_group(80)
    own = msgspec.structs.replace(
        group(security_groups=(Ref(managed.id),)), security_groups=(managed,)
    )
    world = bring_about(World(), own)
    assert "DeleteSecurityGroup" not in bring_about(world, group(**PUBLIC)).writes()
    old = next(iter(world.all(LoadBalancer)))
    over = msgspec.structs.replace(JOINED, drained=frozenset({old}))
    assert "DeleteSecurityGroup" in bring_about(world, group(**PUBLIC), over).writes()


def test_the_deletion_that_is_to_come_is_checked_before_the_first_write() -> None:
    """And not again while it waits."""
    world = bring_about(World(), group())
    first = todo(world, group(**PUBLIC))
    assert [one.found.resource.id for one in first.deletes_to_check] == [LOAD_BALANCER]
    bring_about(world, group(**PUBLIC))
    later = todo(world, group(attributes={"idle_timeout.timeout_seconds": "9"}, **PUBLIC))
    assert later.steps
    assert not later.deletes_to_check


def front() -> TargetGroup:
    """The target group in which a load balancer is."""
    held = (BalancerTarget(Ref(LOAD_BALANCER), 80),)
    return target_group("front", target_type="alb", protocol="TCP", targets=held)


@pytest.mark.parametrize(
    "before, after, reason",
    [
        (group(name="mine"), group(name="mine", **PUBLIC), "both are called mine"),
        (group(), group(type="network", **PUBLIC), "it is a network load balancer"),
        (group(), group(front(), **PUBLIC), "a network load balancer in front holds one at a time"),
    ],
)
def test_what_cannot_be_beside_the_other_goes_first_and_says_so(
    before: Stack, after: Stack, reason: str
) -> None:
    """In the lines of the plan and in its JSON."""
    made = todo(bring_about(World(), before), after)
    (gap,) = made.gaps
    assert gap.endswith(f"is deleted before the one that replaces it serves: {reason}")
    assert gap in list(render_lines(made))
    assert render_json(made)["gaps"] == [gap]
    assert not made.waits


def test_a_quota_leaves_no_room_for_two() -> None:
    """The target groups stay with the stack then, as without waits."""
    world = bring_about(World(), group())
    made = todo(world, group(**PUBLIC), limits=frozenset({"load-balancers"}))
    assert "a quota is reached (load-balancers)" in made.gaps[0]
    assert not made.waits


def test_without_waits_there_is_no_message() -> None:
    """It is as with LBC."""
    assert not todo(bring_about(World(), group()), group(**PUBLIC), Replacing()).gaps


@pytest.mark.parametrize("by", [Replacing(joins=True), Replacing(drains=True)])
def test_each_wait_is_of_its_own(by: Replacing) -> None:
    """One that only joins does not drain; one that only drains has joined from the start."""
    world = bring_about(bring_about(World(), group()), group(**PUBLIC), by)
    waits = [one.phase for one in todo(world, group(**PUBLIC), by).waits]
    assert waits == (["joining"] if by.joins else ["draining"])
    over = msgspec.structs.replace(by, joined=JOINED.joined)
    bring_about(world, group(**PUBLIC), over)
    assert len(world.all(LoadBalancer)) == (1 if by.joins else 2)
