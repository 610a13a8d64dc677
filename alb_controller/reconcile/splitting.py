"""A step that writes several settings, field by field: to find the one that is refused.

Steps are split only after a refusal; until then what belongs to a load balancer goes in one call.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
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
_POOL = "ipv4_ipam_pool_id"
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


def without_extras(step: changes.Create) -> changes.Create | None:
    """The creation of something shared without what can be added to it: tags of users, and the
    pool of its addresses. None without any of it.
    """
    made, extra = step.resource, _extra_settings(step)
    if not (extra and isinstance(made, LoadBalancer | Listener | SecurityGroup)):
        return None
    tagged = _users_tags(step)
    fields: dict[str, Any] = {"tags": {k: v for k, v in made.tags.items() if k not in tagged}}
    if isinstance(made, LoadBalancer):
        fields[_POOL] = None
    by_setting = {k: found for k, found in step.by_setting.items() if k not in extra}
    others = _asked_by(by_setting)
    adding = {one for k in extra for one in step.by_setting.get(k, ())}
    return msgspec.structs.replace(
        step,
        resource=msgspec.structs.replace(made, **fields),
        asked_by=tuple(one for one in step.asked_by if one in others or one not in adding),
        by_setting=by_setting,
    )


def extras(step: changes.Create, identity: str) -> tuple[Step, ...]:
    """What `without_extras` leaves out, for what was made."""
    return tuple(_extras(step, identity))


def _extras(step: changes.Create, identity: str) -> Iterator[Step]:
    tags = getattr(step.resource, "tags", {})
    by_setting = {k: found for k, found in step.by_setting.items() if k.startswith(_TAGS)}
    if tagged := _users_tags(step):
        yield changes.AddTags(
            kind=step.resource.id.kind,
            target=identity,
            tags={key: tags[key] for key in tagged},
            asked_by=_asked_by(by_setting),
            by_setting=by_setting,
        )
    if pool := getattr(step.resource, _POOL, None):
        asked_by = step.by_setting.get(_POOL, ())
        yield changes.ModifyIpPools(
            target=identity,
            ipv4_ipam_pool_id=pool,
            asked_by=asked_by,
            by_setting={_POOL: asked_by},
        )


def _extra_settings(step: changes.Create) -> set[str]:
    pool = {_POOL} if getattr(step.resource, _POOL, None) else set()
    return {f"{_TAGS}{key}" for key in _users_tags(step)} | pool


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
