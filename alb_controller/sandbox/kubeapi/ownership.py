"""Server-side apply, with simplified ownership.

As on a real server: each manager that applies owns the fields it named; fields it no longer names
are removed unless another manager owns them; a value that another manager applied is a conflict
unless forced. Simplified: writers that do not apply (create, update, the other patches) own
nothing, and take nothing away from those that do. So conflicts arise between appliers only.
Source: Kubernetes docs, "Server-Side Apply".

A field set is the JSON of `fieldsV1`: `f:name` for fields, `k:{...}` for items of keyed lists,
`v:...` for members of sets, `{}` for a field owned whole.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from alb_controller.sandbox.kubeapi.schemas import Json, Schema, child_schema, clone
from alb_controller.sandbox.kubeapi.statuses import StatusError

FieldSet = dict[str, Any]
_UNOWNED = ("apiVersion", "kind")
_UNOWNED_METADATA = (
    "name",
    "namespace",
    "uid",
    "resourceVersion",
    "generation",
    "creationTimestamp",
    "managedFields",
    "generateName",
)


def _is_atomic(value: Any, schema: Schema) -> bool:
    """Whether the value is owned whole."""
    if isinstance(value, dict):
        return not value or bool(schema.get("x-kubernetes-map-type") == "atomic")
    if isinstance(value, list):
        return bool(schema.get("x-kubernetes-list-type", "atomic") == "atomic")
    return True


def _item_key(item: Any, schema: Schema) -> str:
    """How a list item is named in a field set, and found again in the live list."""
    keys = schema.get("x-kubernetes-list-map-keys")
    if not keys or not isinstance(item, dict):
        return "v:" + json.dumps(item, separators=(",", ":"))
    defaults = schema.get("items", {}).get("properties", {})
    values = {key: item.get(key, defaults.get(key, {}).get("default")) for key in sorted(keys)}
    return "k:" + json.dumps(values, separators=(",", ":"))


def fields_of(applied: Json, schema: Schema) -> FieldSet:
    """The field set of an applied object."""
    body = {key: value for key, value in applied.items() if key not in _UNOWNED}
    metadata = body.get("metadata", {})
    body["metadata"] = {key: v for key, v in metadata.items() if key not in _UNOWNED_METADATA}
    if not body["metadata"]:
        del body["metadata"]
    return _fields(body, schema)


def _fields(value: Any, schema: Schema) -> FieldSet:
    if _is_atomic(value, schema):
        return {}
    if isinstance(value, dict):
        return {
            f"f:{key}": _fields(item, child_schema(schema, key) or {})
            for key, item in value.items()
        }
    items = schema.get("items", {})
    return {_item_key(item, schema): {".": {}, **_fields(item, items)} for item in value}


def _paths(fields: FieldSet, prefix: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """The leaves of a field set."""
    for key, sub in fields.items():
        if sub:
            yield from _paths(sub, (*prefix, key))
        else:
            yield prefix if key == "." else (*prefix, key)


def _merge_applied(live: Any, applied: Any, schema: Schema) -> Any:
    if _is_atomic(applied, schema) and applied != {}:
        return clone(applied)
    if isinstance(applied, dict):
        merged = dict(live) if isinstance(live, dict) else {}
        for key, value in applied.items():
            merged[key] = _merge_applied(merged.get(key), value, child_schema(schema, key) or {})
        return merged
    merged_list = list(live) if isinstance(live, list) else []
    places = {_item_key(item, schema): index for index, item in enumerate(merged_list)}
    for item in applied:
        place = places.get(_item_key(item, schema))
        if place is None:
            merged_list.append(clone(item))
        else:
            merged_list[place] = _merge_applied(merged_list[place], item, schema.get("items", {}))
    return merged_list


def _value_at(value: Any, path: tuple[str, ...], schema: Schema) -> Any:
    """The value a path leads to; None where it leads nowhere."""
    for part in path:
        if part.startswith("f:") and isinstance(value, dict):
            value, schema = value.get(part[2:]), child_schema(schema, part[2:]) or {}
        elif isinstance(value, list):
            list_schema, schema = schema, schema.get("items", {})
            value = next((item for item in value if _item_key(item, list_schema) == part), None)
        else:
            return None
    return value


def _remove_path(value: Any, path: tuple[str, ...], schema: Schema) -> None:
    """Remove the field or item that the path names, and the containers that it leaves empty."""
    head, rest = path[0], path[1:]
    if head.startswith("f:"):
        name = head[2:]
        if not isinstance(value, dict) or name not in value:
            return
        if rest:
            _remove_path(value[name], rest, child_schema(schema, name) or {})
        if not rest or value[name] in ({}, []):
            del value[name]
    elif isinstance(value, list):
        for index, item in enumerate(value):
            if _item_key(item, schema) == head:
                if rest:
                    _remove_path(item, rest, schema.get("items", {}))
                else:
                    del value[index]
                return


def apply_fields(
    live: Json | None, applied: Json, schema: Schema, *, entry: Json, force: bool
) -> Json:
    """The object after `entry`'s manager has applied `applied` to it.

    `entry` is the manager's line in managedFields without its fields. Raises 409 with a cause for
    each conflict.
    """
    current: Json = clone(live) if live else {}
    managed = current.get("metadata", {}).pop("managedFields", [])
    identity = ("manager", "operation", "subresource")
    own = next((e for e in managed if all(e.get(k) == entry.get(k) for k in identity)), None)
    others = [clone(other) for other in managed if other is not own]
    fields = fields_of(applied, schema)
    taken = _conflicts(current, applied, schema, others, fields)
    if taken and not force:
        raise _conflict_error(taken)
    for other, paths in taken:
        for path in paths:
            _remove_field(other["fieldsV1"], path)
    kept = {path for other in others for path in _paths(other.get("fieldsV1", {}))}
    wanted = set(_paths(fields))
    dropped = (
        [p for p in _paths(own["fieldsV1"]) if p not in wanted and p not in kept] if own else []
    )
    merged: Json = _merge_applied(current, applied, schema)
    for path in sorted(dropped, key=len):
        if path and not any(other[: len(path)] == path for other in wanted | kept):
            _remove_path(merged, path, schema)
    others = [other for other in others if other.get("fieldsV1")]
    merged["metadata"]["managedFields"] = [
        *others,
        {**entry, "fieldsType": "FieldsV1", "fieldsV1": fields},
    ]
    return merged


_Taken = list[tuple[Json, list[tuple[str, ...]]]]


def _conflicts(
    current: Json, applied: Json, schema: Schema, others: list[Json], fields: FieldSet
) -> _Taken:
    """The fields that other managers own and this apply would change."""
    wanted = {path for path in _paths(fields) if not path[-1].startswith("k:")}
    taken = []
    for other in others:
        shared = sorted(wanted & set(_paths(other.get("fieldsV1", {}))))
        changed = [
            path
            for path in shared
            if _value_at(current, path, schema) != _value_at(applied, path, schema)
        ]
        if changed:
            taken.append((other, changed))
    return taken


def _remove_field(fields: FieldSet, path: tuple[str, ...]) -> None:
    if len(path) > 1 and path[0] in fields:
        _remove_field(fields[path[0]], path[1:])
        if not fields[path[0]]:
            del fields[path[0]]
    else:
        fields.pop(path[0], None)


def _conflict_error(taken: _Taken) -> StatusError:
    """One sentence for one conflict; a list by manager for more."""
    named = [(other["manager"], _written(path)) for other, paths in taken for path in paths]
    causes = [
        {"reason": "FieldManagerConflict", "message": f'conflict with "{name}"', "field": field}
        for name, field in named
    ]
    if len(named) == 1:
        message = f'Apply failed with 1 conflict: conflict with "{named[0][0]}": {named[0][1]}'
    else:
        lines = []
        for manager in sorted({name for name, _ in named}):
            lines.append(f'conflicts with "{manager}":')
            lines += [f"- {field}" for name, field in named if name == manager]
        message = f"Apply failed with {len(named)} conflicts: " + "\n".join(lines)
    return StatusError(409, "Conflict", message, details={"causes": causes})


def _written(path: tuple[str, ...]) -> str:
    """A path as messages show it: `.spec.ports[port=80,protocol="TCP"].name`."""
    parts = []
    for part in path:
        if part.startswith("f:"):
            parts.append("." + part[2:])
        elif part.startswith("k:"):
            keys = json.loads(part[2:])
            parts.append("[" + ",".join(f"{k}={json.dumps(v)}" for k, v in keys.items()) + "]")
        else:
            parts.append(f"[={part[2:]}]")
    return "".join(parts)
