"""Dependents go with their owners, and the content of a namespace with it."""

from __future__ import annotations

import pytest

from tests.sandbox.life.town import PLURALS, Town, deployment, service


@pytest.mark.parametrize("propagation", ["Background", "Foreground"])
def test_a_deployment_takes_its_pods_with_it(town: Town, propagation: str) -> None:
    """Nothing that it made is left, and neither is it."""
    town.create(deployment(2))
    town.rest()
    town.delete("Deployment", "web", propagation)
    town.rest()
    for kind in ("Deployment", "ReplicaSet", "Pod"):
        assert town.all(kind) == [], kind


def test_orphans_stay(town: Town) -> None:
    """Orphan deletion leaves the ReplicaSet and its Pods, without an owner."""
    town.create(deployment(2))
    town.rest()
    town.delete("Deployment", "web", "Orphan")
    town.rest()
    assert town.all("Deployment") == []
    assert not town.one("ReplicaSet")["metadata"].get("ownerReferences")
    assert len(town.all("Pod")) == 2


def test_a_service_takes_its_slices_with_it(town: Town) -> None:
    """A slice without its Service would be a target for nobody."""
    town.create(service())
    town.create(deployment(1))
    town.rest()
    town.delete("Service", "web")
    town.rest()
    assert town.all("EndpointSlice") == []


def test_a_namespace_takes_its_content_with_it(town: Town) -> None:
    """All of it, those of other namespaces not; finalizers are waited for."""
    town.create({"kind": "Namespace", "metadata": {"name": "team"}})
    town.create(deployment(1), "team")
    town.create(deployment(1))
    held = {"kind": "ConfigMap", "metadata": {"name": "held", "finalizers": ["example.com/x"]}}
    town.create(held, "team")
    town.rest()
    town.delete("Namespace", "team")
    town.life.is_idle()
    store = town.server.store
    assert store.get(PLURALS["Namespace"], "team") is not None
    target = town.server.api.target("ConfigMap", "held", "team")
    town.server.api.patch(
        target, "application/merge-patch+json", {"metadata": {"finalizers": None}}
    )
    town.rest()
    assert store.get(PLURALS["Namespace"], "team") is None
    assert {pod["metadata"]["namespace"] for pod in town.all("Pod")} == {"default"}
