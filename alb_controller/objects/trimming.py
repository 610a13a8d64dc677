"""What stores keep of the many objects of a cluster: what is read, and equal values only once.

Of a Pod's 5 KB of JSON half a KB stays (tests/perf). Whoever comes to read another annotation or
condition of a Pod, its labels or its further addresses has them kept here.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable
from typing import Any, TypeAlias, TypeVar

import msgspec

from alb_controller.objects.core import (
    Condition,
    Container,
    ContainerPort,
    KubeObject,
    Metadata,
    Pod,
    PodSpec,
    PodStatus,
    ReadinessGate,
)
from alb_controller.objects.networking import Endpoint, EndpointSlice, EndpointTargetRef

T = TypeVar("T")
Obj = TypeVar("Obj", bound=KubeObject)

POD_ENI_ANNOTATION = "vpc.amazonaws.com/pod-eni"
"""Set by the VPC resource controller: the branch interface that carries the pod's address."""

POD_ANNOTATIONS = frozenset({POD_ENI_ANNOTATION})
"""The annotations of Pods that are read."""
POD_CONDITIONS = frozenset({"ContainersReady", "Ready"})
"""The conditions of Pods that are read, besides those of readiness gates."""

_SHARED = 16_384
"""Values remembered of each sort: names of namespaces, nodes and gates, what containers offer."""
_NO_TEXTS: dict[str, str] = {}
_NOTHING: list[Any] = []
_Ports: TypeAlias = tuple[tuple[tuple[str, int, str], ...], ...]


def trim(obj: Obj) -> Obj:
    """The object as a store keeps it; a kind that is not among TRIMS as it is."""
    shorten = TRIMS.get(type(obj))
    return obj if shorten is None else shorten(obj)


def _trim_pod(pod: Pod) -> Pod:
    gates = tuple(gate.condition_type for gate in pod.spec.readiness_gates)
    return Pod(
        _trim_metadata(pod.metadata),
        PodSpec(_same(pod.spec.node_name), _containers(pod.spec.running_containers), _gates(gates)),
        PodStatus(
            _same(pod.status.phase),
            pod.status.pod_ip,
            _NOTHING,
            _conditions(pod.status.conditions, gates),
        ),
    )


def _trim_metadata(meta: Metadata) -> Metadata:
    kept = {k: v for k, v in meta.annotations.items() if k in POD_ANNOTATIONS}
    return msgspec.structs.replace(
        meta,
        namespace=_same(meta.namespace),
        labels=_NO_TEXTS,
        annotations=kept or _NO_TEXTS,
        finalizers=meta.finalizers or _NOTHING,
    )


def _conditions(conditions: Iterable[Condition], gates: tuple[str, ...]) -> list[Condition]:
    read = [c for c in conditions if c.type in POD_CONDITIONS or c.type in gates]
    return _condition_list(tuple(map(_same, read)))


def _containers(containers: Iterable[Container]) -> list[Container]:
    ports = (tuple((p.name, p.container_port, p.protocol) for p in c.ports) for c in containers)
    return _containers_with(tuple(ports))


def _trim_slice(slice_: EndpointSlice) -> EndpointSlice:
    if not slice_.endpoints:
        return slice_
    return msgspec.structs.replace(slice_, endpoints=list(map(_trim_endpoint, slice_.endpoints)))


def _trim_endpoint(endpoint: Endpoint) -> Endpoint:
    target = endpoint.target_ref
    return Endpoint(
        endpoint.addresses,
        _same(endpoint.conditions),
        target and EndpointTargetRef(_same(target.kind), _same(target.namespace), target.name),
        _same(endpoint.node_name),
    )


@functools.lru_cache(_SHARED)
def _same(value: T) -> T:
    """The first of all equal values, so that the others can be forgotten."""
    return value


@functools.lru_cache(_SHARED)
def _gates(types: tuple[str, ...]) -> list[ReadinessGate]:
    return [ReadinessGate(_same(name)) for name in types]


@functools.lru_cache(_SHARED)
def _condition_list(conditions: tuple[Condition, ...]) -> list[Condition]:
    return list(conditions)


@functools.lru_cache(_SHARED)
def _containers_with(ports: _Ports) -> list[Container]:
    return [Container([ContainerPort(*port) for port in one]) for one in ports]


TRIMS: dict[type[Any], Callable[[Any], Any]] = {Pod: _trim_pod, EndpointSlice: _trim_slice}
"""Kind -> its shorter form."""
