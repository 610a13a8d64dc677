"""The writes that bring one listener's rules to the desired order, without a 503 window.

At every write each request is answered as before or as after. The order that makes it so:

1. Create new rules behind the last one, in their final order: they answer only what no rule
   answered before.
2. Change the listener's default actions (`listeners`): they answer only what no rule, old or new,
   does.
3. Modify rules that nothing new comes ahead of.
4. Set all priorities at once: what stays in its final order, what goes behind it.
5. Modify rules that nothing old was ahead of and has gone.
6. Delete from the last one up: a rule to be deleted still hides those behind it.

Where what stays is in order already, 4 comes last and only closes the gaps. Numbers never repeat:
SetRulePriorities is atomic, and foreign rules' numbers are avoided. A rule that goes never moves
up, lest it pass a foreign one.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import TypeAlias

import msgspec

from alb_controller.model.elbv2 import ListenerRule
from alb_controller.model.refs import Ref, Reference
from alb_controller.model.stack import Found
from alb_controller.plan.changes import Create, Delete, ModifyRule, SetRulePriorities, Step
from alb_controller.plan.equality import without_known_secrets
from alb_controller.plan.rules.matching import RuleDiff
from alb_controller.plan.rules.pairs import RulePair
from alb_controller.values import Value

HIGHEST = 50_000
Numbers: TypeAlias = dict[Reference, int]


class RuleSteps(Value, frozen=True):
    """Steps on one listener's rules, around the change of its default actions."""

    before_default: tuple[Step, ...]
    after_default: tuple[Step, ...]
    freed: tuple[Step, ...] = ()
    """What makes room, before any step of any listener: where there is none."""


class _Places(Value, frozen=True):
    """Where rules are while the plan runs."""

    now: Numbers
    steps: tuple[Step, ...]


def rule_steps(listener: Reference, diff: RuleDiff) -> RuleSteps:
    """Every write on the rules but for their tags."""
    if diff.lacks_room:
        after_default = tuple(_exchange(listener, diff))
        freed = tuple(_delete(diff.deleted))
        return RuleSteps(before_default=(), after_default=after_default, freed=freed)
    room = _make_room(listener, diff)
    created = _create(diff, room.now)
    now = created.now
    fixed = _numbers(diff.foreign)
    final: Numbers = {pair.found.identity: pair.desired.priority for pair in diff.survivors}
    final |= {Ref(rule.id): rule.priority for rule in diff.created}
    if _is_in_order({**now, **fixed}, {**final, **fixed}):
        after = [
            *_modify((*diff.modified, *diff.modified_late)),
            *_delete(diff.deleted),
            *_set_priorities(listener, now, final),
        ]
    else:
        final |= _behind(diff.deleted, now, final, set(fixed.values()))
        after = [
            *_modify(diff.modified),
            *_set_priorities(listener, now, final),
            *_modify(diff.modified_late),
            *_delete(diff.deleted),
        ]
    return RuleSteps(before_default=(*room.steps, *created.steps), after_default=tuple(after))


def _exchange(listener: Reference, diff: RuleDiff) -> list[Step]:
    """Where there is no room for more rules: what comes is made last, at its place."""
    now = _numbers([pair.found for pair in diff.survivors])
    final: Numbers = {pair.found.identity: pair.desired.priority for pair in diff.survivors}
    return [
        *_modify(diff.modified),
        *_set_priorities(listener, now, final),
        *_modify(diff.modified_late),
        *(Create(resource=rule) for rule in diff.created),
    ]


def _make_room(listener: Reference, diff: RuleDiff) -> _Places:
    """Move the last rules up where new ones would not fit behind them."""
    ours = [pair.found for pair in diff.survivors] + list(diff.deleted)
    now = _numbers(ours)
    taken = {rule.resource.priority for rule in diff.foreign}
    moved: Numbers = {}
    free = HIGHEST - len(diff.created) - len(taken)
    if not diff.created or max(now.values(), default=0) <= free:
        return _Places(now=now, steps=())
    for identity, number in sorted(now.items(), key=lambda item: -item[1]):
        while free in taken:
            free -= 1
        moved[identity] = min(number, free)
        free = moved[identity] - 1
    return _Places(now=moved, steps=tuple(_set_priorities(listener, now, moved)))


def _create(diff: RuleDiff, now: Numbers) -> _Places:
    """Behind the last, at the final number where that is behind the last."""
    taken = {rule.resource.priority for rule in diff.foreign}
    numbers = now.copy()
    last = max(now.values(), default=0)
    steps: list[Step] = []
    for rule in diff.created:
        last = max(rule.priority, _next_free(last, taken))
        numbers[Ref(rule.id)] = last
        steps.append(Create(resource=msgspec.structs.replace(rule, priority=last)))
    return _Places(now=numbers, steps=tuple(steps))


def _behind(
    deleted: Iterable[Found[ListenerRule]],
    now: Numbers,
    final: Numbers,
    taken: set[int],
) -> Numbers:
    """Numbers for what goes: behind all that stays, in the same order, never moving up."""
    last = max(final.values(), default=0)
    numbers: Numbers = {}
    for rule in deleted:
        last = max(now[rule.identity], _next_free(last, taken))
        numbers[rule.identity] = last
    return numbers


def _is_in_order(now: Numbers, final: Numbers) -> bool:
    """Whether the rules that stay follow each other as they should, whatever their numbers."""
    staying = sorted(final, key=lambda rule: now[rule])
    return all(final[one] < final[two] for one, two in pairwise(staying))


def _set_priorities(listener: Reference, now: Numbers, wanted: Numbers) -> list[Step]:
    moves = [(rule, number) for rule, number in wanted.items() if now[rule] != number]
    moves.sort(key=lambda move: move[1])
    return [SetRulePriorities(listener=listener, priorities=tuple(moves))] if moves else []


def _modify(pairs: Iterable[RulePair]) -> list[Step]:
    return [ModifyRule(target=pair.found.identity, resource=_update(pair)) for pair in pairs]


def _update(pair: RulePair) -> ListenerRule:
    actions = without_known_secrets(pair.desired.actions, pair.found.resource.actions)
    return msgspec.structs.replace(pair.desired, actions=actions)


def _delete(found: Sequence[Found[ListenerRule]]) -> list[Step]:
    return [Delete(kind="ListenerRule", found=rule) for rule in reversed(found)]


def _next_free(last: int, taken: set[int]) -> int:
    number = last + 1
    while number in taken:
        number += 1
    return number


def _numbers(found: Iterable[Found[ListenerRule]]) -> Numbers:
    return {rule.identity: rule.resource.priority for rule in found}
