"""A read-only view of what the controller knows of the cluster, as the pure packages see it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Protocol, TypeVar

from alb_controller.errors import UnreadableObject
from alb_controller.objects.core import KubeObject
from alb_controller.objects.reading import Unreadable

T = TypeVar("T", bound=KubeObject)


class Cluster(Protocol):
    """Looks objects up by their struct; in memory, no I/O, the newest version known."""

    def get(self, kind: type[T], namespace: str, name: str) -> T | None:
        """One object, or None where there is none.

        Raises UnreadableObject for one that is there and of which no state is known.
        """

    def list(self, kind: type[T], namespace: str | None = None) -> Iterable[T]:
        """All objects of a kind, or those of one namespace."""

    def select(self, kind: type[T], index: str, value: str) -> Iterable[T]:
        """The objects that a named index files under `value` (INDEXES)."""

    def unreadable(self, kind: type[T]) -> Iterable[Unreadable[T]]:
        """Objects that are there and of which no state is known: in no list, and not gone.

        Whoever takes away what no object asks for must look at them.
        """


def complete_list(cluster: Cluster, kind: type[T]) -> Iterable[T]:
    """All objects of a kind.

    Raises UnreadableObject where there is one of which no state is known.
    """
    item = next(iter(cluster.unreadable(kind)), None)
    if item is not None:
        raise unreadable_object(kind, item)
    return cluster.list(kind)


def unreadable_object(kind: type[KubeObject], item: Unreadable[Any]) -> UnreadableObject:
    """The error for an object that somebody needs."""
    return UnreadableObject(kind.__name__, *item.key, item.problem)
