"""The tags of each resource: the users', the operator's and those that make it ours (spec 7.2)."""

from __future__ import annotations

from alb_controller.model.ownership import owned_tags
from alb_controller.settings import Settings
from alb_controller.values import StackKey, Tags


def resource_tags(user: Tags, settings: Settings, key: StackKey, resource: str) -> dict[str, str]:
    """Tracking tags win over all; default tags over the users' unless a gate says otherwise."""
    low, high = dict(user), dict(settings.default_tags)
    if settings.feature_gates.enable_default_tags_low_priority:
        low, high = high, low
    return owned_tags(low | high, settings.cluster_name, key, resource)
