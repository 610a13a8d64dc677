"""Kubernetes protobuf, read only: typed Go clients (kubectl create, client-go) send it for
built-in kinds.

Field numbers stand in `builtin.json` beside each property (`x-proto`; a pair where Go embeds a
struct that JSON shows inline). Answers are always JSON, which those clients accept too.
Source: k8s.io/apimachinery pkg/runtime/serializer/protobuf; protobuf docs, "Encoding".
"""

from __future__ import annotations

import base64
import struct
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, NamedTuple

from alb_controller.sandbox.kubeapi.schemas import Json, Schema, decode_json
from alb_controller.sandbox.kubeapi.statuses import bad_request

MAGIC = b"k8s\x00"
_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5


class _Field(NamedTuple):
    """One field on the wire: its number, and an integer or bytes."""

    number: int
    value: int | bytes


def decode_envelope(content: bytes, definitions: dict[str, Schema]) -> Json:
    """The object in a `runtime.Unknown` envelope. Raises 400 for what is not one."""
    try:
        unknown = dict(_fields(content[len(MAGIC) :]))
        type_meta = {number: _text(value) for number, value in _fields(_bytes(unknown[1]))}
        api_version, kind = type_meta.get(1, ""), type_meta.get(2, "")
        body = _message(_bytes(unknown.get(2, b"")), _definition(api_version, kind, definitions))
    except (KeyError, IndexError, ValueError, TypeError, struct.error) as error:
        raise bad_request(f"the protobuf body cannot be read: {error}") from None
    return {"apiVersion": api_version, "kind": kind, **body}


def _definition(api_version: str, kind: str, definitions: dict[str, Schema]) -> Schema:
    group, _, version = api_version.rpartition("/")
    wanted = {"group": group, "kind": kind, "version": version}
    for name, schema in definitions.items():
        if wanted in schema.get("x-kubernetes-group-version-kind", ()):
            return schema
        if kind == "DeleteOptions" and name.endswith("meta.v1.DeleteOptions"):
            return schema
    raise KeyError(f"{kind} in {api_version} is not known")


def _varint(data: bytes, place: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = data[place]
        value |= (byte & 0x7F) << shift
        place, shift = place + 1, shift + 7
        if byte < 0x80:
            return value, place


def _fields(data: bytes) -> Iterator[_Field]:
    place = 0
    while place < len(data):
        tag, place = _varint(data, place)
        number, wire = tag >> 3, tag & 7
        if wire == _VARINT:
            value, place = _varint(data, place)
            yield _Field(number, value - (1 << 64) if value >> 63 else value)
        else:
            size = {_FIXED64: 8, _FIXED32: 4}.get(wire, 0)
            if wire == _BYTES:
                size, place = _varint(data, place)
            if place + size > len(data):
                raise ValueError("a field ends behind the body")
            yield _Field(number, data[place : place + size])
            place += size


def _bytes(value: int | bytes) -> bytes:
    if isinstance(value, int):
        raise TypeError("a number stands where bytes are expected")
    return value


def _text(value: int | bytes) -> str:
    return _bytes(value).decode()


def _message(data: bytes, schema: Schema) -> Json:
    numbered: dict[int, tuple[str, Schema]] = {}
    inline: dict[int, list[tuple[str, Schema, int]]] = {}
    for name, sub in schema.get("properties", {}).items():
        number = sub.get("x-proto")
        if isinstance(number, list):
            inline.setdefault(number[0], []).append((name, sub, number[1]))
        elif number is not None:
            numbered[number] = (name, sub)
    found: Json = {}
    for field in _fields(data):
        if field.number in inline:
            properties = {
                name: {**sub, "x-proto": inner} for name, sub, inner in inline[field.number]
            }
            found |= _message(_bytes(field.value), {"properties": properties})
        elif field.number in numbered:
            _put(found, *numbered[field.number], field.value)
    return {name: value for name, value in found.items() if value != ""}


def _put(found: Json, name: str, schema: Schema, value: int | bytes) -> None:
    if schema.get("type") == "array":
        found.setdefault(name, []).append(_value(schema["items"], value))
    elif isinstance(schema.get("additionalProperties"), dict):
        entry = dict(_fields(_bytes(value)))
        inner = schema["additionalProperties"]
        found.setdefault(name, {})[_text(entry.get(1, b""))] = _value(inner, entry.get(2, b""))
    else:
        found[name] = _value(schema, value)


def _value(schema: Schema, value: int | bytes) -> Any:
    if isinstance(value, int):
        return bool(value) if schema.get("type") == "boolean" else value
    match (schema.get("type"), schema.get("format")):
        case (_, "byte"):
            return base64.b64encode(value).decode()
        case (_, "date-time"):
            return _time(schema, dict(_fields(value)))
        case (_, "int-or-string"):
            return _int_or_string(dict(_fields(value)))
        case ("string", _):
            return value.decode()
        case _:
            return _message(value, schema) if "properties" in schema else _raw(value)


def _time(schema: Schema, entry: dict[int, int | bytes]) -> str | None:
    seconds, nanos = entry.get(1, 0), entry.get(2, 0)
    if not isinstance(seconds, int) or not isinstance(nanos, int) or not entry:
        return None
    moment = datetime.fromtimestamp(seconds, UTC)
    micro = schema.get("$ref", "").endswith("MicroTime")
    return moment.strftime("%Y-%m-%dT%H:%M:%S") + (f".{nanos // 1000:06d}Z" if micro else "Z")


def _int_or_string(entry: dict[int, int | bytes]) -> int | str:
    number = entry.get(2, 0)
    if entry.get(1, 0) == 1:
        return _text(entry.get(3, b""))
    return number if isinstance(number, int) else 0


def _raw(data: bytes) -> Any:
    """A message that wraps one value: a Quantity its text, FieldsV1 and RawExtension their JSON."""
    inner = _bytes(dict(_fields(data)).get(1, b""))
    return decode_json(inner) if inner[:1] == b"{" else inner.decode()
