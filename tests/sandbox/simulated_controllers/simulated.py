"""Short words for what tests of the cluster's life do."""

from __future__ import annotations

from typing import Any

from alb_controller.sandbox.kubeapi import ApiServer, DeleteOptions
from alb_controller.sandbox.simulated_controllers import Pace, SimulatedControllers
from tests.waiting import until

Json = dict[str, Any]
MERGE = "application/merge-patch+json"
ADDRESSES = {"node-a": ("10.1.0.1", "10.1.0.2", "10.1.0.3"), "node-b": ("10.2.0.1", "10.2.0.2")}
PLURALS = {
    "Deployment": "deployments.apps",
    "ReplicaSet": "replicasets.apps",
    "Pod": "pods",
    "Service": "services",
    "EndpointSlice": "endpointslices.discovery.k8s.io",
    "ConfigMap": "configmaps",
    "Node": "nodes",
    "Namespace": "namespaces",
}


class SimulatedCluster:
    """A cluster; every change is followed by `rest`."""

    def __init__(self) -> None:
        self.server = ApiServer()
        self.controllers = SimulatedControllers(
            self.server, ADDRESSES, Pace(start_seconds=0.02, stop_seconds=0.02)
        )
        for number, name in enumerate(ADDRESSES):
            self._node(name, number)

    def _node(self, name: str, number: int) -> None:
        self.create(
            {
                "kind": "Node",
                "metadata": {
                    "name": name,
                    "labels": {"topology.kubernetes.io/zone": f"zone-{number}", "name": name},
                },
                "status": {
                    "addresses": [{"type": "InternalIP", "address": f"10.0.0.{number}"}],
                    "conditions": [{"type": "Ready", "status": "True"}],
                },
            }
        )

    def rest(self) -> None:
        """Wait until nothing moves any more."""
        until(lambda: self.controllers.is_idle() or self.controllers.failure, seconds=20)
        assert self.controllers.failure is None

    def create(self, body: Json, namespace: str = "default") -> Json:
        """Create an object."""
        kind = self.server.registry.named(body["kind"])
        return self.server.api.create(kind, body, namespace if kind.namespaced else None)

    def patch(self, kind: str, name: str, patch: Json, subresource: str = "") -> None:
        """Merge into an object."""
        space = None if kind == "Node" else "default"
        self.server.api.patch(self.server.api.target(kind, name, space, subresource), MERGE, patch)

    def delete(
        self, kind: str, name: str, propagation: str = "Background", namespace: str = "default"
    ) -> None:
        """Ask for a deletion."""
        found = self.server.registry.named(kind)
        space = namespace if found.namespaced else None
        target = self.server.api.target(kind, name, space)
        self.server.api.delete(target, DeleteOptions(propagation=propagation))

    def all(self, kind: str) -> list[Json]:
        """Objects of a kind, by name."""
        found = self.server.store.values(PLURALS[kind])
        return sorted(found, key=lambda obj: obj["metadata"]["name"])

    def one(self, kind: str) -> Json:
        """The only object of a kind."""
        (found,) = self.all(kind)
        return found

    def endpoints(self) -> dict[str, bool]:
        """Address -> ready, over all slices."""
        return {
            endpoint["addresses"][0]: endpoint["conditions"]["ready"]
            for found in self.all("EndpointSlice")
            for endpoint in found.get("endpoints") or ()
        }


def deployment(replicas: int = 2, *, namespace: str = "", **spec: Any) -> Json:
    """A Deployment of Pods with a named port."""
    container = {
        "name": "web",
        "image": "web:1",
        "ports": [{"name": "http", "containerPort": 8080}],
    }
    template = {
        "metadata": {"labels": {"app": "web"}},
        "spec": {"containers": [container], **spec.pop("pod", {})},
    }
    return {
        "kind": "Deployment",
        "metadata": {"name": "web", **({"namespace": namespace} if namespace else {})},
        "spec": {
            "replicas": replicas,
            "selector": {"matchLabels": {"app": "web"}},
            "template": template,
            **spec,
        },
    }


def service(**spec: Any) -> Json:
    """A Service of these Pods."""
    ports = [{"port": 80, "targetPort": "http"}]
    return {
        "kind": "Service",
        "metadata": {"name": "web"},
        "spec": {"selector": {"app": "web"}, "ports": ports, **spec},
    }
