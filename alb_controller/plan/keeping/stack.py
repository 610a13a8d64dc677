"""A stack with all that AWS may have of members of whom nothing is known.

A member is invalid, and no process and no record knows what it asked for when AWS took it. What is
proved to be of others changes: target groups carry the name of their Ingress. Whatever else AWS
has stays: the load balancer and its security groups as they are, listeners with their settings,
and rules that no valid member asks for.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from typing import TypeVar

import msgspec

from alb_controller.model.actions import FixedResponseAction, RedirectAction
from alb_controller.model.addons import Addons
from alb_controller.model.ec2 import SecurityGroup
from alb_controller.model.elbv2 import Action, Listener, ListenerRule, LoadBalancer, groups_of
from alb_controller.model.refs import Ref, Reference, ResourceId
from alb_controller.model.stack import Found, Observed, Stack
from alb_controller.plan.changes import PlanPolicy
from alb_controller.plan.guard import is_our_rule, owned
from alb_controller.plan.keeping.rules import Whose, merged
from alb_controller.plan.references import resolve
from alb_controller.values import ObjectRef

_INGRESS = "Ingress"
T = TypeVar("T", LoadBalancer, SecurityGroup)


def keeping(
    stack: Stack,
    observed: Observed,
    unknown: Collection[ObjectRef],
    policy: PlanPolicy,
    *,
    protects: bool = False,
) -> Stack | None:
    """The stack to be brought about meanwhile; None where all of it must wait.

    `protects`: members of other namespaces than the unknown ones' may not take their requests.
    """
    ours = owned(observed, stack.key, policy).observed
    ids = [one.resource.id for one in ours.load_balancers]
    if len({*ids}) < len(ids) or any(one.kind != _INGRESS for one in unknown):
        return None  # one is replaced, or who knows what an object is that cannot be read
    made = _Keeper(stack, ours, unknown, protects=protects)
    rules = made.rules(policy)
    if rules is None:
        return None
    listeners = made.listeners()
    used = groups_of(action for one in listeners for action in one.default_actions)
    used |= groups_of(action for one in rules for action in one.actions)
    wanted = {one.id for one in stack.target_groups}
    groups = [
        one
        for one in ours.target_groups
        if one.resource.id not in wanted
        and (one.identity in used or one.identity in made.whose.unknown)
    ]
    bound = {one.identity for one in groups}
    bindings = [one.resource for one in ours.bindings if one.resource.target_group in bound]
    return msgspec.structs.replace(
        stack,
        security_groups=made.security_groups(),
        load_balancers=made.load_balancers(),
        listeners=listeners,
        rules=rules,
        target_groups=(
            *stack.target_groups,
            *(msgspec.structs.replace(o.resource, attributes=None, targets=None) for o in groups),
        ),
        bindings=(*stack.bindings, *bindings),
    )


class _Keeper:
    """Puts the parts of a stack together with what AWS has of it."""

    def __init__(
        self, stack: Stack, ours: Observed, unknown: Collection[ObjectRef], *, protects: bool
    ) -> None:
        self._stack, self._ours = stack, ours
        prefixes = tuple(f"{one.namespace}/{one.name}-" for one in unknown)
        names = {one.identity: one.resource.id.name for one in ours.target_groups}
        self.whose = Whose(
            unknown=frozenset(arn for arn, name in names.items() if name.startswith(prefixes)),
            names=names,
            protected=frozenset(one.namespace for one in unknown if protects),
        )
        balancers = {one.resource.id: one.identity for one in ours.load_balancers}
        places = {(one.resource.load_balancer, one.resource.port): one for one in ours.listeners}
        resolved = [resolve(one, balancers) for one in stack.listeners]
        pairs = ((one.id, places.get((one.load_balancer, one.port))) for one in resolved)
        self._pairs = {id_: found for id_, found in pairs if found is not None}

    def load_balancers(self) -> tuple[LoadBalancer, ...]:
        """As they are; what AWS has none of is made."""
        found = [one.resource for one in self._ours.load_balancers]
        bare = (
            msgspec.structs.replace(one, attributes=None, capacity_units=None, addons=Addons())
            for one in found
        )
        return (*bare, *_lacking(self._stack.load_balancers, {one.id for one in found}))

    def security_groups(self) -> tuple[SecurityGroup, ...]:
        """As they are, with the ports that come."""
        found = [one.resource for one in self._ours.security_groups]
        wanted = {one.id: one for one in self._stack.security_groups}
        kept = (_with_new_ports(one, wanted.get(one.id)) for one in found)
        return (*kept, *_lacking(self._stack.security_groups, {one.id for one in found}))

    def listeners(self) -> tuple[Listener, ...]:
        """With their settings; certificates add up."""
        made = [self._listener(one, self._pairs.get(one.id)) for one in self._stack.listeners]
        paired = {one.identity for one in self._pairs.values()}
        left = (one.resource for one in self._ours.listeners if one.identity not in paired)
        return (*made, *(msgspec.structs.replace(one, attributes=None) for one in left))

    def rules(self, policy: PlanPolicy) -> tuple[ListenerRule, ...] | None:
        """Of each listener; None where the protocol changes."""
        by_listener: dict[Reference, list[ListenerRule]] = {}
        for rule in sorted(self._stack.rules, key=lambda one: one.priority):
            by_listener.setdefault(rule.listener, []).append(rule)
        made: list[ListenerRule] = []
        for listener in self._stack.listeners:
            ref = Ref(listener.id)
            found = self._pairs.get(listener.id)
            wanted = by_listener.get(ref, [])
            if found is None:
                made += wanted
                continue
            if found.resource.protocol != listener.protocol:
                return None
            if self._redirects(listener, found):
                wanted = []
            made += merged(wanted, self._rules_of(found, policy), self.whose, self._stack.key)
        paired = {one.identity for one in self._pairs.values()}
        for found in self._ours.listeners:
            if found.identity not in paired:
                made += (one.resource for one in self._rules_of(found, policy))
        return tuple(made)

    def _rules_of(self, listener: Found[Listener], policy: PlanPolicy) -> list[Found[ListenerRule]]:
        ours = (
            one
            for one in self._ours.rules
            if one.resource.listener == listener.identity
            and is_our_rule(one, self._stack.key, policy)
        )
        return sorted(ours, key=lambda one: one.resource.priority)

    def _listener(self, wanted: Listener, found: Found[Listener] | None) -> Listener:
        if found is None:
            return wanted
        now, default = found.resource, wanted.default_actions
        if not _is_nobodys(now.default_actions) and (
            self.whose.is_unknown(now.default_actions) is not False
        ):
            default = now.default_actions
        added = (one for one in wanted.certificates if one not in now.certificates)
        return msgspec.structs.replace(
            now,
            id=wanted.id,
            load_balancer=wanted.load_balancer,
            default_actions=default,
            certificates=(*now.certificates, *added),
            mutual_authentication=None,
            attributes=None,
        )

    @staticmethod
    def _redirects(wanted: Listener, found: Found[Listener]) -> bool:
        """Whether all that comes to a listener is led elsewhere: to HTTPS, most often."""
        return any(
            isinstance(one, RedirectAction) and one not in wanted.default_actions
            for one in found.resource.default_actions
        )


def _is_nobodys(actions: Iterable[Action]) -> bool:
    """What a listener answers where no member has asked for anything."""
    return all(
        isinstance(one, FixedResponseAction) and one.status_code == "404" and not one.message_body
        for one in actions
    )


def _with_new_ports(found: SecurityGroup, wanted: SecurityGroup | None) -> SecurityGroup:
    if wanted is None or wanted.ingress is None or found.ingress is None:
        return found
    ports = {(one.from_port, one.to_port) for one in found.ingress}
    added = (one for one in wanted.ingress if (one.from_port, one.to_port) not in ports)
    return msgspec.structs.replace(found, ingress=(*found.ingress, *added))


def _lacking(wanted: Iterable[T], there: Collection[ResourceId]) -> Iterator[T]:
    return (one for one in wanted if one.id not in there)
