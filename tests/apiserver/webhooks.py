"""Webhook configurations by URL, and the stand-in of a Service before several replicas."""

from __future__ import annotations

import contextlib
import itertools
import socket
import threading
from collections.abc import Iterator, Sequence
from typing import Any

from tests.apiserver.cluster import Cluster, Object

NAME = "aws-load-balancer-webhook"
ROOT = "apis/admissionregistration.k8s.io/v1"
GATED = {"elbv2.k8s.aws/pod-readiness-gate-inject": "enabled"}
_GROUP = "elbv2.k8s.aws"
_PATH = "elbv2-k8s-aws-v1beta1"


def _rule(group: str, version: str, plural: str, *operations: str) -> Object:
    return {
        "apiGroups": [group],
        "apiVersions": [version],
        "resources": [plural],
        "operations": list(operations),
    }


def _webhook(name: str, url: str, rule: Object, **more: Any) -> Object:
    return {
        "name": name,
        "clientConfig": {"url": url},
        "rules": [rule],
        "failurePolicy": "Fail",
        "sideEffects": "None",
        "admissionReviewVersions": ["v1"],
        "timeoutSeconds": 10,
        **more,
    }


def configurations(port: int) -> dict[str, Object]:
    """By plural: the chart's by URL, all with failurePolicy Fail, so that no gap is passed over."""
    url = f"https://127.0.0.1:{port}"
    both = ("CREATE", "UPDATE")
    binding = _rule(_GROUP, "v1beta1", "targetgroupbindings", *both)
    params = _rule(_GROUP, "v1beta1", "ingressclassparams", *both)
    ingress = _rule("networking.k8s.io", "v1", "ingresses", *both)
    pod = _rule("", "v1", "pods", "CREATE")
    selected = {"namespaceSelector": {"matchLabels": GATED}}
    mutating = [
        _webhook("mpod.elbv2.k8s.aws", f"{url}/mutate-v1-pod", pod, **selected),
        _webhook(
            "mtargetgroupbinding.elbv2.k8s.aws", f"{url}/mutate-{_PATH}-targetgroupbinding", binding
        ),
    ]
    validating = [
        _webhook(
            "vingressclassparams.elbv2.k8s.aws",
            f"{url}/validate-{_PATH}-ingressclassparams",
            params,
        ),
        _webhook(
            "vtargetgroupbinding.elbv2.k8s.aws",
            f"{url}/validate-{_PATH}-targetgroupbinding",
            binding,
        ),
        _webhook("vingress.elbv2.k8s.aws", f"{url}/validate-networking-v1-ingress", ingress),
    ]
    return {
        f"{kind.lower()}webhookconfigurations": {
            "apiVersion": "admissionregistration.k8s.io/v1",
            "kind": f"{kind}WebhookConfiguration",
            "metadata": {"name": NAME},
            "webhooks": webhooks,
        }
        for kind, webhooks in (("Mutating", mutating), ("Validating", validating))
    }


@contextlib.contextmanager
def installed(cluster: Cluster, port: int, name: str = NAME) -> Iterator[None]:
    """The configurations, for as long as the block: later tests have no webhooks."""
    made = configurations(port)
    try:
        for plural, body in made.items():
            body["metadata"]["name"] = name
            cluster.http.post(f"{cluster.url}/{ROOT}/{plural}", json=body).raise_for_status()
        yield
    finally:
        for plural in made:
            cluster.http.delete(f"{cluster.url}/{ROOT}/{plural}/{name}")


def webhooks(cluster: Cluster, name: str = NAME) -> list[Object]:
    """The webhooks of both configurations."""
    found = []
    for plural in configurations(1):
        answer = cluster.http.get(f"{cluster.url}/{ROOT}/{plural}/{name}")
        found += answer.json()["webhooks"]
    return found


@contextlib.contextmanager
def spread(port: int, replicas: Sequence[int]) -> Iterator[None]:
    """Hand connections to the ports of the replicas in turn, as a Service does."""
    turns = itertools.cycle(replicas)
    with socket.create_server(("127.0.0.1", port)) as listener:
        threading.Thread(target=_accept, args=(listener, turns), daemon=True).start()
        yield
        with contextlib.suppress(OSError):
            listener.shutdown(socket.SHUT_RDWR)


def _accept(listener: socket.socket, turns: Iterator[int]) -> None:
    with contextlib.suppress(OSError):
        while True:
            client, _ = listener.accept()
            server = socket.create_connection(("127.0.0.1", next(turns)))
            for one, other in ((client, server), (server, client)):
                threading.Thread(target=_pump, args=(one, other), daemon=True).start()


def _pump(one: socket.socket, other: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while data := one.recv(1 << 16):
            other.sendall(data)
    for end in (one, other):
        with contextlib.suppress(OSError):
            end.shutdown(socket.SHUT_RDWR)
    one.close()
