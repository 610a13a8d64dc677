"""A Kubernetes API by plain HTTP, for tests that put objects in and look at what came of them."""

from __future__ import annotations

import functools
import json
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import requests
import yaml

# kind -> (API path, plural, namespaced)
PLURALS = {
    "CustomResourceDefinition": (
        "apis/apiextensions.k8s.io/v1",
        "customresourcedefinitions",
        False,
    ),
    "Namespace": ("api/v1", "namespaces", False),
    "Node": ("api/v1", "nodes", False),
    "Service": ("api/v1", "services", True),
    "Pod": ("api/v1", "pods", True),
    "Secret": ("api/v1", "secrets", True),
    "ConfigMap": ("api/v1", "configmaps", True),
    "Event": ("api/v1", "events", True),
    "Lease": ("apis/coordination.k8s.io/v1", "leases", True),
    "EndpointSlice": ("apis/discovery.k8s.io/v1", "endpointslices", True),
    "Ingress": ("apis/networking.k8s.io/v1", "ingresses", True),
    "IngressClass": ("apis/networking.k8s.io/v1", "ingressclasses", False),
    "IngressClassParams": ("apis/elbv2.k8s.aws/v1beta1", "ingressclassparams", False),
    "TargetGroupBinding": ("apis/elbv2.k8s.aws/v1beta1", "targetgroupbindings", True),
}
MERGE = {"Content-Type": "application/merge-patch+json"}
APPLY = {"Content-Type": "application/apply-patch+yaml"}
CRD_SECONDS = 60

Object = dict[str, Any]


class Cluster:
    """One API server, as the admin of its kubeconfig."""

    def __init__(self, kubeconfig: Path) -> None:
        config = yaml.safe_load(kubeconfig.read_text())
        server = config["clusters"][0]["cluster"]
        self.url = server["server"]
        self.http = requests.Session()
        if "certificate-authority" in server:
            self.http.verify = str(kubeconfig.parent / server["certificate-authority"])
        self.http.trust_env = False  # or REQUESTS_CA_BUNDLE wins over verify
        token = config["users"][0]["user"].get("token")
        if token:
            self.http.headers["Authorization"] = f"Bearer {token}"

    def path(self, kind: str, namespace: str | None = None, name: str | None = None) -> str:
        """URL of an object, or of the collection without a name."""
        base, plural, namespaced = PLURALS[kind]
        scope = f"/namespaces/{namespace}" if namespaced and namespace else ""
        return f"{self.url}/{base}{scope}/{plural}" + (f"/{name}" if name else "")

    def apply(self, obj: Object) -> str | None:
        """Apply an object and its status; the server's words if it refused, else None."""
        meta = obj["metadata"]
        url = self.path(obj["kind"], meta.get("namespace", "default"), meta["name"])
        body = {key: value for key, value in obj.items() if key != "status"}
        how = {"fieldManager": "test", "force": "true"}
        answer = self.http.patch(url, params=how, headers=APPLY, data=json.dumps(body))
        if answer.status_code >= 300:
            return f"{answer.status_code}: {answer.json().get('message')}"
        if obj.get("status"):
            self.merge(f"{url}/status", {"status": obj["status"]}).raise_for_status()
        return None

    def merge(self, url: str, patch: Object) -> requests.Response:
        """A JSON merge patch."""
        return self.http.patch(url, headers=MERGE, data=json.dumps(patch))

    def get(self, kind: str, namespace: str | None, name: str) -> Object | None:
        """The object, or None where there is none."""
        answer = self.http.get(self.path(kind, namespace, name))
        return None if answer.status_code == 404 else dict(answer.json())

    def list(self, kind: str) -> list[Object]:
        """All objects of a kind, in every namespace."""
        return list(self.http.get(self.path(kind)).json().get("items", []))

    def delete(self, kind: str, namespace: str | None, name: str) -> None:
        """Ask for the deletion of an object, a Pod's at once."""
        grace = {"gracePeriodSeconds": "0"} if kind == "Pod" else {}
        self.http.delete(self.path(kind, namespace, name), params=grace)

    def install_crds(self, files: Iterable[Path]) -> None:
        """Apply CRDs and wait until the server serves them."""
        self.establish(map(_crd, files))

    def establish(self, crds: Iterable[Object]) -> None:
        """The same for CRDs that are no files."""
        names = []
        for crd in crds:
            refused = self.apply(crd)
            if refused:
                raise AssertionError(f"{crd['metadata']['name']}: {refused}")
            names.append(crd["metadata"]["name"])
        deadline = time.monotonic() + CRD_SECONDS
        while not all(self._is_established(name) for name in names):
            if time.monotonic() > deadline:
                raise AssertionError(f"not established within {CRD_SECONDS} s: {names}")
            time.sleep(0.05)

    def _is_established(self, name: str) -> bool:
        crd = self.get("CustomResourceDefinition", None, name) or {}
        found = crd.get("status", {}).get("conditions") or []
        return any(c["type"] == "Established" and c["status"] == "True" for c in found)


@functools.cache
def _crd(path: Path) -> Object:
    """Hundreds of API servers get the same, and they are long."""
    return dict(yaml.load(path.read_text(), yaml.CSafeLoader))
