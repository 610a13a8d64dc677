"""Brings a stack about in a world and tells which calls it took."""

from __future__ import annotations

from alb_controller.model.stack import Stack
from alb_controller.plan.changes import PlanPolicy
from alb_controller.plan.plan import plan
from alb_controller.reconcile.apply import apply
from tests.resources import POLICY
from tests.world import World


def deploy(world: World, desired: Stack, policy: PlanPolicy = POLICY) -> list[str]:
    """One pass that must not fail; the AWS and binding calls in their order."""
    observed = world.observe()
    outcome = apply(plan(desired, observed, policy), observed, world)
    assert outcome.error is None, outcome
    return world.writes()


def deployed(desired: Stack) -> World:
    """A world in which a stack has been brought about."""
    world = World()
    deploy(world, desired)
    return world
