"""What the in-memory Kubernetes API makes of manifests and of patches."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

import msgspec

from alb_controller.objects.core import KubeObject
from alb_controller.objects.notes import OURS

T = TypeVar("T", bound=KubeObject)


def applied(obj: T, known: T) -> T:
    """Uid, finalizers, status and our own annotations are not in users' manifests."""
    meta, before = obj.metadata, known.metadata
    ours = {key: text for key, text in before.annotations.items() if key in OURS}
    meta = msgspec.structs.replace(
        before, annotations={**meta.annotations, **ours}, labels=meta.labels
    )
    fields: dict[str, Any] = {"metadata": meta}
    if hasattr(known, "status"):
        fields["status"] = known.status
    return generation(msgspec.structs.replace(obj, **fields), known)


def generation(obj: T, before: T) -> T:
    """It counts the changes of the spec."""
    is_same = getattr(obj, "spec", None) == getattr(before, "spec", None)
    number = before.metadata.generation + (0 if is_same else 1)
    meta = msgspec.structs.replace(obj.metadata, generation=number)
    return msgspec.structs.replace(obj, metadata=meta)


def merged(now: Any, patch: Any, by_key: Mapping[str, str]) -> Any:
    """A JSON merge patch (RFC 7386).

    A strategic one has lists that are merged by a key of their items: field -> key.
    """
    if not isinstance(patch, dict):
        return patch
    kept = dict(now) if isinstance(now, dict) else {}
    for field, value in patch.items():
        if value is None:
            kept.pop(field, None)
        elif field in by_key:
            kept[field] = _merged_list(kept.get(field) or [], value, by_key[field])
        else:
            kept[field] = merged(kept.get(field), value, by_key)
    return kept


def _merged_list(now: list[Any], patch: list[Any], key: str) -> list[Any]:
    """Items of a new key come last; those of a known one are merged."""
    kept = {item[key]: item for item in now}
    for item in patch:
        kept[item[key]] = merged(kept.get(item[key]), item, {})
    return list(kept.values())
