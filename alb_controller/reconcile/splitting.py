"""A step that writes several settings, field by field: to find the one that is refused.

Steps are split only after a refusal; until then what belongs to a load balancer goes in one call.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, TypeVar

import msgspec

from alb_controller.model.ec2 import SecurityGroup
from alb_controller.model.elbv2 import Listener, LoadBalancer
from alb_controller.model.origins import Origins
from alb_controller.plan import changes
from alb_controller.plan.changes import Step

S = TypeVar("S", bound=Step)
_SHARED = frozenset({"LoadBalancer", "Listener", "SecurityGroup"})
"""What several members have together."""
_TAGS = "tags."
_TOGETHER = "_logs.s3"
"""A bucket, its prefix and whether logs are on make sense together alone
(ModifyLoadBalancerAttributes: enabled logs need a bucket)."""


def stands_alone(step: Step) -> bool:
    """Whether no other step needs what this one writes on something shared: it may fail alone."""
    match step:
        case changes.ModifyAttributes(kind=kind) | changes.AddTags(kind=kind):
            return kind in _SHARED
        case changes.ModifyIpPools():
            return True
        case _:
            return isinstance(step, changes.LateStep)


def parts(step: Step) -> tuple[Step, ...]:
    """Steps that write together what one writes; each is of one field, and of those who asked."""
    match step:
        case changes.ModifyAttributes(changed=entries) | changes.AddTags(tags=entries):
            return tuple(_part(step, names) for names in _fields(entries))
        case _:
            return (step,)


def joined(step: S, left: Iterable[Step]) -> S | None:
    """The step with these of its parts alone; None without any."""
    kept: list[Any] = list(left)
    if not kept:
        return None
    match step:
        case changes.ModifyAttributes():
            written = {key: text for one in kept for key, text in one.changed.items()}
            return msgspec.structs.replace(step, changed=written)
        case changes.AddTags():
            tags = {key: text for one in kept for key, text in one.tags.items()}
            return msgspec.structs.replace(step, tags=tags)
        case _:
            return step


def bare(step: S) -> S:
    """What it writes, whoever has asked for it: steps of two plans are compared by this."""
    return msgspec.structs.replace(step, asked_by=(), by_setting={})


def without_users_tags(step: changes.Create) -> changes.Create | None:
    """The creation of something shared with our own tags alone; None without any of users."""
    made, tagged = step.resource, _users_tags(step)
    if not (tagged and isinstance(made, LoadBalancer | Listener | SecurityGroup)):
        return None
    left = {key: text for key, text in made.tags.items() if key not in tagged}
    by_setting = {k: found for k, found in step.by_setting.items() if not k.startswith(_TAGS)}
    others = _asked_by(by_setting)
    tagging = {one for k in tagged for one in step.by_setting[f"{_TAGS}{k}"]}
    return msgspec.structs.replace(
        step,
        resource=msgspec.structs.replace(made, tags=left),
        asked_by=tuple(one for one in step.asked_by if one in others or one not in tagging),
        by_setting=by_setting,
    )


def users_tags(step: changes.Create, identity: str) -> changes.AddTags:
    """What `without_users_tags` leaves out, for what was made."""
    tags = getattr(step.resource, "tags", {})
    by_setting = {k: found for k, found in step.by_setting.items() if k.startswith(_TAGS)}
    return changes.AddTags(
        kind=step.resource.id.kind,
        target=identity,
        tags={key: tags[key] for key in _users_tags(step)},
        asked_by=_asked_by(by_setting),
        by_setting=by_setting,
    )


def _users_tags(step: changes.Create) -> list[str]:
    tags = (key.removeprefix(_TAGS) for key in step.by_setting if key.startswith(_TAGS))
    return [key for key in tags if key in getattr(step.resource, "tags", {})]


def _asked_by(by_setting: Mapping[str, Origins]) -> Origins:
    return tuple(dict.fromkeys(one for found in by_setting.values() for one in found))


def _fields(entries: Mapping[str, str]) -> list[tuple[str, ...]]:
    fields: dict[str, list[str]] = {}
    for key in entries:
        family = key.rpartition(".")[0]
        fields.setdefault(family if family.endswith(_TOGETHER) else key, []).append(key)
    return [tuple(keys) for keys in fields.values()]


def _part(
    step: changes.ModifyAttributes | changes.AddTags, names: tuple[str, ...]
) -> changes.ModifyAttributes | changes.AddTags:
    prefix = _TAGS if isinstance(step, changes.AddTags) else "attributes."
    wanted = {f"{prefix}{name}" for name in names}
    by_setting = {name: step.by_setting[name] for name in step.by_setting if name in wanted}
    asked_by = _asked_by(by_setting) or step.asked_by
    step = msgspec.structs.replace(step, asked_by=asked_by, by_setting=by_setting)
    if isinstance(step, changes.ModifyAttributes):
        written = {name: step.changed[name] for name in names}
        return msgspec.structs.replace(step, changed=written)
    return msgspec.structs.replace(step, tags={name: step.tags[name] for name in names})
