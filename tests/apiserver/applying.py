"""Objects of any kind on a real API server, as `kubectl apply --server-side` sends them."""

from __future__ import annotations

import functools
import json
from collections.abc import Iterable
from typing import Any

from tests.apiserver.cluster import APPLY, Cluster

Object = dict[str, Any]
OPEN = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}


class Applier:
    """Finds a kind's path by discovery; unknown fields are refused."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        self._resources = functools.cache(self._ask_resources)

    def apply(self, obj: Object, *, dry: bool = False) -> str | None:
        """Apply an object, or see whether it would be taken; the server's words if it refuses."""
        how = {"fieldManager": "helm", "force": "true", "fieldValidation": "Strict"}
        url = self._url(obj)
        answer = self._cluster.http.patch(
            url,
            params=how | ({"dryRun": "All"} if dry else {}),
            headers=APPLY,
            data=json.dumps(obj),
        )
        if answer.status_code >= 300:
            return f"{obj['kind']} {obj['metadata']['name']}: {answer.json().get('message')}"
        return None

    def delete(self, obj: Object) -> None:
        """Ask for its deletion; what is gone already is fine."""
        self._cluster.http.delete(self._url(obj))

    def _url(self, obj: Object) -> str:
        version, meta = obj["apiVersion"], obj["metadata"]
        plural, namespaced = self._resources(version)[obj["kind"]]
        scope = f"/namespaces/{meta['namespace']}" if namespaced else ""
        return f"{self._base(version)}{scope}/{plural}/{meta['name']}"

    def _base(self, version: str) -> str:
        return f"{self._cluster.url}/{'apis' if '/' in version else 'api'}/{version}"

    def _ask_resources(self, version: str) -> dict[str, tuple[str, bool]]:
        listed = self._cluster.http.get(self._base(version)).json()["resources"]
        return {
            found["kind"]: (found["name"], found["namespaced"])
            for found in listed
            if "/" not in found["name"]
        }


def open_crd(group: str, kind: str) -> Object:
    """A CRD of others that takes whatever is in the spec."""
    plural = f"{kind.lower()}s"
    schema = {"openAPIV3Schema": {"type": "object", "properties": {"spec": OPEN}}}
    version = {"name": "v1", "served": True, "storage": True, "schema": schema}
    names = {"kind": kind, "listKind": f"{kind}List", "plural": plural, "singular": kind.lower()}
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{plural}.{group}"},
        "spec": {"group": group, "names": names, "scope": "Namespaced", "versions": [version]},
    }


def refusals(applier: Applier, objects: Iterable[Object], *, dry: bool) -> list[str]:
    """What the server said of those that it did not take."""
    return [texts for obj in objects if (texts := applier.apply(obj, dry=dry))]
