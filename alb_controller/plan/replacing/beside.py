"""A load balancer beside the one that it replaces: what stays until it serves (ADR 39).

A target group serves one load balancer. So the new one has groups and bindings of its own, under
other names and with the same tags; what the old one has is left as it is until it goes.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable

import msgspec

from alb_controller.model.elbv2 import LoadBalancer, TargetGroup, groups_of
from alb_controller.model.origins import origins_of
from alb_controller.model.refs import Ref, Reference
from alb_controller.model.stack import Found, Observed, R, Stack
from alb_controller.plan.changes import PlanPolicy
from alb_controller.plan.pairs import Matched, Pair
from alb_controller.plan.replacing.waits import Wait
from alb_controller.values import Value


class Beside(Value, frozen=True):
    """Load balancers that another one replaces, and may stay until that serves."""

    identities: frozenset[str] = frozenset()
    groups: frozenset[Reference] = frozenset()
    """The target groups behind them."""
    gaps: tuple[str, ...] = ()
    """Why others cannot stay so long."""


def beside(
    stack: Stack, observed: Observed, balancers: Matched[LoadBalancer], policy: PlanPolicy
) -> Beside:
    """Those that are replaced now; without waits, or where a quota is reached, none may stay."""
    by = policy.replacing
    replaced = [(pair, one) for pair in balancers.pairs for one in _old(pair, balancers)]
    if not (by.joins or by.drains):
        return Beside()
    reasons = {one.identity: _reason(pair, one, stack, policy) for pair, one in replaced}
    staying = frozenset(arn for arn, reason in reasons.items() if not reason)
    gaps = tuple(
        f"load balancer {arn} is deleted before the one that replaces it serves: {reason}"
        for arn, reason in reasons.items()
        if reason
    )
    return Beside(identities=staying, groups=groups_behind(staying, observed), gaps=gaps)


def _old(
    pair: Pair[LoadBalancer], balancers: Matched[LoadBalancer]
) -> Iterable[Found[LoadBalancer]]:
    return [one for one in balancers.surplus if one.resource.id == pair.desired.id]


def _reason(
    pair: Pair[LoadBalancer], old: Found[LoadBalancer], stack: Stack, policy: PlanPolicy
) -> str:
    """Empty where both can be there."""
    if policy.limits_reached:
        return f"a quota is reached ({', '.join(sorted(policy.limits_reached))})"
    if pair.found is None and pair.desired.name == old.resource.name:
        return f"both are called {pair.desired.name}"
    if {pair.desired.type, old.resource.type} != {"application"}:
        return "it is a network load balancer"
    if any(one.targets is not None for one in stack.target_groups):
        return "a network load balancer in front holds one at a time"
    return ""


def groups_behind(balancers: Collection[str], observed: Observed) -> frozenset[Reference]:
    """The target groups that load balancers forward to."""
    listeners = [one for one in observed.listeners if one.resource.load_balancer in balancers]
    above = {one.identity for one in listeners}
    actions = [
        *(one.resource.default_actions for one in listeners),
        *(one.resource.actions for one in observed.rules if one.resource.listener in above),
    ]
    return frozenset(group for some in actions for group in groups_of(some))


def paired_apart(
    matched: Matched[TargetGroup], kept: Iterable[Found[TargetGroup]]
) -> Matched[TargetGroup]:
    """With what is kept of another load balancer among what is not desired."""
    surplus = [*matched.surplus, *kept]
    return Matched(matched.pairs, tuple(sorted(surplus, key=lambda one: one.resource.id)))


class Staying(Value, frozen=True):
    """What stays for now, and what that waits for."""

    balancers: frozenset[str] = frozenset()
    groups: frozenset[Reference] = frozenset()
    security_groups: frozenset[Reference] = frozenset()
    waits: tuple[Wait, ...] = ()

    def without(self, matched: Matched[R], kept: Collection[Reference]) -> Matched[R]:
        """What is to go, without what stays."""
        left = (one for one in matched.surplus if one.identity not in kept)
        return Matched(matched.pairs, tuple(left))


def staying(
    balancers: Matched[LoadBalancer], known: Beside, observed: Observed, policy: PlanPolicy
) -> Staying:
    """The new one joins until it serves; then the old one drains."""
    by, waits = policy.replacing, list[Wait]()
    kept: list[Found[LoadBalancer]] = []
    for pair in balancers.pairs:
        for old in _old(pair, balancers):
            if old.identity not in known.identities:
                continue
            if by.joins and pair.desired.id.name not in by.joined:
                waits.append(_joining(pair, old, observed))
            elif by.drains and old.identity not in by.drained:
                waits.append(_draining(pair, old))
            else:
                continue
            kept.append(old)
    arns = frozenset(one.identity for one in kept)
    return Staying(
        balancers=arns,
        groups=groups_behind(arns, observed),
        security_groups=frozenset(g for one in kept for g in one.resource.security_groups),
        waits=tuple(waits),
    )


def _joining(pair: Pair[LoadBalancer], old: Found[LoadBalancer], observed: Observed) -> Wait:
    new = pair.found
    groups = groups_behind({new.identity}, observed) if new else frozenset[Reference]()
    return Wait(
        kind="load balancer",
        phase="joining",
        target=new.identity if new else Ref(pair.desired.id),
        name=pair.desired.id.name,
        asked_by=origins_of(pair.desired.asked_by, ("scheme",)),
        is_begun=new is not None,
        groups=tuple(sorted(map(str, groups))),
        old=old.identity,
    )


def _draining(pair: Pair[LoadBalancer], old: Found[LoadBalancer]) -> Wait:
    return Wait(
        kind="load balancer",
        phase="draining",
        target=old.identity,
        name=old.identity,
        asked_by=origins_of(pair.desired.asked_by, ("scheme",)),
        is_begun=pair.found is not None,
    )


def as_shown(observed: Observed, waits: Iterable[Wait]) -> Observed:
    """What users are to see of two load balancers: the old one until the new one has joined."""
    hidden = {
        one.identity
        for wait in waits
        for one in observed.load_balancers
        if wait.kind == "load balancer" and _is_hidden(one, wait)
    }
    if not hidden:
        return observed
    groups = groups_behind(hidden, observed)
    return msgspec.structs.replace(
        observed,
        load_balancers=tuple(o for o in observed.load_balancers if o.identity not in hidden),
        target_groups=tuple(o for o in observed.target_groups if o.identity not in groups),
    )


def _is_hidden(found: Found[LoadBalancer], wait: Wait) -> bool:
    if wait.phase == "draining":
        return found.identity == wait.name
    return found.resource.id.name == wait.name and found.identity != wait.old
