"""JSON that decoders stumble over, and objects to put it into."""

from __future__ import annotations

import json
from datetime import datetime
from types import UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

import msgspec

from alb_controller.objects.kinds import Kind
from alb_controller.values import Secret


class Text(str):
    """A piece of JSON as it stands."""

    __slots__ = ()


def dumps(value: Any) -> str:
    """As `json.dumps`, with pieces of `Text` as they stand; two equal keys may be in a list."""
    match value:
        case Text():
            return str(value)
        case dict():
            return "{{{}}}".format(",".join(f"{dumps(k)}:{dumps(v)}" for k, v in value.items()))
        case list():
            return "[{}]".format(",".join(map(dumps, value)))
        case _:
            return json.dumps(value)


def deep(levels: int, opening: str = '{"f:a":', closing: str = "}") -> Text:
    """A value that nests so many levels: of objects, or of arrays with `[` and `]`."""
    return Text(opening * levels + "{}" + closing * levels)


def managed_fields(levels: int, api_version: str = "v1") -> Text:
    """`metadata.managedFields` as kube-apiserver takes them, up to 10,000 levels."""
    head = '"manager":"m","operation":"Update","fieldsType":"FieldsV1"'
    return Text(f'[{{{head},"apiVersion":"{api_version}","fieldsV1":{deep(levels)}}}]')


NUMBERS = ["1e999", "-1e999", "1e-999", "1" + "0" * 400, "1" + "0" * 5000, "-0", "-0.0", "0.5"]
STRINGS = [r'"\ud800"', r'"\udc00\ud800"', r'"\u0000"', '"\u2028"', r'"\ud83d\ude00"', '""']
NESTED = [
    deep(60),
    deep(1200),
    deep(9990),
    deep(3000, "[", "]"),
    Text('[{"a":[' * 900 + "]}]" * 900),
]
WIDE = [
    Text("[{}]".format(",".join(["0"] * 5000))),
    Text("{{{}}}".format(",".join(f'"{n}":{n}' for n in range(999)))),
]
TWICE = [Text('{"a":1,"a":{"a":"b"}}'), Text('{"name":"x","name":7}')]
ODD = [
    *map(Text, [*NUMBERS, *STRINGS, "null", "true", "{}", "[]", "[null]"]),
    *NESTED,
    *WIDE,
    *TWICE,
]
"""Values that JSON allows."""


def sample(kind: Kind, name: str, **metadata: Any) -> dict[str, Any]:
    """An object of a kind with a value in every field that the controller reads."""
    made: dict[str, Any] = _sample(kind.struct)
    own = {"name": name, "namespace": "ns" if kind.namespaced else "", "deletionTimestamp": None}
    made["metadata"] |= own | metadata
    return made


def _sample(type_: Any) -> Any:
    origin, args = get_origin(type_), get_args(type_)
    if origin in (Union, UnionType, Annotated):
        return _sample(args[0])
    if origin in (list, tuple):
        return [_sample(args[0])]
    if origin is dict:
        return {"a": _sample(args[1])}
    if origin is Literal:
        return args[0]
    if issubclass(type_, msgspec.Struct):
        fields = msgspec.structs.fields(type_)
        return {field.encode_name: _sample(field.type) for field in fields}
    plain = {str: "a", int: 1, bool: True, datetime: "2026-01-01T00:00:00Z", Secret: "YQ=="}
    return plain[type_]


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The paths of all values in a value, itself first."""
    found = [path]
    if isinstance(value, (dict, list)):
        inner = value.items() if isinstance(value, dict) else enumerate(value)
        found += [place for key, one in inner for place in places(one, (*path, key))]
    return found


def put(value: Any, path: tuple[Any, ...], new: Any) -> Any:
    """A copy with another value at a path."""
    if not path:
        return new
    copied = value.copy()
    copied[path[0]] = put(copied[path[0]], path[1:], new)
    return copied
