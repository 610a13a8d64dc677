"""An in-memory Kubernetes API that behaves, and what a process that watches it knows of it.

It keeps versions, generations and finalizers as the API server does, and refuses what that
refuses. Source: the Kubernetes API conventions (metadata, patches, finalizers).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Literal, TypeVar, cast

import msgspec

from alb_controller.errors import KubeError, ObjectExists, ObjectMissing, Stale
from alb_controller.objects.core import KubeObject
from alb_controller.objects.kinds import Kind
from alb_controller.values import ObjectRef
from tests.factories import BORN, cluster
from tests.world_live import Live
from tests.world_patches import applied, generation, merged

T = TypeVar("T", bound=KubeObject)


class RecordedEvent(msgspec.Struct, frozen=True):
    """An event that users can read."""

    name: str
    """Of the object that it is about."""
    type: Literal["Normal", "Warning"]
    reason: str
    message: str
    component: str = ""


class Kube:
    """Implements `objects.writer.ObjectWriter`; `put` and `remove` are what users do."""

    def __init__(self) -> None:
        self.stores = cluster()
        self.watched = {store.kind.struct for store in self.stores}
        self.unseen: dict[tuple[type[KubeObject], str, str], KubeObject] = {}
        """What the API has and no store shows: ConfigMaps, and what the informers have lost."""
        self.live = Live(self)
        self.writes: list[str] = []
        """What was asked for: the verb and the object's name."""
        self.events: list[RecordedEvent] = []
        self.on_write: list[Callable[[], None]] = []
        """Called after every write that took effect."""
        self._refusals: dict[str, list[KubeError]] = {}
        self.denied: dict[tuple[str, str], KubeError] = {}
        """By verb and name: the answer to each such write."""
        self.denials: list[str] = []
        """The writes that were answered so."""
        self._recorded: set[tuple[str, ...]] = set()
        self._version = 0

    # ---- users

    def put(self, *objects: KubeObject) -> None:
        """Apply manifests: what the controller has added to the objects stays on them."""
        for obj in objects:
            known = self.get(type(obj), *obj.key)
            self._keep(self._born(obj) if known is None else applied(obj, known))

    def replace(self, *objects: KubeObject) -> None:
        """Write whole objects, their status too, as other controllers and kubelets do."""
        for obj in objects:
            self._keep(obj)

    def remove(self, kind: type[KubeObject], name: str, namespace: str = "shop") -> None:
        """Delete an object; it stays while it has finalizers."""
        known = self.get(kind, namespace, name)
        assert known is not None
        self._end(known)

    def lose(self, obj: KubeObject) -> None:
        """The informers take an object for deleted, which the API still has."""
        self.stores.of(type(obj)).delete(obj)
        self.unseen[(type(obj), *obj.key)] = obj

    def get(self, kind: type[T], namespace: str, name: str) -> T | None:
        """An object as the API has it."""
        known = self.unseen.get((kind, namespace, name))
        if known is None and kind in self.watched:
            store, key = self.stores.of(kind), (namespace, name)
            unreadable = (item.obj for item in store.unreadable() if item.obj.key == key)
            known = store.known(key) or next(unreadable, None)
        return cast("T | None", known)

    def warnings(self, name: str) -> list[str]:
        """What the Warnings about an object say."""
        return [one.message for one in self.events if (one.name, one.type) == (name, "Warning")]

    def refuse(self, verb: str, *errors: KubeError) -> None:
        """Answer the next writes of a verb with these errors."""
        self._refusals.setdefault(verb, []).extend(errors)

    def _check(self, verb: str, name: str) -> None:
        error = self.denied.get((verb, name))
        if error is not None:
            self.denials.append(f"{verb} {name}")
            raise error

    # ---- the controller

    def add_finalizer(self, kind: Kind, obj: T, finalizer: str) -> T:
        now = self._same(kind, obj)
        if finalizer in now.metadata.finalizers:
            return now
        finalizers = [*now.metadata.finalizers, finalizer]
        return self._changed("hold", now, {"metadata": {"finalizers": finalizers}})

    def remove_finalizer(self, kind: Kind, obj: KubeObject, finalizer: str) -> None:
        now = self.get(kind.struct, *obj.key)
        if now is None or finalizer not in now.metadata.finalizers:
            return
        finalizers = [one for one in now.metadata.finalizers if one != finalizer]
        self._changed("let go", now, {"metadata": {"finalizers": finalizers}})

    def patch_status(
        self,
        kind: Kind,
        obj: T,
        status_patch: dict[str, Any],
        *,
        is_strategic: bool = False,
        is_exact: bool = False,
    ) -> T:
        if is_strategic and "." in kind.group:
            raise KubeError(415, "UnsupportedMediaType", f"{kind.name} has no strategic patch")
        now = self._same(kind, obj)
        if is_exact and now.metadata.resource_version != obj.metadata.resource_version:
            raise Stale(409, "Conflict", f"{obj.metadata.name} has changed")
        by_key = {"conditions": "type"} if is_strategic else {}
        return self._changed("status", now, {"status": status_patch}, by_key)

    def create(self, kind: Kind, body: dict[str, Any]) -> KubeObject:
        if self._refusals.get("create"):
            raise self._refusals["create"].pop(0)
        made = msgspec.convert(body, kind.struct)
        self._check("create", made.metadata.name)
        if self.get(kind.struct, *made.key) is not None:
            raise ObjectExists(409, "AlreadyExists", made.metadata.name)
        return self._written("create", self._born(made))

    def delete(self, kind: Kind, obj: KubeObject) -> None:
        now = self.get(kind.struct, *obj.key)
        if now is not None and now.metadata.uid == obj.metadata.uid:
            self._check("delete", obj.metadata.name)
            self.writes.append(f"delete {obj.metadata.name}")
            self._end(now)
            self._report()

    def merge_patch(
        self,
        kind: Kind,
        namespace: str,
        name: str,
        body: dict[str, Any],
        *,
        resource_version: str | None = None,
    ) -> KubeObject:
        now = self.get(kind.struct, namespace, name)
        if now is None:
            raise ObjectMissing(404, "NotFound", name)
        if body.get("metadata", {}).get("uid", now.metadata.uid) != now.metadata.uid:
            raise Stale(409, "Conflict", f"{name} is another object")
        if resource_version not in (None, now.metadata.resource_version):
            raise Stale(409, "Conflict", f"{name} has changed")
        return self._changed("patch", now, body)

    def record_event(
        self,
        ref: ObjectRef,
        *,
        type: Literal["Normal", "Warning"],  # noqa: A002  # the Writer's word
        reason: str,
        message: str,
        component: str,
        fingerprint: str = "",
    ) -> None:
        """Once for each state of the object that users have made."""
        event = (ref.kind, ref.path, component, reason, message, fingerprint)
        if event not in self._recorded:
            self._recorded.add(event)
            self.events.append(RecordedEvent(ref.name, type, reason, message, component))

    # ---- the server

    def _same(self, kind: Kind, obj: T) -> T:
        now = self.get(kind.struct, *obj.key)
        if now is None or now.metadata.uid != obj.metadata.uid:
            raise ObjectMissing(404, "NotFound", obj.metadata.name)
        return cast("T", now)

    def _changed(
        self, verb: str, now: T, patch: dict[str, Any], by_key: Mapping[str, str] | None = None
    ) -> T:
        self._check(verb, now.metadata.name)
        new = merged(msgspec.to_builtins(now), patch, by_key or {})
        return self._written(verb, generation(msgspec.convert(new, type(now)), now))

    def _end(self, obj: KubeObject) -> None:
        meta = msgspec.structs.replace(obj.metadata, deletion_timestamp=BORN)
        self._drop_if_released(self._keep(msgspec.structs.replace(obj, metadata=meta)))

    def _written(self, verb: str, obj: T) -> T:
        self.writes.append(f"{verb} {obj.metadata.name}")
        kept = self._keep(obj)
        self._drop_if_released(kept)
        self._report()
        return kept

    def _report(self) -> None:
        for watch in self.on_write:
            watch()

    def _born(self, obj: T) -> T:
        """No two objects have one uid, whatever their names."""
        born = obj.metadata.creation_timestamp or BORN
        meta = msgspec.structs.replace(
            obj.metadata, uid=f"uid-{self._version}", generation=1, creation_timestamp=born
        )
        return msgspec.structs.replace(obj, metadata=meta)

    def _keep(self, obj: T) -> T:
        self._version += 1
        meta = msgspec.structs.replace(obj.metadata, resource_version=str(self._version))
        kept = msgspec.structs.replace(obj, metadata=meta)
        place = (type(obj), *obj.key)
        if place in self.unseen or type(obj) not in self.watched:
            self.unseen[place] = kept
        else:
            self.stores.of(type(obj)).upsert(kept)
        return kept

    def _drop_if_released(self, obj: KubeObject) -> None:
        """What is being deleted goes with its last finalizer."""
        if not obj.is_deleting or obj.metadata.finalizers:
            return
        if self.unseen.pop((type(obj), *obj.key), None) is None:
            self.stores.of(type(obj)).delete(obj)
