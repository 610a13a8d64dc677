"""What is left when a binding goes: nothing."""

from __future__ import annotations

import pytest

from alb_controller.errors import ControllerError, NotFound, Rejected
from alb_controller.model.elbv2 import Target
from tests.factories import service
from tests.unit.reconcile.binding_world import World, web
from tests.unit.targets.cluster import ARN, binding, node
from tests.world_endpoints import NODES_GROUP, EndpointAccount

A = ("a", "10.0.0.10", "node-a")
PEER = {"securityGroup": {"groupID": "sg-lb"}}
NETWORKING = {"ingress": [{"from": [PEER], "ports": [{"protocol": "TCP", "port": 8080}]}]}
OURS = {"finalizers": ["elbv2.k8s.aws/resources"]}


def world_with_rules() -> World:
    """A binding with one pod, and its rule on the nodes' group."""
    aws = EndpointAccount()
    aws.add_group(NODES_GROUP, kubernetes__io="x")
    aws.tag(NODES_GROUP, {"kubernetes.io/cluster/prod": "owned"})
    aws.add_node("node-a", "10.0.0.10")
    return World(binding(networking=NETWORKING), node("node-a"), *web(A), aws=aws).settle()


def test_a_deleted_binding_leaves_no_target_no_rule_and_no_finalizer() -> None:
    """Two writes to AWS, and nothing is read for it."""
    world = world_with_rules()
    world.aws.counted()
    world.delete()
    world.settle()
    assert (world.targets(), world.ingress(), world.binding()) == ([], [], None)
    assert world.aws.counted() == {"DeregisterTargets": 1, "RevokeSecurityGroupIngress": 1}


def test_a_binding_deleted_while_no_controller_ran_is_cleaned_up_too() -> None:
    """What is registered is read first."""
    world = world_with_rules()
    world.delete()
    world.due.clear()
    world.start()
    world.settle()
    assert (world.targets(), world.ingress(), world.binding()) == ([], [], None)


def test_a_target_group_that_is_gone_is_no_obstacle() -> None:
    """Its targets went with it."""
    world = world_with_rules()
    del world.aws.registered[ARN]
    world.start()
    world.delete()
    world.settle()
    assert (world.errors, world.binding()) == ([], None)


@pytest.mark.parametrize(
    "error",
    [
        NotFound("elbv2", "DescribeTargetHealth", "TargetGroupNotFound", "gone"),
        Rejected("elbv2", "DescribeTargetHealth", "ValidationError", "is not a valid ARN"),
    ],
    ids=str,
)
def test_a_deleted_binding_of_a_group_that_never_was_goes(error: ControllerError) -> None:
    """An ARN that is none must not keep the object for ever."""
    aws = EndpointAccount()
    aws.refuse("DescribeTargetHealth", error, error)
    world = World(binding(metadata=OURS), aws=aws)
    world.delete()
    assert world.settle().binding() is None


@pytest.mark.parametrize("operation", ["DescribeTargetHealth", "DeregisterTargets"])
def test_a_group_that_aws_denies_for_a_moment_is_emptied_all_the_same(operation: str) -> None:
    """The group is looked at before the binding goes; the next try deregisters its targets."""
    world = world_with_rules()
    world.start()
    world.delete()
    world.aws.refuse(operation, NotFound("elbv2", operation, "TargetGroupNotFound", "none"))
    world.settle()
    assert (world.targets(), world.binding() is not None) == (["10.0.0.10:8080"], True)
    assert world.retry().errors == []
    assert (world.targets(), world.ingress(), world.binding()) == ([], [], None)


def test_a_group_that_aws_denies_for_a_moment_loses_what_has_no_service_any_more() -> None:
    """The binding stays, and so does the task of emptying its group."""
    world = world_with_rules()
    world.aws.refuse(
        "DeregisterTargets", NotFound("elbv2", "DeregisterTargets", "TargetGroupNotFound", "none")
    )
    world.remove(service())
    assert world.settle().targets() == ["10.0.0.10:8080"]
    assert world.retry().errors == []
    assert world.targets() == []


def test_another_refusal_keeps_the_binding() -> None:
    """Only what says that the group is none is taken for its end."""
    aws = EndpointAccount()
    aws.refuse("DescribeTargetHealth", Rejected("elbv2", "DescribeTargetHealth", "Odd", "what?"))
    world = World(binding(metadata=OURS), aws=aws)
    world.delete()
    assert world.settle().binding() is not None


def test_a_binding_by_a_name_that_is_gone_goes() -> None:
    """There is no group to take targets out of."""
    world = World(binding(metadata=OURS, targetGroupARN="", targetGroupName="web"))
    world.delete()
    assert world.settle().binding() is None


def test_a_deleted_binding_that_was_never_served_touches_nothing() -> None:
    """Without our finalizer nothing in AWS is its."""
    aws = EndpointAccount()
    aws.has_targets(ARN, Target("10.0.9.9", 80))
    world = World(binding(metadata={"finalizers": ["someone/else"]}), aws=aws)
    world.delete()
    assert world.settle().targets() == ["10.0.9.9:80"]
    assert "DescribeTargetHealth" not in aws.calls


def test_a_binding_that_vanishes_takes_its_rules_along() -> None:
    """Someone took our finalizer away: the targets are out of reach, the rules are not."""
    world = world_with_rules()
    mine = world.binding()
    assert mine is not None
    world.remove(mine)
    assert world.settle().ingress() == []
