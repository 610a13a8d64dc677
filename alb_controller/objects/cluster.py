"""A read-only view of what the controller knows of the cluster, as the pure packages see it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol, TypeVar

from alb_controller.objects.core import KubeObject

T = TypeVar("T", bound=KubeObject)


class Cluster(Protocol):
    """Looks objects up by their struct; in memory, no I/O, the newest version known."""

    def get(self, kind: type[T], namespace: str, name: str) -> T | None:
        """One object, or None."""

    def list(self, kind: type[T], namespace: str | None = None) -> Iterable[T]:
        """All objects of a kind, or those of one namespace."""

    def select(self, kind: type[T], index: str, value: str) -> Iterable[T]:
        """The objects that a named index files under `value` (INDEXES)."""
