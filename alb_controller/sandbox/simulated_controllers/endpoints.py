"""EndpointSlices follow the selectors of Services.

Source: Kubernetes docs, "EndpointSlices" (conditions, ownership, distribution).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from alb_controller.sandbox.simulated_controllers.cluster import (
    Cluster,
    Json,
    Key,
    is_leaving,
    is_true,
    key_of,
    owner_reference,
)

SERVICE_LABEL = "kubernetes.io/service-name"
MANAGED_BY = "endpointslice.kubernetes.io/managed-by"
_US = "endpointslice-controller.k8s.io"
_MOST_ENDPOINTS = 100
_ZONE = "topology.kubernetes.io/zone"
_Ports = tuple[tuple[str, str, int, str], ...]


def sync_service(cluster: Cluster, key: Key) -> None:
    """Make the slices of a Service what its Pods are."""
    service = cluster.get(key)
    if service is None or is_leaving(service):
        return
    if not service["spec"].get("selector") or service["spec"].get("type") == "ExternalName":
        return
    left = [
        found
        for found in cluster.objects("EndpointSlice", key.namespace)
        if is_slice_of(found, key.name) and not is_leaving(found)
    ]
    for ports, endpoints in _slices(cluster, service):
        body = {"ports": _shown(ports), "endpoints": endpoints}
        held = next((found for found in left if _same_ports(found, body)), None)
        if held is None:
            _make(cluster, service, body)
        else:
            left.remove(held)
            if (held.get("endpoints") or []) != endpoints:
                cluster.merge(key_of(held), {"endpoints": endpoints})
    for found in left:
        cluster.delete(key_of(found))


def is_slice_of(found: Json, service: str) -> bool:
    """Whether a slice is one of ours for this Service."""
    labels = found["metadata"].get("labels", {})
    return bool(labels.get(SERVICE_LABEL) == service and labels.get(MANAGED_BY) == _US)


def selects(service: Json, pod: Json) -> bool:
    """Whether a Service's selector takes a Pod."""
    selector = service["spec"].get("selector")
    labels = pod["metadata"].get("labels", {})
    return bool(selector) and all(labels.get(name) == value for name, value in selector.items())


def _slices(cluster: Cluster, service: Json) -> Iterator[tuple[_Ports, list[Json]]]:
    """Endpoints by the ports that they serve; one slice without endpoints if there is none."""
    by_ports: dict[_Ports, list[Json]] = {}
    zones = {
        node["metadata"]["name"]: node["metadata"].get("labels", {}).get(_ZONE)
        for node in cluster.objects("Node")
    }
    for pod in cluster.objects("Pod", service["metadata"]["namespace"]):
        if selects(service, pod) and pod.get("status", {}).get("podIP"):
            ports = _ports(service, pod)
            zone = zones.get(pod["spec"].get("nodeName", ""))
            by_ports.setdefault(ports, []).append(_endpoint(service, pod, zone))
    for ports, endpoints in by_ports.items() or {(): []}.items():
        for start in range(0, max(len(endpoints), 1), _MOST_ENDPOINTS):
            yield ports, endpoints[start : start + _MOST_ENDPOINTS]


def _ports(service: Json, pod: Json) -> _Ports:
    found = []
    for port in service["spec"].get("ports", ()):
        number = _target_port(port.get("targetPort", port["port"]), pod)
        if number is not None:
            protocol, app = port.get("protocol", "TCP"), port.get("appProtocol", "")
            found.append((port.get("name", ""), protocol, number, app))
    return tuple(found)


def _target_port(target: int | str, pod: Json) -> int | None:
    if isinstance(target, int):
        return target
    for container in pod["spec"]["containers"]:
        for port in container.get("ports", ()):
            if port.get("name") == target:
                return int(port["containerPort"])
    return None


def _shown(ports: _Ports) -> list[Json]:
    return [
        {
            "name": name,
            "protocol": protocol,
            "port": number,
            **({"appProtocol": app} if app else {}),
        }
        for name, protocol, number, app in ports
    ]


def _endpoint(service: Json, pod: Json, zone: str | None) -> Json:
    leaving, serving = is_leaving(pod), is_true(pod, "Ready")
    always = bool(service["spec"].get("publishNotReadyAddresses"))
    made: dict[str, Any] = {
        "addresses": [pod["status"]["podIP"]],
        "conditions": {
            "ready": always or (serving and not leaving),
            "serving": always or serving,
            "terminating": leaving,
        },
        "nodeName": pod["spec"].get("nodeName"),
        "targetRef": {
            "kind": "Pod",
            "namespace": pod["metadata"]["namespace"],
            "name": pod["metadata"]["name"],
            "uid": pod["metadata"]["uid"],
        },
    }
    return {**made, "zone": zone} if zone else made


def _same_ports(found: Json, body: Json) -> bool:
    return bool((found.get("ports") or []) == body["ports"])


def _make(cluster: Cluster, service: Json, body: Json) -> None:
    name, namespace = service["metadata"]["name"], service["metadata"]["namespace"]
    cluster.create(
        {
            "apiVersion": "discovery.k8s.io/v1",
            "kind": "EndpointSlice",
            "metadata": {
                "generateName": f"{name}-",
                "labels": {
                    **service["metadata"].get("labels", {}),
                    SERVICE_LABEL: name,
                    MANAGED_BY: _US,
                },
                "ownerReferences": [owner_reference(service)],
            },
            "addressType": (service["spec"].get("ipFamilies") or ["IPv4"])[0],
            **body,
        },
        namespace,
    )
