"""Confirms with the Kubernetes API itself that targets are to go, before all of a group's go.

A cache that has lost its objects looks just like a Service without pods; to believe it takes a
whole application off the load balancer.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, TypeAlias, TypeVar

import msgspec

from alb_controller.errors import Invalid, KubeError
from alb_controller.model.elbv2 import Target
from alb_controller.objects.cluster import Cluster
from alb_controller.objects.core import KubeObject, Metadata, Node, Pod, Service
from alb_controller.objects.elbv2 import TargetGroupBinding
from alb_controller.objects.indexes import SERVICE_NAME_LABEL
from alb_controller.objects.kinds import ENDPOINT_SLICE, NODE, SERVICE
from alb_controller.objects.networking import EndpointSlice
from alb_controller.objects.reading import Unreadable
from alb_controller.reconcile.targets.edges import BindingEdges, BindingOptions
from alb_controller.targets.diff import TargetChanges
from alb_controller.targets.endpoints import BackendNotFound, Endpoints
from alb_controller.targets.watch import key_of
from alb_controller.values import BindingKey, Value

FEWEST = 2
"""A group of one target is emptied whenever its pod goes: nothing to be read from that."""
AGAIN_SECONDS = 10.0
"""Until the next try; a watch that catches up makes the binding due by itself."""
NAMED = 5
"""So many targets are named in an event."""

T = TypeVar("T", bound=KubeObject)
Resolve: TypeAlias = Callable[[TargetGroupBinding, Cluster], Endpoints | BackendNotFound]


class PurgeDecision(Value, frozen=True, kw_only=True):
    """What may be done now; `held` says in one sentence why targets stay."""

    changes: TargetChanges
    held: str = ""
    is_reported: bool = True
    """Whether users hear of it: a watch that lags by a moment is no news."""
    after_seconds: float = AGAIN_SECONDS


class PurgeGuard:
    """Lets changes pass that are small, or that a read past the cache confirms."""

    def __init__(self, edges: BindingEdges, options: BindingOptions, resolve: Resolve) -> None:
        self._edges, self._options, self._resolve = edges, options, resolve
        self._confirmed: dict[BindingKey, float] = {}  # since when a purge waits, confirmed
        self._suspected: set[BindingKey] = set()
        """The last look was not confirmed: new targets that came since make it no smaller."""

    def review(
        self, binding: TargetGroupBinding, owned: int, changes: TargetChanges
    ) -> PurgeDecision:
        """What of the changes may be done; `owned` counts the binding's targets before them."""
        key = key_of(binding)
        was_suspected = key in self._suspected
        if not (self._is_purge(owned, changes) or (was_suspected and changes.deregister)):
            self.forget(key)
            return PurgeDecision(changes=changes)
        held = self._unconfirmed(binding, changes.deregister)
        if held:
            self.forget(key)
            self._suspected.add(key)
            return PurgeDecision(
                changes=_without_removal(changes), held=held, is_reported=was_suspected
            )
        self._suspected.discard(key)
        now = self._edges.clock.monotonic()
        ends = self._confirmed.setdefault(key, now) + self._options.purge_hold_seconds
        if now < ends:
            held = f"nothing stands behind {named(changes.deregister)}: deregistered later, unless"
            held = f"{held} endpoints come back (--target-purge-hold)"
            changes = _without_removal(changes)
            return PurgeDecision(changes=changes, held=held, after_seconds=ends - now)
        self._confirmed.pop(key, None)
        return PurgeDecision(changes=changes)

    def forget(self, key: BindingKey) -> None:
        """Nothing waits; or the binding is gone."""
        self._confirmed.pop(key, None)
        self._suspected.discard(key)

    def _is_purge(self, owned: int, changes: TargetChanges) -> bool:
        gone = len(changes.deregister)
        return owned >= FEWEST and gone * 100 >= owned * self._options.purge_percent

    def _unconfirmed(self, binding: TargetGroupBinding, leaving: Sequence[Target]) -> str:
        """Why targets may not go; empty where the API confirms that they are to go."""
        try:
            endpoints = self._resolve(binding, self._live(binding))
        except KubeError as error:
            return (
                f"nothing seems to stand behind {named(leaving)}, but that could not be "
                f"confirmed, so they stay: {error.status} {error.reason}"
            )
        except Invalid:
            return ""  # the Service cannot be served, as the API itself has it
        if isinstance(endpoints, BackendNotFound):
            return ""
        there = {e.key for e in endpoints.members}
        lost = [t for t in leaving if t.key in there]
        if not lost:
            return ""
        return f"the cache has lost endpoints that the API still has, so they stay: {named(lost)}"

    def _live(self, binding: TargetGroupBinding) -> Cluster:
        """The cluster with the Service and what stands behind it as the API has them now."""
        namespace, name = binding.metadata.namespace, binding.spec.service_ref.name
        live = self._edges.live
        service = live.get(SERVICE, namespace, name)
        read: dict[type[Any], Sequence[KubeObject]] = {Service: [service] if service else []}
        if binding.spec.target_type == "instance":
            read[Node] = live.list(NODE, "")
        else:
            read[EndpointSlice] = live.list(ENDPOINT_SLICE, namespace, {SERVICE_NAME_LABEL: name})
        return _Overlay(self._edges.cluster, read)


class _Overlay:
    """A cluster of which some kinds were read anew, as far as they matter here."""

    def __init__(self, known: Cluster, read: Mapping[type[Any], Sequence[Any]]) -> None:
        self._known, self._read = known, read

    def get(self, kind: type[T], namespace: str, name: str) -> T | None:
        if kind in self._read:
            return next((o for o in self._read[kind] if o.key == (namespace, name)), None)
        found = self._known.get(kind, namespace, name)
        if found is None and kind is Pod:  # the cache may have lost that, too
            return kind(metadata=Metadata(name=name, namespace=namespace))
        return found

    def list(self, kind: type[T], namespace: str | None = None) -> Iterable[T]:
        return self._read[kind] if kind in self._read else self._known.list(kind, namespace)

    def select(self, kind: type[T], index: str, value: str) -> Iterable[T]:
        if kind in self._read:
            return self._read[kind]
        return self._known.select(kind, index, value)

    def unreadable(self, kind: type[T]) -> Iterable[Unreadable[T]]:
        return () if kind in self._read else self._known.unreadable(kind)


def _without_removal(changes: TargetChanges) -> TargetChanges:
    return msgspec.structs.replace(changes, deregister=())


def named(targets: Sequence[Target]) -> str:
    """The first few targets, and how many more there are."""
    names = ", ".join(f"{t.id}:{t.port}" for t in targets[:NAMED])
    more = len(targets) - NAMED
    return f"{names} and {more} more" if more > 0 else names
