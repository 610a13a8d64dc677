"""The recorded cases as objects, for tests of the pure core: no server has to take them first."""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterator
from typing import Any

import msgspec

from alb_controller.objects.core import KubeObject
from alb_controller.objects.kinds import WATCHED
from tests.conformance.corpus import Step

_KINDS = {kind.name: kind for kind in WATCHED}
Name = tuple[str, str, str]
"""Kind, namespace and name."""


def objects_of(step: Step) -> Iterator[KubeObject]:
    """What a step applies, of the kinds that are watched, as the API server would show it."""
    for document in step.documents(_Ids()):
        kind = _KINDS.get(document.get("kind", ""))
        if kind is not None:
            shown = _with_defaults(document)
            yield msgspec.json.decode(json.dumps(shown).encode(), type=kind.struct)


def deleted_in(step: Step) -> list[Name]:
    """What a step deletes."""
    found: list[Name] = []
    for document in step.documents(_Ids()):
        for path in document.get("delete", ()):
            kind, namespace, name = path.split("/")
            found.append((kind, namespace, name))
    return found


class _Ids(dict[str, str]):
    """An id for every name of the account: of the kind that its name says."""

    def __missing__(self, name: str) -> str:
        if name.endswith("-sg"):
            return f"sg-{name}"
        if name.startswith(("public", "private")):
            return f"subnet-{name}"
        return f"id-{name.replace(':', '-').replace('*', 'any')}"


def _with_defaults(document: dict[str, Any]) -> dict[str, Any]:
    """With a uid, and with what a Service's ports get."""
    meta = document["metadata"]
    path = f"{document['kind']}/{meta.get('namespace', '')}/{meta['name']}"
    shown = {**document, "metadata": {**meta, "uid": f"uid-{path}"}}
    if document["kind"] == "Service":
        ports = [
            {"protocol": "TCP", "targetPort": port["port"], **_node_port(path, port), **port}
            for port in document["spec"].get("ports", ())
        ]
        shown["spec"] = {**document["spec"], "ports": ports}
    return shown


def _node_port(path: str, port: dict[str, Any]) -> dict[str, int]:
    return {"nodePort": 30_000 + zlib.crc32(f"{path}:{port['port']}".encode()) % 2_768}
