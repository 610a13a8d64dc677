"""One write on its way to the store: reading the body, and the metadata that the server keeps."""

from __future__ import annotations

import random
import uuid
from dataclasses import dataclass, field
from datetime import datetime

from alb_controller.sandbox.kubeapi.kinds import Kind
from alb_controller.sandbox.kubeapi.rules.validation import find_decode_error
from alb_controller.sandbox.kubeapi.schemas import Json, Schema, clone, prune
from alb_controller.sandbox.kubeapi.statuses import (
    StatusError,
    bad_request,
    immutable,
    invalid,
    not_allowed,
)
from alb_controller.sandbox.kubeapi.store import Store

_SUFFIX_LETTERS = "bcdfghjklmnpqrstvwxz2456789"
_SERVER_SET = ("deletionTimestamp", "deletionGracePeriodSeconds", "selfLink", "managedFields")
_KEPT = (
    "uid",
    "creationTimestamp",
    "generation",
    "deletionTimestamp",
    "deletionGracePeriodSeconds",
)
OBJECT_META = "io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta"


@dataclass(slots=True)
class WriteOptions:
    """What the query of a write says. `warnings` is filled for the client."""

    dry_run: bool = False
    field_manager: str = ""
    force: bool = False
    field_validation: str = "Warn"
    warnings: list[str] = field(default_factory=list)


@dataclass(slots=True)
class Write:
    """An object to be written and the stored one it replaces (None for a create).

    `new` is the writer's own copy and may be changed; `old` may not.
    """

    kind: Kind
    new: Json
    old: Json | None
    store: Store
    subresource: str = ""


def timestamp(moment: datetime) -> str:
    """A `metav1.Time`: UTC, whole seconds."""
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def read_object(
    kind: Kind, body: object, options: WriteOptions, definitions: dict[str, Schema]
) -> Json:
    """The body as an object of the kind, a copy, pruned. Raises 400 for what cannot be one."""
    if not isinstance(body, dict):
        raise bad_request(f"the object provided is unrecognized (must be of type {kind.name})")
    new: Json = clone(body)
    found = (str(new.get("apiVersion", kind.api_version)), str(new.get("kind", kind.name)))
    if found != (kind.api_version, kind.name):
        version = found[0].rpartition("/")[2]
        inner = kind.group.partition(".")[0] or "core"
        raise bad_request(
            f'{found[1]} in version "{version}" cannot be handled as a {kind.name}: '
            f"converting ({version}.{found[1]}) to ({inner}.{kind.name}): unknown conversion"
        )
    new |= {"apiVersion": kind.api_version, "kind": kind.name}
    new["metadata"] = new.get("metadata") or {}
    unknown = _prune(kind, new, definitions)
    if unknown and options.field_validation == "Strict":
        listed = ", ".join(f'unknown field "{path}"' for path in unknown)
        raise _cannot_be_handled(kind, f"strict decoding error: {listed}")
    if unknown and options.field_validation == "Warn":
        options.warnings += [f'unknown field "{path}"' for path in unknown]
    return {"kind": kind.name, "apiVersion": kind.api_version, **_without_type(new)}


def _without_type(new: Json) -> Json:
    return {key: value for key, value in new.items() if key not in ("kind", "apiVersion")}


def _prune(kind: Kind, new: Json, definitions: dict[str, Schema]) -> list[str]:
    """Check the types that Go decodes itself, then prune; returns what was unknown."""
    if not kind.is_custom:
        if wrong := find_decode_error(new, kind.schema, kind.name):
            raise _cannot_be_handled(kind, wrong)
        return prune(new, kind.schema, native=True)
    metadata, meta_schema = new.pop("metadata"), definitions[OBJECT_META]
    if wrong := find_decode_error(metadata, meta_schema, "ObjectMeta"):
        raise _cannot_be_handled(kind, wrong)
    types = {key: new.pop(key) for key in ("apiVersion", "kind")}
    unknown = prune(metadata, meta_schema, native=True, path="metadata")
    unknown += prune(new, kind.schema, native=False)
    new |= types | {"metadata": metadata}
    return unknown


def _cannot_be_handled(kind: Kind, why: str) -> StatusError:
    return bad_request(
        f'{kind.name} in version "{kind.version}" cannot be handled as a {kind.name}: {why}'
    )


def other_namespace() -> StatusError:
    """400 to a body that names another namespace than the URL."""
    return bad_request(
        "the namespace of the provided object does not match the namespace sent on the request"
    )


def start_metadata(new: Json, namespace: str | None, now: datetime) -> None:
    """Fill in what a new object gets from the server. Raises 400 if it names another namespace."""
    metadata = new["metadata"]
    if namespace is None:
        metadata.pop("namespace", None)
    elif metadata.setdefault("namespace", namespace) != namespace:
        raise other_namespace()
    if not metadata.get("name") and metadata.get("generateName"):
        suffix = "".join(random.choices(_SUFFIX_LETTERS, k=5))
        metadata["name"] = metadata["generateName"][:58] + suffix
    for name in _SERVER_SET:
        metadata.pop(name, None)
    metadata.pop("resourceVersion", None)
    metadata |= {"uid": str(uuid.uuid4()), "creationTimestamp": timestamp(now)}


def keep_metadata(kind: Kind, new: Json, old: Json) -> None:
    """Take over what an update may not change. Raises 422 for another uid or for new finalizers
    while deleting.
    """
    metadata, before = new["metadata"], old["metadata"]
    name = before["name"]
    if metadata.get("uid", before["uid"]) != before["uid"]:
        raise invalid(kind.qualified, name, [immutable("metadata.uid", metadata["uid"])])
    added = sorted(set(metadata.get("finalizers", ())) - set(before.get("finalizers", ())))
    if before.get("deletionTimestamp") and added:
        why = (
            "no new finalizers can be added if the object is being deleted, found new finalizers "
            f"[]string{{{', '.join(chr(34) + finalizer + chr(34) for finalizer in added)}}}"
        )
        raise invalid(kind.qualified, name, [not_allowed("metadata.finalizers", why)])
    metadata["name"] = name
    metadata.pop("selfLink", None)
    for key in (*_KEPT, "namespace", "generateName", "resourceVersion"):
        metadata.pop(key, None)
        if key in before:
            metadata[key] = before[key]


def keep_other_parts(
    kind: Kind, new: Json, old: Json, subresource: str, *, resets_status: bool
) -> Json:
    """The object with only that part changed which the endpoint writes.

    The status endpoint of a custom kind leaves metadata alone; that of a built-in one does not.
    The main endpoint leaves the status alone where the kind has a status endpoint.
    """
    if subresource == "status":
        taken = {"status": new["status"]} if "status" in new else {}
        base = {key: value for key, value in clone(old).items() if key != "status"}
        metadata = base["metadata"] if kind.is_custom else new["metadata"]
        return {**base, "metadata": metadata, **taken}
    if resets_status:
        new.pop("status", None)
        if "status" in old:
            new["status"] = clone(old["status"])
    return new
