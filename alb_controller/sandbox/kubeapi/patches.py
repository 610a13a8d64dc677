"""The three patches that carry changes: JSON (RFC 6902), merge (RFC 7386) and strategic merge.

Source of the last: Kubernetes docs, "Update API Objects in Place Using kubectl patch";
sig-api-machinery, strategic-merge-patch.md. Each function returns a new object and leaves its
arguments alone.
"""

from __future__ import annotations

from typing import Any

import jsonpatch

from alb_controller.sandbox.kubeapi.schemas import Json, Schema, child_schema, clone
from alb_controller.sandbox.kubeapi.statuses import bad_request, rejected_patch

_DIRECTIVE = "$patch"
_DELETE_ITEMS = "$deleteFromPrimitiveList/"
_ORDER = "$setElementOrder/"
_RETAIN = "$retainKeys"


def apply_json_patch(current: Json, operations: Any) -> Any:
    """RFC 6902. Raises 422 if a path or a test does not hold, 400 if it is no list."""
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
            order = patch.get(_ORDER + key)
            merged[key] = _merge_field(merged.get(key), value, sub, order)
    return merged


def _merge_field(current: Any, patch: Any, schema: Schema, order: list[Any] | None) -> Any:
    if not isinstance(patch, list):
        return merge_strategically(current, patch, schema)
    merges = "merge" in schema.get("x-kubernetes-patch-strategy", "")
    if not merges or not isinstance(current, list):
        return _without_directives(patch)
    key = schema.get("x-kubernetes-patch-merge-key")
    if any(isinstance(item, dict) and item.get(_DIRECTIVE) == "replace" for item in patch):
        return _without_directives(patch)
    if key is None:
        merged = [*current, *(item for item in patch if item not in current)]
    else:
        merged = _merge_items(current, patch, key, schema.get("items", {}))
    named = [_identity(item, key) for item in (patch if order is None else order)]
    return _arrange(merged, named, [_identity(item, key) for item in current], key)


def _without_directives(items: list[Any]) -> list[Any]:
    return [item for item in clone(items) if not (isinstance(item, dict) and _DIRECTIVE in item)]


def _identity(item: Any, key: str | None) -> Any:
    return item.get(key) if key and isinstance(item, dict) else item


def _merge_items(current: list[Any], patch: list[Any], key: str, schema: Schema) -> list[Any]:
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


def _arrange(merged: list[Any], named: list[Any], before: list[Any], key: str | None) -> list[Any]:
    """The order of a merged list: the named items as named, the others as before.

    A named item that is new goes before the next of the others; so new items come first.
    """
    left = [item for item in merged if _identity(item, key) in named]
    left.sort(key=lambda item: named.index(_identity(item, key)))
    right = [item for item in merged if _identity(item, key) not in named]
    arranged: list[Any] = []
    while left and right:
        mine, other = (_identity(items[0], key) for items in (left, right))
        first = mine not in before or before.index(mine) < before.index(other)
        arranged.append((left if first else right).pop(0))
    return [*arranged, *left, *right]
