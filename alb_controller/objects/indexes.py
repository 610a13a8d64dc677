"""THE table of indexes that stores keep: name -> the values under which an object is filed."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from alb_controller.objects.core import Pod, Service
from alb_controller.objects.elbv2 import TargetGroupBinding
from alb_controller.objects.networking import EndpointSlice, Ingress
from alb_controller.objects.references import service_names

SERVICE_NAME_LABEL = "kubernetes.io/service-name"
"""On EndpointSlices: the Service that they belong to (Kubernetes docs, EndpointSlice)."""

BY_SERVICE = "service"
"""EndpointSlices, bindings and Ingresses by `namespace/name` of a Service that they name."""
BY_TARGET_GROUP = "target-group"
"""Bindings by the name of their target group, which they have with ARN and without."""
BY_NODE = "node"
"""Pods by node name."""
BY_POD = "pod"
"""EndpointSlices by `namespace/name` of the pods that they list."""


def slice_services(obj: EndpointSlice) -> Iterable[str]:
    """`namespace/name` of the Service that a slice belongs to, if any."""
    name = obj.metadata.labels.get(SERVICE_NAME_LABEL)
    return (f"{obj.metadata.namespace}/{name}",) if name else ()


def _slice_pods(obj: EndpointSlice) -> Iterable[str]:
    targets = (e.target_ref for e in obj.endpoints or ())
    return {
        f"{t.namespace or obj.metadata.namespace}/{t.name}"
        for t in targets
        if t is not None and t.kind == "Pod"
    }


def _binding_services(obj: TargetGroupBinding) -> Iterable[str]:
    return (f"{obj.metadata.namespace}/{obj.spec.service_ref.name}",)


def _ingress_services(obj: Ingress) -> Iterable[str]:
    return {f"{obj.metadata.namespace}/{name}" for name in service_names(obj)}


INDEXES: dict[type[Any], dict[str, Callable[[Any], Iterable[str]]]] = {
    EndpointSlice: {BY_SERVICE: slice_services, BY_POD: _slice_pods},
    TargetGroupBinding: {
        BY_SERVICE: _binding_services,
        BY_TARGET_GROUP: lambda obj: (obj.spec.group_name,),
    },
    Ingress: {BY_SERVICE: _ingress_services},
    Pod: {BY_NODE: lambda obj: (obj.spec.node_name,)},
    Service: {},
}
