"""Writes to the cluster: leader only, guarded against races, and seen by our own reads at once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal, TypeVar, cast

from alb_controller.errors import KubeError, ObjectMissing, Stale
from alb_controller.kube.client import MERGE_PATCH, STRATEGIC_MERGE_PATCH, KubeClient
from alb_controller.kube.events import EventRecorder, Notice
from alb_controller.kube.live import LiveReads, whole
from alb_controller.kube.store import Stores
from alb_controller.objects.core import KubeObject
from alb_controller.objects.kinds import Kind
from alb_controller.objects.reading import Reading, Unreadable, read_object
from alb_controller.objects.trimming import trim
from alb_controller.values import ObjectRef

T = TypeVar("T", bound=KubeObject)

STALE_RETRIES = 5
"""Others write to the same objects; so often in a row they do not."""


class Writer:
    """Sends changes; every response goes into the store, so the next read sees the write.

    `may_write` is called right before each request and raises NotLeading to prevent it.
    """

    def __init__(
        self,
        client: KubeClient,
        stores: Stores,
        may_write: Callable[[], None],
        events: EventRecorder,
    ) -> None:
        self._client, self._stores, self._may_write = client, stores, may_write
        self._live = LiveReads(client)
        self._events = events

    def add_finalizer(self, kind: Kind, obj: T, finalizer: str) -> T:
        """The object with the finalizer; sends nothing if it is there already.

        Raises ObjectMissing where the object is gone or another has its name.
        """
        return self._set_finalizer(kind, obj, finalizer, wanted=True)

    def remove_finalizer(self, kind: Kind, obj: KubeObject, finalizer: str) -> None:
        """Take the finalizer away; an object that is gone is fine."""
        try:
            left = self._set_finalizer(kind, obj, finalizer, wanted=False)
        except ObjectMissing:
            self._forget(kind, obj)
            return
        if left.is_deleting and not left.metadata.finalizers:
            self._forget(kind, left)

    def patch_status(
        self,
        kind: Kind,
        obj: T,
        status_patch: dict[str, Any],
        *,
        is_strategic: bool = False,
        is_exact: bool = False,
    ) -> T:
        """Merge a patch into the status of exactly this object, or of this version of it alone.

        A merge patch replaces lists; `is_strategic` merges those of built-in kinds by key, such
        as a Pod's conditions by type, so that others' entries stay.
        Raises ObjectMissing where the object is gone or another has its name, Stale where it has
        changed and `is_exact`.
        """
        content_type = STRATEGIC_MERGE_PATCH if is_strategic else MERGE_PATCH
        version = {"resourceVersion": obj.metadata.resource_version} if is_exact else {}
        body = {"metadata": {**_precondition(obj), **version}, "status": status_patch}
        path = kind.path(*obj.key) + "/status"
        try:
            return cast("T", self._send(kind, "PATCH", path, body=body, content_type=content_type))
        except KubeError as error:
            if error.status in {409, 422} and "uid" in error.message.lower():
                raise _replaced(kind, obj) from error
            raise

    def create(self, kind: Kind, body: dict[str, Any]) -> KubeObject:
        """Create an object in the namespace that its metadata names.

        Raises ObjectExists where the name is taken.
        """
        body = {"apiVersion": kind.api_version, "kind": kind.name, **body}
        path = kind.path(body["metadata"].get("namespace", ""))
        return self._send(kind, "POST", path, body=body)

    def merge_patch(
        self,
        kind: Kind,
        namespace: str,
        name: str,
        body: dict[str, Any],
        *,
        resource_version: str | None = None,
    ) -> KubeObject:
        """Merge a patch into an object; with a version, only if it is still that one.

        Raises Stale where it is not, ObjectMissing where there is no such object.
        """
        if resource_version is not None:
            metadata = {**body.get("metadata", {}), "resourceVersion": resource_version}
            body = {**body, "metadata": metadata}
        path = kind.path(namespace, name)
        return self._send(kind, "PATCH", path, body=body, content_type=MERGE_PATCH)

    def delete(self, kind: Kind, obj: KubeObject) -> None:
        """Delete exactly this object; one that is gone, or has a successor, is fine."""
        options: dict[str, Any] = {"kind": "DeleteOptions", "apiVersion": "v1"}
        if obj.metadata.uid:
            options |= {"preconditions": {"uid": obj.metadata.uid}}
        self._may_write()
        try:
            data = self._client.request("DELETE", kind.path(*obj.key), body=options)
        except (ObjectMissing, Stale):  # Stale: the uid is another's
            self._forget(kind, obj)
            return
        # an object where finalizers hold it, else it or a Status
        answer = read_object(data, KubeObject)
        if isinstance(answer, Unreadable):
            return  # the watch brings what became of it
        if not answer.value.metadata.finalizers:
            self._forget(kind, obj)
        elif isinstance(left := read_object(data, kind.struct), Reading):
            self._keep(kind, trim(left.value))

    def record_event(
        self,
        ref: ObjectRef,
        *,
        type: Literal["Normal", "Warning"],  # noqa: A002  # the field's name in Event
        reason: str,
        message: str,
        component: str,
        fingerprint: str = "",
    ) -> None:
        """Report something about an object, once; best effort, never waits, never raises.

        The same (uid, reason, message, fingerprint) is reported again only when the cluster has
        forgotten it.
        """
        self._events.record(
            ref, Notice(type, reason, message, component=component, fingerprint=fingerprint)
        )

    def _set_finalizer(self, kind: Kind, obj: T, finalizer: str, *, wanted: bool) -> T:
        current = self._newest(kind, obj)
        for _ in range(STALE_RETRIES):
            present = current.metadata.finalizers
            if (finalizer in present) == wanted:
                return current
            finalizers = [*present, finalizer] if wanted else [f for f in present if f != finalizer]
            try:
                return cast(
                    "T",
                    self.merge_patch(
                        kind,
                        *current.key,
                        {"metadata": {"finalizers": finalizers}},
                        resource_version=current.metadata.resource_version,
                    ),
                )
            except Stale:
                current = self._read_again(kind, obj)
        raise Stale(409, "Conflict", f"{kind.name} {'/'.join(obj.key)} keeps changing")

    def _newest(self, kind: Kind, obj: T) -> T:
        """What we know of the same object by now."""
        store = self._stores.find(kind)
        known = store.known(obj.key) if store is not None else None
        return known if known is not None and known.metadata.uid == obj.metadata.uid else obj

    def _read_again(self, kind: Kind, obj: T) -> T:
        """The object's newest version; ObjectMissing if the name is now another object's."""
        found = self._live.get(kind, *obj.key)
        if found is None:
            raise ObjectMissing(404, "NotFound", f"{kind.name} {'/'.join(obj.key)} is gone")
        current = trim(found)
        self._keep(kind, current)
        if current.metadata.uid != obj.metadata.uid:
            raise _replaced(kind, obj)
        return cast("T", current)

    def _send(self, kind: Kind, method: str, path: str, **options: Any) -> KubeObject:
        self._may_write()
        obj = _decode(kind, self._client.request(method, path, **options))
        self._keep(kind, obj)
        return obj

    def _keep(self, kind: Kind, obj: KubeObject) -> None:
        if (store := self._stores.find(kind)) is not None:
            store.upsert(obj)

    def _forget(self, kind: Kind, obj: KubeObject) -> None:
        if (store := self._stores.find(kind)) is not None:
            store.delete(obj)


def _decode(kind: Kind, data: bytes) -> KubeObject:
    return trim(whole(data, kind))


def _precondition(obj: KubeObject) -> dict[str, str]:
    """In a patch, a uid that is not the object's is refused (with 409 or 422)."""
    return {"uid": obj.metadata.uid} if obj.metadata.uid else {}


def _replaced(kind: Kind, obj: KubeObject) -> ObjectMissing:
    return ObjectMissing(404, "Replaced", f"{kind.name} {'/'.join(obj.key)} is another one now")
