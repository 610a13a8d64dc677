"""The Role that the documentation names is enough for one Secret, and for no other."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from alb_controller.clock import SystemClock
from alb_controller.kube.client import KubeClient
from alb_controller.kube.connection import load
from alb_controller.kube.secrets import SecretWatches
from alb_controller.objects.secrets import OidcSecret, SecretName, UnreadableSecret
from alb_controller.values import StackKey
from tests.apiserver.accounts import documented_role
from tests.apiserver.cluster import Cluster
from tests.waiting import until

RBAC = "apis/rbac.authorization.k8s.io/v1/namespaces/shop"
ACCOUNT = "api/v1/namespaces/kube-system/serviceaccounts"
STACK = StackKey("ingress", "shop", "web")
LOGIN: SecretName = ("shop", "login")
OTHER: SecretName = ("shop", "other")


def post(cluster: Cluster, path: str, body: dict[str, Any]) -> dict[str, Any]:
    """Create something; it may be there already."""
    answer = cluster.http.post(f"{cluster.url}/{path}", json=body)
    assert answer.status_code < 300 or answer.status_code == 409, answer.text
    made: dict[str, Any] = answer.json()
    return made


@pytest.fixture
def watches(control_plane: Cluster, kubeconfig: Path, tmp_path: Path) -> Iterator[SecretWatches]:
    """Watches of a controller that has the documented Role and nothing else."""
    role, binding = documented_role()
    (subject,) = binding["subjects"]
    for name in ("shop", subject["namespace"]):
        post(control_plane, "api/v1/namespaces", {"metadata": {"name": name}})
    post(control_plane, ACCOUNT, {"metadata": {"name": subject["name"]}})
    post(control_plane, f"{RBAC}/roles", role)
    post(control_plane, f"{RBAC}/rolebindings", binding)
    for name in ("login", "other"):
        secret = {"metadata": {"name": name}, "stringData": {"clientID": name}}
        post(control_plane, "api/v1/namespaces/shop/secrets", secret)
    token = post(control_plane, f"{ACCOUNT}/{subject['name']}/token", {"spec": {}})["status"]
    config = yaml.safe_load(kubeconfig.read_text())
    config["users"][0]["user"] = {"token": token["token"]}
    server = config["clusters"][0]["cluster"]
    server["certificate-authority"] = str(kubeconfig.parent / server["certificate-authority"])
    path = tmp_path / "kubeconfig"
    path.write_text(yaml.safe_dump(config))
    client = KubeClient(load(str(path)), SystemClock())
    made = SecretWatches(client, SystemClock(), wake=lambda _: None)
    yield made
    made.stop()


def login(watches: SecretWatches) -> OidcSecret | None:
    """The Secret of the Role, once the server has taken note of the Role."""
    watches.use(STACK, [LOGIN])
    found = watches.known().get(LOGIN)
    return found if isinstance(found, OidcSecret) else None


def test_the_documented_role_shows_one_secret(watches: SecretWatches) -> None:
    """Another Secret of the namespace is refused, and the sentence names it."""
    until(lambda: login(watches))
    watches.use(STACK, [OTHER])
    until(lambda: OTHER in watches.known())
    other = watches.known()[OTHER]
    assert isinstance(other, UnreadableSecret)
    assert "resourceNames ['other']" in other.problem


def test_a_change_comes_by_the_watch(watches: SecretWatches, control_plane: Cluster) -> None:
    """The Role's verb watch is used and allowed."""
    until(lambda: login(watches))
    before = login(watches)
    assert before is not None
    url = control_plane.path("Secret", "shop", "login")
    control_plane.merge(url, {"metadata": {"labels": {"touched": "yes"}}}).raise_for_status()

    def is_newer() -> bool:
        now = login(watches)
        return now is not None and now.version != before.version

    until(is_newer)
