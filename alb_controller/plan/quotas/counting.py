"""What of a stack counts towards AWS's quotas, and who asked for it.

What counts: "Quotas for your Application Load Balancers", its pages of Network Load Balancers and
of security groups. Neither default rules nor default certificates do; a target group counts once,
however often it is used; a rule of a security group for IPv4 and IPv6 apart, one that names a group
or a prefix list for both.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from alb_controller.model.ec2 import SecurityGroup
from alb_controller.model.elbv2 import (
    Action,
    Condition,
    Listener,
    ListenerRule,
    LoadBalancer,
    groups_of,
)
from alb_controller.model.origins import Origins, origins_of
from alb_controller.model.refs import Ref, Reference
from alb_controller.model.stack import Observed, Stack
from alb_controller.plan.changes import PlanPolicy
from alb_controller.plan.diff import Matches, match
from alb_controller.plan.guard import is_our_rule, owned
from alb_controller.plan.pairs import Pair
from alb_controller.values import ObjectRef, Value

_GROUPS = "target-groups-per-application-load-balancer"
_ACTION = "target-groups-per-action-on-application-load-balancer"
_SECURITY = "security-groups-per-load-balancer"
_INGRESS = "rules-per-security-group"


class Quota(NamedTuple):
    """A quota by AWS's name, and what it is of: a load balancer, or a family of a group's rules."""

    name: str
    of: str


class Unit(Value, frozen=True):
    """One thing that counts; `what` is the same for what counts once."""

    quota: Quota
    what: object
    asked_by: Origins
    is_there: bool
    """Whether AWS has it."""


def units(stack: Stack, observed: Observed, policy: PlanPolicy) -> tuple[Unit, ...]:
    """All of a stack; rules that others made on our listeners count, and nobody asked for them."""
    ours = owned(observed, stack.key, policy).observed
    matches = match(stack, ours)
    return (
        *(unit for pair in matches.load_balancers.pairs for unit in _admitting(pair)),
        *_on_listeners(matches, ours),
        *_foreign(matches, ours, stack, policy),
        *(unit for pair in matches.security_groups.pairs for unit in _ingress(pair)),
    )


def asked_by(member: ObjectRef, counted: Iterable[Unit]) -> list[Unit]:
    """Those that a member asks for, alone or with others."""
    return [unit for unit in counted if any(origin.ref == member for origin in unit.asked_by)]


def count(counted: Iterable[Unit]) -> Counter[Quota]:
    """How many there are for each quota."""
    return Counter(quota for quota, _ in {(unit.quota, unit.what) for unit in counted})


def in_use(observed: Observed) -> Mapping[str, int]:
    """What a stack has in AWS by the name of the quota: the most that one load balancer has."""
    most: dict[str, int] = {}
    for quota, number in used(observed).items():
        most[quota.name] = max(number, most.get(quota.name, 0))
    return most


def used(observed: Observed) -> Counter[Quota]:
    """What a stack has in AWS; a quota is of a load balancer's ARN, or of a security group's id."""
    types = {one.identity: one.resource.type for one in observed.load_balancers}
    users: dict[str, list[tuple[Action, ...]]] = {}
    found: Counter[Quota] = Counter()
    above: dict[Reference, str] = {}
    for one in observed.listeners:
        balancer = str(one.resource.load_balancer)
        above[one.identity] = balancer
        type_ = types.get(balancer, "application")
        found[Quota(f"listeners-per-{type_}-load-balancer", balancer)] += 1
        more = len(one.resource.certificates[1:])
        found[Quota(f"certificates-per-{type_}-load-balancer", balancer)] += more
        users.setdefault(balancer, []).append(one.resource.default_actions)
    for rule in observed.rules:
        balancer = above.get(rule.resource.listener, "")
        found[Quota("rules-per-application-load-balancer", balancer)] += 1
        found[Quota(_ACTION, str(rule.identity))] = len(groups_of(rule.resource.actions))
        users.setdefault(balancer, []).append(rule.resource.actions)
    for found_balancer in observed.load_balancers:
        groups = found_balancer.resource.security_groups
        found[Quota(_SECURITY, found_balancer.identity)] = len(groups)
    for balancer, actions in users.items():
        found[Quota(_GROUPS, balancer)] = len({g for one in actions for g in groups_of(one)})
    for group in observed.security_groups:
        for ingress in group.resource.ingress or ():
            for family in ingress.families:
                found[Quota(_INGRESS, f"{group.identity} {family}")] += 1
    return found


class _Place(Value, frozen=True):
    """A listener's load balancer."""

    type: str
    name: str

    def quota(self, counted: str) -> Quota:
        return Quota(f"{counted}-per-{self.type}-load-balancer", self.name)


def _on_listeners(matches: Matches, observed: Observed) -> Iterator[Unit]:
    there = Counter((one.resource.listener, one.resource.conditions) for one in observed.rules)
    acting = {
        (one.resource.listener, one.resource.conditions): groups_of(one.resource.actions)
        for one in observed.rules
    }
    used = {
        group
        for actions in (
            *(one.resource.actions for one in observed.rules),
            *(one.resource.default_actions for one in observed.listeners),
        )
        for group in groups_of(actions)
    }
    places = {
        pair.found.identity if pair.found else Ref(pair.desired.id): _Place(
            type=pair.desired.type, name=pair.desired.id.name
        )
        for pair in matches.load_balancers.pairs
    }
    for pair in matches.listeners.pairs:
        place = places[pair.desired.load_balancer]
        yield from _listener(pair, place)
        asked = origins_of(pair.desired.asked_by, ("default_actions",))
        yield from _groups(pair.desired.default_actions, asked, place, used)
        listener = pair.found.identity if pair.found else Ref(pair.desired.id)
        for rule in matches.rules.get(listener, ()):
            yield from _rule(rule, place, there)
            asked = origins_of(rule.asked_by, ("actions",))
            yield from _groups(rule.actions, asked, place, used)
            yield from _of_action(rule, asked, acting.get((rule.listener, rule.conditions), set()))


def _listener(pair: Pair[Listener], place: _Place) -> Iterator[Unit]:
    desired, now = pair.desired, pair.found.resource if pair.found else None
    asked = desired.asked_by
    yield Unit(
        quota=place.quota("listeners"),
        what=desired.port,
        asked_by=origins_of(asked, ()),
        is_there=now is not None,
    )
    for arn in desired.certificates[1:]:
        yield Unit(
            quota=place.quota("certificates"),
            what=(desired.port, arn),
            asked_by=origins_of(asked, (f"certificates.{arn}",)),
            is_there=now is not None and arn in now.certificates,
        )


def _rule(
    rule: ListenerRule, place: _Place, there: Counter[tuple[Reference, tuple[Condition, ...]]]
) -> Iterator[Unit]:
    key = (rule.listener, rule.conditions)
    is_there = there[key] > 0
    there[key] -= 1
    yield Unit(
        quota=place.quota("rules"),
        what=(*key, there[key]),
        asked_by=origins_of(rule.asked_by, ("conditions",)),
        is_there=is_there,
    )


def _groups(
    actions: Iterable[Action], asked: Origins, place: _Place, used: set[Reference]
) -> Iterator[Unit]:
    if place.type == "application":
        for group in sorted(groups_of(actions), key=str):
            quota = place.quota("target-groups")
            yield Unit(quota=quota, what=group, asked_by=asked, is_there=group in used)


def _of_action(rule: ListenerRule, asked: Origins, now: set[Reference]) -> Iterator[Unit]:
    """Of a rule: one action forwards, to all of its target groups; `now` are those that it has."""
    for group in sorted(groups_of(rule.actions), key=str):
        quota = Quota(_ACTION, f"{rule.listener} {rule.conditions}")
        yield Unit(quota=quota, what=group, asked_by=asked, is_there=group in now)


def _admitting(pair: Pair[LoadBalancer]) -> Iterator[Unit]:
    """The security groups of a load balancer."""
    desired, now = pair.desired, pair.found.resource.security_groups if pair.found else ()
    asked = origins_of(desired.asked_by, ("security_groups",))
    for group in desired.security_groups:
        quota = Quota(_SECURITY, desired.id.name)
        yield Unit(quota=quota, what=group, asked_by=asked, is_there=group in now)


def _foreign(
    matches: Matches, observed: Observed, stack: Stack, policy: PlanPolicy
) -> Iterator[Unit]:
    names = {
        pair.found.identity: pair.desired.load_balancer
        for pair in matches.listeners.pairs
        if pair.found
    }
    balancers = {
        pair.found.identity: pair.desired.id.name
        for pair in matches.load_balancers.pairs
        if pair.found
    }
    for rule in observed.rules:
        balancer = balancers.get(str(names.get(str(rule.resource.listener), "")))
        if balancer is not None and not is_our_rule(rule, stack.key, policy):
            quota = Quota("rules-per-application-load-balancer", balancer)
            yield Unit(quota=quota, what=rule.identity, asked_by=(), is_there=True)


def _ingress(pair: Pair[SecurityGroup]) -> Iterator[Unit]:
    desired = pair.desired
    now = {rule.key for rule in (pair.found.resource.ingress or ())} if pair.found else set()
    for rule in desired.ingress or ():
        asked = origins_of(desired.asked_by, (f"ingress.{rule.from_port}",))
        for family in rule.families:
            yield Unit(
                quota=Quota(_INGRESS, f"{desired.id.name} {family}"),
                what=rule.key,
                asked_by=asked,
                is_there=rule.key in now,
            )
