"""Service accounts on a real API server: a kubeconfig for one, and what it may and does ask."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

import yaml

from tests.apiserver.cluster import Cluster, Object
from tests.apiserver.control_plane import AUDIT_LOG

LOGIN_PAGE = Path("docs/how-to/log-in-with-oidc.md")


class Right(NamedTuple):
    """One kind of request, as RBAC looks at it."""

    group: str
    resource: str
    verb: str
    name: str = ""
    """Of an object, where a role names it."""


class Requests(NamedTuple):
    """What an account has asked of the API's resources."""

    allowed: set[Right]
    denied: set[Right]


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


def documented_role() -> list[Object]:
    """The Role for one Secret and its binding, as the documentation has them."""
    text = LOGIN_PAGE.read_text().partition("## 2. The Role")[2].partition("\n## ")[0]
    block = [line for line in text.splitlines() if line.startswith("    ") or not line]
    return [obj for obj in yaml.safe_load_all(textwrap.dedent("\n".join(block))) if obj]


def granted(rules: Iterable[Object]) -> set[Right]:
    """What rules of roles allow, one right for each of their words."""
    return {
        Right(group, resource, verb, name)
        for rule in rules
        for group in rule["apiGroups"]
        for resource in rule["resources"]
        for verb in rule["verbs"]
        for name in rule.get("resourceNames", [""])
    }


def may(account: str, namespace: str, cluster: Cluster, right: Right, where: str = "") -> bool:
    """Whether the API server knows by now that a service account has a right, in a namespace."""
    attributes = {"group": right.group, "resource": right.resource, "verb": right.verb}
    spec = {
        "user": f"system:serviceaccount:{namespace}:{account}",
        "resourceAttributes": attributes | {"name": right.name, "namespace": where},
    }
    url = f"{cluster.url}/apis/authorization.k8s.io/v1/subjectaccessreviews"
    answer = cluster.http.post(url, json={"spec": spec})
    assert answer.status_code == 201, answer.text
    return bool(answer.json()["status"]["allowed"])


def audited(admin: Path) -> int:
    """How much the audit log holds by now, in bytes."""
    return (admin.parent / AUDIT_LOG).stat().st_size


def asked(account: str, namespace: str, admin: Path, since: int) -> Requests:
    """What a service account asked, each request with its object's name, from `audited` on."""
    user = f"system:serviceaccount:{namespace}:{account}"
    found = Requests(set(), set())
    for line in (admin.parent / AUDIT_LOG).read_bytes()[since:].splitlines():
        event = json.loads(line)
        if event["user"]["username"] != user or "objectRef" not in event:
            continue
        what = event["objectRef"]
        resource = "/".join(filter(None, (what["resource"], what.get("subresource"))))
        right = Right(what.get("apiGroup", ""), resource, event["verb"], what.get("name", ""))
        is_allowed = event["annotations"]["authorization.k8s.io/decision"] == "allow"
        (found.allowed if is_allowed else found.denied).add(right)
    return found
