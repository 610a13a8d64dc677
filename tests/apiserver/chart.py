"""The chart on a real API server; its webhooks are called by URL, for want of a network."""

from __future__ import annotations

import contextlib
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import msgspec

from alb_controller.sandbox.controller import hold_port
from tests.apiserver.accounts import Right, audited, documented_role, kubeconfig_of, may
from tests.apiserver.applying import Applier, refusals
from tests.apiserver.cluster import Cluster
from tests.apiserver.helm import CHART, NAMESPACE, RELEASE, Object, render
from tests.conformance.harness import Installation
from tests.controller.manifests import binding
from tests.waiting import until

VALUES = CHART / "ci" / "default-values.yaml"
RBAC = ("ServiceAccount", "ClusterRole", "ClusterRoleBinding", "Role", "RoleBinding")
HOOKS = ("MutatingWebhookConfiguration", "ValidatingWebhookConfiguration")
LEASE = ("Lease", NAMESPACE, "aws-load-balancer-controller-leader")
CERTIFICATE = ("Secret", NAMESPACE, "aws-load-balancer-tls")
"""The one that the chart names."""
LOGIN = ("shop", "oidc")
"""The Secret of the corpus's case, which the documented Role is for."""
UNBOUND = binding("unbound")
"""What the webhooks refuse and the schema takes."""
_KNOWN_BY = (
    (Right("networking.k8s.io", "ingresses", "list"), ""),
    (Right("coordination.k8s.io", "leases", "create"), NAMESPACE),
    (Right("", "secrets", "list", LOGIN[1]), LOGIN[0]),
)
"""A right of each role: the API server learns of them one by one."""
_CALLED = re.compile(
    r'^apiserver_admission_webhook_request_total{code="(\d+)",name="([^"]+)",.*} (\d+)$', re.M
)


class Chart(msgspec.Struct, frozen=True):
    """What is installed, as the test needs it."""

    objects: list[Object]
    """What was applied: the chart's, its webhooks by URL, and the Role for the corpus's Secret."""
    port: int
    """Where the API server calls the webhooks."""
    installation: Installation
    """How the controller runs."""
    since: int
    """How much the audit log held before."""

    def all_of(self, part: str) -> list[Object]:
        """What stands in the objects under a key: `rules` or `webhooks`."""
        return [found for obj in self.objects for found in obj.get(part) or ()]


@contextlib.contextmanager
def installed(kubeconfig: Path, folder: Path) -> Iterator[Chart]:
    """The chart's account, roles and webhooks, for as long as the block.

    Nobody listens at the webhooks' port until a controller does.
    """
    cluster = Cluster(kubeconfig)
    applier = Applier(cluster)
    for name in (NAMESPACE, LOGIN[0]):
        cluster.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})
    for kept in (LEASE, CERTIFICATE):  # by the controllers of an earlier block
        cluster.delete(*kept)
    with hold_port() as held:  # while controllers come and go
        port = held.getsockname()[1]
        rendered = render(VALUES)
        objects = [_by_url(obj, port) for obj in rendered if obj["kind"] in (*RBAC, *HOOKS)]
        assert [obj["kind"] for obj in objects] == [*RBAC, *HOOKS]
        objects += _role_for_login()
        assert refusals(applier, objects, dry=False) == []
        try:
            until(
                lambda: all(may(RELEASE, NAMESPACE, cluster, *right) for right in _KNOWN_BY),
                seconds=120,
            )
            path = kubeconfig_of(RELEASE, NAMESPACE, kubeconfig, folder / "kubeconfig")
            how = Installation(path, _flags(rendered, port))
            yield Chart(objects, port, how, audited(kubeconfig))
        finally:
            for obj in objects:
                applier.delete(obj)
            until(lambda: not refusal(cluster, UNBOUND), seconds=120)  # or later tests meet them


def _by_url(obj: Object, port: int) -> Object:
    for hook in obj.get("webhooks", ()):
        service = hook["clientConfig"].pop("service")
        hook["clientConfig"]["url"] = f"https://127.0.0.1:{port}{service['path']}"
    return obj


def _role_for_login() -> list[Object]:
    """The documented Role, for the Secret of the corpus's case."""
    role, granting = documented_role()
    (rule,) = role["rules"]
    rule["resourceNames"] = [LOGIN[1]]
    for named in (role["metadata"], granting["metadata"], granting["roleRef"]):
        named["name"] = "alb-controller-oidc"
    return [role, granting]


def _flags(objects: list[Object], port: int) -> tuple[str, ...]:
    """The container's, and what a process outside a pod needs besides."""
    (deployment,) = (obj for obj in objects if obj["kind"] == "Deployment")
    (container,) = deployment["spec"]["template"]["spec"]["containers"]
    command, *given = container["args"]
    assert command == "run"
    return (
        *given,
        f"--webhook-cert-secret={NAMESPACE}/{CERTIFICATE[2]}",
        f"--webhook-bind-port={port}",
        "--enable-leader-election=true",
        f"--leader-election-namespace={NAMESPACE}",
    )


def refusal(cluster: Cluster, obj: Object) -> str:
    """What a user would read who creates the object; empty where it would be taken."""
    url = cluster.path(obj["kind"], obj["metadata"]["namespace"])
    answer = cluster.http.post(url, params={"dryRun": "All"}, json=obj)
    return "" if answer.status_code == 201 else str(answer.json()["message"])


def calls(cluster: Cluster) -> Counter[tuple[str, str]]:
    """How often the API server has called each webhook, by name and HTTP code.

    It counts what it could not reach or trust as 503, also where it went on without an answer.
    """
    metrics = cluster.http.get(f"{cluster.url}/metrics").text
    found = Counter[tuple[str, str]]()
    for code, name, count in _CALLED.findall(metrics):
        found[name, code] += int(count)
    return found
