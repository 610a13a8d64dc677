"""The stage that a replacement of target groups is in: what rules are to say meanwhile (ADR 39).

A rule (or a listener's default actions) that stays and forwards to other groups than before passes
through two stages. First it keeps its old groups, and one such rule has the new group as well, at
weight 0: AWS checks the targets of a group only where it is used. Then all of them have the new
group, and one has the old group at weight 0, until what was begun there has ended. The stage is
read from AWS: from the weights that are there.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

import msgspec

from alb_controller.model.actions import Transform
from alb_controller.model.elbv2 import (
    Action,
    ForwardAction,
    Listener,
    ListenerRule,
    WeightedTargetGroup,
)
from alb_controller.model.origins import Origins, origins_of
from alb_controller.model.refs import Ref, Reference
from alb_controller.model.stack import Found, Observed
from alb_controller.plan.changes import PlanPolicy
from alb_controller.plan.diff import Matches
from alb_controller.plan.guard import is_our_rule
from alb_controller.plan.pairs import Matched, Pair
from alb_controller.plan.replacing.waits import Phase, Wait
from alb_controller.values import StackKey, Value

MOST_GROUPS = 5
"""Of one action (Quotas for your Application Load Balancers)."""


class Staged(Value, frozen=True):
    """What is desired for now, and what it waits for."""

    matches: Matches
    waits: tuple[Wait, ...] = ()


class _Slot(Value, frozen=True):
    """A place that forwards requests, before and after: a rule, or a listener's default."""

    listener: str
    rule: int | None
    """Its place among the desired rules; None for the default actions."""
    desired: ForwardAction
    found: ForwardAction
    asked_by: Origins
    transforms: tuple[Transform, ...] = ()
    """Of the rule that was found: they fit the groups that it has."""


class _Change(Value, frozen=True):
    """What a slot says for now."""

    forward: ForwardAction
    transforms: tuple[Transform, ...] | None = None
    """None for the desired ones."""

    def of(self, rule: ListenerRule) -> ListenerRule:
        kept = rule.transforms if self.transforms is None else self.transforms
        actions = (*rule.actions[:-1], self.forward)
        return msgspec.structs.replace(rule, actions=actions, transforms=kept)


def staged(matches: Matches, observed: Observed, key: StackKey, policy: PlanPolicy) -> Staged:
    """What rules are to say for now, where groups replace others; `observed` is ours alone.

    Where a quota is reached there is no room for both, and nothing is staged.
    """
    by = policy.replacing
    if policy.limits_reached or not (by.joins or by.drains):
        return Staged(matches=matches)
    slots = list(_slots(matches, observed, key, policy))
    stager = _Stager(matches, observed, slots, policy)
    held = stager.hold()
    changed = {n: _Change(forward=one, transforms=slots[n].transforms) for n, one in held.items()}
    changed |= {n: _Change(forward=one) for n, one in stager.let_go(held).items()}
    by_place = {(slots[n].listener, slots[n].rule): change for n, change in changed.items()}
    return Staged(matches=_with(matches, by_place), waits=tuple(stager.waits))


class _Stager:
    """Decides slot by slot; one slot for each group has what is at weight 0."""

    def __init__(
        self, matches: Matches, observed: Observed, slots: Sequence[_Slot], policy: PlanPolicy
    ) -> None:
        self._slots, self._by = slots, policy.replacing
        self._names = _names(matches)
        self._going = {one.identity for one in matches.target_groups.surplus}
        self._serving = _serving(observed)
        self._joining = {group for slot in slots for group in _joining(slot)}
        self._at_zero = {
            one.target_group
            for slot in slots
            for one in slot.found.target_groups
            if not _serves(one)
        }
        self.waits: list[Wait] = []

    def hold(self) -> dict[int, ForwardAction]:
        """Slots whose new groups do not serve yet, by their number: the old groups stay."""
        held: dict[int, ForwardAction] = {}
        carried: set[Reference] = set()
        for number, slot in enumerate(self._slots):
            coming = list(self._coming(slot))
            if all(self._name(group) in self._by.joined for group in coming):
                continue
            more = [group for group in coming if group not in carried]
            old = [one for one in slot.found.target_groups if not self._is_over(one)]
            forward = _forward(slot, old, more)
            if len(forward.target_groups) > MOST_GROUPS:
                continue
            held[number] = forward
            carried.update(more)
            self._wait("joining", more, slot)
            self._wait("draining", _leftover(forward, slot, self._going), slot)
        return held

    def let_go(self, held: Mapping[int, ForwardAction]) -> dict[int, ForwardAction]:
        """The other slots: the new groups serve, and the first keeps an old one at weight 0."""
        used = {one.target_group for forward in held.values() for one in forward.target_groups}
        changed: dict[int, ForwardAction] = {}
        for number, slot in enumerate(self._slots):
            if number in held or not self._by.drains:
                continue
            leaving = [
                one.target_group
                for one in slot.found.target_groups
                if self._is_leaving(one.target_group) and one.target_group not in used
            ]
            forward = _forward(slot, slot.desired.target_groups, leaving)
            if leaving and len(forward.target_groups) <= MOST_GROUPS:
                changed[number] = forward
                used.update(leaving)
                self._wait("draining", leaving, slot)
        return changed

    def _coming(self, slot: _Slot) -> Iterator[Reference]:
        """Groups that take requests over which others serve, and have served none yet."""
        if not self._by.joins or not any(_serves(one) for one in slot.found.target_groups):
            return
        for one in slot.desired.target_groups:
            is_new = one.target_group not in self._serving or one.target_group in self._joining
            if _serves(one) and is_new:
                yield one.target_group

    def _is_leaving(self, group: Reference) -> bool:
        return group in self._going and self._name(group) not in self._by.drained

    def _is_over(self, one: WeightedTargetGroup) -> bool:
        """At weight 0, and nobody waits for it any more."""
        is_at_zero = not _serves(one) and one.target_group in self._going
        return is_at_zero and not self._is_leaving(one.target_group)

    def _wait(self, phase: Phase, groups: Iterable[Reference], slot: _Slot) -> None:
        for group in groups:
            self.waits.append(
                Wait(
                    phase=phase,
                    target_group=group,
                    name=self._name(group),
                    asked_by=slot.asked_by,
                    is_begun=group in self._at_zero,
                )
            )

    def _name(self, group: Reference) -> str:
        return group.id.name if isinstance(group, Ref) else self._names.get(group, group)


def _slots(
    matches: Matches, observed: Observed, key: StackKey, policy: PlanPolicy
) -> Iterator[_Slot]:
    """Those of live listeners, in the order in which they are written."""
    applications = {
        pair.found.identity
        for pair in matches.load_balancers.pairs
        if pair.found and pair.desired.type == "application"
    }
    for pair in sorted(matches.listeners.pairs, key=lambda pair: pair.desired.port):
        if pair.found is None or pair.found.resource.load_balancer not in applications:
            continue
        yield from _default(pair.found, pair.desired)
        yield from _rules(pair.found, matches, observed, key, policy)


def _default(found: Found[Listener], desired: Listener) -> Iterator[_Slot]:
    now, wanted = _last(found.resource.default_actions), _last(desired.default_actions)
    if now is not None and wanted is not None:
        asked = origins_of(desired.asked_by, ("default_actions",))
        yield _Slot(listener=found.identity, rule=None, desired=wanted, found=now, asked_by=asked)


def _rules(
    listener: Found[Listener],
    matches: Matches,
    observed: Observed,
    key: StackKey,
    policy: PlanPolicy,
) -> Iterator[_Slot]:
    """Rules that stay: of those with the same conditions the first answers."""
    first: dict[object, ListenerRule] = {}
    for one in sorted(observed.rules, key=lambda one: one.resource.priority):
        if one.resource.listener == listener.identity and is_our_rule(one, key, policy):
            first.setdefault(one.resource.conditions, one.resource)
    for number, rule in enumerate(matches.rules.get(listener.identity, ())):
        found = first.pop(rule.conditions, None)
        now, wanted = _last(found.actions if found else ()), _last(rule.actions)
        if now is not None and wanted is not None:
            asked = origins_of(rule.asked_by, ("actions",))
            yield _Slot(
                listener=listener.identity,
                rule=number,
                desired=wanted,
                found=now,
                transforms=found.transforms if found else (),
                asked_by=asked,
            )


def _last(actions: Sequence[Action]) -> ForwardAction | None:
    """The action that answers, where it forwards."""
    last = actions[-1] if actions else None
    return last if isinstance(last, ForwardAction) else None


def _serves(one: WeightedTargetGroup) -> bool:
    return one.weight != 0


def _joining(slot: _Slot) -> Iterator[Reference]:
    """Groups that are at weight 0 now and are not to stay there."""
    wanted = {one.target_group for one in slot.desired.target_groups if _serves(one)}
    for one in slot.found.target_groups:
        if not _serves(one) and one.target_group in wanted:
            yield one.target_group


def _leftover(forward: ForwardAction, slot: _Slot, going: set[str]) -> Iterator[Reference]:
    """Groups that were leaving when others came to replace their successors."""
    wanted = {one.target_group for one in slot.desired.target_groups}
    for one in forward.target_groups:
        if not _serves(one) and one.target_group in going - wanted:
            yield one.target_group


def _serving(observed: Observed) -> set[Reference]:
    """The groups that get requests now."""
    actions = [
        *(one.resource.actions for one in observed.rules),
        *(one.resource.default_actions for one in observed.listeners),
    ]
    forwards = [one for some in actions if (one := _last(some)) is not None]
    return {one.target_group for f in forwards for one in f.target_groups if _serves(one)}


def _forward(
    slot: _Slot, groups: Iterable[WeightedTargetGroup], at_zero: Iterable[Reference]
) -> ForwardAction:
    """The desired action with these groups; beside another one, each needs a weight."""
    kept = list(groups)
    known = {one.target_group for one in kept}
    more = [WeightedTargetGroup(group, 0) for group in at_zero if group not in known]
    if more:
        kept = [one if one.weight is not None else _weighted(one) for one in kept]
    return msgspec.structs.replace(slot.desired, target_groups=(*kept, *more))


def _weighted(one: WeightedTargetGroup) -> WeightedTargetGroup:
    return msgspec.structs.replace(one, weight=1)


def _names(matches: Matches) -> dict[str, str]:
    pairs = [pair for pair in matches.target_groups.pairs if pair.found]
    surplus = matches.target_groups.surplus
    return {
        **{one.identity: one.resource.id.name for one in surplus},
        **{pair.found.identity: pair.desired.id.name for pair in pairs if pair.found},
    }


def _with(matches: Matches, changed: Mapping[tuple[str, int | None], _Change]) -> Matches:
    """With these actions; groups that they name stay, and so do their bindings."""

    def default(pair: Pair[Listener]) -> Pair[Listener]:
        change = changed.get((pair.found.identity, None)) if pair.found else None
        if change is None:
            return pair
        actions = (*pair.desired.default_actions[:-1], change.forward)
        return Pair(msgspec.structs.replace(pair.desired, default_actions=actions), pair.found)

    def rule(listener: Reference, number: int, one: ListenerRule) -> ListenerRule:
        change = changed.get((str(listener), number))
        return one if change is None else change.of(one)

    staying = {t.target_group for one in changed.values() for t in one.forward.target_groups}
    groups, bindings, listeners = matches.target_groups, matches.bindings, matches.listeners
    return msgspec.structs.replace(
        matches,
        target_groups=Matched(
            groups.pairs, tuple(one for one in groups.surplus if one.identity not in staying)
        ),
        bindings=Matched(
            bindings.pairs,
            tuple(one for one in bindings.surplus if one.resource.target_group not in staying),
        ),
        listeners=Matched(tuple(map(default, listeners.pairs)), listeners.surplus),
        rules={
            listener: tuple(rule(listener, n, one) for n, one in enumerate(some))
            for listener, some in matches.rules.items()
        },
    )
