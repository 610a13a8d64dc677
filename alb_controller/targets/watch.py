"""Which bindings must be looked at when an object changes (spec 8.10)."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, TypeVar

from alb_controller.objects.cluster import Cluster
from alb_controller.objects.core import KubeObject, Node, Pod, Service, condition_status
from alb_controller.objects.elbv2 import TargetGroupBinding
from alb_controller.objects.indexes import (
    BY_NODE,
    BY_POD,
    BY_SERVICE,
    BY_TARGET_GROUP,
    SERVICE_NAME_LABEL,
)
from alb_controller.objects.networking import EndpointSlice
from alb_controller.objects.trimming import POD_ENI_ANNOTATION
from alb_controller.targets.endpoints import is_leaving, ready_status, takes_traffic
from alb_controller.values import BindingKey

T = TypeVar("T", bound=KubeObject)


def affected(kind: type[T], old: T | None, new: T | None, cluster: Cluster) -> set[BindingKey]:
    """The bindings to look at: added (old None), changed, or deleted (new None)."""
    look_up = WATCHES.get(kind)
    return set(look_up(old, new, cluster)) if look_up is not None else set()


def key_of(binding: TargetGroupBinding) -> BindingKey:
    """A binding's key in the queue."""
    return BindingKey(*binding.key)


def _by_binding(
    old: TargetGroupBinding | None, new: TargetGroupBinding | None, cluster: Cluster
) -> Iterable[BindingKey]:
    """The binding itself; once it is gone, also those that wait for its target group.

    Our own writes to annotations and status are no news.
    """
    if new is None:
        name = old.spec.group_name if old is not None else ""
        waiting = cluster.select(TargetGroupBinding, BY_TARGET_GROUP, name) if name else ()
        return [*map(key_of, filter(None, (old,))), *map(key_of, waiting)]
    return [key_of(new)] if old is None or _binding_view(old) != _binding_view(new) else ()


def _binding_view(binding: TargetGroupBinding) -> tuple[object, ...]:
    meta = binding.metadata
    return meta.uid, meta.generation, meta.finalizers, binding.is_deleting, binding.spec


def _by_service(old: Service | None, new: Service | None, cluster: Cluster) -> Iterable[BindingKey]:
    changed = new or old
    if changed is None or (old is not None and new is not None and old.spec == new.spec):
        return ()
    return _bindings_of(f"{changed.metadata.namespace}/{changed.metadata.name}", cluster)


def _by_slice(
    old: EndpointSlice | None, new: EndpointSlice | None, cluster: Cluster
) -> Iterable[BindingKey]:
    if old is not None and new is not None and _slice_view(old) == _slice_view(new):
        return ()
    services = {_service_of(s) for s in (old, new) if s is not None}
    return [k for s in services - {""} for k in _bindings_of(s, cluster, target_type="ip")]


def _slice_view(slice_: EndpointSlice) -> tuple[object, ...]:
    return _service_of(slice_), slice_.ports, slice_.endpoints


def _service_of(slice_: EndpointSlice) -> str:
    name = slice_.metadata.labels.get(SERVICE_NAME_LABEL)
    return f"{slice_.metadata.namespace}/{name}" if name else ""


def _by_pod(old: Pod | None, new: Pod | None, cluster: Cluster) -> Iterable[BindingKey]:
    """A pod that has vanished is news only if nobody had seen that it was to go."""
    if new is None:
        return () if old is None or old.is_deleting else _bindings_of_pods([old], cluster)
    if old is not None and _pod_view(old) == _pod_view(new):
        return ()
    return _bindings_of_pods([new], cluster)


def _bindings_of_pods(pods: Iterable[Pod], cluster: Cluster) -> Iterable[BindingKey]:
    keys = (f"{pod.metadata.namespace}/{pod.metadata.name}" for pod in pods)
    services = {_service_of(s) for key in keys for s in cluster.select(EndpointSlice, BY_POD, key)}
    return [k for s in services - {""} for k in _bindings_of(s, cluster, target_type="ip")]


def _pod_view(pod: Pod) -> tuple[object, ...]:
    """What registration and networking read of a pod."""
    return (
        pod.metadata.uid,
        pod.is_deleting,
        pod.metadata.annotations.get(POD_ENI_ANNOTATION),
        pod.spec.node_name,
        pod.spec.containers,
        pod.status.pod_ip,
        condition_status(pod.status.conditions, "ContainersReady"),
    )


def _by_node(old: Node | None, new: Node | None, cluster: Cluster) -> Iterable[BindingKey]:
    if old is not None and new is not None and _node_view(old) == _node_view(new):
        return ()
    nodes = [
        key_of(binding)
        for binding in cluster.list(TargetGroupBinding)
        if binding.spec.target_type == "instance" and _role(old, binding) != _role(new, binding)
    ]
    if _pods_share(old) == _pods_share(new):
        return nodes
    name = (new or old or Node()).metadata.name
    return [*nodes, *_bindings_of_pods(cluster.select(Pod, BY_NODE, name), cluster)]


def _pods_share(node: Node | None) -> tuple[object, ...]:
    """What a node's pods have of it: whether those that are not ready count, and drain."""
    return (ready_status(node), is_leaving(node)) if node is not None else ()


def _node_view(node: Node) -> tuple[object, ...]:
    return node.metadata.labels, node.spec, ready_status(node)


def _role(node: Node | None, binding: TargetGroupBinding) -> tuple[str, str]:
    """What a node is to a binding; one that is not ready is nothing, whatever its labels."""
    if node is None or ready_status(node) == "False" or not takes_traffic(node, binding):
        return "", ""
    return ready_status(node), node.spec.provider_id


def _bindings_of(
    service: str, cluster: Cluster, *, target_type: str | None = None
) -> Iterable[BindingKey]:
    for binding in cluster.select(TargetGroupBinding, BY_SERVICE, service):
        if target_type is None or binding.spec.target_type == target_type:
            yield key_of(binding)


WATCHES: dict[type[Any], Callable[[Any, Any, Cluster], Iterable[BindingKey]]] = {
    TargetGroupBinding: _by_binding,
    Service: _by_service,
    EndpointSlice: _by_slice,
    Pod: _by_pod,
    Node: _by_node,
}
"""Kind -> the bindings that a change of such an object concerns."""
