"""Stores keep of Pods and EndpointSlices what is read, and equal values once."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from alb_controller.objects.core import Node, Pod
from alb_controller.objects.networking import EndpointSlice
from alb_controller.objects.trimming import POD_ENI_ANNOTATION, trim
from alb_controller.targets.readiness import condition_of, gate_of, has_gate
from tests.perf import large_cluster
from tests.perf.large_cluster import Cluster, Place

ONE, OTHER = large_cluster.places(Cluster(1, pods_a_group=2), 0)


def pod(place: Place = ONE, **metadata: Any) -> Pod:
    """A pod as a cluster has it."""
    body = large_cluster.pod(place)
    return msgspec.convert({**body, "metadata": {**body["metadata"], **metadata}}, Pod)


def test_who_a_pod_is_and_where_it_runs_stays() -> None:
    """Names, times and finalizers, the node, the address, the ports of its containers."""
    whole = pod(deletionTimestamp="2026-01-02T03:05:05Z", finalizers=["x/y"], resourceVersion="7")
    kept = trim(whole)
    metadata = msgspec.structs.replace(whole.metadata, labels={}, annotations={})
    assert kept.metadata == metadata
    assert kept.spec == whole.spec
    assert (kept.status.pod_ip, kept.status.phase) == (whole.status.pod_ip, "Running")


def test_conditions_that_are_read_stay() -> None:
    """Those of the containers, of the pod, and of its readiness gates."""
    kept = trim(pod())
    gate = gate_of("k8s-team0-app0-0123456789")
    assert has_gate(kept, gate)
    assert condition_of(kept, gate) == condition_of(pod(), gate)
    types = [condition.type for condition in kept.status.conditions]
    assert types == ["Ready", "ContainersReady", gate]


@pytest.mark.parametrize("annotations, kept", [({}, {}), ({"a": "b"}, {})])
def test_annotations_that_nobody_reads_go(
    annotations: dict[str, str], kept: dict[str, str]
) -> None:
    """But for the branch interface, which networking needs."""
    branch = {POD_ENI_ANNOTATION: "[]"}
    assert trim(pod(annotations=annotations)).metadata.annotations == kept
    assert trim(pod(annotations={**annotations, **branch})).metadata.annotations == branch


def test_equal_values_are_kept_once() -> None:
    """Two pods of a ReplicaSet share all that is the same."""
    one, other = trim(pod()), trim(pod(OTHER))
    assert one.spec.containers is other.spec.containers
    assert one.spec.readiness_gates is other.spec.readiness_gates
    assert one.spec.node_name is other.spec.node_name
    assert one.status.conditions is other.status.conditions
    assert one.metadata.namespace is other.metadata.namespace


def test_a_slice_says_the_same_in_fewer_objects() -> None:
    """Endpoints share their conditions, their node's name and their namespace's."""
    body = large_cluster.endpoint_slice([ONE, OTHER])
    whole = msgspec.convert(body, EndpointSlice)
    kept = trim(whole)
    assert kept == whole
    assert kept.endpoints is not None
    one, other = kept.endpoints
    assert one.conditions is other.conditions
    assert one.node_name is other.node_name


def test_other_kinds_are_kept_as_they_are() -> None:
    """Labels of Nodes are read."""
    node = msgspec.convert(large_cluster.node(1, "i-1"), Node)
    assert trim(node) is node
    assert trim(EndpointSlice()) == EndpointSlice()
