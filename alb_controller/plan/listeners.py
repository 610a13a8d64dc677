"""Listeners with their rules: what is new comes first, what goes comes last."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import msgspec

from alb_controller.model.actions import FixedResponseAction
from alb_controller.model.elbv2 import Listener, ListenerRule
from alb_controller.model.refs import Ref, Reference
from alb_controller.model.stack import Found, Observed
from alb_controller.plan import policies
from alb_controller.plan.changes import (
    AddCertificates,
    Create,
    Delete,
    ModifyListener,
    PlanPolicy,
    Step,
)
from alb_controller.plan.diff import Matches
from alb_controller.plan.equality import same_actions
from alb_controller.plan.guard import may_delete_listener
from alb_controller.plan.rules.handover import Handover, handover_of
from alb_controller.plan.rules.matching import RuleDiff, match_rules
from alb_controller.plan.rules.steps import rule_steps
from alb_controller.plan.tags import tag_steps, tags_at_creation
from alb_controller.values import StackKey, Value


class ListenerSteps(Value, frozen=True):
    """What listeners and rules take, in parts that the order of a deploy puts together."""

    freed: tuple[Step, ...]
    """What makes room where a limit is reached: it comes before all others."""
    created: tuple[Step, ...]
    updated: tuple[Step, ...]
    tagged: tuple[Step, ...]
    deleted: tuple[Step, ...]
    notes: tuple[str, ...]
    rules: Mapping[Reference, ListenerRule]
    """What becomes of rules that are there, and those that come."""


_MEANWHILE = FixedResponseAction("503", "text/plain", None)
"""What a listener answers by default between two target groups, where only one has room."""


class _Live(Value, frozen=True):
    """A listener that is there and stays."""

    desired: Listener
    found: Found[Listener]
    rules: RuleDiff


def listener_steps(
    matches: Matches, observed: Observed, key: StackKey, policy: PlanPolicy
) -> ListenerSteps:
    """All listeners of the stack. A listener of a load balancer that goes is not mentioned."""
    created: list[Step] = []
    live: list[_Live] = []
    handover = handover_of(matches, observed, policy)
    for pair in sorted(matches.listeners.pairs, key=lambda pair: _place(pair.desired)):
        listener = pair.found.identity if pair.found else Ref(pair.desired.id)
        rules = [_as_created(rule, policy) for rule in matches.rules.get(listener, ())]
        if pair.found is None:
            created += _create(pair.desired, rules, policy)
        else:
            found = [o for o in observed.rules if o.resource.listener == pair.found.identity]
            diff = match_rules(
                rules,
                found,
                key=key,
                policy=policy,
                default_differs=_default_differs(pair.desired, pair.found),
                handover=handover,
            )
            live.append(_Live(desired=pair.desired, found=pair.found, rules=diff))
    surplus = sorted(matches.listeners.surplus, key=lambda found: _place(found.resource))
    going = [found for found in surplus if may_delete_listener(found, key, policy)]
    return ListenerSteps(
        freed=tuple(step for one in live for step in _free(one, handover, policy)),
        created=tuple(created),
        updated=tuple(step for one in live for step in _update(one, policy)),
        tagged=tuple(step for one in live for step in _tag(one, policy)),
        deleted=tuple(Delete(kind="Listener", found=found) for found in going),
        notes=tuple(
            f"left alone, not this stack's: {found.identity}"
            for found in surplus
            if found not in going
        ),
        rules={
            **{p.found.identity: p.desired for one in live for p in one.rules.survivors},
            **{Ref(rule.id): rule for one in live for rule in one.rules.created},
        },
    )


def _place(listener: Listener) -> tuple[str, int]:
    return str(listener.load_balancer), listener.port


def _as_created(rule: ListenerRule, policy: PlanPolicy) -> ListenerRule:
    tags = tags_at_creation("ListenerRule", rule.tags, policy)
    return msgspec.structs.replace(rule, tags=tags)


def _create(desired: Listener, rules: Iterable[ListenerRule], policy: PlanPolicy) -> list[Step]:
    """With its default certificate alone, then the others, attributes and rules."""
    tags = tags_at_creation("Listener", desired.tags, policy)
    first = msgspec.structs.replace(
        desired, tags=tags, certificates=desired.certificates[:1], attributes=None
    )
    return [
        Create(resource=first),
        *(
            AddCertificates(target=Ref(desired.id), certificate=certificate)
            for certificate in sorted(desired.certificates[1:])
        ),
        *policies.declared_attributes("Listener", desired),
        *(Create(resource=rule) for rule in rules),
    ]


def _free(live: _Live, handover: Handover | None, policy: PlanPolicy) -> list[Step]:
    """What goes before something comes, where there is no room for it."""
    desired, found = live.desired, live.found
    now = found.resource.default_actions
    steps = [*rule_steps(found.identity, live.rules).freed]
    if "certificates" in policy.limits_reached:
        steps += policies.surplus_certificates(desired, found)
    if handover is not None and handover.goes_first(now, desired.default_actions):
        waiting = msgspec.structs.replace(found.resource, default_actions=(_MEANWHILE,))
        steps.append(ModifyListener(target=found.identity, resource=waiting))
    return steps


def _update(live: _Live, policy: PlanPolicy) -> list[Step]:
    """Certificates come before what may need them, once the listener can hold any."""
    desired, found = live.desired, live.found
    settings = policies.listener_settings(desired, found)
    certificates = policies.missing_certificates(desired, found)
    if found.resource.certificates:
        settings = [*certificates, *settings]
    else:
        settings = [*settings, *certificates]
    rules = rule_steps(found.identity, live.rules)
    declared, known = desired.attributes, found.resource.attributes
    is_freed = "certificates" in policy.limits_reached
    return [
        *rules.before_default,
        *settings,
        *([] if is_freed else policies.surplus_certificates(desired, found)),
        *policies.attributes("Listener", found.identity, declared, known),
        *rules.after_default,
    ]


def _tag(live: _Live, policy: PlanPolicy) -> list[Step]:
    """The listener's tags, then its rules': a rule's place is in its resource tag."""
    found = live.found
    steps = tag_steps("Listener", live.desired.tags, found, found.resource.tags, policy)
    for pair in live.rules.survivors:
        now = pair.found.resource.tags
        steps += tag_steps("ListenerRule", pair.desired.tags, pair.found, now, policy)
    return steps


def _default_differs(desired: Listener, found: Found[Listener]) -> bool:
    return not same_actions(desired.default_actions, found.resource.default_actions)
