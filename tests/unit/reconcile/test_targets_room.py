"""Targets that AWS has no room for concern their binding alone, and are asked for seldom."""

from __future__ import annotations

from typing import Any

import pytest

from alb_controller.errors import QuotaExceeded
from alb_controller.model.ownership import stack_labels
from alb_controller.objects.core import KubeObject
from alb_controller.values import StackKey
from tests.factories import ingress, service
from tests.unit.reconcile.binding_world import World, web
from tests.unit.targets.cluster import ARN, binding, endpoint, endpoint_slice, node, pod

NODE = node("node-a")
A, B, C = (("a", "10.0.0.10", "node-a"), ("b", "10.0.0.11", "node-a"), ("c", "10.0.0.12", "node-a"))
D = ("d", "10.0.0.13", "node-a")
SECOND = ARN + "2"
OTHER: dict[str, Any] = {"serviceRef": {"name": "other", "port": "http"}, "targetGroupARN": SECOND}
HOUR = 3600.0
OF_A_TARGET = QuotaExceeded(
    "elbv2", "RegisterTargets", "TooManyRegistrationsForTargetId", "100 at most"
)
OF_BALANCER = QuotaExceeded("elbv2", "RegisterTargets", "TooManyTargets", "1000 at most")


def other(*pods: tuple[str, str, str]) -> list[KubeObject]:
    """Service other, and what stands behind it."""
    endpoints = [endpoint(name, address) for name, address, _ in pods]
    slice_ = endpoint_slice("y", endpoints, service_name="other")
    return [service("other"), *(pod(*one) for one in pods), slice_]


def full(most: int = 1) -> World:
    """A target group that takes so many, and one of another binding; all wants are met."""
    world = World(NODE, binding(), *web(A))
    world.aws.registered[SECOND] = {}
    world.aws.limits["targets"] = most
    world.put(binding("second", **OTHER), *other(D))
    return world.settle()


def warnings(world: World) -> list[str]:
    """Of too many targets."""
    return [message for reason, message in world.events() if reason == "TooManyTargets"]


def test_a_binding_without_room_harms_no_other() -> None:
    """The others register and deregister; one Warning has the quota and the numbers."""
    world = full()
    world.put(*web(A, B))
    world.settle()
    world.put(*other(C))
    world.settle()
    assert (world.targets(), world.targets(SECOND)) == (["10.0.0.10:8080"], ["10.0.0.12:8080"])
    assert world.errors == []
    (warning,) = warnings(world)
    assert warning.startswith(
        "1 endpoints are not registered beside the 1 targets of the target group: AWS quota "
        "targets-per-application-load-balancer or targets-per-network-load-balancer, 1000 or 3000 "
        "by default: AWS refuses "
    )


def test_while_it_stays_so_two_calls_an_hour_are_made() -> None:
    """In any hour, though the binding is looked at again and again; no second Warning."""
    world = full()
    world.put(*web(A, B))
    world.settle()
    for _ in range(4):
        world.aws.counted()
        for _ in range(12):
            world.wake(*world.timers)
            world.settle().wait(HOUR / 12)
        assert sum(world.aws.counted().values()) == 2
    assert len(warnings(world)) == 1


def test_when_there_is_room_the_rest_is_registered() -> None:
    """A while later by itself; at once where a target of the group goes."""
    world = full(2)
    world.put(*web(A, B, C))
    world.settle()
    world.aws.limits["targets"] = 3
    world.wait(2 * HOUR)
    assert world.targets() == ["10.0.0.10:8080", "10.0.0.11:8080", "10.0.0.12:8080"]
    assert [reason for reason, _ in world.events()][-1] == "SuccessfullyReconciled"
    world.aws.limits["targets"] = 2
    world.put(*web(B, C, D))
    world.settle()
    assert world.targets() == ["10.0.0.11:8080", "10.0.0.12:8080"]
    world.aws.calls.clear()
    world.put(*web(C, D))
    world.settle()
    assert world.targets() == ["10.0.0.12:8080", "10.0.0.13:8080"]
    assert world.aws.calls == ["DeregisterTargets", "RegisterTargets"]


def test_where_less_room_comes_than_is_wanted_it_is_used() -> None:
    """One goes, two are wanted: one of them comes."""
    world = full(2)
    world.put(*web(A, B))
    world.settle()
    world.put(*web(A, C, D))
    world.settle()
    assert world.targets() == ["10.0.0.10:8080", "10.0.0.12:8080"]


def test_as_many_as_the_documented_quota_has_room_for_are_registered() -> None:
    """Of three more than 1,000 the rest waits; the Warning names the quota of one group."""
    pods = [(f"p{n}", f"10.0.{n // 250 + 1}.{n % 250 + 1}", "node-a") for n in range(1003)]
    world = World(NODE, binding())
    world.aws.limits["targets"] = 1000
    world.put(*web(*pods[:990]))
    world.settle()
    world.put(*web(*pods))
    world.settle()
    assert len(world.targets()) == 1000
    (warning,) = warnings(world)
    assert warning.startswith(
        "3 endpoints are not registered beside the 1000 targets of the target group: AWS quota "
        "targets-per-target-group, 1000 by default: AWS refuses "
    )


def test_what_operators_say_is_counted_before_a_call() -> None:
    """`--aws-quotas` has the number: no call is refused, and the flag is named."""
    world = World(NODE, binding(), *web(A, B), targets_quota=1).settle()
    assert world.targets() == ["10.0.0.10:8080"]
    (warning,) = warnings(world)
    assert "its 1 targets (--aws-quotas, targets-per-target-group)" in warning


@pytest.mark.parametrize("error", [OF_A_TARGET, OF_BALANCER], ids=lambda one: str(one.code))
def test_what_others_use_up_is_reported_with_its_quota(error: QuotaExceeded) -> None:
    """The number of one target's registrations, or of a load balancer's targets, is not seen."""
    world = World(NODE, binding(), *web(A))
    world.aws.refuse("RegisterTargets", error, error)
    world.settle()
    (warning,) = warnings(world)
    assert f"AWS refuses RegisterTargets: {error.code}: {error.message}" in warning
    assert "application-load-balancer" in warning
    world.wait(2.5 * HOUR)
    assert world.targets() == ["10.0.0.10:8080"]


def test_who_uses_the_service_hears_of_it() -> None:
    """The Ingresses of the stack, once each, and no other Ingress."""
    key = StackKey("ingress", "shop", "web")
    mine = binding(metadata={"labels": stack_labels(key)})
    world = World(
        NODE,
        mine,
        ingress("web", finalizers=["ingress.k8s.aws/resources"]),
        ingress("stranger"),
        *web(A),
    )
    world.aws.limits["targets"] = 1
    world.settle()
    world.put(*web(A, B))
    world.settle().wait(3 * HOUR)
    heard = [one for one in world.kube.events if one.reason == "TooManyTargets"]
    assert [one.name for one in heard] == ["mine", "web"]
    assert heard[1].message == f"TargetGroupBinding shop/mine: {heard[0].message}"
