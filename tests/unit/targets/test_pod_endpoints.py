"""targetType ip: which pods of a Service become targets."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from alb_controller.objects.core import KubeObject, Node, ServicePort, Taint
from alb_controller.objects.networking import (
    Endpoint,
    EndpointConditions,
    EndpointPort,
    EndpointSlice,
    EndpointTargetRef,
)
from alb_controller.targets.endpoints import BackendNotFound, Endpoints, resolve
from tests.factories import BORN, cluster, service
from tests.unit.targets.cluster import binding, endpoint, endpoint_slice, node, pod

IP, OTHER_IP = "10.0.0.10", "10.0.0.11"


def targets(
    *objects: KubeObject, fail_open: bool = True, port: str | int = "http", **spec: Any
) -> list[tuple[str, int]]:
    """The (id, port) of what is resolved for a binding of Service app."""
    spec = {"serviceRef": {"name": "app", "port": port}, **spec}
    return [m.key for m in endpoints(*objects, fail_open=fail_open, **spec).members]


def endpoints(*objects: KubeObject, fail_open: bool = True, **spec: Any) -> Endpoints:
    """What is resolved for a binding of Service app."""
    found = resolve(binding(**spec), cluster(*objects), fail_open=fail_open)
    assert isinstance(found, Endpoints)
    return found


def test_slices_are_merged_and_an_endpoint_listed_twice_counts_once() -> None:
    """All slices of the Service count together; the API allows duplicates between them."""
    assert targets(
        service(),
        pod("a", IP),
        pod("b", OTHER_IP),
        endpoint_slice("x", [endpoint("b", OTHER_IP), endpoint("a", IP)]),
        endpoint_slice("y", [endpoint("a", IP)]),
        endpoint_slice("z", [endpoint("a", "10.9.9.9")], service_name="other"),
    ) == [(IP, 8080), (OTHER_IP, 8080)]


@pytest.mark.parametrize("target", [None, "unknown-pod"])
def test_an_endpoint_that_is_no_known_pod_is_left_out(target: str | None) -> None:
    """Without pod there is no target: as for Services without selector."""
    assert targets(service(), endpoint_slice("x", [endpoint(target, IP)])) == []


def test_an_endpoint_without_address_is_left_out() -> None:
    """The API forbids it, but a slice may be written by hand."""
    empty = Endpoint([], EndpointConditions(), EndpointTargetRef("Pod", "shop", "a"))
    assert targets(service(), pod("a", IP), endpoint_slice("x", [empty])) == []


def test_a_named_port_takes_the_slice_port_of_that_name_alone() -> None:
    """The Service port's name picks the port of the slice, whatever its number."""
    ports = [EndpointPort("http", 8080, "TCP"), EndpointPort("admin", 9000, "TCP")]
    both = EndpointSlice(endpoint_slice("x", []).metadata, "IPv4", [endpoint("a", IP)], ports)
    assert targets(service(), pod("a", IP), both, port=80) == [(IP, 8080)]


def test_an_unnamed_service_port_takes_every_slice_port() -> None:
    """A Service of one port needs no name for it."""
    unnamed = service(ports=[ServicePort("", "TCP", 80, 8080)])
    objects = (pod("a", IP), endpoint_slice("x", [endpoint("a", IP)], port=(None, 8080)))
    assert targets(unnamed, *objects, port=80) == [(IP, 8080)]


@pytest.mark.parametrize(
    "family,expected", [(None, IP), ("ipv4", IP), ("ipv6", "fd00::1")], ids=str
)
def test_only_slices_of_the_bindings_address_family_count(
    family: str | None, expected: str
) -> None:
    """ipAddressType picks the slices: IPv6 where it says so, else IPv4."""
    spec: dict[str, Any] = {"ipAddressType": family} if family else {}
    found = targets(
        service(),
        pod("a", IP),
        endpoint_slice("four", [endpoint("a", IP)]),
        endpoint_slice("six", [endpoint("a", "fd00::1")], address_type="IPv6"),
        **spec,
    )
    assert found == [(expected, 8080)]


@pytest.mark.parametrize(
    "ready,terminating,containers_ready,node_ready,expected",
    [
        (True, None, False, "False", True),
        (None, True, False, "False", True),
        (False, None, False, "True", False),
        (False, False, True, "True", True),
        (False, True, True, "True", False),
        (False, None, True, "Unknown", True),
        (False, None, True, "False", False),
        (False, None, True, "", False),
    ],
)
def test_what_an_endpoints_state_makes_of_it(
    ready: bool | None,
    terminating: bool | None,
    containers_ready: bool,
    node_ready: str,
    expected: bool,
) -> None:
    """The table of spec 8.4, row by row, with EndpointsFailOpen."""
    found = targets(
        service(),
        node(ready=node_ready),
        pod("a", IP, containers_ready=containers_ready),
        endpoint_slice("x", [endpoint("a", IP, ready=ready, terminating=terminating)]),
    )
    assert bool(found) is expected


def test_a_pod_on_a_node_that_is_not_known_is_left_out_unless_it_is_ready() -> None:
    """Readiness by the node needs the node."""
    objects = (service(), pod("a", IP), endpoint_slice("x", [endpoint("a", IP, ready=False)]))
    assert targets(*objects) == []


@pytest.mark.parametrize("fail_open,expected", [(True, [(IP, 8080)]), (False, [])])
def test_endpoints_of_unknown_readiness_count_where_nothing_is_ready(
    fail_open: bool, expected: list[tuple[str, int]]
) -> None:
    """When a zone goes dark, what was there last is better than nothing: gate EndpointsFailOpen."""
    objects = (
        service(),
        node(ready="Unknown"),
        pod("a", IP),
        endpoint_slice("x", [endpoint("a", IP, ready=False)]),
    )
    assert targets(*objects, fail_open=fail_open) == expected


def test_unknown_endpoints_do_not_count_beside_a_ready_one() -> None:
    """Failing open is for nothing being ready."""
    assert targets(
        service(),
        node(ready="Unknown"),
        pod("a", IP),
        pod("b", OTHER_IP),
        endpoint_slice("x", [endpoint("a", IP, ready=False), endpoint("b", OTHER_IP)]),
    ) == [(OTHER_IP, 8080)]


def test_an_address_that_two_pods_claim_belongs_to_the_newer() -> None:
    """While a pod is replaced, its address may be listed for both."""
    young = pod("b", IP, creation_timestamp=BORN + timedelta(minutes=1))
    found = resolve(
        binding(),
        cluster(
            service(),
            young,
            pod("a", IP),
            endpoint_slice("x", [endpoint("b", IP)]),
            endpoint_slice("y", [endpoint("a", IP)]),
        ),
        fail_open=True,
    )
    assert isinstance(found, Endpoints)
    assert found.pods == (young,)


@pytest.mark.parametrize(
    "objects,expected",
    [
        ((), "Service shop/app does not exist"),
        ((service(ports=[ServicePort("web", "TCP", 80)]),), "Service shop/app has no port 'http'"),
    ],
)
def test_a_missing_service_or_port_is_distinguished_from_no_endpoints(
    objects: tuple[KubeObject, ...], expected: str
) -> None:
    """Nothing to resolve is an answer of its own kind, and names what is missing."""
    found = resolve(binding(), cluster(*objects), fail_open=True)
    assert found == BackendNotFound(problem=expected)


def test_a_service_without_slices_has_no_targets() -> None:
    """No slice means no endpoint, not that the Service is missing."""
    assert targets(service()) == []


@pytest.mark.parametrize("ready", [True, False, None])
def test_a_pod_that_is_being_deleted_is_left_out_at_once(ready: bool | None) -> None:
    """SIGTERM is on its way; with publishNotReadyAddresses its slice would say ready to the end."""
    going = pod("a", IP, deletion_timestamp=BORN)
    there = [endpoint("a", IP, ready=ready), endpoint("b", OTHER_IP)]
    world = [service(), node(), going, pod("b", OTHER_IP), endpoint_slice("x", there)]
    assert targets(*world) == [(OTHER_IP, 8080)]


def drained(*nodes: Node, drains_pods: bool = True) -> list[str]:
    """Addresses behind Service app, whose pods are on node-a and node-b."""
    there = [endpoint("a", IP), endpoint("b", OTHER_IP)]
    pods = [pod("a", IP, "node-a"), pod("b", OTHER_IP, "node-b")]
    known = cluster(service(), *nodes, *pods, endpoint_slice("x", there))
    found = resolve(binding(), known, fail_open=True, drains_pods=drains_pods)
    assert isinstance(found, Endpoints)
    return [m.id for m in found.members]


LEAVING: dict[str, dict[str, Any]] = {
    "autoscaler": {"taints": [Taint("ToBeDeletedByClusterAutoscaler", "", "NoSchedule")]},
    "karpenter": {"taints": [Taint("karpenter.sh/disrupted", "", "NoSchedule")]},
    "label": {"labels": {"node.kubernetes.io/exclude-from-external-load-balancers": "true"}},
}


@pytest.mark.parametrize("mark", LEAVING.values(), ids=LEAVING)
def test_pods_of_leaving_nodes_drain_if_the_operator_wants_it(mark: dict[str, Any]) -> None:
    """Before they are evicted; by default they stay, as in LBC."""
    nodes = node("node-a", **mark), node("node-b")
    assert drained(*nodes) == [OTHER_IP]
    assert drained(*nodes, drains_pods=False) == [IP, OTHER_IP]


def test_pods_of_leaving_nodes_stay_while_there_are_no_others() -> None:
    """Better served by a node that leaves soon than not at all."""
    mark = LEAVING["karpenter"]
    assert drained(node("node-a", **mark), node("node-b", **mark)) == [IP, OTHER_IP]


@pytest.mark.parametrize(
    "address_type,problem",
    [
        ("IPv4", "endpoints of Service shop/app without a pod are left out (EndpointSlice x)"),
        ("IPv6", "Service shop/app has IPv6 endpoints alone, and the target group takes IPv4"),
        ("FQDN", "Service shop/app has FQDN endpoints alone, and the target group takes IPv4"),
    ],
)
def test_endpoints_that_can_never_be_registered_are_reported(
    address_type: str, problem: str
) -> None:
    """With what to do; addresses that come and go are not named."""
    made = endpoint_slice("x", [endpoint(None, IP)], address_type=address_type)
    (found,) = endpoints(service(), made).problems
    assert found.startswith(problem)
    assert IP not in found


def test_slices_that_are_as_they_should_be_are_no_problem() -> None:
    """Empty ones, and those of the other family beside ours."""
    both = (
        endpoint_slice("four", [endpoint("a", IP)]),
        endpoint_slice("six", [endpoint("a", "fd00::1")], address_type="IPv6"),
    )
    assert endpoints(service(), pod("a", IP), *both).problems == ()
    assert endpoints(service(), endpoint_slice("x", [], address_type="IPv6")).problems == ()
