"""Pods, nodes, slices and bindings, one line each; the rest is in tests/factories.py."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from alb_controller.objects.core import (
    Condition,
    Container,
    ContainerPort,
    Node,
    NodeSpec,
    NodeStatus,
    Pod,
    PodIp,
    PodSpec,
    PodStatus,
    ReadinessGate,
    Taint,
)
from alb_controller.objects.elbv2 import TargetGroupBinding
from alb_controller.objects.networking import (
    Endpoint,
    EndpointConditions,
    EndpointPort,
    EndpointSlice,
    EndpointTargetRef,
)
from tests.factories import meta

ARN = "arn:aws:elasticloadbalancing:us-west-2:1:targetgroup/web/0123456789abcdef"


def pod(
    name: str,
    ip: str,
    node: str = "node-a",
    *,
    containers_ready: bool = True,
    ports: Sequence[tuple[str, int]] = (("http", 8080),),
    gates: Sequence[str] = (),
    **metadata: Any,
) -> Pod:
    """A running pod of namespace shop."""
    containers = [Container([ContainerPort(port, number) for port, number in ports])]
    condition = Condition("ContainersReady", "True" if containers_ready else "False")
    return Pod(
        meta(name, **metadata),
        PodSpec(node, containers, [ReadinessGate(gate) for gate in gates]),
        PodStatus("Running", ip, [PodIp(ip)], [condition]),
    )


def node(
    name: str = "node-a",
    *,
    ready: str = "True",
    provider_id: str | None = None,
    labels: dict[str, str] | None = None,
    taints: Sequence[Taint] = (),
) -> Node:
    """An EC2 node; its instance id is `i-` and its name."""
    provider = f"aws:///us-west-2a/i-{name}" if provider_id is None else provider_id
    conditions = [Condition("Ready", ready)] if ready else []
    return Node(
        meta(name, "", labels=labels or {}),
        NodeSpec(provider, list(taints)),
        NodeStatus(conditions),
    )


def endpoint(
    pod_name: str | None,
    ip: str,
    *,
    ready: bool | None = True,
    terminating: bool | None = None,
    node_name: str = "node-a",
) -> Endpoint:
    """One endpoint of a slice; pod_name None is an endpoint that is no pod."""
    target = EndpointTargetRef("Pod", "shop", pod_name) if pod_name else None
    return Endpoint(
        [ip], EndpointConditions(ready=ready, terminating=terminating), target, node_name
    )


def endpoint_slice(
    name: str,
    endpoints: Sequence[Endpoint],
    *,
    service_name: str = "app",
    port: tuple[str | None, int] = ("http", 8080),
    address_type: str = "IPv4",
) -> EndpointSlice:
    """A slice of a Service with one port."""
    labels = {"kubernetes.io/service-name": service_name}
    return EndpointSlice(
        meta(name, labels=labels), address_type, list(endpoints), [EndpointPort(*port, "TCP")]
    )


def binding(
    name: str = "mine", metadata: dict[str, Any] | None = None, **spec: Any
) -> TargetGroupBinding:
    """A binding of Service app, port http, to ARN; spec fields as in the manifest."""
    raw = {
        "serviceRef": {"name": "app", "port": "http"},
        "targetGroupARN": ARN,
        "targetType": "ip",
        **spec,
    }
    made = msgspec.convert({"spec": raw}, TargetGroupBinding)
    return msgspec.structs.replace(made, metadata=meta(name, **(metadata or {})))
