"""The Availability Zone that targets are registered with."""

from __future__ import annotations

from typing import Any

from alb_controller.errors import NotFound, Rejected
from tests.unit.reconcile.binding_world import World, web
from tests.unit.targets.cluster import binding, node
from tests.world_endpoints import EndpointAccount

A = ("a", "10.0.0.10", "node-a")
B = ("b", "10.0.0.11", "node-b")
ROLE = "arn:aws:iam::222222222222:role/targets"
NODES = (node("node-a", labels={"topology.kubernetes.io/zone": "us-west-2a"}), node("node-b"))
WANTED = Rejected(
    "elbv2", "RegisterTargets", "ValidationError", "An Availability Zone must be specified for x"
)


def test_where_aws_wants_a_zone_it_gets_the_nodes() -> None:
    """At once; a node that does not say has all. Old targets stay meanwhile."""
    aws = EndpointAccount()
    aws.refuse("RegisterTargets", WANTED)
    world = World(binding(), *NODES, *web(A, B), aws=aws).settle()
    assert world.targets() == ["10.0.0.10:8080 us-west-2a", "10.0.0.11:8080 all"]
    assert world.errors == []


def test_for_an_hour_the_nodes_zones_are_given_at_once() -> None:
    """Then it is tried without again."""
    aws = EndpointAccount()
    aws.refuse("RegisterTargets", WANTED)
    world = World(binding(), *NODES, *web(A), aws=aws).settle()
    aws.counted()
    world.put(*web(A, B))
    world.settle()
    assert aws.counted()["RegisterTargets"] == 1
    assert "10.0.0.11:8080 all" in world.targets()
    world.clock.advance(3601)
    world.put(*web(A, B, ("c", "10.0.0.12", "node-a")))
    assert "10.0.0.12:8080" in world.settle().targets()


def test_nodes_zones_mean_nothing_in_another_account() -> None:
    """Its names may stand for other zones: what it wants is reported, and nothing is guessed."""
    aws = EndpointAccount()
    aws.refuse("RegisterTargets", WANTED)
    world = World(aws=aws)
    world.accounts[ROLE] = aws
    served = {"finalizers": ["elbv2.k8s.aws/resources"]}
    world.put(binding(metadata=served, iamRoleArnToAssume=ROLE), *NODES, *web(A))
    assert ["must be specified" in error for error in world.settle().errors] == [True]
    assert world.targets() == []


def test_other_refusals_are_not_about_zones() -> None:
    """They are reported."""
    aws = EndpointAccount()
    aws.refuse("RegisterTargets", Rejected("elbv2", "RegisterTargets", "ValidationError", "no"))
    world = World(binding(), *NODES, *web(A), aws=aws).settle()
    assert len(world.errors) == 1


def hidden_vpc(**spec: Any) -> World:
    """A binding whose VPC EC2 does not know."""
    aws = EndpointAccount()
    world = World(aws=aws)
    world.accounts[ROLE] = aws
    for _ in range(2):
        aws.refuse("DescribeVpcs", NotFound("ec2", "DescribeVpcs", "InvalidVpcID.NotFound", "?"))
    world.put(binding(vpcID="vpc-9", **spec), *NODES, *web(A))
    return world.settle()


def test_another_accounts_vpc_may_be_out_of_sight() -> None:
    """Then every address is registered for all zones, and the VPC is not looked for each time."""
    world = hidden_vpc(iamRoleArnToAssume=ROLE)
    world.put(*web(A, B))
    assert world.settle().targets() == ["10.0.0.10:8080 all", "10.0.0.11:8080 all"]
    assert world.aws.counted()["DescribeVpcs"] == 1


def test_our_own_accounts_vpc_must_be_there() -> None:
    """A mistake in spec.vpcID is reported."""
    assert "InvalidVpcID.NotFound" in hidden_vpc().errors[0]
