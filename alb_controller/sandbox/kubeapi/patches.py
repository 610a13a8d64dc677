"""The three patches that carry changes: JSON (RFC 6902), merge (RFC 7386) and strategic merge.

Source of the last: Kubernetes docs, "Update API Objects in Place Using kubectl patch";
sig-api-machinery, strategic-merge-patch.md. Each function returns a new object and leaves its
arguments alone.
"""

from typing import Any

import jsonpatch

from .schemas import Json, Schema, child_schema, clone
from .statuses import bad_request, rejected_patch

_DIRECTIVE = "$patch"
_DELETE_ITEMS = "$deleteFromPrimitiveList/"
_ORDER = "$setElementOrder/"
_RETAIN = "$retainKeys"


def apply_json_patch(current: Json, operations: Any) -> Any:
    """RFC 6902. Raises 422 if a path or a test does not hold, 400 if it is no list of operations."""
    if not isinstance(operations, list):
        raise bad_request(
            "json: cannot unmarshal object into Go value of type []handlers.jsonPatchOp"
        )
    try:
        return jsonpatch.apply_patch(current, operations)
    except jsonpatch.JsonPatchException:
        raise rejected_patch() from None
    except jsonpatch.JsonPointerException:
        raise rejected_patch() from None


def merge(current: Any, patch: Any) -> Any:
    """RFC 7386: null removes, objects merge, all else replaces."""
    if not isinstance(patch, dict):
        return clone(patch)
    merged = dict(current) if isinstance(current, dict) else {}
    for key, value in patch.items():
        if value is None:
            merged.pop(key, None)
        else:
            merged[key] = merge(merged.get(key), value)
    return merged


def merge_strategically(current: Any, patch: Any, schema: Schema) -> Any:
    """As `merge`, but lists merge by their key or as sets where the schema says so, and directives
    are obeyed.
    """
    if not isinstance(patch, dict):
        return clone(patch)
    if patch.get(_DIRECTIVE) == "replace":
        return clone({key: value for key, value in patch.items() if key != _DIRECTIVE})
    merged = dict(current) if isinstance(current, dict) else {}
    if _RETAIN in patch:
        merged = {key: value for key, value in merged.items() if key in patch[_RETAIN]}
    for key, value in patch.items():
        if key.startswith(_DELETE_ITEMS):
            name = key.removeprefix(_DELETE_ITEMS)
            merged[name] = [item for item in merged.get(name, ()) if item not in value]
        elif key.startswith("$"):
            continue
        elif value is None or (isinstance(value, dict) and value.get(_DIRECTIVE) == "delete"):
            merged.pop(key, None)
        else:
            sub = child_schema(schema, key) or {}
            merged[key] = _merge_field(merged.get(key), value, sub)
    for key in patch:
        if key.startswith(_ORDER):
            _order(merged, key.removeprefix(_ORDER), patch[key], schema)
    return merged


def _merge_field(current: Any, patch: Any, schema: Schema) -> Any:
    if not isinstance(patch, list):
        return merge_strategically(current, patch, schema)
    if "merge" not in schema.get("x-kubernetes-patch-strategy", "") or not isinstance(
        current, list
    ):
        return _without_directives(patch)
    key = schema.get("x-kubernetes-patch-merge-key")
    if key is None:
        return [*current, *(item for item in patch if item not in current)]
    return _merge_items(current, patch, key, schema.get("items", {}))


def _without_directives(items: list[Any]) -> list[Any]:
    return [item for item in clone(items) if not (isinstance(item, dict) and _DIRECTIVE in item)]


def _merge_items(current: list[Any], patch: list[Any], key: str, schema: Schema) -> list[Any]:
    if any(isinstance(item, dict) and item.get(_DIRECTIVE) == "replace" for item in patch):
        return _without_directives(patch)
    merged = list(current)
    for item in patch:
        if not isinstance(item, dict) or key not in item:
            raise bad_request(f"map: {item!r} does not contain declared merge key: {key}")
        place = next((i for i, old in enumerate(merged) if old.get(key) == item[key]), None)
        if item.get(_DIRECTIVE) == "delete":
            merged = [old for old in merged if old.get(key) != item[key]]
        elif place is None:
            merged.append(merge_strategically({}, item, schema))
        else:
            merged[place] = merge_strategically(merged[place], item, schema)
    return merged


def _order(merged: Json, name: str, order: list[Any], schema: Schema) -> None:
    """Put the list in the order that the patch names; what it does not name stays behind it."""
    key = (child_schema(schema, name) or {}).get("x-kubernetes-patch-merge-key")

    def rank(item: Any) -> int:
        wanted = {key: item.get(key)} if key and isinstance(item, dict) else item
        return order.index(wanted) if wanted in order else len(order)

    if isinstance(merged.get(name), list):
        merged[name] = sorted(merged[name], key=rank)
