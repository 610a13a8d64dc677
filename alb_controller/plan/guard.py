"""Refusals: what does not carry our stack's tags or labels is never in a plan.

The planner sees only what passes here, so no step can name anything else. Rules are looked at one
by one (`rules.matching`): those on our listeners that are not ours still take up priorities.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeVar

from alb_controller.model.ec2 import SecurityGroup
from alb_controller.model.elbv2 import Listener, ListenerRule, LoadBalancer, TargetGroup
from alb_controller.model.kube import Binding
from alb_controller.model.ownership import (
    belongs_to,
    is_claimed,
    ownership_of,
    stack_of_labels,
)
from alb_controller.model.stack import Found, Observed
from alb_controller.plan.changes import PlanPolicy
from alb_controller.values import StackKey, Value

T = TypeVar("T", bound=Found[SecurityGroup] | Found[TargetGroup] | Found[LoadBalancer])


class Owned(Value, frozen=True):
    """The part of what was found that is ours to change, and what is left alone."""

    observed: Observed
    notes: tuple[str, ...]


def owned(observed: Observed, key: StackKey, policy: PlanPolicy) -> Owned:
    """Leave out what is not our stack's, or lacks the tag that says what it is in the stack.

    LBC stops the whole group at a resource without its resource tag (spec 7.4).
    """
    notes: list[str] = []

    def ours(found: Iterable[T]) -> tuple[T, ...]:
        return tuple(one for one in found if _is_ours(one, key, policy, notes))

    balancers = ours(observed.load_balancers)
    arns = {balancer.identity for balancer in balancers}
    listeners = tuple(one for one in observed.listeners if one.resource.load_balancer in arns)
    above = {listener.identity for listener in listeners}
    kept = Observed(
        security_groups=ours(observed.security_groups),
        target_groups=ours(observed.target_groups),
        load_balancers=balancers,
        listeners=listeners,
        rules=tuple(one for one in observed.rules if one.resource.listener in above),
        bindings=tuple(one for one in observed.bindings if _is_our_binding(one, key)),
    )
    return Owned(observed=kept, notes=tuple(notes))


def may_delete_listener(listener: Found[Listener], key: StackKey, policy: PlanPolicy) -> bool:
    """A listener that somebody added to our load balancer stays; without tags nobody can know."""
    return not policy.tag_listeners_and_rules or belongs_to(
        listener.resource.tags, policy.cluster, key
    )


def is_our_rule(rule: Found[ListenerRule], key: StackKey, policy: PlanPolicy) -> bool:
    """Where rules are not tagged, all rules on our listeners are ours."""
    return not policy.tag_listeners_and_rules or belongs_to(rule.resource.tags, policy.cluster, key)


def may_adopt_rule(rule: Found[ListenerRule]) -> bool:
    """No stack claims it: left from a time when the gate for rules' tags was off."""
    return not is_claimed(rule.resource.tags)


def _is_ours(found: T, key: StackKey, policy: PlanPolicy, notes: list[str]) -> bool:
    resource = found.resource
    if not belongs_to(resource.tags, policy.cluster, key):
        notes.append(f"left alone, not this stack's: {found.identity}")
        return False
    if not resource.id.name:
        tag = ownership_of(key).resource_tag
        notes.append(f"left alone, no {tag} tag: {found.identity}")
        return False
    return True


def _is_our_binding(found: Found[Binding], key: StackKey) -> bool:
    return stack_of_labels(found.resource.labels) == key
