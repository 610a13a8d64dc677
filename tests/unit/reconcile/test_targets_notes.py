"""What is written on a binding and reported of it, and that nothing is where nothing changed."""

from __future__ import annotations

import msgspec

from alb_controller.errors import AccessDenied, Throttled
from alb_controller.objects.core import Condition
from alb_controller.targets.checkpoint import checkpoint
from alb_controller.targets.endpoints import Endpoint, Endpoints
from tests.factories import service
from tests.unit.reconcile.binding_world import World, web
from tests.unit.targets.cluster import binding, node, pod

A, B = ("a", "10.0.0.10", "node-a"), ("b", "10.0.0.11", "node-b")
NODES = (node("node-a"), node("node-b"))
SERVED = {"finalizers": ["elbv2.k8s.aws/resources"]}
FIRST_PASS = ["hold mine", "status mine", "patch mine", "SuccessfullyReconciled"]


def test_a_first_pass_leaves_finalizer_status_checkpoint_and_one_event() -> None:
    """The checkpoint is LBC's; the timestamp is in Unix seconds."""
    world = World(binding(), *NODES, *web(A)).settle()
    assert world.taken() == FIRST_PASS
    mine = world.binding()
    assert mine is not None
    assert mine.metadata.finalizers == ["elbv2.k8s.aws/resources"]
    assert mine.status.observed_generation == 1
    expected = Endpoints(members=(Endpoint(id="10.0.0.10", port=8080, backing=pod(*A)),))
    assert mine.metadata.annotations == {
        "elbv2.k8s.aws/checkpoint": checkpoint(expected, mine.spec),
        "elbv2.k8s.aws/checkpoint-timestamp": str(int(world.clock.now().timestamp())),
    }


def test_a_second_pass_writes_nothing_anywhere() -> None:
    """Neither to AWS nor to the cluster."""
    world = World(binding(), *NODES, *web(A)).settle()
    world.taken()
    world.aws.counted()
    world.sweep()
    world.settle()
    assert world.taken() == []
    assert set(world.aws.counted()) <= {
        "DescribeTargetHealth",
        "DescribeSecurityGroups",
        "DescribeVpcs",
    }


def test_a_restarted_process_writes_nothing() -> None:
    """All that was reported and written is there."""
    world = World(binding(), *NODES, *web(A)).settle()
    world.taken()
    world.aws.counted()
    world.start()
    world.settle()
    assert world.taken() == []
    assert set(world.aws.counted()) <= {
        "DescribeTargetHealth",
        "DescribeSecurityGroups",
        "DescribeVpcs",
    }


def test_a_change_of_targets_is_reported_and_marked() -> None:
    """One event and one checkpoint for each change."""
    world = World(binding(), *NODES, *web(A)).settle()
    world.taken()
    world.put(*web(A, B))
    world.settle()
    assert world.taken() == ["patch mine", "SuccessfullyReconciled"]


def test_a_new_spec_is_observed() -> None:
    """status.observedGeneration follows, also where no target changes."""
    world = World(binding(), *NODES, *web(A)).settle()
    world.taken()
    mine = world.binding()
    assert mine is not None
    meta = msgspec.structs.replace(mine.metadata, generation=2)
    spec = msgspec.structs.replace(mine.spec, target_group_protocol="HTTP")
    world.put(msgspec.structs.replace(mine, metadata=meta, spec=spec))
    world.settle()
    assert world.taken() == ["status mine", "patch mine", "SuccessfullyReconciled"]


def test_a_missing_backend_is_reported_once_and_the_targets_go() -> None:
    """As LBC; the checkpoint no longer holds, the finalizer stays."""
    world = World(binding(), *NODES, *web(A)).settle()
    world.taken()
    world.remove(service())
    assert world.settle().targets() == []
    assert world.events() == [("BackendNotFound", "Service shop/app does not exist")]
    mine = world.binding()
    assert mine is not None
    assert mine.metadata.annotations["elbv2.k8s.aws/checkpoint"] == ""
    assert mine.metadata.finalizers == ["elbv2.k8s.aws/resources"]
    world.sweep()
    world.settle()
    assert len(world.events()) == 1


def test_a_backend_that_comes_back_is_registered_again() -> None:
    """A watch tells of the Service; an Event says that the Warning is a thing of the past."""
    world = World(binding(), *NODES, *web(A)).settle().wait(1)
    world.remove(service())
    world.settle().wait(1)
    world.taken()
    made = service()
    world.put(
        msgspec.structs.replace(
            made, metadata=msgspec.structs.replace(made.metadata, uid="another")
        )
    )
    assert world.settle().targets() == ["10.0.0.10:8080"]
    assert world.taken() == ["patch mine", "SuccessfullyReconciled"]


def test_a_failure_is_reported_once_however_often_it_is_retried() -> None:
    """The request id, which differs each time, is left out."""
    world = World(binding(metadata=SERVED), *NODES, *web(A))
    operation = "RegisterTargets"
    errors = [AccessDenied("elbv2", operation, "AccessDenied", "no", f"id-{n}") for n in range(3)]
    world.aws.refuse(operation, *errors)
    world.settle().retry().retry()
    assert world.events() == [
        (
            "FailedReconcile",
            "Failed reconcile due to elbv2 RegisterTargets: AccessDenied: no",
        )
    ]
    world.retry()
    assert world.events()[-1][0] == "SuccessfullyReconciled"


def test_a_node_that_cannot_be_a_target_is_named() -> None:
    """The others are registered."""
    mine = binding(targetType="instance")
    world = World(mine, node("node-a"), node("node-b", provider_id="x"), service(type_="NodePort"))
    assert world.settle().targets() == ["i-node-a:30080"]
    assert (
        "FailedReconcile",
        "Node node-b is left out: its spec.providerID 'x' names no EC2 instance",
    ) in world.events()


def test_a_failed_cleanup_is_reported_under_its_own_reason() -> None:
    """FailedCleanup, and the binding stays until it succeeds."""
    world = World(binding(), *NODES, *web(A)).settle()
    world.taken()
    world.aws.refuse("DeregisterTargets", Throttled("elbv2", "DeregisterTargets", "T", "slow down"))
    world.delete()
    world.settle()
    assert world.events() == [
        ("FailedCleanup", "Failed cleanup due to elbv2 DeregisterTargets: T: slow down")
    ]
    assert world.binding() is not None
    world.retry()
    assert (world.binding(), world.targets()) == (None, [])


def test_a_failed_cleanup_shows_in_the_status() -> None:
    """Ready is False, with the reason; it is written once for each reason."""
    world = World(binding(), *NODES, *web(A)).settle()
    slow = Throttled("elbv2", "DeregisterTargets", "T", "slow down")
    world.aws.refuse("DeregisterTargets", slow, slow)
    world.taken()
    world.delete()
    world.settle().retry()
    mine = world.binding()
    assert mine is not None
    assert mine.status.conditions == [
        Condition("Ready", "False", "FailedCleanup", "elbv2 DeregisterTargets: T: slow down")
    ]
    assert mine.status.observed_generation == 1
    assert world.kube.writes == ["status mine"]


def test_a_failed_pass_leaves_no_checkpoint_that_holds() -> None:
    """LBC would skip the binding after a swap of controllers; then all is reported anew."""
    world = World(binding(), *NODES, *web(A)).settle()
    slow = Throttled("elbv2", "RegisterTargets", "T", "slow down")
    world.aws.refuse("RegisterTargets", slow, slow)
    world.put(*web(A, B))
    world.taken()
    world.settle().retry()
    mine = world.binding()
    assert mine is not None
    assert mine.metadata.annotations["elbv2.k8s.aws/checkpoint"] == ""
    assert world.taken() == ["patch mine", "FailedReconcile"]
    world.retry()
    assert world.taken() == ["patch mine", "SuccessfullyReconciled"]
