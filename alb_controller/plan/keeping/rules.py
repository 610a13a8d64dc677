"""The rules of a listener that valid members ask for, among those that may be of others."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import msgspec

from alb_controller.model.elbv2 import Action, ListenerRule, groups_of
from alb_controller.model.origins import WHOLE
from alb_controller.model.ownership import ownership_of
from alb_controller.model.refs import Ref, ResourceId
from alb_controller.model.stack import Found
from alb_controller.plan.rules.overlap import may_overlap
from alb_controller.values import StackKey


class Whose(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of whose the rules of a stack are."""

    unknown: frozenset[str]
    """The ARNs of target groups of members of whom nothing is known."""
    names: Mapping[str, str]
    """By the ARN of a target group of the stack, the name in its id."""
    protected: frozenset[str] = frozenset()
    """Namespaces whose members lose no requests to new rules of others."""

    def is_unknown(self, actions: Iterable[Action]) -> bool | None:
        """Whether actions are of a member of whom nothing is known; None where they may be."""
        groups = groups_of(actions)
        if groups & self.unknown:
            return True
        return False if groups and groups <= self.names.keys() else None

    def groups(self, actions: Iterable[Action]) -> frozenset[str]:
        """The names of the target groups that actions forward to."""
        return frozenset(
            one.id.name if isinstance(one, Ref) else self.names.get(one, one)
            for one in groups_of(actions)
        )

    def takes(self, rule: ListenerRule, kept: ListenerRule) -> bool:
        """Whether a new rule in front would take requests of one that is kept."""
        askers = {origin.ref.namespace for origin in rule.asked_by.get(WHOLE, ())}
        is_anothers = bool(self.protected) and not askers <= self.protected
        return is_anothers and may_overlap(rule.conditions, kept.conditions)


def merged(
    wanted: Sequence[ListenerRule],
    found: Sequence[Found[ListenerRule]],
    whose: Whose,
    key: StackKey,
) -> list[ListenerRule]:
    """Both by priority; what is kept stays behind what it is behind now, or what becomes of that.

    New rules that would take its requests, where that is not allowed, come behind it.
    """
    rules = list(wanted)
    there = {one.resource.conditions for one in found}
    new = [one for one in wanted if one.conditions not in there]
    edited, place = list(new), 0
    for rule in (one.resource for one in found):
        is_unknown = whose.is_unknown(rule.actions)
        successor = next((one for one in rules if one.conditions == rule.conditions), None)
        if is_unknown or (is_unknown is None and successor is None):
            taking = [one for one in rules[:place] if one in new and whose.takes(one, rule)]
            rules = [one for one in rules if one not in taking]
            place -= len(taking)
            rules[place:place] = [rule, *taking]
            place += 1
            continue
        if successor is None:  # it is edited, or goes
            same = (
                one for one in edited if whose.groups(one.actions) == whose.groups(rule.actions)
            )
            successor = next(same, None)
            if successor is None:
                continue
            edited.remove(successor)
        place = max(place, rules.index(successor) + 1)
    return [_placed(one, at, key) for at, one in enumerate(rules, 1)]


def _placed(rule: ListenerRule, priority: int, key: StackKey) -> ListenerRule:
    """The resource id and its tag are `port:priority`, so they follow (spec 4.5)."""
    name = f"{rule.id.name.rpartition(':')[0]}:{priority}"
    tag = ownership_of(key).resource_tag
    tags = {**rule.tags, tag: name} if tag in rule.tags else rule.tags
    return msgspec.structs.replace(
        rule, id=ResourceId(rule.id.kind, name), priority=priority, tags=tags
    )
