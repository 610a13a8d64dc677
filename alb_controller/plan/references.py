"""Refs and identities: the one is put in place of the other as soon as it is known."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, TypeVar

import msgspec

from alb_controller.model.refs import Ref, ResourceId

T = TypeVar("T")


def resolve(value: T, identities: Mapping[ResourceId, str]) -> T:
    """The value with every Ref replaced whose identity is known; the others are left.

    Looks into structs and tuples, which is where resources and steps keep their Refs.
    """
    resolved: T = _resolve(value, identities)
    return resolved


def unresolved(value: object) -> Iterator[Ref]:
    """The Refs that are still in a value."""
    if isinstance(value, Ref):
        yield value
    elif isinstance(value, tuple):
        for item in value:
            yield from unresolved(item)
    elif isinstance(value, msgspec.Struct):
        for field in value.__struct_fields__:
            yield from unresolved(getattr(value, field))


def _resolve(value: Any, identities: Mapping[ResourceId, str]) -> Any:
    if isinstance(value, Ref):
        return identities.get(value.id, value)
    if isinstance(value, tuple):
        return tuple(_resolve(item, identities) for item in value)
    if isinstance(value, msgspec.Struct):
        return _resolve_struct(value, identities)
    return value


def _resolve_struct(value: msgspec.Struct, identities: Mapping[ResourceId, str]) -> Any:
    changed = {}
    for field in value.__struct_fields__:
        before = getattr(value, field)
        after = _resolve(before, identities)
        if after is not before and after != before:
            changed[field] = after
    return msgspec.structs.replace(value, **changed) if changed else value
