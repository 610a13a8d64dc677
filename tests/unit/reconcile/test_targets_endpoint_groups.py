"""Which security group guards an endpoint."""

from __future__ import annotations

from typing import Any

import pytest

from alb_controller.aws.codecs.ec2 import Interface
from alb_controller.kube.store import Stores
from alb_controller.model.ec2 import SecurityGroup
from alb_controller.model.stack import Found
from alb_controller.objects.core import Node, Pod
from alb_controller.reconcile.targets.endpoint_groups import FRESH_SECONDS, EndpointGroups, Guard
from alb_controller.targets.endpoints import Endpoint
from alb_controller.values import BindingKey
from tests.clocks import FakeClock
from tests.factories import cluster
from tests.unit.targets.cluster import node, pod
from tests.world_endpoints import VPC, EndpointAccount

KEY = BindingKey("shop", "mine")
IP = "10.0.0.10"
FARGATE = {"eks.amazonaws.com/compute-type": "fargate"}


class Lookup:
    """The finder over an AWS and a cluster with one node, node-a."""

    def __init__(self, aws: EndpointAccount, *nodes: Node, **tags: str) -> None:
        self.aws, self.clock = aws, FakeClock()
        self.cluster: Stores = cluster(*(nodes or (node(),)))
        self.read: list[Found[SecurityGroup]] = []
        self.groups = EndpointGroups(
            aws,
            self.cluster,
            self.clock,
            tags={"kubernetes.io/cluster/prod": None, **tags},
            on_read=self.read.extend,
        )

    def guard(self, backing: Pod | Node, id_: str = IP) -> Guard | str:
        """The guard of one endpoint, or the problem with it."""
        endpoint = Endpoint(id=id_, port=80, backing=backing)
        found = self.groups.guards(KEY, [endpoint])
        return found.problems[0] if found.problems else found.by_endpoint[endpoint.key]


def aws_with(**fields: Any) -> EndpointAccount:
    """An AWS with one interface, that of node-a unless said."""
    made = {
        "id": "eni-1",
        "instance_id": "i-node-a",
        "device_index": 0,
        "vpc_id": VPC,
        "security_groups": ("sg-1",),
        **fields,
    }
    aws = EndpointAccount()
    aws.interfaces.append(Interface(**made))
    return aws


GUARD = Guard(group="sg-1", vpc_id=VPC)


@pytest.mark.parametrize(
    "fields",
    [{"addresses": (IP,)}, {"prefixes": ("10.0.0.0/28",)}, {"addresses": (IP,), "device_index": 3}],
    ids=str,
)
def test_a_pod_is_found_on_its_nodes_interfaces(fields: Any) -> None:
    """By address, or by a prefix delegated to the interface."""
    lookup = Lookup(aws_with(**fields))
    assert lookup.guard(pod("a", IP)) == GUARD
    assert lookup.aws.counted() == {"DescribeInstances": 1}


def test_an_ipv6_pod_is_found_in_a_prefix() -> None:
    """IPv6 clusters delegate prefixes to nodes."""
    lookup = Lookup(aws_with(prefixes=("10.0.0.0/28", "fd00::/80")))
    assert lookup.guard(pod("a", IP), "fd00::5") == GUARD


@pytest.mark.parametrize(
    "labels", [FARGATE, {"sagemaker.amazonaws.com/compute-type": "hyperpod"}], ids=str
)
def test_a_pod_on_a_machine_that_is_no_instance_is_found_by_address(labels: dict[str, str]) -> None:
    """Fargate and HyperPod: the interface is in the VPC, the instance is not ours to see."""
    lookup = Lookup(aws_with(instance_id="", addresses=(IP,)), node(labels=labels, provider_id="x"))
    assert lookup.guard(pod("a", IP)) == GUARD
    assert lookup.aws.counted() == {"DescribeNetworkInterfaces": 1}


@pytest.mark.parametrize("field", ["privateIp", "ipv6Addr"])
def test_a_pod_with_an_interface_of_its_own_is_found_by_address(field: str) -> None:
    """Security groups for pods: the annotation names the branch interface's address."""
    lookup = Lookup(aws_with(instance_id="", addresses=(IP,)))
    annotation = f'[{{"eniId": "eni-1", "{field}": "{IP}"}}]'
    branch = pod("a", IP, annotations={"vpc.amazonaws.com/pod-eni": annotation})
    assert lookup.guard(branch) == GUARD


@pytest.mark.parametrize("text", ["junk", "", '[{"privateIp": "10.9.9.9"}]', "[" * 9000])
def test_an_annotation_that_does_not_fit_is_none(text: str) -> None:
    """The pod is looked for on its node."""
    lookup = Lookup(aws_with(addresses=(IP,)))
    assert lookup.guard(pod("a", IP, annotations={"vpc.amazonaws.com/pod-eni": text})) == GUARD


def test_a_pod_on_a_hybrid_node_has_no_security_group() -> None:
    """Machines outside AWS; that is no problem."""
    lookup = Lookup(EndpointAccount(), node(labels={"eks.amazonaws.com/compute-type": "hybrid"}))
    assert lookup.guard(pod("a", IP)) == Guard()
    assert lookup.aws.calls == []


def test_a_node_is_guarded_on_its_primary_interface() -> None:
    """Device index 0, whatever addresses it has."""
    aws = aws_with(id="eni-2", device_index=1, security_groups=("sg-2",))
    aws.add_node("node-a", groups=("sg-1",))
    assert Lookup(aws).guard(node(), "i-node-a") == GUARD


@pytest.mark.parametrize(
    "placed,problem",
    [
        (pod("a", IP), "Pod shop/a: no network interface of instance i-node-a has address"),
        (pod("a", IP, "node-x"), "Pod shop/a: its node 'node-x' is not known"),
        (pod("a", IP, "odd"), "Pod shop/a: its node 'odd' is no EC2 instance"),
        (pod("a", IP, "far"), "Pod shop/a: no network interface of the VPC has address 10.0.0.10"),
        (node(), "Node node-a: no network interface of instance i-node-a has address"),
    ],
)
def test_what_is_not_found_is_named(placed: Pod | Node, problem: str) -> None:
    """One sentence that says which object and what is missing."""
    nodes = node(), node("odd", provider_id="?"), node("far", labels=FARGATE)
    id_ = IP if isinstance(placed, Pod) else "i-node-a"
    assert str(Lookup(EndpointAccount(), *nodes).guard(placed, id_)).startswith(problem)


def test_of_several_groups_the_one_with_the_clusters_tag_guards() -> None:
    """Whatever the tag's value; the groups read for it are passed on."""
    aws = aws_with(addresses=(IP,), security_groups=("sg-1", "sg-2"))
    aws.add_group("sg-1")
    aws.tag("sg-1", {"kubernetes.io/cluster/prod": "anything"})
    aws.add_group("sg-2")
    lookup = Lookup(aws)
    assert lookup.guard(pod("a", IP)) == GUARD
    assert [f.identity for f in lookup.read] == ["sg-1", "sg-2"]
    assert lookup.guard(pod("b", IP)) == GUARD
    assert aws.counted() == {"DescribeInstances": 1, "DescribeSecurityGroups": 1}


def test_further_tags_choose_among_several_of_the_cluster() -> None:
    """--service-target-eni-security-group-tags: key and value must fit."""
    aws = aws_with(addresses=(IP,), security_groups=("sg-1", "sg-2"))
    for group, value in (("sg-1", "yes"), ("sg-2", "no")):
        aws.add_group(group)
        aws.tag(group, {"kubernetes.io/cluster/prod": "owned", "lb": value})
    assert Lookup(aws, lb="yes").guard(pod("a", IP)) == GUARD
    assert Lookup(aws).guard(pod("a", IP)) == (
        "Pod shop/a: exactly one security group of network interface eni-1 must be tagged "
        "kubernetes.io/cluster/prod; it has sg-1, sg-2"
    )


def test_one_look_serves_all_nodes_of_the_cluster() -> None:
    """A call for one node asks for those along that nobody has asked for yet."""
    aws = aws_with(addresses=(IP,))
    aws.add_node("node-b", "10.0.0.11", groups=("sg-2",))
    lookup = Lookup(aws, node("node-a"), node("node-b"), node("odd", provider_id=""))
    assert lookup.guard(pod("a", IP)) == GUARD
    assert lookup.guard(pod("b", "10.0.0.11", "node-b"), "10.0.0.11") == Guard(
        group="sg-2", vpc_id=VPC
    )
    assert aws.counted() == {"DescribeInstances": 1}


def test_a_known_pod_is_never_looked_up_again_but_a_new_one_on_a_stale_list_is() -> None:
    """Addresses move between interfaces; a living pod's does not."""
    lookup = Lookup(aws_with(addresses=(IP, "10.0.0.11")))
    lookup.guard(pod("a", IP))
    lookup.clock.advance(FRESH_SECONDS + 1)
    lookup.guard(pod("a", IP))
    assert lookup.aws.counted() == {"DescribeInstances": 1}
    lookup.guard(pod("b", "10.0.0.11"), "10.0.0.11")
    assert lookup.aws.counted() == {"DescribeInstances": 1}


def test_an_address_that_is_new_on_a_known_node_is_asked_for_at_once() -> None:
    """The CNI has attached it since."""
    lookup = Lookup(aws_with(addresses=(IP,)))
    lookup.guard(pod("a", IP))
    lookup.aws.interfaces[0] = Interface(
        id="eni-1", instance_id="i-node-a", vpc_id=VPC, security_groups=("sg-1",),
        addresses=(IP, "10.0.0.12"),
    )  # fmt: skip
    assert lookup.guard(pod("b", "10.0.0.12"), "10.0.0.12") == GUARD
    assert lookup.aws.counted() == {"DescribeInstances": 2}


@pytest.mark.parametrize("way", ["forget", "clear"])
def test_what_is_forgotten_is_looked_up_again(way: str) -> None:
    """`forget` is for a binding that is gone, `clear` for the slow resync."""
    lookup = Lookup(aws_with(addresses=(IP,)))
    lookup.guard(pod("a", IP))
    if way == "clear":
        lookup.groups.clear()
    else:
        lookup.groups.forget(KEY)
        lookup.clock.advance(FRESH_SECONDS + 1)
    assert lookup.guard(pod("a", IP)) == GUARD
    assert lookup.aws.counted() == {"DescribeInstances": 2}
