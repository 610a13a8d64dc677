"""Readiness gates: opened as soon as targets are healthy, with few questions to AWS."""

from __future__ import annotations

import msgspec
import pytest
from prometheus_client import REGISTRY

from alb_controller.errors import ControllerError, Unavailable, Unreachable
from alb_controller.model.elbv2 import Target
from alb_controller.objects.core import Condition, KubeObject, Pod
from alb_controller.targets.readiness import condition_of
from alb_controller.telemetry.metrics import READINESS_GATE_SECONDS
from tests.factories import service
from tests.unit.reconcile.binding_world import World
from tests.unit.targets.cluster import ARN, binding, endpoint, endpoint_slice, node, pod
from tests.world_endpoints import EndpointAccount

GATE = "target-health.elbv2.k8s.aws/mine"
KEY = ("10.0.0.1", 8080)


def gated(count: int = 1, *, ready: bool = False) -> list[KubeObject]:
    """Service app with so many gated pods, whose containers are ready."""
    names = [(f"p{i}", f"10.0.0.{i}") for i in range(1, count + 1)]
    return [
        node(),
        service(),
        *(pod(name, address, gates=[GATE]) for name, address in names),
        endpoint_slice("x", [endpoint(name, address, ready=ready) for name, address in names]),
    ]


def a_world(count: int = 1, *, ill: str = "Elb.InitialHealthChecking") -> World:
    """Gated pods whose targets are not healthy yet."""
    aws = EndpointAccount()
    aws.ill = {(f"10.0.0.{i}", 8080): ill for i in range(1, count + 1) if ill}
    return World(binding(), *gated(count), aws=aws).settle()


def condition(world: World, name: str = "p1") -> Condition | None:
    """The gate's condition of a pod."""
    found = world.cluster.get(Pod, "shop", name)
    assert found is not None
    return condition_of(found, GATE)


def test_a_pod_that_waits_for_its_gate_is_registered_and_reported_so() -> None:
    """Its containers are ready; that it is not is our own doing. No look at its health yet."""
    world = a_world()
    assert world.targets() == ["10.0.0.1:8080"]
    assert condition(world) == Condition(
        GATE, "False", "Elb.RegistrationInProgress", "Target registration is in progress"
    )
    assert world.aws.calls.count("DescribeTargetHealth") == 1  # what was there before


def test_the_gate_opens_soon_after_the_target_is_healthy() -> None:
    """Half of the time later that the target took, and two seconds at least."""
    world = a_world()
    world.wait(9)
    assert condition(world) == Condition(GATE, "False", "Elb.InitialHealthChecking")
    world.aws.ill.clear()
    world.wait(5)
    assert condition(world) == Condition(GATE, "True")


def test_looks_are_few_and_end_when_all_gates_are_open() -> None:
    """In 60 s a dozen at most, whatever the number of pods; none after that."""
    world = a_world(40)
    world.aws.counted()
    world.wait(60)
    assert 5 <= world.aws.counted()["DescribeTargetHealth"] <= 12
    world.aws.ill.clear()
    world.wait(20)
    world.aws.counted()
    world.wait(3600)
    assert world.aws.counted() == {}
    assert [condition(world, f"p{i}") for i in (1, 40)] == [Condition(GATE, "True")] * 2


def test_only_closed_gates_are_asked_for() -> None:
    """By id and port, as long as they are few."""
    world = a_world(3)
    del world.aws.ill[("10.0.0.2", 8080)]
    world.wait(2)
    world.aws.asked.clear()
    world.wait(3)
    assert world.aws.asked == [["10.0.0.1", "10.0.0.3"]]


def test_many_closed_gates_are_asked_for_as_a_whole_group() -> None:
    """One call either way; then open gates are looked at, too."""
    world = a_world(60)
    world.aws.asked.clear()
    world.wait(2)
    assert world.aws.asked == [[]]


def test_other_changes_of_the_binding_do_not_ask_sooner() -> None:
    """A pass because of another pod is no reason to look."""
    world = a_world(2)
    world.aws.counted()
    world.put(endpoint_slice("y", [endpoint("z", "10.0.9.9")]), pod("z", "10.0.9.9"))
    world.settle()
    assert world.aws.counted() == {"RegisterTargets": 1}


def test_an_unchanged_condition_is_not_written_again() -> None:
    """However often health is looked at."""
    world = a_world()
    world.wait(10)
    world.taken()
    world.wait(60)
    assert world.taken() == []


def test_after_a_start_the_first_look_serves_the_gates_as_well() -> None:
    """What is registered and how it is are one answer."""
    world = a_world()
    world.aws.ill.clear()
    world.aws.counted()
    world.start()
    world.settle()
    assert condition(world) == Condition(GATE, "True")
    assert world.aws.counted()["DescribeTargetHealth"] == 1


def test_the_slow_sweep_closes_the_gate_of_a_target_that_is_ill() -> None:
    """And looks on until it is well."""
    world = a_world(ill="").wait(5)
    assert condition(world) == Condition(GATE, "True")
    world.aws.ill = {KEY: "Target.Timeout"}
    world.sweep()
    world.settle()
    assert condition(world) == Condition(GATE, "False", "Target.Timeout")
    world.aws.ill.clear()
    world.wait(15)
    assert condition(world) == Condition(GATE, "True")


@pytest.mark.parametrize("count", [1, 60], ids=["by name", "whole group"])
def test_a_target_that_someone_took_away_is_registered_again(count: int) -> None:
    """The look at its health says that it is not there."""
    world = a_world(count)
    del world.aws.registered[ARN][KEY]
    world.wait(10)
    assert "10.0.0.1:8080" in world.targets()


def test_pods_without_the_gate_are_left_alone() -> None:
    """Also those with the gate of another binding."""
    world = World(binding(), node(), service(), pod("a", "10.0.0.1", gates=[f"{GATE}-2"]))
    world.put(endpoint_slice("x", [endpoint("a", "10.0.0.1")]))
    assert world.settle().timers == {}
    assert not [w for w in world.kube.writes if w.endswith(" a")]


def test_a_deleted_binding_opens_its_gates() -> None:
    """Nobody else would, and the pods would never be Ready."""
    world = a_world()
    world.delete()
    world.settle()
    assert condition(world) == Condition(GATE, "True", "", "Target Group Binding is deleted")


def test_a_pod_that_was_replaced_meanwhile_is_no_error() -> None:
    """The patch names the uid that was meant."""
    world = a_world()
    world.cluster.of(Pod).delete(pod("p1", "10.0.0.1", gates=[GATE]))
    assert world.wait(5).errors == []


@pytest.mark.parametrize("error", [Unavailable("elbv2", "DescribeTargetHealth", "500", "oh")])
def test_a_look_that_fails_closes_no_gate(error: ControllerError) -> None:
    """A missing answer says nothing."""
    world = a_world(2)
    known = condition(world)
    world.aws.refuse("DescribeTargetHealth", error)
    world.wait(2)
    assert (condition(world), len(world.errors)) == (known, 1)


def test_one_pod_that_cannot_be_written_stops_none_of_the_others() -> None:
    """It is tried again."""
    world = a_world(2)
    world.aws.ill.clear()
    write, failing = world.kube.patch_status, [Unreachable(0, "x", "y")]

    def fails_once(kind: object, obj: KubeObject, patch: object, **options: bool) -> KubeObject:
        if failing and obj.metadata.name == "p1":
            raise failing.pop()
        return write(kind, obj, patch, **options)  # type: ignore[arg-type]  # handed through

    world.kube.patch_status = fails_once  # type: ignore[method-assign, assignment]  # a fault
    world.wait(2)
    assert condition(world, "p2") == Condition(GATE, "True")
    world.retry()
    world.wait(15)
    assert condition(world, "p1") == Condition(GATE, "True")


def test_a_pod_with_two_targets_waits_for_both() -> None:
    """An unnamed Service port takes every port of the slice."""
    made = endpoint_slice("x", [endpoint("p1", "10.0.0.1", ready=False)])
    ports = [*(made.ports or ()), *(endpoint_slice("y", [], port=("b", 9090)).ports or ())]
    aws = EndpointAccount()
    aws.ill = {("10.0.0.1", 9090): "Target.Timeout"}
    world = World(binding(serviceRef={"name": "app", "port": 80}), *gated(), aws=aws)
    world.put(unnamed_port(), msgspec.structs.replace(made, ports=ports))
    world.settle().wait(5)
    assert [t.port for t in sorted(aws.registered[ARN].values())] == [8080, 9090]
    assert condition(world) == Condition(GATE, "False", "Target.Timeout")
    assert Target(*KEY) in aws.registered[ARN].values()


def unnamed_port() -> KubeObject:
    """Service app, whose one port has no name."""
    made = service()
    port = msgspec.structs.replace(made.spec.ports[0], name="")
    return msgspec.structs.replace(made, spec=msgspec.structs.replace(made.spec, ports=[port]))


def test_how_long_a_gate_was_closed_is_measured() -> None:
    """From the registration to the look that opens it; the series ends with the binding."""
    READINESS_GATE_SECONDS.clear()
    world = a_world()
    world.wait(20)
    world.aws.ill.clear()
    world.wait(30)
    labels = {"namespace": "shop", "name": "mine"}
    measured = REGISTRY.get_sample_value("awslbc_readiness_gate_ready_seconds_sum", labels)
    assert measured is not None
    assert 20 <= measured <= 32
    world.delete()
    world.settle()
    assert REGISTRY.get_sample_value("awslbc_readiness_gate_ready_seconds_sum", labels) is None
