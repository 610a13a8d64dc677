"""Service accounts on a real API server: a kubeconfig for one, and what it asked for."""

from __future__ import annotations

import json
from pathlib import Path
from typing import NamedTuple

import yaml

from tests.apiserver.cluster import Cluster
from tests.apiserver.control_plane import AUDIT_LOG


class Seen(NamedTuple):
    """One kind of request, as RBAC looks at it."""

    group: str
    resource: str
    verb: str
    is_allowed: bool


def kubeconfig_of(account: str, namespace: str, admin: Path, path: Path) -> Path:
    """Write a kubeconfig with a token of a service account."""
    url = f"{Cluster(admin).url}/api/v1/namespaces/{namespace}/serviceaccounts/{account}/token"
    answer = Cluster(admin).http.post(url, json={"spec": {}})
    assert answer.status_code == 201, answer.text
    config = yaml.safe_load(admin.read_text())
    config["users"][0]["user"] = {"token": answer.json()["status"]["token"]}
    server = config["clusters"][0]["cluster"]
    server["certificate-authority"] = str(admin.parent / server["certificate-authority"])
    path.write_text(yaml.safe_dump(config))
    return path


def seen(account: str, namespace: str, admin: Path) -> set[Seen]:
    """What the audit log knows of a service account's requests to the API's resources."""
    user = f"system:serviceaccount:{namespace}:{account}"
    found = set()
    for line in (admin.parent / AUDIT_LOG).read_text().splitlines():
        event = json.loads(line)
        if event["user"]["username"] != user or "objectRef" not in event:
            continue
        what = event["objectRef"]
        parts = (what["resource"], what.get("subresource"))
        decision = event["annotations"]["authorization.k8s.io/decision"]
        resource = "/".join(part for part in parts if part)
        found.add(Seen(what.get("apiGroup", ""), resource, event["verb"], decision == "allow"))
    return found
