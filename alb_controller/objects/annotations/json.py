"""JSON in annotations, read as Go's `encoding/json` reads it (spec 0).

Keys match in any case, the last of two equal keys counts, null is unset, in a list the zero of its
type, and types are strict: a number is no string. Unknown keys are ignored and can be asked for, to
warn of them; where the value restricts access they are an error instead (ADR 28).
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable
from types import NoneType, UnionType
from typing import (
    Any,
    Generic,
    TypeAlias,
    TypeVar,
    Union,
    get_args,
    get_origin,
    get_type_hints,
)

import msgspec

T = TypeVar("T")


class JsonParser(Generic[T]):
    """A parser for the annotation table; `allowed` says the form in a few words.

    `is_strict` refuses unknown keys: what they were meant to restrict would be open.
    """

    def __init__(self, type_: type[T], allowed: str, *, is_strict: bool = False) -> None:
        self._type, self._allowed, self._is_strict = type_, allowed, is_strict

    def __call__(self, raw: str) -> T:
        """The decoded value; raises ValueError with what is allowed."""
        unknown: dict[str, Iterable[str]] = {}
        if not raw.strip():
            raise ValueError(f"is empty: it must be {self._allowed}")
        try:
            decoded = _fold(msgspec.json.decode(raw), self._type, unknown.__setitem__)
            made = msgspec.convert(decoded, self._type)
        except (msgspec.DecodeError, msgspec.ValidationError, RecursionError) as error:
            raise ValueError(f"must be {self._allowed}: {error}") from None
        if self._is_strict and unknown:
            path, known = min(unknown.items())
            raise ValueError(f"has the unknown key {path}: allowed are {', '.join(known)}")
        return made

    def unknown_keys(self, raw: str) -> tuple[str, ...]:
        """Keys that are ignored, by their path; none where the value cannot be read at all."""
        found: dict[str, Iterable[str]] = {}
        if self._is_strict:
            return ()
        try:
            _fold(msgspec.json.decode(raw), self._type, found.__setitem__)
        except (msgspec.DecodeError, RecursionError):
            return ()
        return tuple(sorted(found))


_Unknown: TypeAlias = Callable[[str, Iterable[str]], None]
"""Given the path of an unknown key, and the keys that are known there."""


def _fold(value: Any, type_: Any, unknown: _Unknown, path: str = "") -> Any:
    """The value with each object's keys as its struct spells them; other keys are dropped."""
    if value is None:
        return _zero(type_)
    if isinstance(value, dict) and get_origin(type_) is dict:
        return {k: _fold(v, get_args(type_)[1], unknown, f"{path}.{k}") for k, v in value.items()}
    struct, item = _shape(type_)
    if isinstance(value, list) and item is not None:
        return [_fold(v, item, unknown, f"{path}[{i}]") for i, v in enumerate(value)]
    if not isinstance(value, dict) or struct is None:
        return value
    fields = _fields(struct)
    folded: dict[str, Any] = {}
    for key, inner in value.items():
        where = f"{path}.{key}" if path else key
        known = fields.get(key.casefold())
        if known is None:
            unknown(where, [name for name, _ in fields.values()])
        elif inner is not None:
            folded[known[0]] = _fold(inner, known[1], unknown, where)
    return folded


def _zero(type_: Any) -> Any:
    """What Go leaves where JSON says null, as JSON."""
    if isinstance(type_, type) and issubclass(type_, msgspec.Struct):
        return {}
    return (get_origin(type_) or type_)()


def _shape(type_: Any) -> tuple[type[msgspec.Struct] | None, Any]:
    """The struct that a type is or may be, or the type of its items."""
    for one in _alternatives(type_):
        if isinstance(one, type) and issubclass(one, msgspec.Struct):
            return one, None
        if get_origin(one) in (list, tuple):
            return None, get_args(one)[0]
    return None, None


def _alternatives(type_: Any) -> list[Any]:
    if get_origin(type_) in (Union, UnionType):
        return [one for one in get_args(type_) if one is not NoneType]
    return [type_]


@functools.cache
def _fields(struct: type[msgspec.Struct]) -> dict[str, tuple[str, Any]]:
    """Name and type of each field, by the name in one case; found out once, not for each value."""
    hints = get_type_hints(struct)
    names = ((field.encode_name, hints[field.name]) for field in msgspec.structs.fields(struct))
    return {name.casefold(): (name, hint) for name, hint in names}
