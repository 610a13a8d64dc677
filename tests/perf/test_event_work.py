"""The work of one event is that of its own group, however large the cluster is."""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Callable
from types import FrameType
from typing import Any, Self, TypeAlias

import msgspec
import pytest

from alb_controller.objects.core import KubeObject, Pod
from alb_controller.objects.kinds import WATCHED
from alb_controller.objects.trimming import trim
from tests.perf import large_cluster
from tests.perf.large_cluster import Cluster, Place
from tests.unit.reconcile.binding_world import World
from tests.world_endpoints import EndpointAccount

TraceFunction: TypeAlias = Callable[[FrameType, str, Any], Any]
STRUCTS = {kind.name: kind.struct for kind in WATCHED}
EVENTS = 5


def decoded(body: dict[str, Any]) -> KubeObject:
    """An object as the stores hold it."""
    return trim(msgspec.convert(body, STRUCTS[body["kind"]]))


def make_world(cluster: Cluster) -> World:
    """A world whose bindings are all served, and whose process has been up for a while."""
    aws = EndpointAccount()
    arns = [
        f"arn:aws:elasticloadbalancing:us-west-2:1:targetgroup/app-{n}/{n:016x}"
        for n in range(cluster.groups)
    ]
    aws.registered = {arn: {} for arn in arns}
    aws.cidrs = {"vpc-1": ("192.168.0.0/16",)}
    aws.add_group("sg-nodes")
    world = World(aws=aws)
    for number in range(cluster.nodes):
        name = large_cluster.node_name(number)
        addresses = [large_cluster.address(number, pod) for pod in range(252)]
        aws.add_node(name, *addresses)
        world.put(decoded(large_cluster.node(number, f"i-{name}")))
    world.put(*map(decoded, large_cluster.objects(cluster, arns, "sg-balancer")))
    return world.settle()


class Lines:
    """Counts the lines of the package that are run, each turn of a loop by itself."""

    def __init__(self) -> None:
        self.count = 0
        self._others = sys.gettrace()  # that of coverage, say

    def __enter__(self) -> Self:
        sys.settrace(self._enter_frame)
        return self

    def __exit__(self, *_: object) -> None:
        sys.settrace(self._others)

    def _enter_frame(self, frame: FrameType, *_: object) -> TraceFunction | None:
        return self._see if "/alb_controller/" in frame.f_code.co_filename else None

    def _see(self, _frame: FrameType, event: str, _: object) -> TraceFunction:
        self.count += event == "line"
        return self._see


def replace_a_pod(world: World, cluster: Cluster, nth: int) -> None:
    """A pod of a group in the middle goes, and another has its place and a new name."""
    found = large_cluster.places(cluster, cluster.groups // 2)
    gone = found[nth]
    old = world.cluster.get(Pod, gone.namespace, gone.name)
    assert old is not None
    new = Place(gone.group, gone.number + 1000, gone.index)
    world.put(decoded(large_cluster.endpoint_slice([p for p in found if p != gone])))
    world.remove(old)
    world.settle()
    world.put(decoded(large_cluster.pod(new)))
    world.put(decoded(large_cluster.endpoint_slice([*(p for p in found if p != gone), new])))
    world.settle()


def settled(groups: int) -> tuple[World, Cluster]:
    """A world in which the first event has been, whose work includes what is done once."""
    cluster = Cluster(groups)
    world = make_world(cluster)
    replace_a_pod(world, cluster, 0)
    world.aws.counted()
    return world, cluster


def lines_of_an_event(groups: int) -> float:
    """Lines run for a replaced pod; AWS is asked for nothing but the two changes."""
    world, cluster = settled(groups)
    with Lines() as lines:
        for nth in range(1, EVENTS + 1):
            replace_a_pod(world, cluster, nth)
    assert world.aws.counted() == {"DeregisterTargets": EVENTS, "RegisterTargets": EVENTS}
    return lines.count / EVENTS


def seconds_of_an_event(groups: int) -> float:
    """CPU seconds for a replaced pod, the median of several."""
    world, cluster = settled(groups)
    spent = []
    for nth in range(1, cluster.pods_a_group):
        began = time.thread_time()
        replace_a_pod(world, cluster, nth)
        spent.append(time.thread_time() - began)
    return statistics.median(spent)


def test_an_event_runs_the_same_lines_in_a_cluster_ten_times_as_large() -> None:
    """20 groups of 50 pods, and 200 of them: a replaced pod costs the same."""
    assert lines_of_an_event(200) == pytest.approx(lines_of_an_event(20), rel=0.02)


@pytest.mark.perf
def test_an_event_takes_the_same_time_in_a_cluster_ten_times_as_large(figures: list[str]) -> None:
    """The same by CPU, which also sees what no line shows; a quarter is left to chance."""
    small, large = seconds_of_an_event(20), seconds_of_an_event(200)
    figures.append(
        f"CPU of a replaced pod: {small * 1e3:.2f} ms among 1,000 pods, "
        f"{large * 1e3:.2f} ms among 10,000"
    )
    assert large < small * 1.25
