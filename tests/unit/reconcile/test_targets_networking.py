"""How a binding's networking reaches the security groups of its endpoints."""

from __future__ import annotations

from typing import Any

from alb_controller.errors import AccessDenied, NotFound, Throttled
from alb_controller.model.ec2 import IngressRule
from alb_controller.targets.checkpoint import stored_checkpoint
from alb_controller.targets.networking import SHARED_DESCRIPTION
from tests.factories import service
from tests.unit.reconcile.binding_world import World, web
from tests.unit.targets.cluster import binding, node, pod
from tests.world_endpoints import NODES_GROUP, EndpointAccount

A, B = ("a", "10.0.0.10", "node-a"), ("b", "10.0.0.11", "node-b")
NODES = (node("node-a"), node("node-b"))
OWNED = {"kubernetes.io/cluster/prod": "owned"}
SERVED = {"finalizers": ["elbv2.k8s.aws/resources"]}


def networking(*ports: int | str, group: str = "sg-lb") -> dict[str, Any]:
    """spec.networking: a security group may reach these ports."""
    peer = {"securityGroup": {"groupID": group}}
    listed = [{"protocol": "TCP", "port": port} for port in ports]
    return {"ingress": [{"from": [peer], "ports": listed}]}


def shared(low: int, high: int, source: str = "sg-lb") -> IngressRule:
    """A rule as this controller, or LBC, has left it."""
    return IngressRule("tcp", low, high, "security_group", source, SHARED_DESCRIPTION)


def aws_with_nodes(*rules: IngressRule) -> EndpointAccount:
    """Two nodes, whose interfaces carry the cluster's own group."""
    aws = EndpointAccount()
    aws.add_group(NODES_GROUP, *rules)
    aws.tag(NODES_GROUP, OWNED)
    aws.add_node("node-a", "10.0.0.1", "10.0.0.10")
    aws.add_node("node-b", "10.0.0.2", "10.0.0.11")
    return aws


def other(**spec: Any) -> Any:
    """A second binding, of another target group."""
    return binding("other", targetGroupARN="arn:other", **spec)


def test_a_first_binding_costs_one_call_of_each_kind() -> None:
    """No look at the VPC: addresses on its interfaces are in it."""
    world = World(binding(networking=networking(8080)), *NODES, *web(A, B), aws=aws_with_nodes())
    assert world.settle().ingress() == ["tcp 8080-8080 from sg-lb"]
    assert world.targets() == ["10.0.0.10:8080", "10.0.0.11:8080"]
    assert world.aws.counted() == {
        "DescribeTargetHealth": 1,
        "DescribeInstances": 1,
        "DescribeSecurityGroups": 1,
        "AuthorizeSecurityGroupIngress": 1,
        "RegisterTargets": 1,
    }


def test_a_pod_on_a_known_node_costs_one_call() -> None:
    """The node's addresses are known, and so are the group's rules."""
    world = World(binding(networking=networking(8080)), *NODES, *web(A), aws=aws_with_nodes())
    world.settle().aws.counted()
    world.put(*web(A, B))
    world.settle()
    assert world.aws.counted() == {"RegisterTargets": 1}


def test_bindings_of_one_start_share_what_is_read() -> None:
    """One look at the instances and one at the groups, whoever asks."""
    aws = aws_with_nodes()
    aws.has_targets("arn:other")
    two = other(networking=networking(9090), serviceRef={"name": "other", "port": "http"})
    slices = [service("other")]
    world = World(binding(networking=networking(8080)), two, *NODES, *web(A), *slices, aws=aws)
    world.settle()
    counted = world.aws.counted()
    assert (counted["DescribeInstances"], counted["DescribeSecurityGroups"]) == (1, 1)


def test_nodes_are_reached_through_their_primary_interface() -> None:
    """targetType instance."""
    mine = binding(targetType="instance", networking=networking(30080))
    world = World(mine, *NODES, service(type_="NodePort"), aws=aws_with_nodes())
    assert world.settle().ingress() == ["tcp 30080-30080 from sg-lb"]


def test_a_named_port_opens_what_the_pods_on_the_group_call_so() -> None:
    """Container ports, found on the pods."""
    mine = binding(networking=networking("http"))
    world = World(mine, *NODES, *web(A), aws=aws_with_nodes()).settle()
    world.put(*web(A, B), pod(*B, ports=[("http", 9090)]))
    assert world.settle().ingress() == ["tcp 8080-9090 from sg-lb"]


def test_rules_are_merged_over_bindings_and_shrink_again() -> None:
    """One rule per source, from the lowest to the highest port, for as long as both are there."""
    aws = aws_with_nodes()
    aws.has_targets("arn:other")
    world = World(binding(networking=networking(80)), *NODES, *web(A), aws=aws)
    world.put(other(networking=networking(9000)))
    assert world.settle().ingress() == ["tcp 80-9000 from sg-lb"]
    world.delete("other")
    assert world.settle().ingress() == ["tcp 80-80 from sg-lb"]


def test_networking_that_is_taken_away_closes_the_ports() -> None:
    """A binding without spec.networking wants no rules."""
    world = World(binding(networking=networking(80)), *NODES, *web(A), aws=aws_with_nodes())
    world.settle()
    world.put(binding(metadata={"generation": 2}))
    assert world.settle().ingress() == []


def test_a_pod_without_interface_stops_neither_registration_nor_the_rules_of_others() -> None:
    """It is named in a warning, and looked for again with backoff."""
    lost = ("lost", "10.0.7.7", "node-b")
    world = World(binding(networking=networking(8080)), *NODES, *web(A, lost), aws=aws_with_nodes())
    world.settle()
    assert world.targets() == ["10.0.0.10:8080", "10.0.7.7:8080"]
    assert world.ingress() == ["tcp 8080-8080 from sg-lb"]
    message = "Pod shop/lost: no network interface of instance i-node-b has address 10.0.7.7"
    assert set(world.events()) == {("FailedNetworkReconcile", message)}
    assert world.retries != []


def test_such_a_binding_is_settled_when_the_interface_appears() -> None:
    """The CNI attaches addresses with a delay."""
    lost = ("lost", "10.0.7.7", "node-b")
    aws = aws_with_nodes()
    world = World(binding(networking=networking(8080)), *NODES, *web(A, lost), aws=aws).settle()
    aws.add_node("node-b", "10.0.7.7")
    world.taken()
    world.retry()
    assert world.retries == []
    mine = world.binding()
    assert mine is not None
    assert mine.metadata.annotations["elbv2.k8s.aws/checkpoint"]


def test_found_rules_that_an_unfinished_binding_may_need_are_kept() -> None:
    """Its lost pod may be on any group: what it could want there stays until it is found."""
    aws = aws_with_nodes()
    aws.add_group("sg-b", shared(8080, 8080), shared(7, 7), shared(8080, 8080, "sg-x"))
    aws.tag("sg-b", OWNED)
    lost = ("lost", "10.0.7.7", "node-b")
    world = World(binding(networking=networking(8080)), *NODES, *web(A, lost), aws=aws).settle()
    assert world.ingress("sg-b") == ["tcp 8080-8080 from sg-lb"]
    world.put(*web(A))
    assert world.settle().ingress("sg-b") == []


def test_a_failed_look_at_interfaces_does_not_stop_registration() -> None:
    """Targets are registered, the failure is reported, and the pass is repeated."""
    aws = aws_with_nodes()
    aws.refuse("DescribeInstances", AccessDenied("ec2", "DescribeInstances", "Denied", "no"))
    mine = binding(metadata=SERVED, networking=networking(8080))
    world = World(mine, *NODES, *web(A), aws=aws).settle()
    assert world.targets() == ["10.0.0.10:8080"]
    assert world.errors == ["AccessDenied: ec2 DescribeInstances: Denied: no"]
    message = "ec2 DescribeInstances: Denied: no"
    assert world.events() == [("FailedNetworkReconcile", message)]
    assert world.retry().ingress() == ["tcp 8080-8080 from sg-lb"]


def test_a_rule_that_cannot_be_added_is_reported_on_the_bindings_that_want_it() -> None:
    """The error names the security group; success is reported, and the checkpoint set, then."""
    aws = aws_with_nodes()
    operation = "AuthorizeSecurityGroupIngress"
    aws.refuse(operation, NotFound("ec2", operation, "InvalidGroup.NotFound", "no sg-lb"))
    world = World(binding(networking=networking(8080)), *NODES, *web(A), aws=aws).settle()
    message = f"security group sg-nodes: ec2 {operation}: InvalidGroup.NotFound: no sg-lb"
    assert ("FailedNetworkReconcile", message) in world.events()
    world.taken()
    world.put(*web(A, B))
    world.settle()
    assert "SuccessfullyReconciled" not in world.taken()
    assert _checkpoint(world) == ""
    assert world.retry().wait(1).ingress() == ["tcp 8080-8080 from sg-lb"]
    assert world.taken() == ["patch mine", "SuccessfullyReconciled"]
    assert _checkpoint(world) != ""


def _checkpoint(world: World) -> str:
    found = world.binding()
    assert found is not None
    return stored_checkpoint(found)


def test_a_restart_over_merged_rules_writes_nothing() -> None:
    """At first only a part of the bindings is known; their part of the rule is covered by it."""
    aws = aws_with_nodes(shared(80, 9000))
    aws.has_targets("arn:other")
    world = World(binding(networking=networking(80)), *NODES, *web(A), aws=aws)
    world.put(other(networking=networking(9000)))
    world.settle()
    counted = world.aws.counted()
    assert "AuthorizeSecurityGroupIngress" not in counted
    assert "RevokeSecurityGroupIngress" not in counted
    assert world.ingress() == ["tcp 80-9000 from sg-lb"]


def test_rules_left_over_from_former_times_go() -> None:
    """On any group of the cluster, also one that no binding wants anything of."""
    aws = aws_with_nodes()
    aws.add_group("sg-old", shared(1, 1), IngressRule("tcp", 2, 2, "cidr", "10.0.0.0/8", "mine"))
    aws.tag("sg-old", {"kubernetes.io/cluster/prod": "shared"})
    world = World(binding(), *NODES, *web(A), aws=aws).settle()
    assert world.ingress("sg-old") == ["tcp 2-2 from 10.0.0.0/8"]


def test_the_slow_resync_puts_drifted_rules_right() -> None:
    """A rule of ours taken away by hand comes back, one added by hand under our mark goes."""
    world = World(binding(networking=networking(80)), *NODES, *web(A), aws=aws_with_nodes())
    world.settle()
    world.aws.set_rules(NODES_GROUP, shared(5, 5))
    world.sweep()
    assert world.settle().ingress() == ["tcp 80-80 from sg-lb"]


def test_unrestricted_rules_are_kept_apart() -> None:
    """--disable-restricted-sg-rules."""
    aws = aws_with_nodes()
    mine = binding(networking=networking(80, 9000))
    world = World(mine, *NODES, *web(A), aws=aws, restricted=False).settle()
    assert world.ingress() == ["tcp 80-80 from sg-lb", "tcp 9000-9000 from sg-lb"]


def test_a_refused_or_backendless_binding_wants_nothing() -> None:
    """Its rules go with its targets."""
    world = World(binding(networking=networking(80)), *NODES, *web(A), aws=aws_with_nodes())
    world.settle()
    world.remove(service())
    assert world.settle().ingress() == []


def test_a_throttled_write_is_not_reported() -> None:
    """It is repeated by the queue; the rules are read again first."""
    aws = aws_with_nodes()
    operation = "AuthorizeSecurityGroupIngress"
    aws.refuse(operation, Throttled("ec2", operation, "RequestLimitExceeded", "slow down"))
    world = World(binding(networking=networking(80)), *NODES, *web(A), aws=aws).settle()
    assert world.retry().ingress() == ["tcp 80-80 from sg-lb"]
