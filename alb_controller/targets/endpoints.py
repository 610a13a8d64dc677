"""Which pods or nodes stand behind a TargetGroupBinding (spec 8.4)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from alb_controller.errors import Invalid
from alb_controller.objects.cluster import Cluster
from alb_controller.objects.core import (
    LabelSelector,
    LabelSelectorRequirement,
    Node,
    Pod,
    Service,
    ServicePort,
    condition_status,
    ref,
)
from alb_controller.objects.elbv2 import TargetGroupBinding
from alb_controller.objects.indexes import BY_SERVICE
from alb_controller.objects.networking import Endpoint as SliceEndpoint
from alb_controller.objects.networking import EndpointSlice
from alb_controller.values import Value

COMPUTE_TYPE_LABEL = "eks.amazonaws.com/compute-type"
"""Its value says what a node is: `fargate`, `hybrid`; EC2 instances have other values or none."""

TRAFFIC_NODES = LabelSelector(
    match_expressions=[
        LabelSelectorRequirement("node-role.kubernetes.io/master", "DoesNotExist"),
        LabelSelectorRequirement(
            "node.kubernetes.io/exclude-from-external-load-balancers", "DoesNotExist"
        ),
        LabelSelectorRequirement(
            "alpha.service-controller.kubernetes.io/exclude-balancer", "DoesNotExist"
        ),
        LabelSelectorRequirement(COMPUTE_TYPE_LABEL, "NotIn", ["fargate"]),
    ]
)
"""Labels of nodes that may take a load balancer's traffic."""

_INSTANCE_ID = re.compile(r"i-[^/]*")


class Endpoint(Value, frozen=True, kw_only=True):
    """A target with what backs it: `id` is the pod's address or the node's instance id."""

    id: str
    port: int
    backing: Pod | Node

    @property
    def key(self) -> tuple[str, int]:
        return self.id, self.port


class Endpoints(Value, frozen=True, kw_only=True):
    """What should be registered, ordered and without duplicates.

    `problems` says what was left out though it should be there, one sentence each.
    """

    members: tuple[Endpoint, ...] = ()
    problems: tuple[str, ...] = ()

    @property
    def pods(self) -> tuple[Pod, ...]:
        return tuple(m.backing for m in self.members if isinstance(m.backing, Pod))


class BackendNotFound(Value, frozen=True, kw_only=True):
    """The binding's Service, or its port, does not exist; `problem` is one sentence."""

    problem: str


def resolve(
    binding: TargetGroupBinding, cluster: Cluster, *, fail_open: bool
) -> Endpoints | BackendNotFound:
    """The endpoints of a binding whose targetType is set.

    `fail_open` is the gate EndpointsFailOpen: where nothing is ready, take what is unknown.

    Raises Invalid where targetType instance meets a Service without node ports.
    """
    reference, namespace = binding.spec.service_ref, binding.metadata.namespace
    service = cluster.get(Service, namespace, reference.name)
    if service is None:
        return BackendNotFound(problem=f"Service {namespace}/{reference.name} does not exist")
    port = next((p for p in service.spec.ports if reference.port in (p.port, p.name)), None)
    if port is None:
        return BackendNotFound(
            problem=f"Service {namespace}/{reference.name} has no port {reference.port!r}"
        )
    if binding.spec.target_type == "ip":
        return _pod_endpoints(binding, port, cluster, fail_open=fail_open)
    if service.spec.type not in ("NodePort", "LoadBalancer"):
        raise Invalid(
            ref("TargetGroupBinding", binding),
            "spec.serviceRef",
            f"Service {namespace}/{reference.name} is of type {service.spec.type}; "
            "targetType instance needs NodePort or LoadBalancer",
        )
    return _node_endpoints(binding, port, cluster, fail_open=fail_open)


def _pod_endpoints(
    binding: TargetGroupBinding, port: ServicePort, cluster: Cluster, *, fail_open: bool
) -> Endpoints:
    family = "IPv6" if binding.spec.ip_address_type == "ipv6" else "IPv4"
    found: dict[str, dict[tuple[str, int], Endpoint]] = {"ready": {}, "unknown": {}}
    service = f"{binding.metadata.namespace}/{binding.spec.service_ref.name}"
    for slice_ in cluster.select(EndpointSlice, BY_SERVICE, service):
        if slice_.address_type != family:
            continue
        for raw, number in _ports_and_endpoints(slice_, port.name):
            pod = _pod_of(raw, slice_.metadata.namespace, cluster)
            state = _state_of(raw, pod, cluster) if pod is not None else ""
            if pod is not None and state in found:
                _keep_newest(found[state], Endpoint(id=raw.addresses[0], port=number, backing=pod))
    chosen = found["ready"] or (found["unknown"] if fail_open else {})
    return Endpoints(members=_in_order(chosen.values()))


def _ports_and_endpoints(
    slice_: EndpointSlice, port_name: str
) -> Iterator[tuple[SliceEndpoint, int]]:
    """Each endpoint with each port number of the Service port; an unnamed one takes them all."""
    for port in slice_.ports or ():
        if port_name and port_name != (port.name or ""):
            continue
        for endpoint in slice_.endpoints or ():
            if endpoint.addresses:
                yield endpoint, port.port or 0


def _pod_of(endpoint: SliceEndpoint, namespace: str, cluster: Cluster) -> Pod | None:
    target = endpoint.target_ref
    if target is None or target.kind != "Pod":
        return None
    return cluster.get(Pod, target.namespace or namespace, target.name)


def _state_of(endpoint: SliceEndpoint, pod: Pod, cluster: Cluster) -> str:
    """`ready`, `unknown`, or nothing for an endpoint that is left out."""
    if endpoint.conditions.ready is not False:
        return "ready"
    if condition_status(pod.status.conditions, "ContainersReady") != "True":
        return ""
    node = cluster.get(Node, "", pod.spec.node_name)
    status = condition_status(node.status.conditions, "Ready") if node is not None else ""
    if status == "True":
        return "" if endpoint.conditions.terminating else "ready"
    return "unknown" if status == "Unknown" else ""


def _keep_newest(found: dict[tuple[str, int], Endpoint], endpoint: Endpoint) -> None:
    """An address may be listed twice while its pod is replaced: the newer pod has it."""
    other = found.get(endpoint.key)
    if other is None or _age(other) < _age(endpoint):
        found[endpoint.key] = endpoint


def _age(endpoint: Endpoint) -> tuple[float, str]:
    created = endpoint.backing.metadata.creation_timestamp
    return created.timestamp() if created else 0.0, endpoint.backing.metadata.name


def _node_endpoints(
    binding: TargetGroupBinding, port: ServicePort, cluster: Cluster, *, fail_open: bool
) -> Endpoints:
    candidates = [n for n in cluster.list(Node) if takes_traffic(n, binding)]
    ready = [n for n in candidates if ready_status(n) == "True"]
    if not ready and fail_open:
        ready = [n for n in candidates if ready_status(n) == "Unknown"]
    members, problems = [], []
    for node in ready:
        instance = instance_id(node)
        if instance:
            members.append(Endpoint(id=instance, port=port.node_port, backing=node))
        elif node.metadata.labels.get(COMPUTE_TYPE_LABEL) != "hybrid":
            problems.append(
                f"Node {node.metadata.name} is left out: its spec.providerID "
                f"{node.spec.provider_id!r} names no EC2 instance"
            )
    return Endpoints(members=_in_order(members), problems=tuple(sorted(problems)))


def takes_traffic(node: Node, binding: TargetGroupBinding) -> bool:
    """Whether a node may be a target of the binding, by labels and taints, ready or not."""
    selector, labels = binding.spec.node_selector, node.metadata.labels
    return (
        not any(_is_leaving(t.key, t.effect) for t in node.spec.taints)
        and TRAFFIC_NODES.matches(labels)
        and (selector is None or selector.matches(labels))
    )


def _is_leaving(key: str, effect: str) -> bool:
    """The taints with which cluster autoscaler and karpenter announce that a node goes away."""
    if key == "karpenter.sh/disrupted":
        return effect == "NoSchedule"
    return key == "ToBeDeletedByClusterAutoscaler"


def ready_status(node: Node) -> str:
    """`True`, `False` or `Unknown`; a node that does not say counts as not ready."""
    return condition_status(node.status.conditions, "Ready") or "False"


def instance_id(node: Node) -> str:
    """The EC2 instance id at the end of spec.providerID, or an empty string."""
    last = node.spec.provider_id.rsplit("/", 1)[-1]
    return last if _INSTANCE_ID.fullmatch(last) else ""


def _in_order(endpoints: Iterable[Endpoint]) -> tuple[Endpoint, ...]:
    return tuple(sorted(endpoints, key=lambda e: e.key))
