"""Reads of the in-memory Kubernetes API past the informers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from alb_controller.errors import ControllerError
from alb_controller.objects.core import KubeObject
from alb_controller.objects.kinds import Kind

if TYPE_CHECKING:
    from tests.world_kube import Kube


class Live:
    """What the API answers to who asks it itself; a read can fail."""

    def __init__(self, kube: Kube) -> None:
        self._kube = kube
        self.reads: list[str] = []
        """The kinds that were asked for."""
        self.failures: list[ControllerError] = []
        """Raised by the next reads, one by one."""

    def get(self, kind: Kind, namespace: str, name: str) -> KubeObject | None:
        self._read(kind)
        return self._kube.get(kind.struct, namespace, name)

    def list(
        self, kind: Kind, namespace: str, labels: Mapping[str, str] | None = None
    ) -> Sequence[KubeObject]:
        self._read(kind)
        known = self._kube.stores.list(kind.struct) if kind.struct in self._kube.watched else ()
        unseen = [one for (struct, *_), one in self._kube.unseen.items() if struct is kind.struct]
        wanted = (labels or {}).items()
        return [
            one
            for one in [*known, *unseen]
            if one.metadata.namespace == namespace and wanted <= one.metadata.labels.items()
        ]

    def _read(self, kind: Kind) -> None:
        self.reads.append(kind.name)
        if self.failures:
            raise self.failures.pop(0)
