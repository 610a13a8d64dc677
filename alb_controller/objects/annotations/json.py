"""JSON in annotations, read as Go's `encoding/json` reads it (spec 0).

Keys match in any case, unknown keys are ignored (and can be asked for, to warn of them), the last
of two equal keys counts, null is unset, in a list the zero of its type, and types are strict: a
number is no string.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from types import NoneType, UnionType
from typing import Any, Generic, TypeVar, Union, cast, get_args, get_origin, get_type_hints

import msgspec

T = TypeVar("T")


class JsonParser(Generic[T]):
    """A parser for the annotation table; `allowed` says the form in a few words."""

    def __init__(self, type_: type[T], allowed: str) -> None:
        self._type, self._allowed = type_, allowed

    def __call__(self, raw: str) -> T:
        """The decoded value; raises ValueError with what is allowed."""
        try:
            decoded = _fold(msgspec.json.decode(raw), self._type, _ignore)
            return msgspec.convert(decoded, self._type)
        except (msgspec.DecodeError, msgspec.ValidationError, RecursionError) as error:
            raise ValueError(f"must be {self._allowed}: {error}") from None

    def unknown_keys(self, raw: str) -> tuple[str, ...]:
        """Keys that are ignored, by their path; none where the value cannot be read at all."""
        found: list[str] = []
        try:
            _fold(msgspec.json.decode(raw), self._type, found.append)
        except (msgspec.DecodeError, RecursionError):
            return ()
        return tuple(sorted(set(found)))


def _ignore(_path: str) -> None:
    pass


def _fold(value: Any, type_: Any, unknown: Callable[[str], None], path: str = "") -> Any:
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
    fields = {name.casefold(): (name, hint) for name, hint in _fields(struct)}
    folded: dict[str, Any] = {}
    for key, inner in value.items():
        where = f"{path}.{key}" if path else key
        known = fields.get(key.casefold())
        if known is None:
            unknown(where)
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


def _fields(struct: type[msgspec.Struct]) -> Iterator[tuple[str, Any]]:
    hints = get_type_hints(struct)
    for field in msgspec.structs.fields(struct):
        yield field.encode_name, cast("Any", hints[field.name])
