"""The cluster as admission sees it: what a watch has not delivered yet is asked for."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeVar, cast

from alb_controller.kube.live import LiveReads
from alb_controller.objects.cluster import Cluster
from alb_controller.objects.core import KubeObject
from alb_controller.objects.kinds import WATCHED
from alb_controller.objects.reading import Unreadable

T = TypeVar("T", bound=KubeObject)
_KINDS = {kind.struct: kind for kind in WATCHED}


class FreshCluster:
    """A `Cluster` whose `get` believes that something is missing only when the API says so.

    `kubectl apply` makes an Ingress some milliseconds after its class: it must not be refused.
    """

    def __init__(self, known: Cluster, live: LiveReads) -> None:
        self._known, self._live = known, live

    def get(self, kind: type[T], namespace: str, name: str) -> T | None:
        """One object, or None. Raises KubeError where the API does not say."""
        found = self._known.get(kind, namespace, name)
        if found is not None or not name:
            return found
        return cast("T | None", self._live.get(_KINDS[kind], namespace, name))

    def list(self, kind: type[T], namespace: str | None = None) -> Iterable[T]:
        return self._known.list(kind, namespace)

    def select(self, kind: type[T], index: str, value: str) -> Iterable[T]:
        return self._known.select(kind, index, value)

    def unreadable(self, kind: type[T]) -> Iterable[Unreadable[T]]:
        return self._known.unreadable(kind)
