"""Applying a plan: what is known after it, and after what goes wrong."""

from __future__ import annotations

import pytest

from alb_controller.errors import InUse, NotFound, ProtectedInAws, Rejected, Throttled
from alb_controller.model.elbv2 import LoadBalancer
from alb_controller.model.protection import DeletionChoice
from alb_controller.model.refs import Ref
from alb_controller.plan.changes import AwaitBindingsGone, Create, Plan
from alb_controller.plan.plan import plan
from alb_controller.reconcile.apply import apply
from alb_controller.reconcile.writes import _write
from tests.resources import (
    POLICY,
    forward,
    listener,
    load_balancer,
    rules,
    security_group,
    stack,
    target_group,
)
from tests.world import World
from tests.world_store import Failure

SLOW_DOWN = Throttled("elbv2", "CreateListener", "Throttling", "slow down")


def test_an_error_keeps_what_was_done() -> None:
    """The next plan begins where this one stopped, and reads nothing."""
    world = World()
    wanted = stack(load_balancers=(load_balancer(),), listeners=(listener(),))
    world.failures = [Failure(call=1, error=SLOW_DOWN)]
    first = apply(plan(wanted, world.observe(), POLICY), world.observe(), world)
    assert first.error is SLOW_DOWN
    assert isinstance(first.failed, Create)
    assert len(first.done) == 1
    world.writes()
    second = apply(plan(wanted, first.observed, POLICY), first.observed, world)
    assert second.error is None
    assert world.writes() == ["CreateListener"]


def test_refs_are_put_in_as_they_become_known() -> None:
    """Everything that AWS holds names others by identity."""
    world = World()
    managed, group = security_group(80), target_group("a")
    wanted = stack(
        security_groups=(managed,),
        target_groups=(group,),
        load_balancers=(load_balancer(security_groups=(Ref(managed.id),)),),
        listeners=(listener(default_actions=(forward(group),)),),
    )
    outcome = apply(plan(wanted, world.observe(), POLICY), world.observe(), world)
    (balancer,) = outcome.observed.load_balancers
    assert balancer.resource.security_groups == (world.observe().security_groups[0].identity,)
    assert world.observe().listeners[0].resource.load_balancer == balancer.identity


def test_a_ref_that_nothing_makes_is_a_bug() -> None:
    """It is never sent to AWS."""
    world = World()
    todo = Plan(steps=(Create(resource=listener()),))
    with pytest.raises(RuntimeError, match="Create names LoadBalancer LoadBalancer"):
        apply(todo, world.observe(), world)
    assert world.writes() == []


def test_a_group_in_use_does_not_stop_the_others() -> None:
    """The rest is deleted; the error is reported."""
    world = World()
    wanted = stack(target_groups=(target_group("a"), target_group("b")))
    apply(plan(wanted, world.observe(), POLICY), world.observe(), world)
    world.writes()
    errors = [InUse("elbv2", "DeleteTargetGroup", "ResourceInUse", str(n)) for n in range(2)]
    world.failures = [Failure(call=0, error=errors[0])]
    outcome = apply(plan(stack(), world.observe(), POLICY), world.observe(), world)
    assert outcome.retried is errors[0]
    assert len(outcome.observed.target_groups) == 1
    assert world.writes() == ["DeleteTargetGroup", "DeleteTargetGroup"]
    assert outcome.limit_reached is None


def test_the_first_of_several_groups_in_use_is_reported() -> None:
    """One error is enough to come back."""
    world = World()
    wanted = stack(target_groups=(target_group("a"), target_group("b")))
    apply(plan(wanted, world.observe(), POLICY), world.observe(), world)
    world.writes()
    errors = [InUse("elbv2", "DeleteTargetGroup", "ResourceInUse", str(n)) for n in range(2)]
    world.failures = [Failure(call=n, error=error) for n, error in enumerate(errors)]
    outcome = apply(plan(stack(), world.observe(), POLICY), world.observe(), world)
    assert outcome.retried is errors[0]


def test_a_stale_picture_is_reported() -> None:
    """NotFound on a change means that somebody else has been there."""
    world = World()
    wanted = stack(load_balancers=(load_balancer(),), listeners=(listener(),), rules=rules())
    apply(plan(wanted, world.observe(), POLICY), world.observe(), world)
    stale = world.observe()
    for identity in list(world.all(LoadBalancer)):
        world.delete_load_balancer(identity)
    changed = stack(load_balancers=(load_balancer(subnets=("subnet-c",)),))
    assert isinstance(apply(plan(changed, stale, POLICY), stale, world).error, NotFound)


@pytest.mark.parametrize(
    "is_off,writes",
    [
        (True, ["DeleteLoadBalancer", "ModifyLoadBalancerAttributes", "DeleteLoadBalancer"]),
        (False, ["DeleteLoadBalancer"]),
    ],
)
def test_protection_is_taken_off_where_somebody_says_so(writes: list[str], *, is_off: bool) -> None:
    """Otherwise the refusal ends the plan, with the line that would let it go."""
    world = World()
    protected = load_balancer(attributes={"deletion_protection.enabled": "true"})
    apply(plan(stack(load_balancers=(protected,)), world.observe(), POLICY), world.observe(), world)
    world.writes()
    stated = {"LoadBalancer": DeletionChoice(is_off=is_off, setting="attributes: off")}
    error = apply(
        plan(stack(deletion=stated), world.observe(), POLICY), world.observe(), world
    ).error
    assert world.writes() == writes
    assert (error is None) == is_off
    if error is not None:
        assert isinstance(error, ProtectedInAws)
        assert error.setting == "attributes: off"


def test_another_refusal_of_a_delete_is_reported() -> None:
    """Only protection is taken off."""
    world = World()
    wanted = stack(load_balancers=(load_balancer(),))
    apply(plan(wanted, world.observe(), POLICY), world.observe(), world)
    refused = Rejected("elbv2", "DeleteLoadBalancer", "OperationNotPermitted", "it is associated")
    world.failures = [Failure(call=1, error=refused)]
    assert apply(plan(stack(), world.observe(), POLICY), world.observe(), world).error is refused


def test_bindings_that_are_gone_are_not_waited_for() -> None:
    """The barrier opens when the cluster shows them no more."""
    world = World()
    todo = Plan(steps=(AwaitBindingsGone(bindings=("shop/x",)),))
    assert apply(todo, world.observe(), world).error is None


def test_a_step_without_a_write_is_a_bug() -> None:
    """Every type of step has one."""
    with pytest.raises(TypeError, match="no way to write AwaitBindingsGone"):
        _write(AwaitBindingsGone(bindings=()), World())
