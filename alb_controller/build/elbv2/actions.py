"""Actions of listeners and rules, the guard first; target groups that others own by name."""

from __future__ import annotations

from collections.abc import Iterator
from typing import cast

from alb_controller.build.context import Facts
from alb_controller.errors import Missing
from alb_controller.intent import (
    ActionIntent,
    BalancerIntent,
    DefaultIntent,
    ForwardIntent,
    ForwardTarget,
    Origin,
    RouteIntent,
)
from alb_controller.model.elbv2 import Action, ForwardAction, WeightedTargetGroup
from alb_controller.model.queries import Query, TargetGroupByName, TargetGroupInfo
from alb_controller.model.refs import Ref, Reference, ResourceId


def queries(balancer: BalancerIntent) -> Iterator[Query]:
    """What must be known of target groups that users name."""
    for action in _all_actions(balancer):
        for target in action.targets if isinstance(action, ForwardIntent) else ():
            if target.kind == "name":
                yield TargetGroupByName(target.value)


def named_groups(target: ForwardTarget, facts: Facts) -> tuple[str, ...]:
    """The ARN of a target group that others own, if it is known."""
    if target.kind == "name":
        found = cast("tuple[TargetGroupInfo, ...]", facts.get(TargetGroupByName(target.value), ()))
        return tuple(one.arn for one in found)
    return (target.value,) if target.kind == "arn" else ()


def _all_actions(balancer: BalancerIntent) -> Iterator[ActionIntent]:
    for listener in balancer.listeners:
        yield listener.default.action
        for route in listener.routes:
            yield route.action


def build_actions(wanted: RouteIntent | DefaultIntent, facts: Facts) -> tuple[Action, ...]:
    """The guard, if there is one, and then the action (spec 4.3).

    Raises Missing for a target group that is named and not there.
    """
    action = wanted.action
    made = _forward(action, wanted.origin, facts) if isinstance(action, ForwardIntent) else action
    return (made,) if wanted.guard is None else (wanted.guard, made)


def _forward(action: ForwardIntent, origin: Origin | None, facts: Facts) -> ForwardAction:
    return ForwardAction(
        tuple(WeightedTargetGroup(_reference(t, origin, facts), t.weight) for t in action.targets),
        stickiness_enabled=action.stickiness_enabled,
        stickiness_seconds=action.stickiness_seconds,
    )


def _reference(target: ForwardTarget, origin: Origin | None, facts: Facts) -> Reference:
    match target.kind:
        case "backend" | "balancer":
            return Ref(ResourceId("TargetGroup", target.value))
        case "arn":
            return target.value
    found = cast("tuple[TargetGroupInfo, ...]", facts.get(TargetGroupByName(target.value), ()))
    if found:
        return found[0].arn
    assert origin is not None  # noqa: S101 - only an annotation names a group
    problem = f"names target group {target.value!r}, which does not exist"
    raise Missing(origin.ref, origin.field, problem)
