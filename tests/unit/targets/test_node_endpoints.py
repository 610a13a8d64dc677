"""targetType instance: which nodes become targets."""

from __future__ import annotations

from typing import Any

import pytest

from alb_controller.errors import Invalid
from alb_controller.objects.core import Node, Taint
from alb_controller.targets.endpoints import Endpoints, resolve
from tests.factories import cluster, service
from tests.unit.targets.cluster import binding, node


def found(*nodes: Node, fail_open: bool = True, **spec: Any) -> Endpoints:
    """What is resolved for a NodePort Service on these nodes."""
    objects = (service(type_="NodePort"), *nodes)
    made = resolve(binding(targetType="instance", **spec), cluster(*objects), fail_open=fail_open)
    assert isinstance(made, Endpoints)
    return made


def ids(endpoints: Endpoints) -> list[str]:
    """The instance ids alone."""
    return [m.id for m in endpoints.members]


def test_ready_nodes_take_traffic_on_the_node_port() -> None:
    """The instance id is the end of providerID, the port the Service's node port."""
    made = found(node("node-b"), node("node-a"), node("node-c", ready="False"))
    assert [m.key for m in made.members] == [("i-node-a", 30080), ("i-node-b", 30080)]


@pytest.mark.parametrize(
    "labels",
    [
        {"node-role.kubernetes.io/master": ""},
        {"node.kubernetes.io/exclude-from-external-load-balancers": "false"},
        {"alpha.service-controller.kubernetes.io/exclude-balancer": ""},
        {"eks.amazonaws.com/compute-type": "fargate"},
    ],
    ids=str,
)
def test_labels_that_keep_a_node_out(labels: dict[str, str]) -> None:
    """Presence counts, except for the compute type, whose value does."""
    assert ids(found(node("node-a", labels=labels), node("node-b"))) == ["i-node-b"]


def test_another_compute_type_is_no_reason_to_leave_a_node_out() -> None:
    """Only fargate is excluded by label."""
    assert ids(found(node(labels={"eks.amazonaws.com/compute-type": "auto"}))) == ["i-node-a"]


@pytest.mark.parametrize(
    "taint,is_out",
    [
        (Taint("ToBeDeletedByClusterAutoscaler", "1", "PreferNoSchedule"), True),
        (Taint("karpenter.sh/disrupted", "", "NoSchedule"), True),
        (Taint("karpenter.sh/disrupted", "", "PreferNoSchedule"), False),
        (Taint("dedicated", "x", "NoSchedule"), False),
    ],
    ids=str,
)
def test_taints_of_nodes_that_are_about_to_go(taint: Taint, is_out: bool) -> None:
    """Nodes that an autoscaler is about to remove take no new traffic."""
    assert (ids(found(node(taints=[taint]))) == []) is is_out


def test_the_node_selector_narrows_the_choice() -> None:
    """spec.nodeSelector holds in addition to the exclusions."""
    selector = {"matchLabels": {"zone": "a"}}
    nodes = node("node-a", labels={"zone": "a"}), node("node-b", labels={"zone": "b"})
    assert ids(found(*nodes, nodeSelector=selector)) == ["i-node-a"]


@pytest.mark.parametrize("fail_open,expected", [(True, ["i-node-a"]), (False, [])])
def test_nodes_of_unknown_readiness_count_where_none_is_ready(
    fail_open: bool, expected: list[str]
) -> None:
    """As for pods: gate EndpointsFailOpen."""
    assert ids(found(node(ready="Unknown"), fail_open=fail_open)) == expected


def test_a_node_without_instance_id_is_left_out_and_named() -> None:
    """One node that the cloud has not initialised yet must not keep the others out."""
    made = found(node("node-a"), node("node-b", provider_id=""))
    assert ids(made) == ["i-node-a"]
    assert made.problems == (
        "Node node-b is left out: its spec.providerID '' names no EC2 instance",
    )


def test_a_hybrid_node_is_no_instance_and_no_problem() -> None:
    """EKS hybrid nodes are machines of the user's own; nothing is wrong with them."""
    hybrid = node(
        provider_id="eks-hybrid:///us-west-2/prod/mi-1",
        labels={"eks.amazonaws.com/compute-type": "hybrid"},
    )
    assert found(hybrid) == Endpoints()


def test_a_service_without_node_ports_is_the_users_mistake() -> None:
    """targetType instance needs NodePort or LoadBalancer; the error names the Service's type."""
    with pytest.raises(Invalid, match="shop/app is of type ClusterIP"):
        resolve(binding(targetType="instance"), cluster(service()), fail_open=True)
