"""The controller under the chart's roles on a real API server: enough, and nothing to spare."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.apiserver.accounts import kubeconfig_of, seen
from tests.apiserver.applying import Applier, refusals
from tests.apiserver.cluster import Cluster
from tests.apiserver.control_plane import free_ports
from tests.apiserver.helm import NAMESPACE, RELEASE, render
from tests.apiserver.test_chart import DEFAULT
from tests.apiserver.webhooks import installed
from tests.conformance.harness import Moto, moto_server, run_case

CASES = ("ingress-class-params", "own-binding-ip", "multi-cluster")
RBAC = ("ServiceAccount", "ClusterRole", "ClusterRoleBinding", "Role", "RoleBinding")
FLAGS = (
    "--enable-leader-election=true",
    f"--leader-election-namespace={NAMESPACE}",
    f"--webhook-cert-secret={NAMESPACE}/aws-load-balancer-tls",
    "--webhook-cert-lifetime=10s",
)
NOT_IN_THESE_CASES = {
    ("", "pods/status", "patch")
}  # readiness gates: tests/apiserver/test_kube_edge.py

pytestmark = [pytest.mark.usefixtures("helm_program"), pytest.mark.timeout(180)]


@pytest.fixture(scope="module")
def controllers(kubeconfig: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A kubeconfig of the service account that the chart makes, with the chart's roles."""
    cluster = Cluster(kubeconfig)
    meta = {"name": NAMESPACE}
    cluster.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": meta})
    roles = [obj for obj in render(DEFAULT) if obj["kind"] in RBAC]
    assert [obj["kind"] for obj in roles] == list(RBAC)
    assert refusals(Applier(cluster), roles, dry=False) == []
    path = tmp_path_factory.mktemp("account") / "kubeconfig"
    return kubeconfig_of(RELEASE, NAMESPACE, kubeconfig, path)


@pytest.fixture(scope="module")
def moto(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Moto]:
    """One local AWS for all cases."""
    with moto_server(tmp_path_factory.mktemp("aws")) as server:
        yield server


def declared() -> set[tuple[str, str, str]]:
    """Group, resource and verb of every rule of the chart's roles."""
    return {
        (group, resource, verb)
        for obj in render(DEFAULT)
        for rule in (obj.get("rules") or () if obj["kind"] in ("ClusterRole", "Role") else ())
        for group in rule["apiGroups"]
        for resource in rule["resources"]
        for verb in rule["verbs"]
    }


def test_the_roles_are_what_is_used(
    kubeconfig: Path, controllers: Path, moto: Moto, tmp_path: Path
) -> None:
    """Cases end as recorded, nothing is asked for in vain, and each verb of a role is used."""
    (port,) = free_ports(1)
    flags = (*FLAGS, f"--webhook-bind-port={port}")
    with installed(Cluster(kubeconfig), port, calls_nobody=True):
        for case in CASES:
            for outcome in run_case(
                case, kubeconfig, moto, tmp_path, controllers=controllers, flags=flags
            ):
                assert not outcome.difference, f"{case}/{outcome.step.name}:\n{outcome.difference}"
    used = seen(RELEASE, NAMESPACE, kubeconfig)
    assert {one for one in used if not one.is_allowed} == set()
    asked = {(one.group, one.resource, one.verb) for one in used}
    assert declared() - asked == NOT_IN_THESE_CASES
