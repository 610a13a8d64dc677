"""What a binding registers and deregisters, and how few calls that takes."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from alb_controller.errors import NotReady, Rejected, Throttled
from alb_controller.model.elbv2 import Target
from alb_controller.objects.core import KubeObject
from alb_controller.objects.elbv2 import TargetGroupBinding
from alb_controller.reconcile.targets.memory import TargetMemory
from alb_controller.reconcile.targets.registration import Registration
from alb_controller.values import BindingKey
from tests.factories import BORN, service
from tests.unit.reconcile.binding_world import World, web
from tests.unit.targets.cluster import ARN, binding, endpoint, endpoint_slice, node, pod
from tests.world_endpoints import EndpointAccount

A, B = ("a", "10.0.0.10", "node-a"), ("b", "10.0.0.11", "node-b")
NODES = (node("node-a"), node("node-b"))
MINE = BindingKey("shop", "mine")
SERVED = {"finalizers": ["elbv2.k8s.aws/resources"]}


def registered_with(*targets: Target) -> EndpointAccount:
    """An AWS where targets are registered already."""
    aws = EndpointAccount()
    aws.has_targets(ARN, *targets)
    return aws


def test_pods_become_targets() -> None:
    """A binding without networking: one look at what is there, one at the VPC, one write."""
    world = World(binding(), *NODES, *web(A, B)).settle()
    assert world.targets() == ["10.0.0.10:8080", "10.0.0.11:8080"]
    assert world.aws.counted() == {
        "DescribeTargetHealth": 1,
        "DescribeVpcs": 1,
        "RegisterTargets": 1,
        "DescribeSecurityGroups": 1,  # once a process: rules left over from former times
    }


def test_nodes_become_targets_on_the_node_port() -> None:
    """targetType instance needs no look at the VPC."""
    world = World(binding(targetType="instance"), *NODES, service(type_="NodePort")).settle()
    assert world.targets() == ["i-node-a:30080", "i-node-b:30080"]
    assert "DescribeVpcs" not in world.aws.counted()


def test_a_pod_that_comes_or_goes_costs_one_call() -> None:
    """What is registered is known from our own writes."""
    world = World(binding(), *NODES, *web(A)).settle()
    world.aws.counted()
    world.put(*web(A, B))
    world.settle()
    assert world.aws.counted() == {"RegisterTargets": 1}
    world.put(*web(B))
    world.settle()
    assert world.aws.counted() == {"DeregisterTargets": 1}
    assert world.targets() == ["10.0.0.11:8080"]


def test_a_target_group_that_this_process_made_is_known_to_be_empty() -> None:
    """No look at a group that was created a moment ago."""
    world = World(binding(), *NODES, *web(A))
    world.memory.created(ARN)
    world.settle()
    assert "DescribeTargetHealth" not in world.aws.counted()


def test_new_targets_are_there_before_old_ones_go() -> None:
    """A rollout that replaces every pod never leaves the group empty."""
    world = World(binding(), *NODES, *web(A)).settle()
    world.aws.calls.clear()
    world.put(*web(B))
    world.settle()
    assert world.aws.calls == ["RegisterTargets", "DeregisterTargets"]


def test_at_a_start_targets_that_nobody_wants_are_deregistered() -> None:
    """What went away while no controller ran is found by reading the group."""
    aws = registered_with(Target("10.0.0.10", 8080), Target("10.0.9.9", 8080))
    world = World(binding(), *NODES, *web(A), aws=aws).settle()
    assert world.targets() == ["10.0.0.10:8080"]


def test_an_endpoint_whose_target_is_draining_is_registered_again() -> None:
    """A pod that came back under its address."""
    aws = registered_with(Target("10.0.0.10", 8080))
    aws.draining = {("10.0.0.10", 8080)}
    World(binding(), *NODES, *web(A), aws=aws).settle()
    assert aws.calls.count("RegisterTargets") == 1


def test_when_all_pods_are_unready_all_targets_go() -> None:
    """As LBC: the Service has no endpoint, so the group has no target."""
    world = World(binding(), *NODES, *web(A)).settle()
    world.put(pod(*A, containers_ready=False))
    world.put(endpoint_slice("x", [endpoint("a", "10.0.0.10", ready=False)]))
    assert world.settle().targets() == []


def test_a_service_without_slices_deregisters() -> None:
    """The Service is there and says that nothing stands behind it."""
    aws = registered_with(Target("10.0.0.10", 8080))
    assert World(binding(), service(), aws=aws).settle().targets() == []


def test_nothing_is_done_before_every_kind_has_been_listed() -> None:
    """A missing answer is not an empty answer."""
    world = World(binding(), aws=registered_with(Target("10.0.0.10", 8080)))
    world.is_synced = False
    with pytest.raises(NotReady):
        world.reconciler.reconcile(MINE)
    assert world.aws.calls == []
    assert world.kube.writes == []


def test_an_unanswered_look_at_the_group_changes_nothing() -> None:
    """Without knowing what is registered nothing is registered or deregistered."""
    aws = registered_with(Target("10.0.9.9", 8080))
    aws.refuse("DescribeTargetHealth", Throttled("elbv2", "DescribeTargetHealth", "T", "slow down"))
    world = World(binding(metadata=SERVED), *NODES, *web(A), aws=aws).settle()
    assert world.targets() == ["10.0.9.9:8080"]
    assert world.retry().targets() == ["10.0.0.10:8080"]


@pytest.mark.parametrize("operation", ["RegisterTargets", "DeregisterTargets"])
def test_after_a_failed_write_the_group_is_read_again(operation: str) -> None:
    """Whether AWS did it before the answer got lost is not for us to guess."""
    aws = registered_with(Target("10.0.9.9", 8080))
    aws.refuse(operation, Throttled("elbv2", operation, "T", "slow down"))
    world = World(binding(metadata=SERVED), *NODES, *web(A), aws=aws).settle()
    assert len(world.errors) == 1
    aws.counted()
    assert world.retry().targets() == ["10.0.0.10:8080"]
    assert aws.counted()["DescribeTargetHealth"] == 1


def test_a_target_that_aws_refuses_does_not_keep_dead_ones_in() -> None:
    """The refused one is reported; the others are registered, and the surplus goes."""
    aws = registered_with(Target("10.0.9.9", 8080))
    aws.refuse(
        "RegisterTargets", Rejected("elbv2", "RegisterTargets", "InvalidTarget", "i-1 stops")
    )
    world = World(binding(metadata=SERVED), *NODES, *web(A), aws=aws).settle()
    assert world.targets() == []
    assert world.errors == ["Rejected: elbv2 RegisterTargets: InvalidTarget: i-1 stops"]


def test_an_address_outside_the_vpc_is_registered_for_all_zones() -> None:
    """AWS finds the zone of an address only within the group's VPC."""
    far = ("a", "100.64.0.1", "node-a")
    world = World(binding(), *NODES, *web(far, B)).settle()
    assert world.targets() == ["10.0.0.11:8080", "100.64.0.1:8080 all"]


def test_the_vpc_in_the_spec_is_the_one_that_counts() -> None:
    """spec.vpcID names the group's VPC where it is not the controller's."""
    aws = EndpointAccount()
    aws.cidrs["vpc-2"] = ("100.64.0.0/16",)
    far = ("a", "100.64.0.1", "node-a")
    world = World(binding(vpcID="vpc-2"), *NODES, *web(far, B), aws=aws).settle()
    assert world.targets() == ["10.0.0.11:8080 all", "100.64.0.1:8080"]


def test_a_target_group_by_name_is_looked_up_once() -> None:
    """Bindings may name the group instead of its ARN."""
    aws = EndpointAccount()
    aws.has_group(ARN, "web")
    mine = binding(targetGroupARN="", targetGroupName="web")
    world = World(mine, *NODES, *web(A), aws=aws).settle()
    world.put(*web(A, B))
    assert world.settle().targets() == ["10.0.0.10:8080", "10.0.0.11:8080"]
    assert aws.counted()["DescribeTargetGroups"] == 1


def test_the_slow_resync_finds_drift() -> None:
    """A target taken away by hand comes back, one added by hand goes."""
    world = World(binding(), *NODES, *web(A)).settle()
    world.aws.has_targets(ARN, Target("10.0.9.9", 80))
    world.sweep()
    assert world.settle().targets() == ["10.0.0.10:8080"]


def test_of_a_shared_target_group_only_our_own_targets_are_taken_away() -> None:
    """multiClusterTargetGroup: the others belong to other clusters."""
    aws = registered_with(Target("10.1.0.1", 8080))
    world = World(binding(multiClusterTargetGroup=True), *NODES, *web(A), aws=aws).settle()
    world.put(*web(B))
    assert world.settle().targets() == ["10.0.0.11:8080", "10.1.0.1:8080"]
    world.delete()
    assert world.settle().targets() == ["10.1.0.1:8080"]


REFUSED: dict[str, tuple[Callable[[], TargetGroupBinding], str]] = {
    "no type": (lambda: binding(targetType=None), "spec.targetType: must be set to"),
    "no group": (lambda: binding(targetGroupARN=""), "spec.targetGroupARN: must be set"),
    "bad selector": (
        lambda: binding(
            targetType="instance",
            nodeSelector={"matchExpressions": [{"key": "disk", "operator": "In"}]},
        ),
        "spec.nodeSelector: operator 'In' on key 'disk' needs values",
    ),
    "unknown name": (
        lambda: binding(targetGroupARN="", targetGroupName="web"),
        "spec.targetGroupName: there is no target group named 'web'",
    ),
}


@pytest.mark.parametrize("make,problem", REFUSED.values(), ids=REFUSED)
def test_a_spec_that_cannot_be_served_is_reported_of(
    make: Callable[[], TargetGroupBinding], problem: str
) -> None:
    """The error names the field; nothing is touched, not even the finalizer."""
    world = World(make(), *NODES, *web(A)).settle()
    assert [problem in error for error in world.errors] == [True]
    assert [reason for reason, _ in world.events()] == ["FailedReconcile"]
    assert world.kube.writes == []
    assert "RegisterTargets" not in world.aws.calls


def twin(name: str, *, age_seconds: int, **spec: Any) -> TargetGroupBinding:
    """A binding of the same target group."""
    born = BORN - timedelta(seconds=age_seconds)
    return binding(name, metadata={"creation_timestamp": born}, **spec)


def other_service() -> list[KubeObject]:
    """Service other, behind which stands one pod."""
    slice_ = endpoint_slice("y", [endpoint("b", "10.0.0.11")], service_name="other")
    return [service("other"), pod(*B), slice_]


OTHER = {"serviceRef": {"name": "other", "port": "http"}}


def test_of_two_bindings_of_a_target_group_the_older_holds_it() -> None:
    """They would deregister each other's targets for ever; the younger gets a Warning."""
    world = World(twin("old", age_seconds=60), twin("young", age_seconds=1, **OTHER))
    world.put(*NODES, *web(A), *other_service())
    assert world.settle().targets() == ["10.0.0.10:8080"]
    problem = f"target group {ARN} belongs to TargetGroupBinding shop/old already, which is older"
    message = f"Failed reconcile due to {problem}: delete one of the two"
    assert [m for r, m in world.events() if r == "FailedReconcile"] == [message]


def test_a_name_and_an_arn_may_be_one_target_group() -> None:
    """The older binding holds it, whichever of the two knows it by its name alone."""
    by_name = {"targetGroupARN": "", "targetGroupName": "web"}
    for old, young in ((by_name, {}), ({}, by_name)):
        aws = EndpointAccount()
        aws.has_group(ARN, "web")
        world = World(twin("old", age_seconds=60, **old), aws=aws)
        world.put(twin("young", age_seconds=1, **OTHER, **young), *NODES, *web(A), *other_service())
        assert world.settle().targets() == ["10.0.0.10:8080"]
        assert world.errors[0].startswith(f"Refused: target group {ARN} belongs to")
        world.delete("old")
        assert world.settle().targets() == ["10.0.0.11:8080"]


def test_the_younger_binding_takes_over_when_the_older_is_gone() -> None:
    """And its deletion before that takes nothing away from the older."""
    world = World(twin("old", age_seconds=60), twin("young", age_seconds=1, **OTHER))
    world.put(*NODES, *web(A), *other_service())
    world.settle()
    world.delete("old")
    assert world.settle().targets() == ["10.0.0.11:8080"]


def test_deleting_the_younger_binding_leaves_the_olders_targets() -> None:
    """It never registered any."""
    young = binding("young", metadata={"finalizers": ["elbv2.k8s.aws/resources"]}, **OTHER)
    world = World(twin("old", age_seconds=60), young, *NODES, *web(A), *other_service()).settle()
    world.delete("young")
    assert world.settle().targets() == ["10.0.0.10:8080"]
    assert world.binding("young") is None


def test_bindings_of_clusters_that_share_a_target_group_live_side_by_side() -> None:
    """Both say multiClusterTargetGroup."""
    shared = {"multiClusterTargetGroup": True}
    world = World(twin("old", age_seconds=60, **shared))
    world.put(twin("young", age_seconds=1, **OTHER, **shared), *NODES, *web(A), *other_service())
    assert world.settle().targets() == ["10.0.0.10:8080", "10.0.0.11:8080"]


def test_a_resync_in_the_middle_of_a_write_is_not_undone_by_it() -> None:
    """What the write would remember rests on what the resync has just made void."""
    aws = EndpointAccount()
    memory = TargetMemory()
    registration = Registration(aws, memory, ARN, MINE)
    changes = registration.changes_to([Target("10.0.0.1", 80)])
    memory.clear()
    registration.register(changes.register)
    assert memory.known(ARN) is None


def test_at_the_quota_of_targets_those_that_go_make_room() -> None:
    """Otherwise new ones come first; where nothing goes all stays as it is."""
    world = World(binding(), *NODES, *web(A)).settle()
    world.aws.limits["targets"] = 1
    world.aws.counted()
    world.put(*web(B))
    world.settle()
    assert world.targets() == ["10.0.0.11:8080"]
    calls = [one for one in world.aws.calls if one.endswith("Targets")]
    assert calls == ["RegisterTargets", "DeregisterTargets", "RegisterTargets"]
    world.put(*web(A, B))
    world.settle()
    assert world.errors == []
    assert world.targets() == ["10.0.0.11:8080"]
