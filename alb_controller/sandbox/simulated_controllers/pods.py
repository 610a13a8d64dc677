"""What a scheduler, a CNI and kubelets do for Pods: a node, an address, readiness, a quiet end.

Source: Kubernetes docs, "Pod Lifecycle" (conditions, readiness gates, termination of Pods).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from alb_controller.sandbox.simulated_controllers.cluster import (
    Cluster,
    Json,
    Key,
    condition,
    condition_of,
    is_leaving,
    is_true,
    key_of,
    now,
    with_conditions,
)

_FINISHED = ("Failed", "Succeeded")


class PodAddresses:
    """The addresses that each node's interfaces hold for its Pods.

    One that was given back rests longest: the VPC CNI leaves it alone for 30 s (amazon-vpc-cni-k8s,
    README, IP_COOLDOWN_PERIOD), so that no new Pod gets what still drains for an old one.
    """

    def __init__(self, by_node: Mapping[str, Sequence[str]]) -> None:
        self._by_node = {node: list(addresses) for node, addresses in by_node.items()}

    def free(self, node: str, taken: set[str]) -> str | None:
        """An address of the node that no Pod has: the one that was given out longest ago."""
        addresses = self._by_node.get(node, [])
        found = next((a for a in addresses if a not in taken), None)
        if found is not None:
            addresses.remove(found)
            addresses.append(found)
        return found

    def has_room(self, node: str, pods: int) -> bool:
        """Whether a node that has so many Pods can have one more."""
        return pods < len(self._by_node.get(node, ()))


def bind_pod(cluster: Cluster, pod: Json, addresses: PodAddresses) -> bool:
    """Put a Pod on the node that has the fewest; False if none has room."""
    bound = [found["spec"].get("nodeName") for found in cluster.objects("Pod")]
    nodes = [node["metadata"]["name"] for node in cluster.objects("Node") if _admits(node, pod)]
    load = {
        node: bound.count(node) for node in nodes if addresses.has_room(node, bound.count(node))
    }
    if load:
        cluster.bind(key_of(pod), min(load, key=lambda node: (load[node], node)))
        return True
    cluster.change_status(key_of(pod), _unschedulable)
    return False


def _admits(node: Json, pod: Json) -> bool:
    labels = node["metadata"].get("labels", {})
    wanted = pod["spec"].get("nodeSelector", {})
    fits = all(labels.get(name) == value for name, value in wanted.items())
    return fits and is_true(node, "Ready") and not node["spec"].get("unschedulable")


def _unschedulable(pod: Json) -> Json:
    why = "no node is ready, matches the Pod's node selector and has a free address"
    made = condition(pod, "PodScheduled", holds=False, reason="Unschedulable", message=why)
    return {"conditions": with_conditions(pod, made)}


def run_pod(cluster: Cluster, key: Key, addresses: PodAddresses) -> bool:
    """Give a bound Pod its address and let its containers run; False if there is no address."""
    with cluster.lock:
        pod = cluster.get(key)
        if pod is None:
            return True
        taken = {found.get("status", {}).get("podIP", "") for found in cluster.objects("Pod")}
        node = cluster.get(Key("Node", "", pod["spec"]["nodeName"])) or {}
        host = _address_of(node)
        own = host if pod["spec"].get("hostNetwork") else None
        address = own or addresses.free(pod["spec"]["nodeName"], taken)
        if address is None:
            return False
        cluster.change_status(key, lambda found: _running(found, address, host))
        return True


def _address_of(node: Json) -> str:
    addresses = node.get("status", {}).get("addresses", ())
    return next((a["address"] for a in addresses if a["type"] == "InternalIP"), "")


def _running(pod: Json, address: str, host: str) -> Json:
    since = now()
    made = [
        condition(pod, name, holds=True)
        for name in (
            "PodReadyToStartContainers",
            "Initialized",
            "ContainersReady",
            "PodScheduled",
        )
    ]
    running = {
        **pod,
        "status": {**pod.get("status", {}), "conditions": with_conditions(pod, *made)},
    }
    return {
        "phase": "Running",
        "hostIP": host,
        "hostIPs": [{"ip": host}],
        "podIP": address,
        "podIPs": [{"ip": address}],
        "startTime": since,
        "conditions": with_conditions(running, _ready(running)),
        "containerStatuses": [
            {
                "name": container["name"],
                "image": container["image"],
                "imageID": "",
                "ready": True,
                "started": True,
                "restartCount": 0,
                "state": {"running": {"startedAt": since}},
            }
            for container in pod["spec"]["containers"]
        ],
    }


def settle_readiness(cluster: Cluster, key: Key) -> None:
    """Ready follows the containers and the readiness gates, which others set."""
    pod = cluster.get(key)
    if pod is not None and not _is_same_condition(_ready(pod), condition_of(pod, "Ready")):
        cluster.change_status(
            key, lambda found: {"conditions": with_conditions(found, _ready(found))}
        )


def _is_same_condition(one: Json, other: Json) -> bool:
    return all(one.get(name) == other.get(name) for name in ("status", "reason", "message"))


def _ready(pod: Json) -> Json:
    gates = [gate["conditionType"] for gate in pod["spec"].get("readinessGates", ())]
    closed = [gate for gate in gates if not is_true(pod, gate)]
    if not is_true(pod, "ContainersReady"):
        return condition(pod, "Ready", holds=False, reason="ContainersNotReady")
    if closed:
        why = f'corresponding condition of pod readiness gate "{closed[0]}" is not "True"'
        return condition(pod, "Ready", holds=False, reason="ReadinessGatesNotReady", message=why)
    return condition(pod, "Ready", holds=True)


def needs_node(pod: Json) -> bool:
    """Whether the scheduler must look at it."""
    return not is_leaving(pod) and not pod["spec"].get("nodeName")


def needs_start(pod: Json) -> bool:
    """Whether a kubelet must start it. A status that was written by hand stays as it is."""
    phase = pod.get("status", {}).get("phase")
    return not is_leaving(pod) and bool(pod["spec"].get("nodeName")) and phase == "Pending"


def stopping_seconds(pod: Json, after_sigterm: float) -> float:
    """How long a Pod that is leaving still runs: its longest preStop sleep, then what its
    containers need after SIGTERM; at most its grace period, which covers both.
    """
    grace = float(pod["metadata"].get("deletionGracePeriodSeconds") or 0)
    return min(grace, pre_stop_seconds(pod) + after_sigterm)


def pre_stop_seconds(pod: Json) -> float:
    """The longest `lifecycle.preStop.sleep` of its containers; other hooks take no time here."""
    hooks = (c.get("lifecycle", {}).get("preStop", {}) for c in pod["spec"]["containers"])
    return max((float(hook.get("sleep", {}).get("seconds", 0)) for hook in hooks), default=0.0)
