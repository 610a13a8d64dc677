"""What a member had, and AWS does not take again, freezes: nobody else hears of it."""

from __future__ import annotations

from collections.abc import Callable

import msgspec
import pytest

from alb_controller.model.elbv2 import ListenerRule, TargetGroup
from alb_controller.objects.networking import Ingress
from tests.factories import member, path, rule, to
from tests.unit.reconcile.stack_world import World

HOUR = 3600.0
INVALID = {"target-type": "nonsense"}


def at(name: str, text: str = "", **alb: str) -> Ingress:
    """A member with one path, its name if none is given."""
    named = {key.replace("_", "-"): value for key, value in alb.items()}
    return member(name, alb=named, rules=[rule("", path(text or f"/{name}", "Exact", to()))])


def lose_rule(world: World) -> None:
    """Somebody deletes the rule of the bad member by hand, and AWS takes it no more."""
    rules = world.aws.all(ListenerRule)
    (arn,) = (arn for arn, one in rules.items() if "/bad" in str(one.conditions))
    del world.aws.things[arn]
    world.aws.refused_path = "/bad"


def change_group(world: World) -> None:
    """Somebody changes the bad member's health check by hand, and AWS takes it no more."""
    groups = world.aws.all(TargetGroup)
    (arn,) = (arn for arn, one in groups.items() if "/checked" in str(one.health_check))
    check = msgspec.structs.replace(groups[arn].health_check, path="/by-hand")
    world.aws.things[arn] = msgspec.structs.replace(groups[arn], health_check=check)
    world.aws.refused_path = "/checked"


DRIFTS = {
    "rule": (lose_rule, at("bad"), ["/a2"]),
    "target group": (change_group, at("bad", healthcheck_path="/checked"), ["/a2", "/bad"]),
}
EDITS: dict[str, Callable[[Ingress], Ingress]] = {
    "as it was": lambda bad: bad,
    "invalid": lambda bad: at("bad", **INVALID),
}


def frozen(drift: str, edit: str) -> World:
    """A group in which the bad member has come to be refused; others are edited and deleted."""
    lose, bad, _ = DRIFTS[drift]
    world = World(at("a"), bad, at("c")).settle().wait(60)
    lose(world)
    world.put(EDITS[edit](bad))
    world.sweep()
    world.put(at("a", "/a2"))
    world.remove("c")
    return world.settle().wait(60)


@pytest.mark.parametrize("edit", EDITS)
@pytest.mark.parametrize("drift", DRIFTS)
def test_what_a_member_had_and_aws_refuses_by_now_harms_nobody(drift: str, edit: str) -> None:
    """Others are edited and deleted, what AWS has of it stays, and no call is made for hours."""
    world = frozen(drift, edit)
    assert world.aws.paths() == DRIFTS[drift][2]
    assert world.ingress("c") is None
    assert world.kube.warnings("a") == world.kube.warnings("c") == []
    assert any("is not valid" in one for one in world.kube.warnings("bad"))
    before = len(world.kube.warnings("bad"))
    world.forget_calls()
    world.wait(3 * HOUR)
    assert world.calls() == []
    assert len(world.kube.warnings("bad")) == before


@pytest.mark.parametrize("drift", DRIFTS)
def test_a_member_that_is_frozen_can_be_corrected_and_deleted(drift: str) -> None:
    """It is served by what is right, and nothing of it is left in the end."""
    world = frozen(drift, "as it was")
    world.put(at("bad", "/right"))
    world.settle().wait(60)
    assert world.aws.paths() == ["/a2", "/right"]
    world.remove("bad")
    world.settle().wait(60)
    assert world.ingress("bad") is None
    assert world.aws.paths() == ["/a2"]


@pytest.mark.parametrize("drift", DRIFTS)
def test_a_frozen_member_is_deleted_as_it_is(drift: str) -> None:
    """Its deletion asks for nothing that AWS refuses."""
    world = frozen(drift, "invalid")
    world.remove("bad")
    world.settle().wait(60)
    assert world.ingress("bad") is None
    assert world.aws.paths() == ["/a2"]
