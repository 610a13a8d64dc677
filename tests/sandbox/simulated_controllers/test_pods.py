"""Pods get a node, an address and readiness, and end quietly."""

from __future__ import annotations

from typing import Any

import pytest

from alb_controller.sandbox.simulated_controllers.pods import PodAddresses, stopping_seconds
from tests.sandbox.simulated_controllers.simulated import SimulatedCluster, deployment, service

GATE = "target-health.elbv2.k8s.aws/x"


def _condition(pod: dict[str, Any], name: str) -> dict[str, Any]:
    found: dict[str, Any] = next(c for c in pod["status"]["conditions"] if c["type"] == name)
    return found


def _set_gate(simulated: SimulatedCluster, status: str) -> None:
    pod = simulated.one("Pod")
    others = [c for c in pod["status"]["conditions"] if c["type"] != GATE]
    conditions = [*others, {"type": GATE, "status": status}]
    patch = {"status": {"conditions": conditions}}
    simulated.patch("Pod", pod["metadata"]["name"], patch, "status")
    simulated.rest()


def test_a_readiness_gate_holds_a_pod_back(simulated: SimulatedCluster) -> None:
    """Its containers are ready, the Pod is not, until the gate's condition is set; and back."""
    simulated.create(service())
    simulated.create(deployment(1, pod={"readinessGates": [{"conditionType": GATE}]}))
    simulated.rest()
    pod = simulated.one("Pod")
    assert _condition(pod, "ContainersReady")["status"] == "True"
    assert _condition(pod, "Ready")["reason"] == "ReadinessGatesNotReady"
    assert list(simulated.endpoints().values()) == [False]
    _set_gate(simulated, "True")
    assert _condition(simulated.one("Pod"), "Ready")["status"] == "True"
    assert list(simulated.endpoints().values()) == [True]
    _set_gate(simulated, "False")
    assert list(simulated.endpoints().values()) == [False]


def test_pods_beyond_the_addresses_wait(simulated: SimulatedCluster) -> None:
    """Five addresses, six Pods: one waits, says why, and starts when another goes."""
    simulated.create(deployment(6))
    simulated.rest()
    waiting = [pod for pod in simulated.all("Pod") if pod["status"]["phase"] == "Pending"]
    assert len(waiting) == 1
    assert _condition(waiting[0], "PodScheduled")["reason"] == "Unschedulable"
    simulated.patch("Deployment", "web", {"spec": {"replicas": 5}})
    simulated.rest()
    assert [pod["status"]["phase"] for pod in simulated.all("Pod")] == ["Running"] * 5


def test_node_selectors_and_cordons_are_heeded(simulated: SimulatedCluster) -> None:
    """Pods go only where their selector and the node let them."""
    simulated.create(deployment(2, pod={"nodeSelector": {"name": "node-b"}}))
    simulated.rest()
    assert {pod["spec"]["nodeName"] for pod in simulated.all("Pod")} == {"node-b"}
    simulated.patch("Node", "node-b", {"spec": {"unschedulable": True}})
    for pod in simulated.all("Pod"):
        simulated.delete("Pod", pod["metadata"]["name"])
    simulated.rest()
    assert {pod["status"]["phase"] for pod in simulated.all("Pod")} == {"Pending"}
    simulated.patch("Node", "node-b", {"spec": {"unschedulable": None}})
    simulated.rest()
    assert {pod["status"]["phase"] for pod in simulated.all("Pod")} == {"Running"}


def test_a_pod_terminates_before_it_is_gone(simulated: SimulatedCluster) -> None:
    """Its endpoint is not ready but serving while it terminates; then both are gone."""
    simulated.create(service())
    simulated.create(deployment(1))
    simulated.rest()
    seen: list[tuple[bool, bool, bool]] = []
    store = simulated.server.store
    subscription = store.subscribe("endpointslices.discovery.k8s.io", store.version)
    simulated.patch("Deployment", "web", {"spec": {"replicas": 0}})
    simulated.rest()
    while not subscription.queue.empty():
        change = subscription.queue.get()
        assert change is not None
        for endpoint in change.shown.get("endpoints") or ():
            c = endpoint["conditions"]
            seen.append((c["ready"], c["serving"], c["terminating"]))
    assert (False, True, True) in seen
    assert simulated.endpoints() == {}
    assert simulated.all("Pod") == []


def test_a_status_that_was_written_by_hand_stays(simulated: SimulatedCluster) -> None:
    """A Pod that a test or a user has given a status is not started over it."""
    body = {
        "kind": "Pod",
        "metadata": {"name": "mine"},
        "spec": {"nodeName": "node-a", "containers": [{"name": "c", "image": "i"}]},
    }
    with simulated.server.store.lock:
        simulated.create(body)
        status = {"phase": "Running", "podIP": "10.9.9.9"}
        simulated.patch("Pod", "mine", {"status": status}, "status")
    simulated.rest()
    assert simulated.one("Pod")["status"]["podIP"] == "10.9.9.9"


def test_host_network_pods_have_the_nodes_address(simulated: SimulatedCluster) -> None:
    """They take none of the interfaces' addresses."""
    simulated.create(deployment(1, pod={"hostNetwork": True}))
    simulated.rest()
    pod = simulated.one("Pod")
    assert pod["status"]["podIP"] == pod["status"]["hostIP"]


@pytest.mark.parametrize(
    "grace, pre_stop, expected", [(30, 10, 11.0), (5, 10, 5.0), (0, 10, 0.0), (30, 0, 1.0)]
)
def test_a_leaving_pod_runs_its_pre_stop_sleep(grace: int, pre_stop: int, expected: float) -> None:
    """The hook's sleep, then a second to end in; both within the grace period."""
    hook = {"lifecycle": {"preStop": {"sleep": {"seconds": pre_stop}}}} if pre_stop else {}
    pod = {
        "metadata": {"deletionGracePeriodSeconds": grace},
        "spec": {"containers": [{"name": "main"}, {"name": "web", **hook}]},
    }
    assert stopping_seconds(pod, after_sigterm=1.0) == expected


def test_an_address_that_was_given_back_rests() -> None:
    """As long as another is free, no Pod gets the address of one that has just gone."""
    addresses = PodAddresses({"node-a": ("10.1.0.1", "10.1.0.2", "10.1.0.3")})
    given = [addresses.free("node-a", taken=set()) for _ in range(4)]
    assert given == ["10.1.0.1", "10.1.0.2", "10.1.0.3", "10.1.0.1"]
    assert addresses.free("node-a", taken={"10.1.0.2", "10.1.0.3", "10.1.0.1"}) is None
