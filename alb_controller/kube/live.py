"""Reads past the stores: what the Kubernetes API itself has, at its newest.

Without resourceVersion a read is answered from etcd by quorum, never from a cache (Kubernetes docs,
API concepts, resource versions).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import msgspec

from alb_controller.errors import KubeError, ObjectMissing, UnreadableObject
from alb_controller.kube.client import KubeClient
from alb_controller.objects.core import KubeObject
from alb_controller.objects.kinds import WATCHED, Kind
from alb_controller.objects.reading import Unreadable, decode, read_object


class LiveReads:
    """Few and deliberate: each is a request."""

    def __init__(self, client: KubeClient) -> None:
        self._client = client

    def get(self, kind: Kind, namespace: str, name: str) -> KubeObject | None:
        """One object; None where the API says that there is none. Raises KubeError.

        UnreadableObject for one that is there and cannot be read.
        Of kinds that are watched a list of one name is asked for: the roles allow list and watch,
        and nobody has to grant get besides.
        """
        if kind in WATCHED:
            query = {"fieldSelector": f"metadata.name={name}"}
            return _named(name, self._items(kind, namespace, query), kind)
        try:
            data = self._client.request("GET", kind.path(namespace, name))
        except ObjectMissing:
            return None
        return whole(data, kind)

    def list(
        self, kind: Kind, namespace: str, labels: Mapping[str, str] | None = None
    ) -> Sequence[KubeObject]:
        """All objects of a namespace that have these labels.

        Raises KubeError, UnreadableObject where one cannot be read: the others are not all.
        """
        selector = ",".join(f"{key}={value}" for key, value in (labels or {}).items())
        query = {"labelSelector": selector} if selector else {}
        return [whole(raw, kind) for raw in self._items(kind, namespace, query)]

    def _items(self, kind: Kind, namespace: str, query: Mapping[str, str]) -> Sequence[msgspec.Raw]:
        data = self._client.request("GET", kind.path(namespace), query=query)
        try:
            return decode(data, _List).items
        except msgspec.DecodeError as error:
            raise KubeError(200, f"not a list of {kind.plural}", str(error)) from error


class _List(msgspec.Struct):
    items: list[msgspec.Raw]
    """Required: an answer without it is no empty list."""


def _named(name: str, items: Iterable[msgspec.Raw], kind: Kind) -> KubeObject | None:
    """The object of that name; it may be one whose name cannot be read."""
    for raw in items:
        try:
            obj = whole(raw, kind)
        except UnreadableObject as error:
            if error.object.name in ("", name):
                raise
        else:
            if obj.metadata.name == name:
                return obj
    return None


def whole(data: bytes | msgspec.Raw, kind: Kind) -> KubeObject:
    """The object in an answer. Raises UnreadableObject."""
    found = read_object(data, kind.struct)
    if isinstance(found, Unreadable):
        raise UnreadableObject(kind.name, *found.key, found.problem)
    return found.value
