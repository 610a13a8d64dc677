"""A large cluster: Services with their Pods, slices and bindings, as big as real ones are.

Pods have what EKS clusters give them: five labels, annotations, two containers with their
environment, managed fields; some 5.6 KB of JSON each.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

Json = dict[str, Any]
PODS_A_NODE = 250
_MANAGED: list[Json] = [
    {"manager": name, "operation": "Update", "fieldsV1": {f"f:field-{n}": {} for n in range(60)}}
    for name in ("kube-controller-manager", "kubelet")
]
_BORN = "2026-01-02T03:04:05Z"
_CONDITIONS = ("PodReadyToStartContainers", "Initialized", "Ready", "ContainersReady")


class Cluster(msgspec.Struct, frozen=True):
    """So many groups of so many pods; every group has a Service, a slice and a binding."""

    groups: int
    pods_a_group: int = 50

    @property
    def pods(self) -> int:
        return self.groups * self.pods_a_group

    @property
    def nodes(self) -> int:
        return -(-self.pods // PODS_A_NODE)


class Place(msgspec.Struct, frozen=True):
    """A pod's place: which of its group, on which node, with which address."""

    group: int
    number: int
    index: int
    """Among all pods; decides node and address."""

    @property
    def namespace(self) -> str:
        return f"team-{self.group % 20}"

    @property
    def name(self) -> str:
        return f"app-{self.group}-7d9c6b5f4d-{self.number:05x}"

    @property
    def node(self) -> int:
        return self.index // PODS_A_NODE

    @property
    def address(self) -> str:
        return address(self.node, self.index % PODS_A_NODE + 1)


def address(node: int, number: int = 0) -> str:
    """Of a node, or of one of its pods; in the account's private subnets."""
    return f"192.168.{96 + node}.{number + 2}"


def node_name(node: int) -> str:
    """As EKS names them."""
    return f"ip-192-168-{96 + node}-2.us-west-2.compute.internal"


def places(cluster: Cluster, group: int) -> list[Place]:
    """The places of a group's pods."""
    first = group * cluster.pods_a_group
    return [Place(group, n, first + n) for n in range(cluster.pods_a_group)]


def node(number: int, instance: str) -> Json:
    """A node that is ready."""
    labels = {"topology.kubernetes.io/zone": "us-west-2a", "kubernetes.io/os": "linux"}
    return {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {"name": node_name(number), "labels": labels},
        "spec": {"providerID": f"aws:///us-west-2a/{instance}"},
        "status": {"conditions": [{"type": "Ready", "status": "True"}]},
    }


def objects(cluster: Cluster, arns: list[str], source: str) -> Iterator[Json]:
    """Everything but the nodes: namespaces first, a binding for each ARN.

    `source` is the security group that the pods are to be reached from.
    """
    for name in sorted({f"team-{group % 20}" for group in range(cluster.groups)}):
        yield {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}
    for group, arn in enumerate(arns):
        found = places(cluster, group)
        yield from map(pod, found)
        yield _service(found[0])
        yield endpoint_slice(found)
        yield _binding(found[0], arn, source)


def pod(place: Place) -> Json:
    """A pod that is ready."""
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": _pod_metadata(place),
        "spec": _pod_spec(place),
        "status": _pod_status(place),
    }


def _pod_metadata(place: Place) -> Json:
    app = f"app-{place.group}"
    return {
        "name": place.name,
        "generateName": f"{app}-7d9c6b5f4d-",
        "namespace": place.namespace,
        "uid": f"0f1d2c3b-4f5e-8d7c-{place.index:04x}-{place.index:012x}",
        "creationTimestamp": _BORN,
        "labels": {
            "app.kubernetes.io/name": app,
            "app.kubernetes.io/instance": app,
            "app.kubernetes.io/version": "1.2.3",
            "pod-template-hash": "7d9c6b5f4d",
            "team": place.namespace,
        },
        "annotations": {
            "kubectl.kubernetes.io/restartedAt": _BORN,
            "prometheus.io/scrape": "true",
            "prometheus.io/port": "8080",
            "checksum/config": "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        },
        "ownerReferences": [
            {
                "apiVersion": "apps/v1",
                "kind": "ReplicaSet",
                "name": f"{app}-7d9c6b5f4d",
                "uid": f"5f1d2c3b-4f5e-8d7c-{place.group:04x}-{place.group:012x}",
                "controller": True,
            }
        ],
        "managedFields": _MANAGED,
    }


def _gate(place: Place) -> str:
    return f"target-health.elbv2.k8s.aws/{_binding_name(place)}"


def _binding_name(place: Place) -> str:
    return f"k8s-team{place.group % 20}-app{place.group}-0123456789"


def _pod_spec(place: Place) -> Json:
    environment = [{"name": f"SETTING_{n}", "value": "v" * 20} for n in range(20)]
    ports = [("http", 8080), ("metrics", 9090)]
    return {
        "nodeName": node_name(place.node),
        "readinessGates": [{"conditionType": _gate(place)}],
        "containers": [
            {
                "name": "web",
                "image": f"123456789012.dkr.ecr.us-west-2.amazonaws.com/app-{place.group}:1.2.3",
                "env": environment,
                "ports": [
                    {"name": name, "containerPort": number, "protocol": "TCP"}
                    for name, number in ports
                ],
            },
            {
                "name": "proxy",
                "image": "proxy:1",
                "ports": [{"name": "envoy", "containerPort": 15090, "protocol": "TCP"}],
            },
        ],
    }


def _pod_status(place: Place) -> Json:
    return {
        "phase": "Running",
        "hostIP": address(place.node),
        "podIP": place.address,
        "podIPs": [{"ip": place.address}],
        "startTime": _BORN,
        "conditions": [
            {"type": name, "status": "True", "lastTransitionTime": _BORN}
            for name in (*_CONDITIONS, "PodScheduled", _gate(place))
        ],
        "containerStatuses": [
            {
                "name": name,
                "ready": True,
                "restartCount": 0,
                "containerID": "containerd://" + "a" * 64,
            }
            for name in ("web", "proxy")
        ],
    }


def _service(place: Place) -> Json:
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": f"app-{place.group}", "namespace": place.namespace},
        "spec": {
            "type": "ClusterIP",
            "ports": [{"name": "http", "protocol": "TCP", "port": 80, "targetPort": 8080}],
        },
    }


def endpoint_slice(found: list[Place]) -> Json:
    """The slice of a group, with these pods."""
    group, namespace = found[0].group, found[0].namespace
    return {
        "apiVersion": "discovery.k8s.io/v1",
        "kind": "EndpointSlice",
        "addressType": "IPv4",
        "metadata": {
            "name": f"app-{group}-x",
            "namespace": namespace,
            "labels": {"kubernetes.io/service-name": f"app-{group}"},
        },
        "ports": [{"name": "http", "port": 8080, "protocol": "TCP"}],
        "endpoints": [_endpoint(place) for place in found],
    }


def _endpoint(place: Place) -> Json:
    return {
        "addresses": [place.address],
        "conditions": {"ready": True, "serving": True, "terminating": False},
        "nodeName": node_name(place.node),
        "targetRef": {"kind": "Pod", "namespace": place.namespace, "name": place.name},
        "zone": "us-west-2a",
    }


def _binding(place: Place, arn: str, source: str) -> Json:
    peer = {"securityGroup": {"groupID": source}}
    return {
        "apiVersion": "elbv2.k8s.aws/v1beta1",
        "kind": "TargetGroupBinding",
        "metadata": {"name": _binding_name(place), "namespace": place.namespace},
        "spec": {
            "targetGroupARN": arn,
            "targetType": "ip",
            "ipAddressType": "ipv4",
            "serviceRef": {"name": f"app-{place.group}", "port": 80},
            "networking": {
                "ingress": [{"from": [peer], "ports": [{"protocol": "TCP", "port": 8080}]}]
            },
        },
    }
