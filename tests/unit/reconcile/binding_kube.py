"""The Kubernetes API as the reconciler of bindings sees it: writes, and reads past the cache."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal, TypeVar

import msgspec

from alb_controller.errors import ControllerError, ObjectExists, ObjectMissing, Stale
from alb_controller.objects.core import Condition, ConfigMap, KubeObject, Pod
from alb_controller.objects.elbv2 import TargetGroupBinding, TargetGroupBindingStatus
from alb_controller.objects.kinds import CONFIG_MAP, POD, Kind
from alb_controller.values import ObjectRef
from tests.factories import meta

if TYPE_CHECKING:
    from tests.unit.reconcile.binding_world import World

T = TypeVar("T", bound=KubeObject)


class FakeWriter:
    """Writes into the store, as the API would, and keeps a list of what was written."""

    def __init__(self, world: World) -> None:
        self._world = world
        self.writes: list[str] = []
        self.events: list[tuple[str, str]] = []
        self.event_objects: list[str] = []
        self._posted: set[tuple[str, ...]] = set()

    def add_finalizer(self, kind: Kind, obj: T, finalizer: str) -> T:
        if finalizer in obj.metadata.finalizers:
            return obj
        return self._metadata(kind, obj, "finalizer", finalizers=[finalizer])

    def remove_finalizer(self, kind: Kind, obj: KubeObject, finalizer: str) -> None:
        if finalizer in obj.metadata.finalizers:
            self._metadata(kind, obj, "no finalizer", finalizers=[])
            self._world.remove(obj)

    def patch_status(
        self,
        kind: Kind,
        obj: T,
        status_patch: dict[str, Any],
        *,
        is_strategic: bool = False,
        is_exact: bool = False,
    ) -> T:
        assert not is_exact, "nobody else writes there"
        if kind is POD:
            assert is_strategic, "a merge patch would drop the other conditions"
            return self._patch_pod(obj, status_patch)  # type: ignore[no-any-return]  # a pod
        current = self._world.cluster.get(TargetGroupBinding, *obj.key)
        assert current is not None
        raw = {**msgspec.to_builtins(current.status), **status_patch}
        status = msgspec.convert(raw, TargetGroupBindingStatus)
        return self._keep("status", msgspec.structs.replace(current, status=status))  # type: ignore[return-value]  # a binding

    def _patch_pod(self, obj: KubeObject, status_patch: dict[str, Any]) -> Any:
        """Conditions are merged by type, and only in the very pod that was meant."""
        current = self._world.cluster.get(Pod, *obj.key)
        if current is None or current.metadata.uid != obj.metadata.uid:
            raise ObjectMissing(404, "NotFound", "no such pod")
        new = msgspec.convert(status_patch["conditions"], list[Condition])
        types = {c.type for c in new}
        kept = [c for c in current.status.conditions if c.type not in types]
        status = msgspec.structs.replace(current.status, conditions=[*kept, *new])
        term = f"{current.metadata.name} {new[0].status}"
        return self._keep(term, msgspec.structs.replace(current, status=status))

    def merge_patch(
        self,
        kind: Kind,
        namespace: str,
        name: str,
        body: dict[str, Any],
        *,
        resource_version: str | None = None,
    ) -> KubeObject:
        if kind is CONFIG_MAP:
            return self._patch_map(name, body["data"], resource_version)
        current = self._world.cluster.get(TargetGroupBinding, namespace, name)
        assert current is not None
        annotations = {**current.metadata.annotations, **body["metadata"]["annotations"]}
        return self._metadata(kind, current, "checkpoint", annotations=annotations)

    def create(self, kind: Kind, body: dict[str, Any]) -> KubeObject:
        assert kind is CONFIG_MAP
        name = body["metadata"]["name"]
        if name in self._world.maps:
            raise ObjectExists(409, "AlreadyExists", name)
        return self._store_map(name, body["data"], 1)

    def delete(self, kind: Kind, obj: KubeObject) -> None:
        assert kind is CONFIG_MAP
        self._world.maps.pop(obj.metadata.name, None)

    def _patch_map(self, name: str, data: dict[str, str], version: str | None) -> ConfigMap:
        current = self._world.maps.get(name)
        if current is None:
            raise ObjectMissing(404, "NotFound", name)
        if version != current.metadata.resource_version:
            raise Stale(409, "Conflict", name)
        return self._store_map(name, data, int(version) + 1)

    def _store_map(self, name: str, data: dict[str, str], version: int) -> ConfigMap:
        made = ConfigMap(meta(name, resource_version=str(version)), data)
        self._world.maps[name] = made
        self.writes.append(f"map {data['targets']}")
        return made

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
        reported = (ref.uid, reason, message, fingerprint)
        if reported not in self._posted:
            assert component == "targetGroupBinding"
            assert (type == "Normal") is (reason == "SuccessfullyReconciled")
            self._posted.add(reported)
            self.events.append((reason, message))
            self.event_objects.append(ref.path)

    def taken(self) -> list[str]:
        """Writes and reasons of events since the last look."""
        found = [*self.writes, *(reason for reason, _ in self.events)]
        self.writes.clear()
        self.events.clear()
        return found

    def _metadata(self, _: Kind, obj: T, term: str, **fields: Any) -> T:
        meta = msgspec.structs.replace(obj.metadata, **fields)
        return self._keep(term, msgspec.structs.replace(obj, metadata=meta))

    def _keep(self, term: str, obj: T) -> T:
        self.writes.append(term)
        self._world.put(obj)
        return obj


class FakeLive:
    """What the API has, past the informers: the same, or what a test says they have lost."""

    def __init__(self, world: World) -> None:
        self._world = world
        self.lost: list[KubeObject] = []
        """Objects that the API has and the informers do not."""
        self.reads: list[str] = []
        self.failures: list[ControllerError] = []

    def get(self, kind: Kind, namespace: str, name: str) -> KubeObject | None:
        found = {o.key: o for o in self._all(kind)}
        return found.get((namespace, name))

    def list(
        self, kind: Kind, namespace: str, labels: Mapping[str, str] | None = None
    ) -> Sequence[KubeObject]:
        wanted = (labels or {}).items()
        return [
            obj
            for obj in self._all(kind)
            if obj.metadata.namespace == namespace and wanted <= obj.metadata.labels.items()
        ]

    def _all(self, kind: Kind) -> Sequence[KubeObject]:
        self.reads.append(kind.name)
        if self.failures:
            raise self.failures.pop(0)
        if kind is CONFIG_MAP:
            return list(self._world.maps.values())
        lost = [obj for obj in self.lost if isinstance(obj, kind.struct)]
        return [*self._world.cluster.list(kind.struct), *lost]
