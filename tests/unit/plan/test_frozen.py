"""What AWS does not take again is left out of a plan, and what it has instead stays."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from alb_controller.model.elbv2 import Action, ListenerRule
from alb_controller.model.refs import Ref
from alb_controller.model.stack import Found, Observed
from alb_controller.plan import changes
from alb_controller.plan.changes import Plan, Step
from alb_controller.plan.refused.frozen import can_be_frozen, without, written
from tests.resources import (
    binding,
    forward,
    listener,
    load_balancer,
    on,
    rule,
    security_group,
    target_group,
)


def there(identity: str, resource: Any) -> Found[Any]:
    """As it is in AWS."""
    return Found(identity=identity, resource=resource)


def at(place: int, path: str, action: Action) -> ListenerRule:
    """A rule for one path."""
    return rule(place, on(path), action)


OLD, NEW = target_group("shop/old"), target_group("shop/new")
THERE = at(1, "/there", forward("tg-old"))
OTHER = at(2, "/other", forward("tg-old"))
HERE = Observed(
    target_groups=(there("tg-old", OLD),),
    listeners=(there("ls", listener(default_actions=(forward("tg-old"),))),),
    rules=(there("lr-there", THERE), there("lr-other", OTHER)),
    bindings=(there("shop/old", binding(OLD, target_group="tg-old")),),
)
ENDS: tuple[Step, ...] = (
    changes.Delete(kind="Binding", found=HERE.bindings[0]),
    changes.AwaitBindingsGone(bindings=("shop/old",)),
    changes.Delete(kind="TargetGroup", found=HERE.target_groups[0]),
)


def left(*steps: Step, frozen: Callable[[Step], bool] | None = None) -> tuple[Step, ...]:
    """Of a plan whose first step is frozen."""
    is_frozen = frozen or (lambda step: step is steps[0])
    return without(Plan(steps=steps), HERE, is_frozen).steps


def modify(target: str, wanted: ListenerRule) -> changes.ModifyRule:
    """Of a rule in AWS."""
    return changes.ModifyRule(target=target, resource=wanted)


def test_what_hangs_on_a_frozen_creation_goes_with_it() -> None:
    """Its binding, its rule, and the places of that; the others keep theirs."""
    mine = at(3, "/mine", forward(NEW))
    places = ((Ref(mine.id), 3), ("lr-other", 4))
    steps: list[Step] = [changes.Create(resource=one) for one in (NEW, binding(NEW), mine)]
    moved = changes.SetRulePriorities(listener="ls", priorities=places)
    alone = changes.SetRulePriorities(listener="ls", priorities=places[:1])
    assert left(*steps, moved, alone, *ENDS) == (
        changes.SetRulePriorities(listener="ls", priorities=places[1:]),
        *ENDS,
    )


def test_the_places_below_a_frozen_listener_go_with_it() -> None:
    """It is not there, so nothing moves on it."""
    below = listener(81)
    moved = changes.SetRulePriorities(listener=Ref(below.id), priorities=(("lr-other", 4),))
    assert left(changes.Create(resource=below), moved) == ()


STAYING: dict[str, Step] = {
    "rule": modify("lr-there", at(1, "/there", forward(NEW))),
    "listener": changes.ModifyListener(target="ls", resource=listener()),
    "binding": changes.UpdateBinding(target="shop/old", resource=binding(NEW)),
}


@pytest.mark.parametrize("step", STAYING.values(), ids=STAYING)
def test_what_stays_as_it_is_keeps_its_targets(step: Step) -> None:
    """Neither the target group that it uses goes nor its binding; others may."""
    further = changes.Delete(kind="Binding", found=there("shop/x", binding(NEW)))
    awaited = changes.AwaitBindingsGone(bindings=("shop/old", "shop/x"))
    assert left(step, *ENDS, further, awaited) == (
        further,
        changes.AwaitBindingsGone(bindings=("shop/x",)),
    )


def test_a_rule_that_a_frozen_one_was_to_replace_goes_all_the_same() -> None:
    """Nobody wants it, and nothing is moved or tagged that goes."""
    tagging = changes.AddTags(kind="ListenerRule", target="lr-other", tags={"a": "b"})
    moved = changes.SetRulePriorities(listener="ls", priorities=(("lr-other", 4),))
    gone = changes.Delete(kind="ListenerRule", found=HERE.rules[1])
    instead = modify("lr-other", at(2, "/mine", forward("tg-old")))
    assert left(instead, moved, tagging, *ENDS) == (gone, *ENDS)


def test_what_is_known_of_nothing_keeps_nothing() -> None:
    """A rule that is not seen, and a step that is not about targets."""
    assert left(modify("lr-unseen", THERE), *ENDS) == ENDS
    subnets = changes.SetSubnets(target="lb", subnets=("subnet-a",))
    assert left(subnets, *ENDS) == ENDS


def test_a_plan_without_frozen_steps_is_as_it_was() -> None:
    """Nothing is left out by itself."""
    steps: tuple[Step, ...] = (*STAYING.values(), *ENDS)
    assert left(*steps, frozen=lambda _step: False) == steps


def test_a_rule_is_the_same_wherever_it_comes_to_be() -> None:
    """By a creation or instead of another, at whatever place; other rules are others."""
    one, moved = (at(place, "/mine", forward("tg-old")) for place in (1, 7))
    assert written(changes.Create(resource=one)) == written(modify("lr-other", moved))
    assert written(changes.Create(resource=one)) != written(changes.Create(resource=OTHER))
    assert written(changes.Create(resource=NEW)) == changes.Create(resource=NEW)


CAN: list[tuple[Any, bool]] = [
    (changes.Create(resource=load_balancer()), False),
    (changes.Create(resource=security_group(80)), False),
    (ENDS[0], False),
    (changes.Create(resource=NEW), True),
    (modify("lr-there", THERE), True),
]


@pytest.mark.parametrize("step,can", CAN)
def test_a_stack_cannot_be_without_its_load_balancer(step: Step, *, can: bool) -> None:
    """Nor is a deletion ever left out for good."""
    assert can_be_frozen(step) is can
