"""Which bindings a change concerns."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from alb_controller.objects.core import KubeObject, Node, Pod, Service, ServicePort, Taint
from alb_controller.objects.elbv2 import TargetGroupBinding
from alb_controller.objects.networking import EndpointSlice, Ingress
from alb_controller.targets.watch import affected
from tests.factories import cluster, service
from tests.unit.targets.cluster import ARN, binding, endpoint, endpoint_slice, node, pod

BY_IP = binding("by-ip")
BY_NODE = binding("by-node", targetType="instance", targetGroupARN="arn:other")
ELSEWHERE = binding("elsewhere", serviceRef={"name": "other", "port": 80}, targetGroupARN="arn:3")
SLICE = endpoint_slice("x", [endpoint("a", "10.0.0.1")])
POD = pod("a", "10.0.0.1")


def names(old: Any, new: Any, *objects: KubeObject) -> set[str]:
    """The names of the bindings concerned, of those three, with further objects known."""
    known = cluster(BY_IP, BY_NODE, ELSEWHERE, *objects)
    return {key.name for key in affected(type(new or old), old, new, known)}


def change(obj: Any, **fields: Any) -> Any:
    """The object with metadata fields changed."""
    meta = msgspec.structs.replace(obj.metadata, **fields)
    return msgspec.structs.replace(obj, metadata=meta)


@pytest.mark.parametrize(
    "old,new",
    [
        (None, BY_IP),
        (BY_IP, binding("by-ip", targetGroupARN="arn:new")),
        (BY_IP, change(BY_IP, deletion_timestamp=BY_IP.metadata.creation_timestamp)),
        (BY_IP, change(BY_IP, finalizers=["elbv2.k8s.aws/resources"])),
        (BY_IP, change(BY_IP, generation=2)),
    ],
)
def test_a_binding_that_changes_concerns_itself(
    old: TargetGroupBinding | None, new: TargetGroupBinding
) -> None:
    """New, changed, deleted, or with its finalizer taken away."""
    assert names(old, new) == {"by-ip"}


def test_our_own_marks_on_a_binding_are_no_news() -> None:
    """A checkpoint or status written by a controller must not start another pass."""
    marked = change(BY_IP, annotations={"elbv2.k8s.aws/checkpoint": "x"}, resource_version="9")
    assert names(BY_IP, marked) == set()


def test_a_binding_that_goes_concerns_those_that_wait_for_its_target_group() -> None:
    """The next in line may take the target group over."""
    assert names(binding("gone", targetGroupARN=ARN), None) == {"gone", "by-ip"}


@pytest.mark.parametrize(
    "old,new",
    [
        (None, service()),
        (service(), None),
        (service(), service(ports=[ServicePort("http", "TCP", 80, 8081)])),
        (service(), service(type_="NodePort")),
    ],
)
def test_a_service_concerns_its_bindings_of_either_type(
    old: Service | None, new: Service | None
) -> None:
    """Created, deleted, or with other ports or another type."""
    assert names(old, new) == {"by-ip", "by-node"}


def test_a_service_whose_spec_stays_is_no_news() -> None:
    """Labels and status do not matter."""
    assert names(service(), change(service(), labels={"a": "b"})) == set()


@pytest.mark.parametrize(
    "old,new",
    [
        (None, SLICE),
        (SLICE, None),
        (SLICE, endpoint_slice("x", [])),
        (SLICE, endpoint_slice("x", [endpoint("a", "10.0.0.1", ready=False)])),
        (SLICE, endpoint_slice("x", [endpoint("a", "10.0.0.1")], port=("http", 9))),
        (endpoint_slice("x", [], service_name="none"), SLICE),
    ],
)
def test_a_slice_concerns_the_ip_bindings_of_its_service(
    old: EndpointSlice | None, new: EndpointSlice | None
) -> None:
    """Nodes do not change with endpoints, so instance bindings are left alone."""
    assert names(old, new) == {"by-ip"}


def test_a_slice_that_only_gets_a_new_version_is_no_news() -> None:
    """Trigger-time annotations change often."""
    assert names(SLICE, change(SLICE, annotations={"t": "1"})) == set()


def test_a_slice_of_no_service_concerns_nobody() -> None:
    """Slices may be made by hand without the label."""
    assert names(None, change(SLICE, labels={})) == set()


@pytest.mark.parametrize(
    "old,new",
    [
        (None, POD),
        (pod("a", "10.0.0.1", containers_ready=False), POD),
        (pod("a", "10.0.0.2"), POD),
        (pod("a", "10.0.0.1", ports=[]), POD),
        (POD, change(POD, annotations={"vpc.amazonaws.com/pod-eni": "[]"})),
    ],
)
def test_a_pod_that_a_slice_lists_concerns_that_services_ip_bindings(
    old: Pod | None, new: Pod
) -> None:
    """It may have become known after its slice, ready, or reachable at another place."""
    assert names(old, new, SLICE) == {"by-ip"}


def test_other_changes_of_a_pod_are_no_news() -> None:
    """Labels and the like are read by nobody here."""
    assert names(POD, change(POD, labels={"a": "b"}, resource_version="3"), SLICE) == set()


def test_a_pod_that_is_to_go_is_news_at_once() -> None:
    """Before its EndpointSlice tells of it; its end after that is none any more."""
    going = change(POD, deletion_timestamp=POD.metadata.creation_timestamp)
    assert names(POD, going, SLICE) == {"by-ip"}
    assert names(going, None, SLICE) == set()


def test_a_pod_that_vanishes_is_news() -> None:
    """Deleted by force: nobody has seen that it was to go."""
    assert names(POD, None, SLICE) == {"by-ip"}


@pytest.mark.parametrize(
    "new",
    [
        node(ready="Unknown"),
        node(taints=[Taint("ToBeDeletedByClusterAutoscaler", "", "NoSchedule")]),
        node(labels={"node.kubernetes.io/exclude-from-external-load-balancers": ""}),
    ],
)
def test_a_node_concerns_the_bindings_of_its_pods(new: Node) -> None:
    """Its readiness counts for pods that wait for a gate, its end for those that drain."""
    elsewhere = node("node-b")
    assert "by-ip" in names(node(), new, SLICE, POD)
    assert "by-ip" not in names(elsewhere, change(new, name="node-b"), SLICE, POD)


def test_a_pod_that_no_slice_lists_concerns_nobody() -> None:
    """Most pods are no targets."""
    assert names(None, POD) == set()


@pytest.mark.parametrize(
    "old,new,is_news",
    [
        (None, node(), True),
        (None, node(ready="False"), False),
        (node(), None, True),
        (node(), node(ready="Unknown"), True),
        (node(ready="False"), node(ready=""), False),
        (node(ready="False"), node(ready="False", taints=[Taint("x")]), False),
        (node(), node(taints=[Taint("ToBeDeletedByClusterAutoscaler")]), True),
        (node(), node(labels={"node-role.kubernetes.io/master": ""}), True),
        (node(), node(labels={"zone": "b"}), False),
        (node(provider_id=""), node(), True),
        (node(), change(node(), resource_version="7"), False),
    ],
)
def test_when_a_node_concerns_instance_bindings(
    old: Node | None, new: Node | None, is_news: bool
) -> None:
    """Only if what it is to the binding changes: suitable, ready or unknown, and its instance."""
    assert names(old, new) == ({"by-node"} if is_news else set())


def test_a_kind_that_no_binding_reads_concerns_nobody() -> None:
    """Ingresses are the other loop's."""
    assert names(None, Ingress()) == set()
