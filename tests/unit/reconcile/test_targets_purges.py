"""Never a purge by accident: what would empty a group is confirmed past the cache."""

from __future__ import annotations

from typing import Any

import pytest

from alb_controller.errors import Unreachable
from alb_controller.objects.core import KubeObject, Node, Pod, Service
from alb_controller.objects.networking import EndpointSlice
from tests.factories import BORN, changed, service
from tests.unit.reconcile.binding_world import World, web
from tests.unit.targets.cluster import binding, endpoint, endpoint_slice, node, pod
from tests.world_endpoints import NODES_GROUP, EndpointAccount

A, B, C = (("a", "10.0.0.10", "node-a"), ("b", "10.0.0.11", "node-a"), ("c", "10.0.0.12", "node-a"))
NETWORKING = {
    "ingress": [{"from": [{"securityGroup": {"groupID": "sg-lb"}}], "ports": [{"port": 8080}]}]
}
ALL = ["10.0.0.10:8080", "10.0.0.11:8080", "10.0.0.12:8080"]


def a_world(**options: Any) -> World:
    """Three pods behind Service app, registered."""
    world = World(binding(), node(), *web(A, B, C), **options).settle()
    world.taken()
    return world


def lose(world: World, *kinds: type[KubeObject]) -> None:
    """The informers lose all objects of these kinds, which the API still has."""
    for kind in kinds:
        for obj in list(world.cluster.list(kind)):
            world.kube.lose(obj)
    world.sweep()
    world.settle()


@pytest.mark.parametrize("kinds", [[EndpointSlice], [Pod], [Service], [EndpointSlice, Pod]])
def test_what_the_cache_has_lost_stays_registered(kinds: list[type[KubeObject]]) -> None:
    """0 targets leave, one Warning says why, and it is looked at again."""
    world = a_world()
    lose(world, *kinds)
    assert world.targets() == ALL
    assert world.wait(100).targets() == ALL
    reported = [message for reason, message in world.events() if reason == "TargetsHeld"]
    assert len(reported) == 1
    assert "the API still has" in reported[0]
    assert "10.0.0.10:8080" in reported[0]


def test_a_watch_that_lags_by_a_moment_is_no_news() -> None:
    """A Service and its slices change together, and one is seen before the other."""
    world = a_world()
    lose(world, EndpointSlice)
    world.kube.unseen.clear()
    world.put(endpoint_slice("x2", [endpoint(name, ip) for name, ip, _ in (A, B, C)]))
    assert world.settle().wait(100).targets() == ALL
    assert "TargetsHeld" not in world.taken()


def test_nodes_that_the_cache_has_lost_stay_registered() -> None:
    """targetType instance: the nodes are read, too."""
    known = binding(targetType="instance"), service(type_="NodePort")
    world = World(*known, node("node-a"), node("node-b")).settle()
    lose(world, Node)
    assert len(world.targets()) == 2


def test_when_the_cache_is_whole_again_changes_go_on() -> None:
    """With what has happened meanwhile."""
    world = a_world()
    lose(world, EndpointSlice)
    world.kube.unseen.clear()
    world.put(endpoint_slice("x2", [endpoint("a", "10.0.0.10")]))
    assert world.settle().targets() == ALL[:1]


@pytest.mark.parametrize("gone", [Service, EndpointSlice])
def test_what_the_api_has_not_either_goes_at_once(gone: type[KubeObject]) -> None:
    """A deleted Service takes its targets along without a wait, for two reads."""
    world = a_world()
    for obj in list(world.cluster.list(gone)):
        world.remove(obj)
    assert world.settle().targets() == []
    assert world.kube.live.reads == ["Service", "EndpointSlice"]
    assert "TargetsHeld" not in world.taken()


def test_pods_that_are_being_deleted_are_evidence_enough() -> None:
    """Their slices may still list them as ready."""
    world = a_world()
    world.put(*(changed(p, deletion_timestamp=BORN) for p in list(world.cluster.list(Pod))))
    assert world.settle().targets() == []


def test_a_read_that_fails_is_no_confirmation() -> None:
    """Nothing goes until the API answers; new pods come meanwhile."""
    world = a_world()
    world.kube.live.failures += [Unreachable(0, "no answer", "GET /api: timed out")] * 2
    world.put(pod("d", "10.0.0.13"), endpoint_slice("x", [endpoint("d", "10.0.0.13")]))
    assert world.settle().targets() == [*ALL, "10.0.0.13:8080"]
    world.wait(11)
    assert "that could not be confirmed" in world.events()[-1][1]
    assert world.wait(11).targets() == ["10.0.0.13:8080"]


def test_smaller_changes_are_not_read_for() -> None:
    """Pods come and go all the time: that costs no read."""
    world = a_world()
    world.put(endpoint_slice("x", [endpoint("c", "10.0.0.12")]))
    assert world.settle().targets() == ALL[2:]
    world.put(endpoint_slice("x", []))  # the only target of a group
    assert world.settle().targets() == []
    assert world.kube.live.reads == []


def test_how_much_is_a_purge_can_be_set() -> None:
    """--target-purge-percent: here two of three are."""
    world = a_world(purge_percent=60)
    world.put(endpoint_slice("x", [endpoint("c", "10.0.0.12")]))
    world.settle()
    assert world.kube.live.reads == ["Service", "EndpointSlice"]


def test_a_confirmed_purge_can_be_made_to_wait() -> None:
    """--target-purge-hold: and is confirmed once more when the time has come."""
    world = a_world(purge_hold_seconds=30)
    world.remove(service())
    assert world.settle().wait(29).targets() == ALL
    assert [reason for reason, _ in world.events()] == ["TargetsHeld"]
    assert world.wait(2).targets() == []


def test_a_purge_that_waits_is_off_when_endpoints_come_back() -> None:
    """And the next one waits anew."""
    world = a_world(purge_hold_seconds=30)
    world.remove(service())
    world.settle().wait(20)
    again = changed(service(), uid="another")
    world.put(again)
    world.settle().wait(60)
    world.remove(again)
    assert world.settle().wait(20).targets() == ALL


def test_a_deleted_binding_takes_its_targets_along_unasked() -> None:
    """That was no accident."""
    world = a_world()
    world.delete()
    assert world.settle().targets() == []
    assert world.kube.live.reads == []


@pytest.mark.parametrize("options", [{}, {"purge_hold_seconds": 30}])
def test_the_rules_on_the_way_to_held_targets_stay(options: dict[str, Any]) -> None:
    """A target that stays registered must stay within reach."""
    aws = EndpointAccount()
    aws.add_group(NODES_GROUP)
    aws.add_node("node-a", "10.0.0.1", "10.0.0.10", "10.0.0.11", "10.0.0.12")
    bound = binding(networking=NETWORKING)
    world = World(bound, node(), *web(A, B, C), aws=aws, **options).settle()
    opened = world.ingress()
    if options:
        world.put(endpoint_slice("x", []))
        world.settle()
    else:
        lose(world, EndpointSlice)
    assert (world.targets(), world.ingress()) == (ALL, opened)
    world.kube.unseen.clear()
    for obj in list(world.cluster.list(EndpointSlice)):
        world.remove(obj)
    assert world.settle().wait(40).targets() == []
    assert (len(opened), world.ingress()) == (1, [])
