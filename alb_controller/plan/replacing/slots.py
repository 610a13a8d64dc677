"""The places that forward requests and stay: a rule, or a listener's default, before and after."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from alb_controller.model.actions import Transform
from alb_controller.model.elbv2 import (
    Action,
    ForwardAction,
    Listener,
    ListenerRule,
    WeightedTargetGroup,
)
from alb_controller.model.origins import Origins, origins_of
from alb_controller.model.refs import Reference
from alb_controller.model.stack import Found, Observed
from alb_controller.plan.changes import PlanPolicy
from alb_controller.plan.diff import Matches
from alb_controller.plan.guard import is_our_rule
from alb_controller.values import StackKey, Value


class Slot(Value, frozen=True):
    """A place that forwards requests, before and after: a rule, or a listener's default."""

    listener: str
    rule: int | None
    """Its place among the desired rules; None for the default actions."""
    desired: ForwardAction
    found: ForwardAction
    asked_by: Origins
    transforms: tuple[Transform, ...] = ()
    """Of the rule that was found: they fit the groups that it has."""


def slots_of(
    matches: Matches, observed: Observed, key: StackKey, policy: PlanPolicy
) -> Iterator[Slot]:
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


def _default(found: Found[Listener], desired: Listener) -> Iterator[Slot]:
    now, wanted = _last(found.resource.default_actions), _last(desired.default_actions)
    if now is not None and wanted is not None:
        asked = origins_of(desired.asked_by, ("default_actions",))
        yield Slot(listener=found.identity, rule=None, desired=wanted, found=now, asked_by=asked)


def _rules(
    listener: Found[Listener],
    matches: Matches,
    observed: Observed,
    key: StackKey,
    policy: PlanPolicy,
) -> Iterator[Slot]:
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
            yield Slot(
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


def serves(one: WeightedTargetGroup) -> bool:
    """Whether it gets requests."""
    return one.weight != 0


def joining(slot: Slot) -> Iterator[Reference]:
    """Groups that are at weight 0 now and are not to stay there."""
    wanted = {one.target_group for one in slot.desired.target_groups if serves(one)}
    for one in slot.found.target_groups:
        if not serves(one) and one.target_group in wanted:
            yield one.target_group


def leftover(forward: ForwardAction, slot: Slot, going: set[str]) -> Iterator[Reference]:
    """Groups that were leaving when others came to replace their successors."""
    wanted = {one.target_group for one in slot.desired.target_groups}
    for one in forward.target_groups:
        if not serves(one) and one.target_group in going - wanted:
            yield one.target_group


def serving(observed: Observed) -> set[Reference]:
    """The groups that get requests now."""
    actions = [
        *(one.resource.actions for one in observed.rules),
        *(one.resource.default_actions for one in observed.listeners),
    ]
    forwards = [one for some in actions if (one := _last(some)) is not None]
    return {one.target_group for f in forwards for one in f.target_groups if serves(one)}
