"""Deployments and ReplicaSets keep as many Pods as are wanted, through every change."""

from __future__ import annotations

import threading

import pytest

from alb_controller.sandbox.kubeapi import ListOptions, WatchOptions, watch
from tests.sandbox.simulated_controllers.simulated import SimulatedCluster, deployment


def test_a_deployment_runs_its_pods(simulated: SimulatedCluster) -> None:
    """Pods are ready, on both nodes, each with an address of its node; the status says so."""
    simulated.create(deployment(3))
    simulated.rest()
    pods = simulated.all("Pod")
    assert [pod["status"]["phase"] for pod in pods] == ["Running"] * 3
    assert {pod["spec"]["nodeName"] for pod in pods} == {"node-a", "node-b"}
    assert len({pod["status"]["podIP"] for pod in pods}) == 3
    for pod in pods:
        prefix = {"node-a": "10.1.", "node-b": "10.2."}[pod["spec"]["nodeName"]]
        assert pod["status"]["podIP"].startswith(prefix)
    status = simulated.one("Deployment")["status"]
    assert (status["readyReplicas"], status["updatedReplicas"]) == (3, 3)
    assert status["observedGeneration"] == simulated.one("Deployment")["metadata"]["generation"]


@pytest.mark.parametrize("wanted", [0, 1, 4])
def test_scaling_is_followed(simulated: SimulatedCluster, wanted: int) -> None:
    """More or fewer Pods, and none is replaced without need."""
    simulated.create(deployment(2))
    simulated.rest()
    before = {pod["metadata"]["name"] for pod in simulated.all("Pod")}
    simulated.patch("Deployment", "web", {"spec": {"replicas": wanted}})
    simulated.rest()
    after = {pod["metadata"]["name"] for pod in simulated.all("Pod")}
    assert len(after) == wanted
    assert after <= before or before <= after
    assert simulated.one("ReplicaSet")["status"].get("readyReplicas", 0) == wanted


def test_a_deleted_pod_is_replaced(simulated: SimulatedCluster) -> None:
    """Another Pod takes its place."""
    simulated.create(deployment(2))
    simulated.rest()
    gone = simulated.all("Pod")[0]["metadata"]["name"]
    simulated.delete("Pod", gone)
    simulated.rest()
    names = [pod["metadata"]["name"] for pod in simulated.all("Pod")]
    assert len(names) == 2
    assert gone not in names


def test_a_new_template_is_rolled_out_without_a_gap(simulated: SimulatedCluster) -> None:
    """Old Pods go when new ones are ready: at no time are fewer ready than may be."""
    simulated.create(deployment(2))
    simulated.rest()
    fewest, stop = [2], threading.Event()
    store, kind = simulated.server.store, simulated.server.registry.named("Pod")

    def observe() -> None:
        options = WatchOptions(ListOptions(resource_version=str(store.version)))
        for _ in watch(store, kind, "default", options, tick_seconds=0.01):
            ready = [
                pod
                for pod in store.values("pods")
                if "deletionTimestamp" not in pod["metadata"]
                and any(
                    c["type"] == "Ready" and c["status"] == "True"
                    for c in pod["status"].get("conditions", ())
                )
            ]
            fewest[0] = min(fewest[0], len(ready))
            if stop.is_set():
                return

    thread = threading.Thread(target=observe)
    thread.start()
    change = {"spec": {"template": {"metadata": {"labels": {"version": "2"}}}}}
    simulated.patch("Deployment", "web", change)
    simulated.rest()
    stop.set()
    thread.join()
    assert fewest[0] == 2  # 25 % of two Pods, rounded down, may be missing: none
    assert {pod["metadata"]["labels"].get("version") for pod in simulated.all("Pod")} == {"2"}
    assert [found["spec"]["replicas"] for found in simulated.all("ReplicaSet")].count(0) == 1


def test_recreate_ends_old_pods_first(simulated: SimulatedCluster) -> None:
    """With strategy Recreate old and new Pods never run together."""
    simulated.create(deployment(2, strategy={"type": "Recreate"}))
    simulated.rest()
    old = {pod["metadata"]["name"] for pod in simulated.all("Pod")}
    image = {"containers": [{"name": "web", "image": "web:2"}]}
    simulated.patch("Deployment", "web", {"spec": {"template": {"spec": image}}})
    simulated.rest()
    pods = simulated.all("Pod")
    assert len(pods) == 2
    assert not old & {pod["metadata"]["name"] for pod in pods}
    assert {pod["spec"]["containers"][0]["image"] for pod in pods} == {"web:2"}


def test_going_back_takes_the_old_replica_set(simulated: SimulatedCluster) -> None:
    """A template that was there before has its ReplicaSet, which is the latest revision again."""
    simulated.create(deployment(1))
    simulated.rest()
    first = simulated.one("ReplicaSet")["metadata"]["name"]
    for label in ("2", None):
        change = {"spec": {"template": {"metadata": {"labels": {"version": label}}}}}
        simulated.patch("Deployment", "web", change)
        simulated.rest()
    assert len(simulated.all("ReplicaSet")) == 2
    revision = "deployment.kubernetes.io/revision"
    revisions = {
        found["metadata"]["name"]: found["metadata"]["annotations"][revision]
        for found in simulated.all("ReplicaSet")
    }
    assert revisions[first] == "3"
    assert simulated.one("Deployment")["metadata"]["annotations"][revision] == "3"
