"""Listeners with their rules: what is new comes first, what goes comes last."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import msgspec

from alb_controller.model.elbv2 import Listener, ListenerRule
from alb_controller.model.refs import Ref, Reference
from alb_controller.model.stack import Found, Observed
from alb_controller.plan import policies
from alb_controller.plan.changes import AddCertificates, Create, Delete, PlanPolicy, Step
from alb_controller.plan.diff import Matches
from alb_controller.plan.equality import same_actions
from alb_controller.plan.guard import may_delete_listener
from alb_controller.plan.rules.matching import RuleDiff, match_rules
from alb_controller.plan.rules.steps import rule_steps
from alb_controller.plan.tags import tag_steps, tags_at_creation
from alb_controller.values import StackKey, Value


class ListenerSteps(Value, frozen=True):
    """What listeners and rules take, in parts that the order of a deploy puts together."""

    created: tuple[Step, ...]
    updated: tuple[Step, ...]
    tagged: tuple[Step, ...]
    deleted: tuple[Step, ...]
    notes: tuple[str, ...]
    rules: Mapping[Reference, ListenerRule]
    """What becomes of rules that are there, and those that come."""


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
    for pair in sorted(matches.listeners.pairs, key=lambda pair: _place(pair.desired)):
        listener = pair.found.identity if pair.found else Ref(pair.desired.id)
        rules = [_as_created(rule, policy) for rule in matches.rules.get(listener, ())]
        if pair.found is None:
            created += _create(pair.desired, rules, policy)
        else:
            diff = _match_rules(pair.desired, pair.found, rules, observed, key, policy)
            live.append(_Live(desired=pair.desired, found=pair.found, rules=diff))
    if "rules" in policy.limits_reached:
        live.sort(key=lambda one: len(one.rules.created) - len(one.rules.deleted))
    surplus = sorted(matches.listeners.surplus, key=lambda found: _place(found.resource))
    going = [found for found in surplus if may_delete_listener(found, key, policy)]
    return ListenerSteps(
        created=tuple(created),
        updated=tuple(step for one in live for step in _update(one)),
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


def _update(live: _Live) -> list[Step]:
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
    return [
        *rules.before_default,
        *settings,
        *policies.surplus_certificates(desired, found),
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


def _match_rules(
    desired: Listener,
    found: Found[Listener],
    rules: Sequence[ListenerRule],
    observed: Observed,
    key: StackKey,
    policy: PlanPolicy,
) -> RuleDiff:
    return match_rules(
        rules,
        [one for one in observed.rules if one.resource.listener == found.identity],
        key=key,
        policy=policy,
        default_differs=not same_actions(desired.default_actions, found.resource.default_actions),
    )
