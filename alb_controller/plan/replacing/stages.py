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
    ForwardAction,
    Listener,
    ListenerRule,
    LoadBalancer,
    WeightedTargetGroup,
)
from alb_controller.model.refs import Ref, Reference
from alb_controller.model.stack import Found, Observed
from alb_controller.plan.changes import PlanPolicy
from alb_controller.plan.diff import Matches
from alb_controller.plan.pairs import Matched, Pair
from alb_controller.plan.replacing.beside import Staying, staying
from alb_controller.plan.replacing.slots import (
    Slot,
    joining,
    leftover,
    serves,
    serving,
    slots_of,
)
from alb_controller.plan.replacing.waits import Phase, Wait
from alb_controller.values import StackKey, Value

MOST_GROUPS = 5
"""Of one action (Quotas for your Application Load Balancers)."""


class Staged(Value, frozen=True):
    """What is desired for now, and what it waits for."""

    matches: Matches
    waits: tuple[Wait, ...] = ()
    staying: tuple[Found[LoadBalancer], ...] = ()
    """Load balancers that go when what replaces them serves."""


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
    kept = staying(matches.load_balancers, matches.beside, observed, policy)
    old = [one for one in matches.load_balancers.surplus if one.identity in kept.balancers]
    stage = _staged_groups(_kept_beside(matches, kept), observed, key, policy)
    return Staged(matches=stage.matches, waits=(*kept.waits, *stage.waits), staying=tuple(old))


def _kept_beside(matches: Matches, kept: Staying) -> Matches:
    """Without the end of load balancers that stay, and of what they have."""
    bindings = [
        one for one in matches.bindings.surplus if one.resource.target_group not in kept.groups
    ]
    return msgspec.structs.replace(
        matches,
        load_balancers=kept.without(matches.load_balancers, kept.balancers),
        target_groups=kept.without(matches.target_groups, kept.groups),
        security_groups=kept.without(matches.security_groups, kept.security_groups),
        bindings=Matched(matches.bindings.pairs, tuple(bindings)),
    )


def _staged_groups(
    matches: Matches, observed: Observed, key: StackKey, policy: PlanPolicy
) -> Staged:
    slots = list(slots_of(matches, observed, key, policy))
    stager = _Stager(matches, observed, slots, policy)
    held = stager.hold()
    changed = {n: _Change(forward=one, transforms=slots[n].transforms) for n, one in held.items()}
    changed |= {n: _Change(forward=one) for n, one in stager.let_go(held).items()}
    by_place = {(slots[n].listener, slots[n].rule): change for n, change in changed.items()}
    return Staged(matches=_with(matches, by_place), waits=tuple(stager.waits))


class _Stager:
    """Decides slot by slot; one slot for each group has what is at weight 0."""

    def __init__(
        self, matches: Matches, observed: Observed, slots: Sequence[Slot], policy: PlanPolicy
    ) -> None:
        self._slots, self._by = slots, policy.replacing
        self._names = _names(matches)
        self._going = {one.identity for one in matches.target_groups.surplus}
        self._serving = serving(observed)
        self._joining = {group for slot in slots for group in joining(slot)}
        self._at_zero = {
            one.target_group
            for slot in slots
            for one in slot.found.target_groups
            if not serves(one)
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
            self._wait("draining", leftover(forward, slot, self._going), slot)
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

    def _coming(self, slot: Slot) -> Iterator[Reference]:
        """Groups that take requests over which others serve, and have served none yet."""
        if not self._by.joins or not any(serves(one) for one in slot.found.target_groups):
            return
        for one in slot.desired.target_groups:
            is_new = one.target_group not in self._serving or one.target_group in self._joining
            if serves(one) and is_new:
                yield one.target_group

    def _is_leaving(self, group: Reference) -> bool:
        return group in self._going and self._name(group) not in self._by.drained

    def _is_over(self, one: WeightedTargetGroup) -> bool:
        """At weight 0, and nobody waits for it any more."""
        is_at_zero = not serves(one) and one.target_group in self._going
        return is_at_zero and not self._is_leaving(one.target_group)

    def _wait(self, phase: Phase, groups: Iterable[Reference], slot: Slot) -> None:
        for group in groups:
            self.waits.append(
                Wait(
                    kind="target group",
                    phase=phase,
                    target=group,
                    name=self._name(group),
                    asked_by=slot.asked_by,
                    is_begun=group in self._at_zero,
                )
            )

    def _name(self, group: Reference) -> str:
        return group.id.name if isinstance(group, Ref) else self._names.get(group, group)


def _forward(
    slot: Slot, groups: Iterable[WeightedTargetGroup], at_zero: Iterable[Reference]
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

    named = {t.target_group for one in changed.values() for t in one.forward.target_groups}
    groups, bindings, listeners = matches.target_groups, matches.bindings, matches.listeners
    return msgspec.structs.replace(
        matches,
        target_groups=Matched(
            groups.pairs, tuple(one for one in groups.surplus if one.identity not in named)
        ),
        bindings=Matched(
            bindings.pairs,
            tuple(one for one in bindings.surplus if one.resource.target_group not in named),
        ),
        listeners=Matched(tuple(map(default, listeners.pairs)), listeners.surplus),
        rules={
            listener: tuple(rule(listener, n, one) for n, one in enumerate(some))
            for listener, some in matches.rules.items()
        },
    )
