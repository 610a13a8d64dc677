"""Dependents go with their owners, and the content of a namespace with it."""

from __future__ import annotations

import pytest

from tests.sandbox.simulated_controllers.simulated import (
    PLURALS,
    SimulatedCluster,
    deployment,
    service,
)


@pytest.mark.parametrize("propagation", ["Background", "Foreground"])
def test_a_deployment_takes_its_pods_with_it(simulated: SimulatedCluster, propagation: str) -> None:
    """Nothing that it made is left, and neither is it."""
    simulated.create(deployment(2))
    simulated.rest()
    simulated.delete("Deployment", "web", propagation)
    simulated.rest()
    for kind in ("Deployment", "ReplicaSet", "Pod"):
        assert simulated.all(kind) == [], kind


def test_orphans_stay(simulated: SimulatedCluster) -> None:
    """Orphan deletion leaves the ReplicaSet and its Pods, without an owner."""
    simulated.create(deployment(2))
    simulated.rest()
    simulated.delete("Deployment", "web", "Orphan")
    simulated.rest()
    assert simulated.all("Deployment") == []
    assert not simulated.one("ReplicaSet")["metadata"].get("ownerReferences")
    assert len(simulated.all("Pod")) == 2


def test_a_service_takes_its_slices_with_it(simulated: SimulatedCluster) -> None:
    """A slice without its Service would be a target for nobody."""
    simulated.create(service())
    simulated.create(deployment(1))
    simulated.rest()
    simulated.delete("Service", "web")
    simulated.rest()
    assert simulated.all("EndpointSlice") == []


def test_a_namespace_takes_its_content_with_it(simulated: SimulatedCluster) -> None:
    """All of it, those of other namespaces not; finalizers are waited for."""
    simulated.create({"kind": "Namespace", "metadata": {"name": "team"}})
    simulated.create(deployment(1), "team")
    simulated.create(deployment(1))
    held = {"kind": "ConfigMap", "metadata": {"name": "held", "finalizers": ["example.com/x"]}}
    simulated.create(held, "team")
    simulated.rest()
    simulated.delete("Namespace", "team")
    simulated.controllers.is_idle()
    store = simulated.server.store
    assert store.get(PLURALS["Namespace"], "team") is not None
    target = simulated.server.api.target("ConfigMap", "held", "team")
    simulated.server.api.patch(
        target, "application/merge-patch+json", {"metadata": {"finalizers": None}}
    )
    simulated.rest()
    assert store.get(PLURALS["Namespace"], "team") is None
    assert {pod["metadata"]["namespace"] for pod in simulated.all("Pod")} == {"default"}
