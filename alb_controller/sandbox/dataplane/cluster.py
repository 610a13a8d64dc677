"""The embedded cluster for the data plane: which pods run, and who is behind a node's port."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from alb_controller.sandbox.dataplane.pods import DemoPods
from alb_controller.sandbox.kubeapi import ApiServer
from alb_controller.sandbox.kubeapi.store import Change

Json = dict[str, Any]
_SERVICE = "kubernetes.io/service-name"


class PodFollower:
    """Lets a demo pod run for each running Pod, in the moment in which it changes."""

    def __init__(self, server: ApiServer, pods: DemoPods, changed: Callable[[], None]) -> None:
        self._pods, self._changed = pods, changed
        store, resource = server.store, server.registry.named("Pod").resource
        with store.lock:
            subscription: Any = store.subscribe(resource, store.version)
            subscription.queue = self  # changes come to `put`
            for pod in store.values(resource):
                self._take(pod)

    def put(self, change: Change | None) -> None:
        """Called by the store, with its lock held; None means that it closes."""
        if change is not None:
            self._take(change.shown, is_gone=change.new is None)
            self._changed()

    def _take(self, pod: Json, *, is_gone: bool = False) -> None:
        status, metadata = pod.get("status", {}), pod["metadata"]
        address = status.get("podIP")
        if not address:
            return
        name = f"{metadata['namespace']}/{metadata['name']}"
        if not is_gone and status.get("phase") == "Running":
            self._pods.run(address, name)
        elif self._pods.running().get(address) == name:
            self._pods.end(address)


def behind_node_port(server: ApiServer, pods: DemoPods, port: int) -> Sequence[str]:
    """Where the ready pods of the Service listen that has this node port (as kube-proxy does)."""
    for service in server.store.values(server.registry.named("Service").resource):
        for one in service["spec"].get("ports", ()):
            if one.get("nodePort") == port:
                ready = _ready_addresses(server, service, one.get("name", ""))
                return [pods.endpoint(address) for address in ready]
    return []


def _ready_addresses(server: ApiServer, service: Json, port: str) -> list[tuple[str, int]]:
    found = []
    metadata = service["metadata"]
    for one in server.store.values(server.registry.named("EndpointSlice").resource):
        labels = one["metadata"].get("labels", {})
        is_ours = one["metadata"]["namespace"] == metadata["namespace"]
        if not is_ours or labels.get(_SERVICE) != metadata["name"]:
            continue
        numbers = [p["port"] for p in one.get("ports") or () if (p.get("name") or "") == port]
        for endpoint in one.get("endpoints") or ():
            if numbers and endpoint.get("conditions", {}).get("ready"):
                found += [(address, numbers[0]) for address in endpoint["addresses"]]
    return found
