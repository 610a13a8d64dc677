"""The cluster as admission sees it: what a watch has not told yet is asked for."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeVar

import msgspec

from alb_controller.errors import ObjectMissing
from alb_controller.kube.client import KubeClient
from alb_controller.objects.cluster import Cluster
from alb_controller.objects.core import KubeObject
from alb_controller.objects.kinds import WATCHED

T = TypeVar("T", bound=KubeObject)
_KINDS = {kind.struct: kind for kind in WATCHED}


class FreshCluster:
    """A `Cluster` whose `get` believes that something is missing only when the API says so.

    `kubectl apply` makes an Ingress some milliseconds after its class: it must not be refused.
    """

    def __init__(self, known: Cluster, client: KubeClient) -> None:
        self._known, self._client = known, client

    def get(self, kind: type[T], namespace: str, name: str) -> T | None:
        """One object, or None. Raises KubeError where the API does not say."""
        found = self._known.get(kind, namespace, name)
        if found is not None or not name:
            return found
        try:
            return msgspec.json.decode(
                self._client.request("GET", _KINDS[kind].path(namespace, name)), type=kind
            )
        except ObjectMissing:
            return None

    def list(self, kind: type[T], namespace: str | None = None) -> Iterable[T]:
        return self._known.list(kind, namespace)

    def select(self, kind: type[T], index: str, value: str) -> Iterable[T]:
        return self._known.select(kind, index, value)
