"""Checks of a value against its schema, worded as a kube-apiserver words them.

`find_decode_error` and `check_required` are for built-in kinds, `check_schema` is for custom ones.
Source: Kubernetes docs, "Extend the Kubernetes API with CustomResourceDefinitions".
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from alb_controller.sandbox.kubeapi.schemas import Json, Schema, child_path, child_schema
from alb_controller.sandbox.kubeapi.statuses import (
    Cause,
    duplicate,
    invalid_value,
    required,
    too_many,
    unsupported,
)


def type_name(value: Any) -> str:
    """The JSON type of a value, in the words of OpenAPI."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, float):
        return "integer" if value.is_integer() else "number"
    names = {str: "string", int: "integer", list: "array", dict: "object"}
    return names[type(value)]


def fits_type(value: Any, schema: Schema) -> bool:
    """Whether the value has the schema's type."""
    actual, wanted = type_name(value), schema.get("type")
    if schema.get("x-kubernetes-int-or-string") or schema.get("format") == "int-or-string":
        return actual in ("integer", "string")
    if wanted is None or (value is None and schema.get("nullable", False)):
        return True
    return actual == wanted or (wanted == "number" and actual == "integer")


def find_decode_error(value: Any, schema: Schema, owner: str, path: str = "") -> str | None:
    """What Go's JSON decoder would say of a built-in object: the first mismatch, or None.

    `owner` is the Go struct that holds the field.
    """
    if value is None:
        return None
    if not fits_type(value, schema):
        found = {"integer": "number", "boolean": "bool"}.get(type_name(value), type_name(value))
        where = f"Go struct field {owner}.{path}"
        return f"json: cannot unmarshal {found} into {where} of type {_go_type(schema)}"
    if isinstance(value, str) and "$ref" in schema:
        return _find_time_error(value, schema["$ref"])
    found_inside: Iterator[str | None] = iter(())
    if isinstance(value, dict):
        inner_owner = _short_name(schema) or owner
        fields = schema.get("properties")
        found_inside = (
            find_decode_error(
                item,
                child_schema(schema, key) or {},
                inner_owner,
                path if fields is None else child_path(path, key),
            )
            for key, item in value.items()
        )
    elif isinstance(value, list):
        items = schema.get("items", {})
        found_inside = (find_decode_error(item, items, owner, path) for item in value)
    return next(filter(None, found_inside), None)


_MICRO_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}(Z|[+-]\d\d:\d\d)")
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)")


def _find_time_error(value: str, reference: str) -> str | None:
    """A Time is RFC 3339; a MicroTime must have its six digits."""
    name = reference.rpartition(".")[2]
    layout = "2006-01-02T15:04:05"
    if name == "Time" and not _TIME.fullmatch(value):
        layout += "Z07:00"
        return f'parsing time "{value}" as "{layout}": cannot parse "{value}" as "2006"'
    if name == "MicroTime" and not _MICRO_TIME.fullmatch(value):
        layout += ".000000Z07:00"
        cannot = f'cannot parse "{value[19:]}" as ".000000"'
        return f'parsing time "{value}" as "{layout}": {cannot}'
    return None


def _short_name(schema: Schema) -> str:
    name: str = schema.get("$ref", "").rpartition(".")[2]
    return name


def _go_type(schema: Schema) -> str:
    if schema.get("type") == "array":
        return "[]" + _go_type(schema.get("items", {}))
    if _short_name(schema):
        return f"v1.{_short_name(schema)}"
    if schema.get("type") == "integer":
        return str(schema.get("format", "int64"))
    if "additionalProperties" in schema:
        return f"map[string]{_go_type(schema['additionalProperties'])}"
    return {"boolean": "bool", "object": "struct"}.get(schema.get("type", ""), "string")


def check_required(value: Any, schema: Schema, path: str) -> Iterator[Cause]:
    """Causes for absent required fields and for values outside an enum, all that `builtin.json`
    knows.
    """
    if isinstance(value, list):
        for index, item in enumerate(value):
            yield from check_required(item, schema.get("items", {}), f"{path}[{index}]")
    elif isinstance(value, dict):
        for key in schema.get("required", ()):
            if key not in value:
                yield required(child_path(path, key))
        for key, item in value.items():
            yield from check_required(item, child_schema(schema, key) or {}, child_path(path, key))
    elif "enum" in schema and value not in schema["enum"]:
        yield unsupported(path, value, schema["enum"])


def check_schema(value: Any, schema: Schema, path: str = "") -> Iterator[Cause]:
    """Causes for every rule of a CRD's schema that the value breaks."""
    if not fits_type(value, schema):
        yield _type_cause(path, type_name(value), schema.get("type", "integer,string"))
        return
    if value is None:
        return
    if "enum" in schema and value not in schema["enum"]:
        yield unsupported(path, value, schema["enum"])
    if isinstance(value, str):
        yield from _check_string(value, schema, path)
    elif isinstance(value, int | float) and not isinstance(value, bool):
        yield from _check_number(value, schema, path)
    elif isinstance(value, list):
        yield from _check_list(value, schema, path)
    elif isinstance(value, dict):
        yield from _check_object(value, schema, path)
    yield from _check_alternatives(value, schema, path)


def _check_string(value: str, schema: Schema, path: str) -> Iterator[Cause]:
    """The first rule that the string breaks."""
    if len(value) > schema.get("maxLength", len(value)):
        message = f"Too long: may not be more than {schema['maxLength']} bytes"
        yield Cause("FieldValueTooLong", message, path)
    elif len(value) < schema.get("minLength", 0):
        why = f"{path} in body should be at least {schema['minLength']} chars long"
        yield invalid_value(path, value, why)
    elif "pattern" in schema and not re.search(schema["pattern"], value):
        yield invalid_value(path, value, f"{path} in body should match '{schema['pattern']}'")
    elif schema.get("format") == "date-time" and not _TIME.fullmatch(value):
        yield _type_cause(path, value, "date-time")


def _type_cause(path: str, shown: str, wanted: str) -> Cause:
    found = json.dumps(shown)
    why = f"{path} in body must be of type {wanted}: {found}"
    return Cause("FieldValueTypeInvalid", f"Invalid value: {found}: {why}", path)


def _check_number(value: float, schema: Schema, path: str) -> Iterator[Cause]:
    low, high = schema.get("minimum"), schema.get("maximum")
    if low is not None and (value < low or (schema.get("exclusiveMinimum") and value == low)):
        bound = "greater than" + ("" if schema.get("exclusiveMinimum") else " or equal to")
        yield invalid_value(path, value, f"{path} in body should be {bound} {low}")
    if high is not None and (value > high or (schema.get("exclusiveMaximum") and value == high)):
        bound = "less than" + ("" if schema.get("exclusiveMaximum") else " or equal to")
        yield invalid_value(path, value, f"{path} in body should be {bound} {high}")
    if schema.get("multipleOf") and value % schema["multipleOf"]:
        why = f"{path} in body should be a multiple of {schema['multipleOf']}"
        yield invalid_value(path, value, why)


def _check_list(value: list[Any], schema: Schema, path: str) -> Iterator[Cause]:
    if len(value) > schema.get("maxItems", len(value)):
        yield too_many(path, len(value), schema["maxItems"])
    if len(value) < schema.get("minItems", 0):
        why = f"{path} in body should have at least {schema['minItems']} items"
        yield invalid_value(path, len(value), why)
    keys = schema.get("x-kubernetes-list-map-keys")
    seen: list[Any] = []
    for index, item in enumerate(value):
        identity = {key: item.get(key) for key in keys} if keys and isinstance(item, dict) else item
        if identity in seen and (keys or schema.get("x-kubernetes-list-type") == "set"):
            yield duplicate(f"{path}[{index}]", identity)
        seen.append(identity)
        yield from check_schema(item, schema.get("items", {}), f"{path}[{index}]")


def _check_object(value: Json, schema: Schema, path: str) -> Iterator[Cause]:
    for key in schema.get("required", ()):
        if key not in value:
            yield required(child_path(path, key))
    if len(value) > schema.get("maxProperties", len(value)):
        yield too_many(path, len(value), schema["maxProperties"])
    if len(value) < schema.get("minProperties", 0):
        why = f"{path} in body should have at least {schema['minProperties']} properties"
        yield invalid_value(path, len(value), why)
    for key, item in value.items():
        sub = child_schema(schema, key)
        if sub is not None:
            yield from check_schema(item, sub, child_path(path, key))


def _check_alternatives(value: Any, schema: Schema, path: str) -> Iterator[Cause]:
    """`allOf`, `anyOf`, `oneOf` and `not`; a server words them without the field."""
    if schema.get("x-kubernetes-int-or-string"):
        return
    for sub in schema.get("allOf", ()):
        yield from check_schema(value, sub, path)
    for name, texts in _ALTERNATIVES.items():
        outcomes = [list(check_schema(value, sub, path)) for sub in schema.get(name, ())]
        count = sum(not outcome for outcome in outcomes)
        if outcomes and (count == 0 or (name == "oneOf" and count > 1)):
            many = f"Found {count} valid alternatives" if count else "Found none valid"
            end = f". {many}" if name == "oneOf" else ""
            yield invalid_value("<nil>", "", f'"{path}" must validate {texts} ({name}){end}')
            yield from outcomes[0]
    if "not" in schema and not any(check_schema(value, schema["not"], path)):
        yield invalid_value("<nil>", "", f'"{path}" must not validate the schema (not)')


_ALTERNATIVES = {"anyOf": "at least one schema", "oneOf": "one and only one schema"}
