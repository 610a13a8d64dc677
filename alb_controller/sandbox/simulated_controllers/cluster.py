"""The cluster as the controllers of this package see it: reads, and small writes to one object."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, NamedTuple

from alb_controller.sandbox.kubeapi import (
    DeleteOptions,
    ResourceApi,
    StatusError,
    Target,
    WriteOptions,
)

Json = dict[str, Any]
MERGE = "application/merge-patch+json"
MANAGER = WriteOptions(field_manager="cluster-life")


class Key(NamedTuple):
    """Which object is to be looked at."""

    kind: str
    namespace: str
    name: str


def key_of(obj: Json) -> Key:
    """The key of an object."""
    return Key(obj["kind"], obj["metadata"].get("namespace", ""), obj["metadata"]["name"])


class Cluster:
    """What the controllers need of the API."""

    def __init__(self, api: ResourceApi) -> None:
        self.api = api
        self.lock = api.store.lock

    def get(self, key: Key) -> Json | None:
        """The object as it is; not to be changed."""
        target = self._target(key)
        return self.api.store.get(target.kind.resource, target.key)

    def objects(self, kind: str, namespace: str | None = None) -> list[Json]:
        """Objects of a kind, oldest first; not to be changed."""
        found = self.api.store.values(self.api.registry.named(kind).resource)
        return sorted(
            (o for o in found if namespace in (None, o["metadata"].get("namespace"))),
            key=lambda o: (o["metadata"]["creationTimestamp"], o["metadata"]["name"]),
        )

    def owned(self, kind: str, owner: Json) -> list[Json]:
        """Objects of a kind whose controller is the owner."""
        uid, namespace = owner["metadata"]["uid"], owner["metadata"].get("namespace")
        return [o for o in self.objects(kind, namespace) if controller_of(o).get("uid") == uid]

    def create(self, body: Json, namespace: str | None) -> Json:
        """Create an object."""
        kind = self.api.registry.named(body["kind"])
        return self.api.create(kind, body, namespace, MANAGER)

    def merge(self, key: Key, patch: Json, subresource: str = "") -> None:
        """Change an object by a merge patch; an object that is gone is no error."""
        with ignore_gone():
            self.api.patch(self._target(key, subresource), MERGE, patch, MANAGER)

    def change_status(self, key: Key, change: Callable[[Json], Mapping[str, Any]]) -> None:
        """Merge into the status what `change` makes of the object as it is at this moment."""
        with self.lock:
            found = self.get(key)
            if found is not None:
                self.merge(key, {"status": dict(change(found))}, "status")

    def bind(self, pod: Key, node: str) -> None:
        """Put a Pod on a node."""
        target = self._target(pod, "binding")
        self.api.create_subresource(target, {"target": {"name": node}}, MANAGER)

    def delete(self, key: Key, *, grace_seconds: int | None = None) -> None:
        """Delete an object, in the background; one that is gone is no error."""
        with ignore_gone():
            options = DeleteOptions(
                grace_period_seconds=grace_seconds,
                propagation="Background",
            )
            self.api.delete(self._target(key), options)

    def _target(self, key: Key, subresource: str = "") -> Target:
        return self.api.target(key.kind, key.name, key.namespace or None, subresource)


@contextlib.contextmanager
def ignore_gone() -> Iterator[None]:
    """An object that is gone cannot be changed, and need not be."""
    try:
        yield
    except StatusError as error:
        if error.code != 404:
            raise


def controller_of(obj: Json) -> Json:
    """The owner reference of the object's controller; empty without one."""
    owners = obj["metadata"].get("ownerReferences", ())
    return next((owner for owner in owners if owner.get("controller")), {})


def owner_reference(owner: Json) -> Json:
    """The owner reference that makes `owner` the controller of an object."""
    return {
        "apiVersion": owner["apiVersion"],
        "kind": owner["kind"],
        "name": owner["metadata"]["name"],
        "uid": owner["metadata"]["uid"],
        "controller": True,
        "blockOwnerDeletion": True,
    }


def is_leaving(obj: Json) -> bool:
    """Whether its deletion was asked for."""
    return "deletionTimestamp" in obj["metadata"]


def condition_of(obj: Json, name: str) -> Json:
    """A condition of the status; empty without it."""
    found = obj.get("status", {}).get("conditions") or ()
    return next((condition for condition in found if condition["type"] == name), {})


def is_true(obj: Json, name: str) -> bool:
    """Whether a condition holds."""
    return condition_of(obj, name).get("status") == "True"


def condition(obj: Json, name: str, *, holds: bool, reason: str = "", message: str = "") -> Json:
    """A condition for the status; its time moves when its status does."""
    status, before = str(holds), condition_of(obj, name)
    same = before.get("status") == status
    made = {
        "type": name,
        "status": status,
        "lastTransitionTime": before.get("lastTransitionTime") if same else now(),
    }
    if reason:
        made["reason"] = reason
    if message:
        made["message"] = message
    return made


def with_conditions(obj: Json, *conditions: Json) -> list[Json]:
    """The conditions of the status with these put in; those of others stay."""
    names = {made["type"] for made in conditions}
    others = [c for c in obj.get("status", {}).get("conditions") or () if c["type"] not in names]
    return [*others, *conditions]


def now() -> str:
    """A time as Kubernetes writes it."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
