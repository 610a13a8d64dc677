"""What happens to every object just before it is stored: defaults, computed fields, checks,
generation.

Order as in the generic registry of kube-apiserver: rest.BeforeCreate and rest.BeforeUpdate.
"""

from __future__ import annotations

from collections.abc import Iterator

from alb_controller.sandbox.kubeapi.kinds import Kind
from alb_controller.sandbox.kubeapi.rules.names import check_metadata
from alb_controller.sandbox.kubeapi.rules.strategies import strategy_of
from alb_controller.sandbox.kubeapi.rules.validation import check_required
from alb_controller.sandbox.kubeapi.schemas import Json, fill_defaults
from alb_controller.sandbox.kubeapi.statuses import Cause, invalid
from alb_controller.sandbox.kubeapi.writes import Write


def complete(write: Write) -> None:
    """Fill in defaults and computed fields, then check everything. Raises 422."""
    kind, new, strategy = write.kind, write.new, strategy_of(write.kind)
    if not kind.is_custom and "spec" in kind.schema.get("properties", {}):
        new.setdefault("spec", {})  # a struct in Go: it is always there
    fill_defaults(new, kind.schema)
    (strategy.prepare_status if write.subresource == "status" else strategy.prepare)(write)
    causes = [
        *check_metadata(
            new["metadata"],
            strategy.name_rule,
            namespaced=kind.namespaced,
            free_finalizers=strategy.free_finalizers,
        ),
        *_check_content(write),
    ]
    if causes:
        name = new["metadata"].get("name", "")
        raise invalid(kind.qualified, name, list(dict.fromkeys(causes)))


def _check_content(write: Write) -> Iterator[Cause]:
    """The strategy's own checks; then what the schema requires and they did not speak of."""
    kind, strategy = write.kind, strategy_of(write.kind)
    if write.subresource == "status" and not kind.is_custom:
        yield from strategy.check_status(write)
        return
    found = list(strategy.check(write))
    yield from found
    schema = kind.schema.get("properties", {}).get("spec")
    if kind.is_custom or not schema or "spec" not in write.new:
        return
    for cause in check_required(write.new["spec"], schema, "spec"):
        if not any(_covers(other.field, cause.field) for other in found):
            yield cause


def _covers(field: str, other: str) -> bool:
    """Whether one of two fields is the other, or lies in it."""
    return f"{field}.".startswith(f"{other}.") or other.startswith((f"{field}.", f"{field}["))


def moves_generation(kind: Kind) -> bool:
    """Whether objects of the kind count their changes."""
    return kind.is_custom or bool(strategy_of(kind).generation)


def spec_changed(kind: Kind, new: Json, old: Json) -> bool:
    """Whether a field changed that moves metadata.generation."""
    if kind.is_custom:
        left_out = {"metadata", "apiVersion", *(("status",) if kind.has_status else ())}
        parts = [{k: v for k, v in obj.items() if k not in left_out} for obj in (new, old)]
        return parts[0] != parts[1]
    for name in strategy_of(kind).generation:
        of_metadata = name in ("annotations", "labels")
        before, after = (obj["metadata"] if of_metadata else obj for obj in (old, new))
        if before.get(name) != after.get(name):
            return True
    return False


def is_finished(kind: Kind, obj: Json) -> bool:
    """Whether nothing holds a deleted object any more."""
    metadata = obj["metadata"]
    held = metadata.get("finalizers") or metadata.get("deletionGracePeriodSeconds")
    if kind.resource == "namespaces":
        held = held or obj.get("spec", {}).get("finalizers")
    return not held


def without_times(obj: Json) -> Json:
    """The object for the question whether a write changes anything.

    The times of managed fields do not count.
    """
    managed = obj["metadata"].get("managedFields")
    if not managed:
        return obj
    timeless = [{key: value for key, value in entry.items() if key != "time"} for entry in managed]
    return {**obj, "metadata": {**obj["metadata"], "managedFields": timeless}}
