"""The cluster's nodes, which are the account's instances."""

from __future__ import annotations

from typing import Any

from alb_controller.sandbox.aws.account import NODES, REGION, Ids, NodeNetwork
from alb_controller.sandbox.kubeapi import ResourceApi

_CAPACITY = {
    "cpu": "2",
    "memory": "8Gi",
    "pods": str(len(next(iter(NODES.values())).pod_addresses)),
}


def add_nodes(api: ResourceApi, ids: Ids) -> None:
    """Create a Node for each instance."""
    kind = api.registry.named("Node")
    for name, network in NODES.items():
        api.create(kind, _node(name, network, ids[name]))


def pod_addresses() -> dict[str, tuple[str, ...]]:
    """The addresses that Pods of each node can have."""
    return {name: network.pod_addresses for name, network in NODES.items()}


def _node(name: str, network: NodeNetwork, instance: str) -> dict[str, Any]:
    return {
        "metadata": {
            "name": name,
            "labels": {
                "kubernetes.io/hostname": name,
                "kubernetes.io/os": "linux",
                "kubernetes.io/arch": "amd64",
                "node.kubernetes.io/instance-type": "m5.large",
                "topology.kubernetes.io/region": REGION,
                "topology.kubernetes.io/zone": network.zone,
            },
        },
        "spec": {"providerID": f"aws:///{network.zone}/{instance}"},
        "status": {
            "addresses": [
                {"type": "InternalIP", "address": network.address},
                {"type": "Hostname", "address": name},
            ],
            "capacity": _CAPACITY,
            "allocatable": _CAPACITY,
            "conditions": [{"type": "Ready", "status": "True", "reason": "KubeletReady"}],
            "nodeInfo": {
                "architecture": "amd64",
                "bootID": "",
                "containerRuntimeVersion": "none://",
                "kernelVersion": "none",
                "kubeProxyVersion": "",
                "kubeletVersion": "v1.35.0-sandbox",
                "machineID": "",
                "operatingSystem": "linux",
                "osImage": "none",
                "systemUUID": "",
            },
        },
    }
