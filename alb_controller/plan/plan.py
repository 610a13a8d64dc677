"""The plan of a deploy: the order in which the parts are written.

Nothing is pointed at before it is there, nothing goes before nothing points at it: groups, target
groups and their bindings (so that targets are being registered), load balancers, listeners and
rules; then tags; then all deletes (spec 9.3, which has bindings after rules and some deletes
first). Two exceptions, both AWS's: a load balancer that is replaced goes before the new one gets
listeners, because a target group serves one load balancer only; and before the new one is made
where both have one name. Where a limit is reached, what goes makes room first, at the price of a
gap.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import msgspec

from alb_controller.model.addons import Addons
from alb_controller.model.elbv2 import LoadBalancer, TargetGroup
from alb_controller.model.kube import Binding
from alb_controller.model.protection import DeletionChoice
from alb_controller.model.refs import Reference, ResourceKind
from alb_controller.model.stack import Found, Observed, Resource, Stack
from alb_controller.plan import policies
from alb_controller.plan.changes import (
    AwaitBindingsGone,
    Create,
    Delete,
    Limit,
    Plan,
    PlanPolicy,
    Step,
)
from alb_controller.plan.diff import Matches, match
from alb_controller.plan.guard import owned
from alb_controller.plan.late import detached, late_steps, let_go, registered
from alb_controller.plan.listeners import ListenerSteps, listener_steps
from alb_controller.plan.origins import Askers
from alb_controller.plan.pairs import Matched
from alb_controller.plan.replacing.stages import staged
from alb_controller.plan.tags import tag_steps
from alb_controller.values import Value

_OF_LISTENERS: frozenset[Limit] = frozenset(
    {"rules", "certificates", "listeners", "used-target-groups"}
)
"""Limits within which a listener that goes makes room."""


def plan(stack: Stack, observed: Observed, policy: PlanPolicy) -> Plan:
    """The steps from what was found to what is desired; none where they are the same."""
    ours = owned(observed, stack.key, policy)
    found = match(stack, ours.observed, policy)
    stage = staged(found, ours.observed, stack.key, policy)
    matches = stage.matches
    listeners = listener_steps(matches, ours.observed, stack.key, policy)
    groups = _security_groups(matches, policy)
    balancers = _load_balancers(
        matches.load_balancers, registered(ours.observed), stack.deletion, policy
    )
    targets = _target_groups(matches.target_groups, policy)
    deleted_targets = _deleted_targets(matches)
    has_room = "target-groups" not in policy.limits_reached
    steps = (
        *groups.written,
        *listeners.freed,
        *([] if has_room else [*listeners.deleted, *deleted_targets]),
        *targets.written,
        *_bindings(matches.bindings),
        *detached(matches.target_groups, balancers.replaced),
        *balancers.written,
        *_in_order(listeners, policy),
        *balancers.tagged,
        *targets.tagged,
        *listeners.tagged,
        *balancers.deleted_first,
        *let_go(matches.target_groups.surplus, balancers.replaced),
        *balancers.deleted,
        *groups.narrowed,
        *(deleted_targets if has_room else []),
        *groups.deleted,
    )
    askers = Askers(matches, listeners.rules, stack.asked_by)
    return Plan(
        steps=askers.name(steps),
        late=askers.name(late_steps(matches)),
        notes=(*ours.notes, *listeners.notes),
        waits=stage.waits,
        postponed=_balancer_deletes(stage.staying, stack.deletion),
        gaps=found.beside.gaps,
    )


class _Parts(Value, frozen=True):
    """The steps of one type, for `plan` to put in their places."""

    written: tuple[Step, ...] = ()
    tagged: tuple[Step, ...] = ()
    narrowed: tuple[Step, ...] = ()
    """Ingress of ports that no listener has any more."""
    deleted: tuple[Step, ...] = ()
    deleted_first: tuple[Step, ...] = ()
    """Load balancers that are no targets: they go before those that they may forward to."""
    replaced: frozenset[str] = frozenset()
    """Load balancers whose place another one takes: they are gone in `written`."""


def _security_groups(matches: Matches, policy: PlanPolicy) -> _Parts:
    written: list[Step] = []
    narrowed: list[Step] = []
    for pair in matches.security_groups.pairs:
        desired, found = pair.desired, pair.found
        if found is None:
            written.append(Create(resource=desired))
        else:
            now = found.resource.tags
            written += tag_steps("SecurityGroup", desired.tags, found, now, policy)
        change = policies.ingress(desired, found)
        if "ingress" in policy.limits_reached:
            written += change.exchanged
        else:
            written += [*change.missing, *change.surplus]
            narrowed += change.unused
    return _Parts(
        written=tuple(written),
        narrowed=tuple(narrowed),
        deleted=_deletes("SecurityGroup", matches.security_groups.surplus),
    )


def _target_groups(matched: Matched[TargetGroup], policy: PlanPolicy) -> _Parts:
    written: list[Step] = []
    tagged: list[Step] = []
    for pair in matched.pairs:
        desired, found = pair.desired, pair.found
        if found is None:
            written.append(Create(resource=_bare(desired)))
            written += policies.declared_attributes("TargetGroup", desired)
        else:
            written += policies.target_group(desired, found)
            now = found.resource.tags
            tagged += tag_steps("TargetGroup", desired.tags, found, now, policy)
    return _Parts(written=tuple(written), tagged=tuple(tagged))


def _load_balancers(
    matched: Matched[LoadBalancer],
    targets: frozenset[Reference],
    deletion: Mapping[str, DeletionChoice],
    policy: PlanPolicy,
) -> _Parts:
    """`targets` are the load balancers that are in target groups."""

    def deletes(found: Iterable[Found[LoadBalancer]]) -> tuple[Step, ...]:
        return _balancer_deletes(found, deletion)

    written: list[Step] = []
    tagged: list[Step] = []
    replaced: set[str] = set()
    for pair in matched.pairs:
        desired, found = pair.desired, pair.found
        old = [one for one in matched.surplus if one.resource.id == desired.id]
        replaced |= {one.identity for one in old}
        if found is None:
            is_full = "load-balancers" in policy.limits_reached
            namesakes = [one for one in old if is_full or one.resource.name == desired.name]
            others = [one for one in old if one not in namesakes]
            written += deletes(namesakes)
            written.append(Create(resource=_bare(desired)))
            written += policies.declared_attributes("LoadBalancer", desired)
            written += deletes(others)
        else:
            written += policies.load_balancer(desired, found)
            written += deletes(old)  # left by a pass that broke off
            now = found.resource.tags
            tagged += tag_steps("LoadBalancer", desired.tags, found, now, policy)
    left = [one for one in matched.surplus if one.identity not in replaced]
    last = [one for one in left if one.identity in targets]
    return _Parts(
        written=tuple(written),
        tagged=tuple(tagged),
        deleted=deletes(last),
        deleted_first=deletes(one for one in left if one not in last),
        replaced=frozenset(replaced),
    )


def _bindings(matched: Matched[Binding]) -> list[Step]:
    steps: list[Step] = []
    for pair in sorted(matched.pairs, key=lambda pair: pair.desired.id):
        if pair.found is None:
            steps.append(Create(resource=pair.desired))
        else:
            steps += policies.binding(pair.desired, pair.found)
    return steps


def _in_order(listeners: ListenerSteps, policy: PlanPolicy) -> list[Step]:
    """A port moves without a gap; where there is no room for both, with one."""
    if "target-groups" in policy.limits_reached:
        return [*listeners.updated, *listeners.created]
    if policy.limits_reached & _OF_LISTENERS:
        return [*listeners.deleted, *listeners.updated, *listeners.created]
    return [*listeners.created, *listeners.updated, *listeners.deleted]


def _deleted_targets(matches: Matches) -> list[Step]:
    """Bindings first; a group only when its binding is gone, and so its targets are let go."""
    bindings = matches.bindings.surplus
    bound = {one.resource.target_group for one in bindings}
    groups = matches.target_groups.surplus
    waited_for = tuple(one.identity for one in bindings)
    return [
        *_deletes("Binding", bindings),
        *_deletes("TargetGroup", [one for one in groups if one.identity not in bound]),
        *([AwaitBindingsGone(bindings=waited_for)] if waited_for else []),
        *_deletes("TargetGroup", [one for one in groups if one.identity in bound]),
    ]


def _deletes(kind: ResourceKind, found: Iterable[Found[Resource]]) -> tuple[Step, ...]:
    return tuple(Delete(kind=kind, found=one) for one in found)


def _balancer_deletes(
    found: Iterable[Found[LoadBalancer]], deletion: Mapping[str, DeletionChoice]
) -> tuple[Delete, ...]:
    """Each with what is said of its protection."""
    return tuple(
        Delete(
            kind="LoadBalancer",
            found=one,
            protection=deletion.get(one.resource.id.name, DeletionChoice()),
        )
        for one in found
    )


def _bare(resource: LoadBalancer | TargetGroup) -> LoadBalancer | TargetGroup:
    """As it is created: attributes, and what else takes a call of its own, are steps."""
    if isinstance(resource, TargetGroup):
        return msgspec.structs.replace(resource, attributes=None, targets=None)
    return msgspec.structs.replace(resource, attributes=None, capacity_units=None, addons=Addons())
