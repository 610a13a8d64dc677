"""Structural schemas: linking, pruning and defaults, for built-in kinds and CRDs alike.

A schema is the JSON of OpenAPI v3 as a CRD holds it. Built-in kinds have the same
(`builtin.json`), so that one walk serves both. `native` marks a built-in kind, where a real
server decodes into Go structs: nulls and empty optional lists and maps vanish.
Source: Kubernetes docs, "Extend the Kubernetes API with CustomResourceDefinitions".
"""

from __future__ import annotations

from typing import Any

import msgspec

Schema = dict[str, Any]
Json = dict[str, Any]

OPEN = "x-kubernetes-preserve-unknown-fields"
_FIELD_KEYWORDS = {"properties", "additionalProperties"}
EMBEDDED = "x-kubernetes-embedded-resource"
TYPE_META = ("apiVersion", "kind", "metadata")

encode_json = msgspec.json.Encoder().encode
decode_json = msgspec.json.Decoder().decode


def clone(value: Any) -> Any:
    """A deep copy of a JSON value."""
    return decode_json(encode_json(value))


def link(definitions: dict[str, Schema]) -> dict[str, Schema]:
    """Put the definition in place of each `$ref`, so that a walk needs no look-up.

    Properties are shared, and cyclic where the types are (JSONSchemaProps).
    """

    def resolve(schema: Schema) -> Schema:
        for key in ("items", "additionalProperties"):
            if isinstance(schema.get(key), dict):
                schema[key] = resolve(schema[key])
        if "$ref" in schema:
            return {**definitions[schema["$ref"]], **schema}
        return schema

    for definition in definitions.values():
        properties = definition.get("properties", {})
        for field, sub in properties.items():
            properties[field] = resolve(sub)
    return definitions


def child_path(path: str, key: str) -> str:
    """The path of a field as the API writes it: `spec.rules`."""
    return f"{path}.{key}" if path else key


def child_schema(schema: Schema, key: str) -> Schema | None:
    """The schema of one field of an object; None where the field is not known."""
    sub: Schema | None = schema.get("properties", {}).get(key)
    if sub is not None:
        return sub
    extra = schema.get("additionalProperties")
    if isinstance(extra, dict):
        return extra
    keeps_all = extra is True or schema.get(OPEN) or _is_free(schema)
    return {OPEN: True} if keeps_all else None


def _is_free(schema: Schema) -> bool:
    """Whether nothing at all is said about the content."""
    return "type" not in schema and "properties" not in schema


def prune(value: Any, schema: Schema, *, native: bool, path: str = "") -> list[str]:
    """Remove what the schema does not know, in place; return the paths of what was removed."""
    unknown: list[str] = []
    if isinstance(value, list) and isinstance(schema.get("items"), dict):
        for index, item in enumerate(value):
            if item is None and native:
                value[index] = _zero(schema["items"])
            unknown += prune(value[index], schema["items"], native=native, path=f"{path}[{index}]")
    if not isinstance(value, dict) or (native and not _FIELD_KEYWORDS & schema.keys()):
        return unknown
    for key in list(value):
        sub = child_schema(schema, key)
        if sub is None and schema.get(EMBEDDED) and key in TYPE_META:
            continue
        if sub is None:
            unknown.append(child_path(path, key))
            del value[key]
            continue
        unknown += prune(value[key], sub, native=native, path=child_path(path, key))
        if native and _vanishes(key, value[key], schema, sub):
            del value[key]
    return unknown


def _zero(schema: Schema) -> Any:
    """What Go makes of a null in a list."""
    zeros = {"string": "", "integer": 0, "number": 0, "boolean": False, "array": []}
    return zeros.get(schema.get("type", ""), {})


def _vanishes(key: str, value: Any, schema: Schema, sub: Schema) -> bool:
    """Whether Go's decoding and encoding would drop the field: null, or an empty optional list or
    map.
    """
    if value is None:
        return True
    if value not in ([], {}) or key in schema.get("required", ()):
        return False
    return sub.get("type") == "array" or "additionalProperties" in sub


def fill_defaults(value: Any, schema: Schema) -> None:
    """Set the schema's defaults in place, outermost first; a null that may not be one is absent."""
    if isinstance(value, list):
        for item in value:
            fill_defaults(item, schema.get("items") or {})
    if not isinstance(value, dict):
        return
    for key, sub in schema.get("properties", {}).items():
        if key in value and value[key] is None and not sub.get("nullable"):
            del value[key]
        if key not in value and "default" in sub:
            value[key] = clone(sub["default"])
        if key in value:
            fill_defaults(value[key], sub)
    extra = schema.get("additionalProperties")
    if isinstance(extra, dict):
        for key in value.keys() - schema.get("properties", {}).keys():
            fill_defaults(value[key], extra)
