"""EndpointSlices follow what Services select."""

from __future__ import annotations

from tests.sandbox.life.town import Town, deployment, service


def test_a_service_finds_its_pods(town: Town) -> None:
    """Each ready Pod is an endpoint with its node, its zone and the named port's number."""
    town.create(service())
    town.create(deployment(2))
    town.rest()
    found = town.one("EndpointSlice")
    assert found["metadata"]["labels"]["kubernetes.io/service-name"] == "web"
    assert [(port["name"], port["port"]) for port in found["ports"]] == [("", 8080)]
    pods = {pod["status"]["podIP"]: pod for pod in town.all("Pod")}
    zones = {"node-a": "zone-0", "node-b": "zone-1"}
    for endpoint in found["endpoints"]:
        pod = pods[endpoint["addresses"][0]]
        assert endpoint["targetRef"]["name"] == pod["metadata"]["name"]
        assert endpoint["zone"] == zones[pod["spec"]["nodeName"]]
        assert endpoint["conditions"] == {"ready": True, "serving": True, "terminating": False}


def test_a_service_without_pods_has_an_empty_slice(town: Town) -> None:
    """So that one can see that somebody looked."""
    town.create(service())
    town.rest()
    assert (town.one("EndpointSlice").get("endpoints") or []) == []


def test_a_slice_is_changed_in_place(town: Town) -> None:
    """Scaling does not make a new slice; a deleted one comes back."""
    town.create(service())
    town.create(deployment(1))
    town.rest()
    before = town.one("EndpointSlice")["metadata"]["name"]
    town.patch("Deployment", "web", {"spec": {"replicas": 3}})
    town.rest()
    assert town.one("EndpointSlice")["metadata"]["name"] == before
    assert len(town.endpoints()) == 3
    town.delete("EndpointSlice", before)
    town.rest()
    assert len(town.endpoints()) == 3


def test_a_changed_selector_is_followed(town: Town) -> None:
    """Pods that are not selected any more are no endpoints."""
    town.create(service())
    town.create(deployment(2))
    town.rest()
    town.patch("Service", "web", {"spec": {"selector": {"app": "other"}}})
    town.rest()
    assert town.endpoints() == {}


def test_services_without_selector_are_left_alone(town: Town) -> None:
    """Whoever writes no selector writes the slices himself."""
    town.create(service(selector=None))
    town.create(deployment(1))
    town.rest()
    assert town.all("EndpointSlice") == []


def test_pods_that_are_not_ready_can_be_published(town: Town) -> None:
    """publishNotReadyAddresses makes them ready endpoints."""
    gate = {"readinessGates": [{"conditionType": "never.example/x"}]}
    town.create(service(publishNotReadyAddresses=True))
    town.create(deployment(1, pod=gate))
    town.rest()
    assert list(town.endpoints().values()) == [True]
