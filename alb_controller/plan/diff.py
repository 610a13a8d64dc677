"""Which found resource is which desired one; then identities stand in place of Refs.

Security groups, load balancers and target groups are matched by their resource tag, listeners by
port, bindings by target group. Rules are a matter of their own (`rules.matching`).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from typing import TypeVar

import msgspec

from alb_controller.model.ec2 import SecurityGroup
from alb_controller.model.elbv2 import Listener, ListenerRule, LoadBalancer, TargetGroup
from alb_controller.model.kube import Binding
from alb_controller.model.origins import Origins
from alb_controller.model.protection import DeletionChoice
from alb_controller.model.refs import Reference, ResourceId
from alb_controller.model.stack import Found, Observed, R, Resource, Stack
from alb_controller.plan.changes import PlanPolicy
from alb_controller.plan.names import with_free_binding_names, with_free_names
from alb_controller.plan.pairs import Matched, Pair
from alb_controller.plan.references import resolve
from alb_controller.plan.replacing.beside import Beside, beside, groups_behind, paired_apart
from alb_controller.values import Value

NETWORK_PROTOCOLS = frozenset({"TCP", "TLS", "UDP", "TCP_UDP", "QUIC", "TCP_QUIC"})
"""Of target groups behind network load balancers (CreateTargetGroup, Protocol)."""
WithAttributes = TypeVar("WithAttributes", LoadBalancer, TargetGroup, Listener)


class Matches(msgspec.Struct, frozen=True, kw_only=True):
    """The whole stack; what is desired names what was found by identity."""

    security_groups: Matched[SecurityGroup]
    target_groups: Matched[TargetGroup]
    load_balancers: Matched[LoadBalancer]
    listeners: Matched[Listener]
    bindings: Matched[Binding]
    rules: Mapping[Reference, tuple[ListenerRule, ...]]
    """Desired rules by their listener, ascending."""
    beside: Beside = Beside()
    """Load balancers that stay until others serve in their stead."""


def match(stack: Stack, observed: Observed, policy: PlanPolicy | None = None) -> Matches:
    """Pair what is desired with what was found; `observed` is ours alone.

    Without a policy nothing is replaced that need not be, nor stays beside what replaces it.
    """

    def is_replaced(desired: TargetGroup, found: TargetGroup) -> bool:
        return target_group_is_replaced(desired, found) or (
            policy is not None
            and policy.replace_for_health_checks
            and health_check_is_replaced(desired, found)
        )

    groups = _by_id(stack.security_groups, observed.security_groups, _never_replaced)
    balancers = _by_id(stack.load_balancers, observed.load_balancers, load_balancer_is_replaced)
    kept = beside(stack, observed, balancers, policy) if policy else Beside()
    theirs = [one for one in observed.target_groups if one.identity in kept.groups]
    free = [one for one in observed.target_groups if one.identity not in kept.groups]
    used = groups_behind({one.identity for one in observed.load_balancers}, observed)
    paired = _by_id(stack.target_groups, free, is_replaced, used)
    targets = with_free_names(paired_apart(paired, theirs))
    identities = {
        **_identities(groups.pairs),
        **_identities(targets.pairs),
        **_identities(balancers.pairs),
    }
    listeners = _by_key(
        [resolve(one, identities) for one in stack.listeners],
        _below(observed.listeners, identities),
        lambda listener: (listener.load_balancer, listener.port),
    )
    identities |= _identities(listeners.pairs)
    bindings = _by_key(
        [resolve(one, identities) for one in stack.bindings],
        observed.bindings,
        lambda binding: binding.target_group,
    )
    return Matches(
        security_groups=groups,
        target_groups=_resolved(targets, identities),
        load_balancers=_resolved(balancers, identities),
        listeners=listeners,
        bindings=with_free_binding_names(bindings),
        rules=_rules_by_listener(stack.rules, identities),
        beside=kept,
    )


def unread(stack: Stack, observed: Observed) -> tuple[Found[Resource], ...]:
    """What the stack declares attributes of and nobody has read: to be read before `plan`.

    Without it the plan sets all that is declared, which is a write too many, not a wrong one.
    """
    matches = match(stack, observed)
    return (
        *_unread(matches.load_balancers),
        *_unread(matches.target_groups),
        *_unread(matches.listeners),
    )


def _unread(matched: Matched[WithAttributes]) -> list[Found[WithAttributes]]:
    return [
        pair.found
        for pair in matched.pairs
        if pair.found and pair.desired.attributes and pair.found.resource.attributes is None
    ]


def target_group_is_replaced(desired: TargetGroup, found: TargetGroup) -> bool:
    """What AWS cannot modify and the desired group needs otherwise (spec 5.3).

    LBC keeps a group whose Service has changed its family, and is stuck (spec 12 #31).
    """
    return (
        desired.target_type != found.target_type
        or desired.protocol != found.protocol
        or desired.protocol_version != found.protocol_version
        or desired.target_control_port != found.target_control_port
        or desired.ip_address_type != found.ip_address_type
    )


def health_check_is_replaced(desired: TargetGroup, found: TargetGroup) -> bool:
    """What a network load balancer's health check is made with (spec 5.3, gate off)."""
    wanted, now = desired.health_check, found.health_check
    return desired.protocol in NETWORK_PROTOCOLS and (
        wanted.protocol != now.protocol
        or wanted.matcher not in (None, now.matcher)
        or wanted.interval_seconds != now.interval_seconds
        or wanted.timeout_seconds != now.timeout_seconds
    )


def load_balancer_is_replaced(desired: LoadBalancer, found: LoadBalancer) -> bool:
    """Scheme and type count at creation only (spec 6.2)."""
    return desired.scheme != found.scheme or desired.type != found.type


class Replacement(Value, frozen=True):
    """A load balancer whose place another one would take, and whose protection may be on."""

    identity: str
    asked_by: Origins
    """Who asks for the setting that cannot be changed; empty where nobody does."""
    protection: DeletionChoice


def replacements(stack: Stack, observed: Observed) -> Iterator[Replacement]:
    """Those of which nobody says that protection may be switched off."""
    for desired in stack.load_balancers:
        name = desired.id.name
        choice = stack.deletion.get(name, DeletionChoice())
        found = [one for one in observed.load_balancers if one.resource.id == desired.id]
        if choice.is_off or not all(
            load_balancer_is_replaced(desired, one.resource) for one in found
        ):
            continue
        for one in found:
            asked = tuple(desired.asked_by.get("scheme", ()))
            yield Replacement(identity=one.identity, asked_by=asked, protection=choice)


def _never_replaced(_desired: SecurityGroup, _found: SecurityGroup) -> bool:
    return False


def _by_id(
    desired: Iterable[R],
    found: Iterable[Found[R]],
    is_replaced: Callable[[R, R], bool],
    used: Collection[Reference] = (),
) -> Matched[R]:
    """The first by identity that can become the desired one, of those used before the others; what
    is left is surplus."""
    left = sorted(found, key=lambda one: (one.identity not in used, one.identity))
    pairs: list[Pair[R]] = []
    for resource in sorted(desired, key=lambda one: one.id):
        fitting = (
            one
            for one in left
            if one.resource.id == resource.id and not is_replaced(resource, one.resource)
        )
        chosen = next(fitting, None)
        if chosen is not None:
            left.remove(chosen)
        pairs.append(Pair(resource, chosen))
    return Matched(tuple(pairs), tuple(sorted(left, key=lambda one: one.resource.id)))


def _by_key(
    desired: Iterable[R], found: Iterable[Found[R]], key: Callable[[R], object]
) -> Matched[R]:
    left: dict[object, list[Found[R]]] = {}
    for one in sorted(found, key=lambda one: one.identity):
        left.setdefault(key(one.resource), []).append(one)
    pairs = []
    for resource in desired:
        candidates = left.get(key(resource), [])
        pairs.append(Pair(resource, candidates.pop(0) if candidates else None))
    return Matched(tuple(pairs), tuple(one for some in left.values() for one in some))


def _identities(pairs: Sequence[Pair[R]]) -> dict[ResourceId, str]:
    return {pair.desired.id: pair.found.identity for pair in pairs if pair.found is not None}


def _resolved(matched: Matched[R], identities: Mapping[ResourceId, str]) -> Matched[R]:
    pairs = tuple(Pair(resolve(pair.desired, identities), pair.found) for pair in matched.pairs)
    return Matched(pairs, matched.surplus)


def _below(
    listeners: Iterable[Found[Listener]], identities: Mapping[ResourceId, str]
) -> list[Found[Listener]]:
    """Listeners of load balancers that stay; the others go with theirs."""
    staying = set(identities.values())
    return [one for one in listeners if one.resource.load_balancer in staying]


def _rules_by_listener(
    rules: Iterable[ListenerRule], identities: Mapping[ResourceId, str]
) -> dict[Reference, tuple[ListenerRule, ...]]:
    by_listener: dict[Reference, list[ListenerRule]] = {}
    for rule in sorted(rules, key=lambda rule: rule.priority):
        resolved = resolve(rule, identities)
        by_listener.setdefault(resolved.listener, []).append(resolved)
    return {listener: tuple(some) for listener, some in by_listener.items()}
