"""Target groups that clusters share: what is whose stands in a ConfigMap."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from alb_controller.errors import Throttled
from alb_controller.model.elbv2 import Target
from alb_controller.objects.core import ConfigMap
from tests.factories import meta
from tests.unit.reconcile.binding_world import World, web
from tests.unit.targets.cluster import ARN, binding, node
from tests.world_endpoints import EndpointAccount

A, B = ("a", "10.0.0.10", "node-a"), ("b", "10.0.0.11", "node-a")
FOREIGN, LEFT = Target("10.1.0.1", 8080), Target("10.0.0.99", 8080)
NAME = "aws-lbc-targets-mine"
BOTH = "10.0.0.10:8080,10.0.0.11:8080"


def a_world(*targets: Target, tracked: str | None = None, **options: Any) -> World:
    """Pods a and b behind a shared group, in which targets are already."""
    aws = EndpointAccount()
    aws.has_targets(ARN, *targets)
    world = World(binding(multiClusterTargetGroup=True), node(), *web(A, B), aws=aws, **options)
    if tracked is not None:
        write_map(world, tracked)
    return world.settle()


def write_map(world: World, targets: str) -> None:
    """The ConfigMap, as another controller writes it."""
    world.kube.replace(ConfigMap(meta(NAME), {"targets": targets}))


def tracked(world: World) -> str:
    """What the ConfigMap says."""
    found = world.kube.get(ConfigMap, "shop", NAME)
    assert found is not None
    return found.data["targets"]


def test_the_first_run_takes_nothing_away() -> None:
    """Nobody has written down yet what is whose."""
    world = a_world(FOREIGN, LEFT)
    assert world.targets() == [*BOTH.split(","), "10.0.0.99:8080", "10.1.0.1:8080"]
    assert tracked(world) == BOTH


def test_what_another_controller_wrote_down_is_taken_over() -> None:
    """LBC's ConfigMap, in whatever order."""
    world = a_world(FOREIGN, LEFT, tracked="10.0.0.99:8080,10.0.0.10:8080")
    assert world.targets() == ["10.0.0.10:8080", "10.0.0.11:8080", "10.1.0.1:8080"]
    assert tracked(world) == BOTH


def test_targets_are_written_down_before_they_are_registered() -> None:
    """And struck out after they are deregistered: a crash between loses none."""
    world = a_world()
    world.aws.refuse("RegisterTargets", Throttled("elbv2", "RegisterTargets", "T", "slow"))
    world.taken()
    world.put(*web(B, ("c", "10.0.0.12", "node-a")))
    world.settle()
    assert tracked(world) == f"{BOTH},10.0.0.12:8080"
    world.retry()
    assert tracked(world) == "10.0.0.11:8080,10.0.0.12:8080"


def test_a_pod_that_comes_costs_one_write_of_the_map_and_one_call() -> None:
    """The group is not read again, though others change it."""
    world = a_world()
    world.taken()
    world.aws.counted()
    world.put(*web(A, B, ("c", "10.0.0.12", "node-a")))
    world.settle()
    assert [w for w in world.kube.writes if NAME in w] == [f"patch {NAME}"]
    assert tracked(world) == f"{BOTH},10.0.0.12:8080"
    assert world.aws.counted() == {"RegisterTargets": 1}


def test_an_unchanged_world_writes_no_map() -> None:
    """Also after a start."""
    world = a_world()
    world.taken()
    world.start()
    world.settle()
    assert world.kube.writes == []


def test_a_map_that_someone_else_has_changed_is_read_again() -> None:
    """A former leader's last write is not lost."""
    world = a_world(LEFT)
    write_map(world, f"{BOTH},10.0.0.99:8080")
    world.put(*web(A))
    world.settle()
    world.sweep()
    world.settle()
    assert world.targets() == ["10.0.0.10:8080"]
    assert tracked(world) == "10.0.0.10:8080"


def test_a_map_that_someone_deleted_is_made_again() -> None:
    """What cannot be known to be ours then stays."""
    world = a_world()
    world.kube.remove(ConfigMap, NAME)
    world.put(*web(A, B, ("c", "10.0.0.12", "node-a")))
    world.settle().retry()
    assert tracked(world) == f"{BOTH},10.0.0.12:8080"


def test_a_deleted_binding_leaves_the_others_targets_and_no_map() -> None:
    """Only what is tracked goes."""
    world = a_world(FOREIGN)
    world.delete()
    assert world.settle().targets() == ["10.1.0.1:8080"]
    assert (world.kube.unseen, world.binding()) == ({}, None)


def test_without_a_map_a_deleted_binding_takes_nothing_away() -> None:
    """As LBC."""
    world = a_world(FOREIGN)
    world.kube.unseen.clear()
    world.delete()
    world.due.clear()
    world.start()
    assert len(world.settle().targets()) == 3


@pytest.mark.parametrize("text", ["", ","])
def test_a_map_without_targets_tracks_none(text: str) -> None:
    """LBC writes an empty string."""
    assert len(a_world(LEFT, tracked=text).targets()) == 3


def test_the_purge_of_a_shared_group_is_measured_by_our_own_targets() -> None:
    """However many others there are."""
    world = a_world(*(msgspec.structs.replace(FOREIGN, port=n) for n in range(1, 9)))
    world.put(*web())
    world.settle()
    assert world.kube.live.reads[-2:] == ["Service", "EndpointSlice"]
