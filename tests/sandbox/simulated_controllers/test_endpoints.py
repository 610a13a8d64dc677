"""EndpointSlices follow what Services select."""

from __future__ import annotations

from tests.sandbox.simulated_controllers.simulated import SimulatedCluster, deployment, service


def test_a_service_finds_its_pods(simulated: SimulatedCluster) -> None:
    """Each ready Pod is an endpoint with its node, its zone and the named port's number."""
    simulated.create(service())
    simulated.create(deployment(2))
    simulated.rest()
    found = simulated.one("EndpointSlice")
    assert found["metadata"]["labels"]["kubernetes.io/service-name"] == "web"
    assert [(port["name"], port["port"]) for port in found["ports"]] == [("", 8080)]
    pods = {pod["status"]["podIP"]: pod for pod in simulated.all("Pod")}
    zones = {"node-a": "zone-0", "node-b": "zone-1"}
    for endpoint in found["endpoints"]:
        pod = pods[endpoint["addresses"][0]]
        assert endpoint["targetRef"]["name"] == pod["metadata"]["name"]
        assert endpoint["zone"] == zones[pod["spec"]["nodeName"]]
        assert endpoint["conditions"] == {"ready": True, "serving": True, "terminating": False}


def test_a_service_without_pods_has_an_empty_slice(simulated: SimulatedCluster) -> None:
    """So that one can see that somebody looked."""
    simulated.create(service())
    simulated.rest()
    assert (simulated.one("EndpointSlice").get("endpoints") or []) == []


def test_a_slice_is_changed_in_place(simulated: SimulatedCluster) -> None:
    """Scaling does not make a new slice; a deleted one comes back."""
    simulated.create(service())
    simulated.create(deployment(1))
    simulated.rest()
    before = simulated.one("EndpointSlice")["metadata"]["name"]
    simulated.patch("Deployment", "web", {"spec": {"replicas": 3}})
    simulated.rest()
    assert simulated.one("EndpointSlice")["metadata"]["name"] == before
    assert len(simulated.endpoints()) == 3
    simulated.delete("EndpointSlice", before)
    simulated.rest()
    assert len(simulated.endpoints()) == 3


def test_a_changed_selector_is_followed(simulated: SimulatedCluster) -> None:
    """Pods that are not selected any more are no endpoints."""
    simulated.create(service())
    simulated.create(deployment(2))
    simulated.rest()
    simulated.patch("Service", "web", {"spec": {"selector": {"app": "other"}}})
    simulated.rest()
    assert simulated.endpoints() == {}


def test_services_without_selector_are_left_alone(simulated: SimulatedCluster) -> None:
    """Whoever writes no selector writes the slices himself."""
    simulated.create(service(selector=None))
    simulated.create(deployment(1))
    simulated.rest()
    assert simulated.all("EndpointSlice") == []


def test_pods_that_are_not_ready_can_be_published(simulated: SimulatedCluster) -> None:
    """publishNotReadyAddresses makes them ready endpoints."""
    gate = {"readinessGates": [{"conditionType": "never.example/x"}]}
    simulated.create(service(publishNotReadyAddresses=True))
    simulated.create(deployment(1, pod=gate))
    simulated.rest()
    assert list(simulated.endpoints().values()) == [True]
