"""A gauge whose series belong to somebody and end with him."""

from __future__ import annotations

import threading
from collections.abc import Hashable, Iterable, Mapping
from typing import Any, TypeAlias

from prometheus_client import REGISTRY
from prometheus_client.core import GaugeMetricFamily

Labels: TypeAlias = tuple[str, ...]


class OwnedGauge:
    """One series for each tuple of labels that an owner shows; what nobody shows is not exposed.

    So there are never more series than objects, and none of an object that is gone.
    """

    def __init__(self, name: str, help_: str, labels: Labels, registry: Any = REGISTRY) -> None:
        self._name, self._help, self._labels = name, help_, labels
        self._lock = threading.Lock()
        self._shown: dict[Hashable, Mapping[Labels, float]] = {}
        registry.register(self)

    def show(self, owner: Hashable, series: Mapping[Labels, float]) -> None:
        """All series of this owner from now on, by their labels' values in the table's order."""
        if not series:
            self.forget(owner)
            return
        with self._lock:
            self._shown[owner] = dict(series)

    def forget(self, owner: Hashable) -> None:
        """The owner is gone, and its series with it."""
        with self._lock:
            self._shown.pop(owner, None)

    def collect(self) -> Iterable[GaugeMetricFamily]:
        """For the registry: the series of all owners; of the same labels, one."""
        with self._lock:
            merged = {k: v for shown in self._shown.values() for k, v in shown.items()}
        family = GaugeMetricFamily(self._name, self._help, labels=self._labels)
        for labels, value in merged.items():
            family.add_metric(labels, value)
        yield family
