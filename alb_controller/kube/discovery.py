"""Which versions of a kind the API server serves, by its own discovery documents.

Every authenticated client may read them (ClusterRole `system:discovery`). A 404 of a list proves
less: a proxy on the way gives it too, and so does a server that serves another version of the kind.
Source: Kubernetes docs, "The Kubernetes API", discovery API.
"""

from __future__ import annotations

from typing import TypeVar

import msgspec

from alb_controller.errors import KubeError, ObjectMissing
from alb_controller.kube.client import KubeClient
from alb_controller.objects.kinds import Kind
from alb_controller.objects.reading import decode

T = TypeVar("T")


class _Version(msgspec.Struct):
    version: str


class _Group(msgspec.Struct):
    name: str
    versions: list[_Version]


class _Groups(msgspec.Struct):
    groups: list[_Group]
    """Required, as below: an answer without it is no empty list."""


class _Resource(msgspec.Struct):
    name: str


class _Resources(msgspec.Struct):
    resources: list[_Resource]


def served_versions(client: KubeClient, kind: Kind) -> tuple[str, ...]:
    """The versions of a kind's group that have it; empty: its CRD is not installed.

    Raises KubeError where the server does not answer, or with something else.
    """
    groups = _read(client, "/apis", _Groups).groups
    versions = (v.version for g in groups if g.name == kind.group for v in g.versions)
    return tuple(version for version in versions if _has(client, kind, version))


def _has(client: KubeClient, kind: Kind, version: str) -> bool:
    found = _read(client, f"/apis/{kind.group}/{version}", _Resources)
    return any(resource.name == kind.plural for resource in found.resources)


def _read(client: KubeClient, path: str, shape: type[T]) -> T:
    try:
        return decode(client.request("GET", path), shape)
    except (msgspec.DecodeError, ObjectMissing) as error:
        raise KubeError(0, f"no discovery document at {path}", str(error)) from error
