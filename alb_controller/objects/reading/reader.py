"""Reads JSON that others wrote: out comes a value or a msgspec.DecodeError, whatever is in it.

The decoder is quick and gives up at some 1,000 levels of nesting, even in fields that nobody
reads. kube-apiserver takes 10,000 (`metadata.managedFields` of any object). Such a text is cut,
level by level, to the fields of the struct that is wanted (ADR 0025).
"""

from __future__ import annotations

import functools
from collections.abc import Iterator
from types import UnionType
from typing import Any, Generic, TypeVar, Union, cast, get_args, get_origin

import msgspec

from alb_controller.objects.core import KubeObject
from alb_controller.objects.reading.spans import elements, members
from alb_controller.objects.secrets import decode_hook

T = TypeVar("T")
Obj = TypeVar("Obj", bound=KubeObject)

_PROBLEM_CHARACTERS = 300


class Reading(msgspec.Struct, Generic[T], frozen=True):
    """A value, without what could not be read of it."""

    value: T
    problems: tuple[str, ...] = ()
    """What could not be read, each with its place such as `$.spec.ports`."""
    is_cut: bool = False
    """The text as a whole was too much for the decoder."""


class Unreadable(msgspec.Struct, Generic[Obj], frozen=True):
    """An object that is there, and that cannot be read as a whole."""

    obj: Obj
    """As much as can be read; the rest as in an empty object."""
    problem: str
    places: tuple[str, ...] = ("$",)
    """What is not as in the object, such as `$.spec.ports`; `$`: nothing is."""

    @property
    def key(self) -> tuple[str, str]:
        """(namespace, name); an empty name where it cannot be read either."""
        return self.obj.key

    def lacks(self, place: str) -> bool:
        """Whether that could not be read, or something in it or around it."""
        inner, outer = (f"{place}.", f"{place}["), (place, "$")
        return any(
            one in outer or one.startswith(inner) or place.startswith((f"{one}.", f"{one}["))
            for one in self.places
        )


def decode(
    data: bytes | memoryview | str | msgspec.Raw,
    type_: type[T],
    *,
    most_brackets: int | None = None,
) -> T:
    """The value of that type. Raises msgspec.DecodeError and nothing else, whatever the text is.

    `most_brackets` as of `read`.
    """
    found = read(data, type_, most_brackets=most_brackets)
    if found.problems:
        raise msgspec.DecodeError(_short(found.problems))
    return found.value


def read_object(data: bytes | msgspec.Raw, struct: type[Obj]) -> Reading[Obj] | Unreadable[Obj]:
    """A whole object, or as much of one as can be read; raises nothing."""
    try:
        found = read(data, struct)
    except msgspec.DecodeError as error:
        return Unreadable(struct(), _short((str(error),)))
    if not found.problems:
        return found
    return Unreadable(found.value, _short(found.problems), tuple(map(_place, found.problems)))


def read(
    data: bytes | memoryview | str | msgspec.Raw,
    type_: type[T],
    *,
    most_brackets: int | None = None,
) -> Reading[T]:
    """The value; what could not be read of it has the defaults of its struct.

    A text with more than `most_brackets` `{` and `[` is not cut: that takes some time for each.
    Raises msgspec.DecodeError where nothing of the type can be made.
    """
    try:
        return Reading(_decode(data, type_))
    except msgspec.DecodeError:
        text = data.encode(errors="replace") if isinstance(data, str) else bytes(data)
        if most_brackets is not None and text.count(b"{") + text.count(b"[") > most_brackets:
            raise
    reader = _Reader()
    value = reader.value(text, type_, "$")
    return Reading(cast("T", value), tuple(reader.problems), is_cut=True)


class _Reader:
    """Reads a text part by part, as its type has parts; collects what cannot be read."""

    def __init__(self) -> None:
        self.problems: list[str] = []

    def value(self, data: bytes, type_: Any, path: str) -> Any:
        """A value of a type; raises msgspec.DecodeError where nothing can be made of it."""
        if type_ is msgspec.Raw:
            return msgspec.Raw(data)  # whoever decodes it finds out what it is
        try:
            return _decode(data, type_)
        except msgspec.DecodeError as error:
            problem = msgspec.DecodeError(_located(error, path))
        shape, item = _shape(type_)
        try:
            if shape in (list, tuple):
                return shape(self._items(elements(data), item, path))
            parts = members(data)
            named = {_decode(key, str): part for key, part in parts.items() if shape is dict}
        except msgspec.DecodeError:
            raise problem from None
        if shape is dict:
            return {key: self.value(part, item, f"{path}[...]") for key, part in named.items()}
        if shape is None:
            raise problem
        return self._struct({_name(key): part for key, part in parts.items()}, shape, path)

    def _items(self, parts: list[bytes], type_: Any, path: str) -> Iterator[Any]:
        for number, part in enumerate(parts):
            try:
                yield self.value(part, type_, f"{path}[{number}]")
            except msgspec.DecodeError as error:
                self.problems.append(str(error))

    def _struct(self, parts: dict[str, bytes], struct: Any, path: str) -> Any:
        values: dict[str, Any] = {}
        for name, encoded, type_ in _fields(struct):
            if encoded not in parts:
                continue
            try:
                values[name] = self.value(parts[encoded], type_, f"{path}.{encoded}")
            except msgspec.DecodeError as error:
                self.problems.append(str(error))
        try:
            return struct(**values)
        except TypeError:
            lacks = "; ".join((f"lacks a field of {struct.__name__}", *self.problems))
            raise msgspec.DecodeError(f"{lacks} - at `{path}`") from None


def _decode(data: bytes | memoryview | str | msgspec.Raw, type_: Any) -> Any:
    """Raises msgspec.DecodeError for whatever the decoder raises."""
    try:
        return _decoder(type_).decode(data)
    except msgspec.DecodeError:
        raise
    except RecursionError:
        raise msgspec.DecodeError("JSON is nested too deeply") from None
    except Exception as error:
        raise msgspec.DecodeError(f"{type(error).__name__}: {error}") from error


def _name(key: bytes) -> str:
    """A field's name; empty for a text that is none."""
    try:
        return str(_decode(key, str))
    except msgspec.DecodeError:
        return ""


@functools.cache
def _decoder(type_: Any) -> msgspec.json.Decoder[Any]:
    return msgspec.json.Decoder(type_, dec_hook=decode_hook)


@functools.cache
def _fields(struct: Any) -> tuple[tuple[str, str, Any], ...]:
    """Name, name in JSON and type of each field."""
    return tuple((f.name, f.encode_name, f.type) for f in msgspec.structs.fields(struct))


@functools.cache
def _shape(type_: Any) -> tuple[Any, Any]:
    """How a value may be split: a struct, list, tuple or dict, and the type of its items."""
    for one in get_args(type_) if get_origin(type_) in (Union, UnionType) else (type_,):
        origin = get_origin(one)
        if origin in (list, tuple):
            return origin, get_args(one)[0]
        if origin is dict:
            return dict, get_args(one)[1]
        if isinstance(one, type) and issubclass(one, msgspec.Struct):
            return one, None
    return None, None


def _located(error: Exception, path: str) -> str:
    """The decoder's sentence about a part, with its place in the whole."""
    sentence, _, place = str(error).partition(" - at `$")
    return f"{sentence} - at `{path}{place.rstrip('`')}`"


def _place(problem: str) -> str:
    return problem.rpartition(" - at `")[2].rstrip("`")


def _short(problems: tuple[str, ...]) -> str:
    text = "; ".join(problems)
    return text if len(text) <= _PROBLEM_CHARACTERS else f"{text[:_PROBLEM_CHARACTERS]}…"
