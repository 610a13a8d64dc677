"""A cluster that is what some manifests say."""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypeVar

import msgspec

from alb_controller.errors import ControllerError
from alb_controller.objects.core import KubeObject
from alb_controller.objects.indexes import INDEXES
from alb_controller.objects.kinds import INGRESS_CLASS, SECRET, SERVICE, WATCHED, Kind
from alb_controller.objects.networking import Ingress, IngressClass
from alb_controller.objects.reading.reader import Unreadable, decode
from alb_controller.objects.secrets import OidcSecret, SecretName, SecretState

T = TypeVar("T", bound=KubeObject)
Json = Mapping[str, Any]
_READ: Mapping[str, Kind] = {kind.name: kind for kind in (*WATCHED, SECRET)}
_CONTROLLER = "ingress.k8s.aws/alb"


class BadManifest(ControllerError):
    """An object that cannot be read, by its name and what is wrong."""


class ManifestCluster:
    """Objects by kind; of the kinds that the controller reads."""

    def __init__(self, documents: Iterable[Json]) -> None:
        self._objects: dict[type[Any], dict[tuple[str, str], Any]] = {}
        for document in documents:
            kind = _READ.get(str(document.get("kind")))
            if kind is not None:
                self._add(_decoded(kind, document))
        if not self._objects.get(IngressClass):
            self._add_classes()

    def get(self, kind: type[T], namespace: str, name: str) -> T | None:
        """One object."""
        found: T | None = self._objects.get(kind, {}).get((namespace, name))
        return found

    def list(self, kind: type[T], namespace: str | None = None) -> Sequence[T]:
        """All of a kind, or of one namespace."""
        found = self._objects.get(kind, {})
        return [one for (space, _), one in found.items() if namespace in (None, space)]

    def select(self, kind: type[T], index: str, value: str) -> Sequence[T]:
        """What an index files under a value."""
        keys = INDEXES[kind][index]
        return [one for one in self.list(kind) if value in keys(one)]

    def unreadable(self, kind: type[T]) -> Sequence[Unreadable[T]]:
        """What cannot be read has been refused."""
        _ = kind
        return ()

    def secrets(self) -> dict[SecretName, SecretState]:
        """The Secrets by name."""
        return {one.key: one for one in self.list(OidcSecret)}

    def _add(self, obj: KubeObject) -> None:
        self._objects.setdefault(type(obj), {})[obj.key] = obj

    def _add_classes(self) -> None:
        """Manifests of an application seldom have the class that they name."""
        names = {one.spec.ingress_class_name for one in self.list(Ingress)}
        for name in sorted(name for name in names if name):
            document = {"metadata": {"name": name}, "spec": {"controller": _CONTROLLER}}
            self._add(_decoded(INGRESS_CLASS, {"kind": INGRESS_CLASS.name, **document}))


def _decoded(kind: Kind, document: Json) -> KubeObject:
    shown = _completed(kind, document)
    try:
        return decode(json.dumps(shown).encode(), kind.struct)
    except msgspec.DecodeError as error:
        meta = shown["metadata"]
        name = "/".join(filter(None, (meta.get("namespace"), meta["name"])))
        raise BadManifest(f"{kind.name} {name}: {error}") from None


def _completed(kind: Kind, document: Json) -> dict[str, Any]:
    """With what the API server fills in, as far as the controller looks at it."""
    meta = {**(document.get("metadata") or {})}
    if kind.namespaced:
        meta.setdefault("namespace", "default")
    path = f"{kind.name}/{meta.get('namespace', '')}/{meta['name']}"
    shown = {**document, "metadata": {**meta, "uid": f"uid-{path}"}}
    spec = document.get("spec") or {}
    if kind is SERVICE:
        ports = [
            {"protocol": "TCP", "targetPort": port.get("port"), **_node_port(path, port), **port}
            for port in spec.get("ports") or ()
        ]
        shown["spec"] = {"type": "ClusterIP", **spec, "ports": ports}
    return shown


def _node_port(path: str, port: Json) -> dict[str, int]:
    return {"nodePort": 30_000 + zlib.crc32(f"{path}:{port.get('port')}".encode()) % 2_768}
