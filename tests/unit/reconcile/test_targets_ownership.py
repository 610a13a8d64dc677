"""Whose target groups and targets are touched, and whose are not."""

from __future__ import annotations

from typing import Any

from alb_controller.model.elbv2 import Target
from alb_controller.objects.core import KubeObject
from tests.unit.reconcile.binding_world import CLUSTER, World, web
from tests.unit.targets.cluster import ARN, binding, node
from tests.world_endpoints import EndpointAccount

A, B = ("a", "10.0.0.10", "node-a"), ("b", "10.0.0.11", "node-a")
FOREIGN = Target("10.0.9.9", 80)
ROLE = "arn:aws:iam::222222222222:role/targets"


def a_world(*objects: KubeObject, aws: EndpointAccount | None = None, **spec: Any) -> World:
    """A binding of Service app with pods a and b."""
    return World(binding(**spec), node(), *web(A, B), *objects, aws=aws).settle()


def with_targets(*targets: Target) -> EndpointAccount:
    """An AWS where targets are registered already."""
    aws = EndpointAccount()
    aws.has_targets(ARN, *targets)
    return aws


def reported(world: World, reason: str) -> list[str]:
    """The messages of a reason."""
    return [message for known, message in world.events() if known == reason]


def test_targets_of_others_are_named_before_they_are_taken_away() -> None:
    """A binding owns the registrations of its group; whoever added one by hand learns of it."""
    world = a_world(aws=with_targets(FOREIGN, Target("10.0.0.10", 8080)))
    assert world.targets() == ["10.0.0.10:8080", "10.0.0.11:8080"]
    (message,) = reported(world, "UnknownTargets")
    assert "10.0.9.9:80;" in message
    assert "10.0.0.10" not in message


def test_targets_that_a_former_process_registered_are_no_strangers() -> None:
    """When their pod goes they go without a word."""
    world = a_world(aws=with_targets(Target("10.0.0.10", 8080), Target("10.0.0.11", 8080)))
    world.put(*web(A))
    world.settle()
    world.sweep()
    assert world.settle().targets() == ["10.0.0.10:8080"]
    assert reported(world, "UnknownTargets") == []


def test_a_group_of_another_cluster_is_refused() -> None:
    """By its tag; both controllers would take away each other's targets."""
    aws = with_targets(FOREIGN)
    aws.group_tags[ARN] = {"elbv2.k8s.aws/cluster": "other"}
    world = a_world(aws=aws)
    assert world.targets() == ["10.0.9.9:80"]
    assert "belongs to cluster 'other'" in reported(world, "FailedReconcile")[0]
    world.delete()
    assert world.settle().targets() == ["10.0.9.9:80"]


def test_a_group_that_went_to_another_cluster_keeps_its_targets() -> None:
    """Its tag has changed since it was served: the binding's end is none of its targets'."""
    world = a_world()
    world.aws.group_tags[ARN] = {"elbv2.k8s.aws/cluster": "other"}
    world.delete()
    world.due.clear()
    world.start()
    assert len(world.settle().targets()) == 2
    assert world.binding() is None


def test_a_group_of_this_cluster_or_of_none_is_served() -> None:
    """Users make target groups of their own, without our tags."""
    aws = EndpointAccount()
    aws.group_tags[ARN] = {"elbv2.k8s.aws/cluster": CLUSTER, "team": "shop"}
    assert len(a_world(aws=aws).targets()) == 2


def test_a_group_of_another_cluster_may_be_shared() -> None:
    """multiClusterTargetGroup says so."""
    aws = with_targets(FOREIGN)
    aws.group_tags[ARN] = {"elbv2.k8s.aws/cluster": "other"}
    world = a_world(aws=aws, multiClusterTargetGroup=True)
    assert world.targets() == ["10.0.0.10:8080", "10.0.0.11:8080", "10.0.9.9:80"]


def test_no_more_targets_than_the_group_may_have() -> None:
    """The rest is named; when there is room again it follows."""
    world = World(binding(), node(), *web(A, B)).settle()
    world.due.clear()
    world.start(max_targets=1)
    world.settle()
    assert len(world.targets()) == 2  # fewer than there are is no reason to take some away
    world.put(*web(A, B, ("c", "10.0.0.12", "node-a")))
    assert len(world.settle().targets()) == 2
    (message,) = reported(world, "TooManyTargets")
    assert message.startswith("1 endpoints are not registered")
    assert "10.0.0.12:8080" in message


def test_room_that_old_targets_leave_is_filled() -> None:
    """All pods are replaced in a group that is full."""
    world = World(binding(), node(), *web(A))
    world.start(max_targets=1)
    world.settle()
    world.put(*web(B))
    world.settle().wait(1)
    assert world.targets() == ["10.0.0.11:8080"]
    assert reported(world, "TooManyTargets") == []


def test_a_group_of_another_account_is_called_as_the_role() -> None:
    """With the external id; our own account is not asked."""
    other = EndpointAccount()
    world = World(binding(iamRoleArnToAssume=ROLE, assumeRoleExternalId="x1"))
    world.accounts[ROLE] = other
    world.put(node(), *web(A))
    world.settle()
    assert list(other.registered[ARN]) == [("10.0.0.10", 8080)]
    assert set(world.assumed) == {(ROLE, "x1")}
    assert "RegisterTargets" not in world.aws.calls


def test_a_role_that_may_not_be_assumed_is_reported_of() -> None:
    """--allowed-assume-role-arns."""
    world = a_world(iamRoleArnToAssume=ROLE)
    assert reported(world, "FailedReconcile") == [
        f"Failed reconcile due to role {ROLE} may not be assumed"
    ]
