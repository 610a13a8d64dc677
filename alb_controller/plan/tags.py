"""Tags: as desired, but for keys that are somebody else's (spec 7.3)."""

from __future__ import annotations

from alb_controller.model.ownership import legacy_keys
from alb_controller.model.refs import ResourceKind
from alb_controller.model.stack import Found, Resource
from alb_controller.plan.changes import AddTags, PlanPolicy, RemoveTags, Step
from alb_controller.values import Tags

_LISTENER_KINDS = ("Listener", "ListenerRule")


def tag_steps(
    kind: ResourceKind, desired: Tags, found: Found[Resource], tags: Tags, policy: PlanPolicy
) -> list[Step]:
    """What is missing or differs is added first, then what is not desired is removed.

    `tags` are those found. Steps of a kind that is not to be tagged are none.
    """
    if kind in _LISTENER_KINDS and not policy.tag_listeners_and_rules:
        return []
    missing = {
        key: value
        for key, value in sorted(desired.items())
        if tags.get(key) != value and not _is_foreign(kind, key, policy)
    }
    surplus = tuple(
        key for key in sorted(tags) if key not in desired and not _is_foreign(kind, key, policy)
    )
    steps: list[Step] = []
    if missing:
        steps.append(AddTags(kind=kind, target=found.identity, tags=missing))
    if surplus:
        steps.append(RemoveTags(kind=kind, target=found.identity, keys=surplus))
    return steps


def tags_at_creation(kind: ResourceKind, desired: Tags, policy: PlanPolicy) -> Tags:
    """The tags that a new resource is made with."""
    if kind in _LISTENER_KINDS and not policy.tag_listeners_and_rules:
        return {}
    return desired


def _is_foreign(kind: ResourceKind, key: str, policy: PlanPolicy) -> bool:
    if key.startswith("aws:") or key in policy.external_managed_tags:
        return True
    return kind not in _LISTENER_KINDS and key in legacy_keys(policy.cluster)
