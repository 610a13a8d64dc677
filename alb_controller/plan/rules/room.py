"""How rules are exchanged where the load balancer holds no more of them."""

from __future__ import annotations

from collections.abc import Iterable
from math import inf

from alb_controller.model.elbv2 import ListenerRule
from alb_controller.model.stack import Found
from alb_controller.plan.rules.overlap import may_overlap
from alb_controller.plan.rules.pairs import Conditions, Left, RulePair, Schedule
from alb_controller.values import Value


class _Move(Value, frozen=True):
    """A rule's number now and its final one; one that goes is behind all others in the end."""

    now: int
    final: float
    conditions: Conditions


def schedule_without_room(
    kept: Iterable[RulePair], changed: Left, foreign: Iterable[Found[ListenerRule]]
) -> Schedule:
    """Turn rules that should go into rules that should come: no count rises, no call fails.

    Each is modified before it moves or after, where that brings no rule ahead of one that belongs
    ahead of it: a wide rule would answer for all others. What fits neither time goes first and
    comes last.
    """
    pairs = [*changed.pairs]
    for wanted, rule in zip(changed.desired, changed.found, strict=False):
        pairs.append(RulePair(desired=wanted, found=rule))
    staying = [_as_found(pair) for pair in kept]
    staying += [_stays(rule.resource) for rule in foreign]
    leaving = [_goes(rule.resource) for rule in changed.found[len(changed.desired) :]]
    early: list[RulePair] = []
    late: list[RulePair] = []
    for pair in pairs:
        new, old = _as_desired(pair), _as_found(pair)
        against_early = [
            *(_overtakes(other, new) for other in staying),
            *(_cross(new, _as_desired(other)) for other in early),
        ]
        against_late = [
            *(_overtakes(old, other) for other in (*staying, *leaving)),
            *(_cross(old, _as_found(other)) for other in late),
        ]
        if not any(against_early):
            early.append(pair)
        elif not any(against_late):
            late.append(pair)
    return Schedule(early=tuple(early), late=tuple(late))


def _stays(rule: ListenerRule) -> _Move:
    return _Move(rule.priority, rule.priority, rule.conditions)


def _goes(rule: ListenerRule) -> _Move:
    return _Move(rule.priority, inf, rule.conditions)


def _as_found(pair: RulePair) -> _Move:
    rule = pair.found.resource
    return _Move(rule.priority, pair.desired.priority, rule.conditions)


def _as_desired(pair: RulePair) -> _Move:
    return _Move(pair.found.resource.priority, pair.desired.priority, pair.desired.conditions)


def _overtakes(one: _Move, other: _Move) -> bool:
    """Whether it is behind the other now and ahead of it in the end, where they share requests."""
    is_overtaking = one.now > other.now and one.final < other.final
    return is_overtaking and may_overlap(one.conditions, other.conditions)


def _cross(one: _Move, other: _Move) -> bool:
    return _overtakes(one, other) or _overtakes(other, one)
