"""Reads past the stores: what the Kubernetes API itself has, at its newest.

Without resourceVersion a read is answered from etcd by quorum, never from a cache (Kubernetes docs,
API concepts, resource versions).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeVar

import msgspec

from alb_controller.errors import KubeError, ObjectMissing
from alb_controller.kube.client import KubeClient
from alb_controller.objects.core import KubeObject
from alb_controller.objects.kinds import WATCHED, Kind

T = TypeVar("T")


class LiveReads:
    """Few and deliberate: each is a request."""

    def __init__(self, client: KubeClient) -> None:
        self._client = client

    def get(self, kind: Kind, namespace: str, name: str) -> KubeObject | None:
        """One object; None where the API says that there is none. Raises KubeError.

        Of kinds that are watched a list of one name is asked for: the roles allow list and watch,
        and nobody has to grant get besides.
        """
        if kind in WATCHED:
            found = self._read(kind, namespace, {"fieldSelector": f"metadata.name={name}"})
            return next((obj for obj in found if obj.metadata.name == name), None)
        try:
            data = self._client.request("GET", kind.path(namespace, name))
        except ObjectMissing:
            return None
        return _decode(data, kind.struct, kind)

    def list(
        self, kind: Kind, namespace: str, labels: Mapping[str, str] | None = None
    ) -> Sequence[KubeObject]:
        """All objects of a namespace that have these labels. Raises KubeError."""
        selector = ",".join(f"{key}={value}" for key, value in (labels or {}).items())
        return self._read(kind, namespace, {"labelSelector": selector} if selector else {})

    def _read(self, kind: Kind, namespace: str, query: Mapping[str, str]) -> Sequence[KubeObject]:
        data = self._client.request("GET", kind.path(namespace), query=query)
        return [_decode(raw, kind.struct, kind) for raw in _decode(data, _List, kind).items]


class _List(msgspec.Struct):
    items: list[msgspec.Raw]
    """Required: an answer without it is no empty list."""


def _decode(data: bytes | msgspec.Raw, shape: type[T], kind: Kind) -> T:
    try:
        return msgspec.json.decode(data, type=shape)
    except msgspec.DecodeError as error:
        raise KubeError(200, f"not a {kind.name}", str(error)) from error
