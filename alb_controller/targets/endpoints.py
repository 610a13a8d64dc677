"""Which pods or nodes stand behind a TargetGroupBinding (spec 8.4)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import TypeAlias

from alb_controller.errors import Invalid, UnreadableObject
from alb_controller.objects.cluster import Cluster, complete_list, unreadable_object
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
from alb_controller.objects.indexes import BY_SERVICE, slice_services
from alb_controller.objects.networking import Endpoint as SliceEndpoint
from alb_controller.objects.networking import EndpointSlice
from alb_controller.values import Value

COMPUTE_TYPE_LABEL = "eks.amazonaws.com/compute-type"
"""Its value says what a node is: `fargate`, `hybrid`; EC2 instances have other values or none."""

EXCLUDED_LABEL = "node.kubernetes.io/exclude-from-external-load-balancers"
"""Takes a node out of load balancing (Kubernetes docs, well-known labels)."""

TRAFFIC_NODES = LabelSelector(
    match_expressions=[
        LabelSelectorRequirement("node-role.kubernetes.io/master", "DoesNotExist"),
        LabelSelectorRequirement(EXCLUDED_LABEL, "DoesNotExist"),
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
    binding: TargetGroupBinding,
    cluster: Cluster,
    *,
    fail_open: bool,
    drains_pods: bool = False,
) -> Endpoints | BackendNotFound:
    """The endpoints of a binding whose targetType is set.

    `fail_open` is the gate EndpointsFailOpen: where nothing is ready, take what is unknown.
    `drains_pods`: pods of nodes that are to go are left out, unless there are no others.

    Raises Invalid where targetType instance meets a Service without node ports, UnreadableObject
    for a Service, a slice of it or a node that is there and cannot be read.
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
        name = f"{namespace}/{reference.name}"
        slices = list(_slices(name, cluster))
        found = _pods_by_state(binding, port, slices, cluster)
        chosen = _choose(found, fail_open=fail_open, drains_pods=drains_pods)
        return Endpoints(members=chosen, problems=tuple(_unusable(name, binding, slices)))
    if service.spec.type not in ("NodePort", "LoadBalancer"):
        raise Invalid(
            ref("TargetGroupBinding", binding),
            "spec.serviceRef",
            f"Service {namespace}/{reference.name} is of type {service.spec.type}; "
            "targetType instance needs NodePort or LoadBalancer",
        )
    return _node_endpoints(binding, port, cluster, fail_open=fail_open)


_ByState: TypeAlias = dict[str, dict[tuple[str, int], Endpoint]]


def _pods_by_state(
    binding: TargetGroupBinding,
    port: ServicePort,
    slices: Iterable[EndpointSlice],
    cluster: Cluster,
) -> _ByState:
    found: _ByState = {"ready": {}, "leaving": {}, "unknown": {}}
    for slice_ in slices:
        if slice_.address_type != _family(binding):
            continue
        for raw, number in _ports_and_endpoints(slice_, port.name):
            pod = _pod_of(raw, slice_.metadata.namespace, cluster)
            state = _state_of(raw, pod, cluster) if pod is not None else ""
            if pod is not None and state in found:
                _keep_newest(found[state], Endpoint(id=raw.addresses[0], port=number, backing=pod))
    return found


def _family(binding: TargetGroupBinding) -> str:
    return "IPv6" if binding.spec.ip_address_type == "ipv6" else "IPv4"


def _unusable(
    service: str, binding: TargetGroupBinding, slices: Iterable[EndpointSlice]
) -> Iterator[str]:
    """A sentence for endpoints that can never be registered; it names none that come and go."""
    family = _family(binding)
    filled = [one for one in slices if one.endpoints]
    usable = [one for one in filled if one.address_type == family]
    if filled and not usable:
        families = " and ".join(sorted({one.address_type for one in filled}))
        yield (
            f"Service {service} has {families} endpoints alone, and the target group takes "
            f"{family}: nothing is registered; add {family} to the Service's spec.ipFamilies"
        )
    without = sorted(one.metadata.name for one in usable if _lacks_pods(one))
    if without:
        yield (
            f"endpoints of Service {service} without a pod are left out (EndpointSlice "
            f"{', '.join(without)}): targetType ip registers pods alone; give the Service a "
            "selector, or register other addresses in a target group of your own and forward to "
            "it by targetGroupARN"
        )


def _lacks_pods(slice_: EndpointSlice) -> bool:
    return any(
        one.target_ref is None or one.target_ref.kind != "Pod" for one in slice_.endpoints or ()
    )


def _slices(service: str, cluster: Cluster) -> Iterable[EndpointSlice]:
    """The slices of a Service, all of them."""
    for item in cluster.unreadable(EndpointSlice):
        if item.lacks("$.metadata.labels") or service in slice_services(item.obj):
            raise unreadable_object(EndpointSlice, item)
    return cluster.select(EndpointSlice, BY_SERVICE, service)


def _choose(found: _ByState, *, fail_open: bool, drains_pods: bool) -> tuple[Endpoint, ...]:
    """Ready ones; pods of leaving nodes are among them, or stand in where there are no others."""
    ready, leaving = found["ready"], found["leaving"]
    if not (ready and drains_pods):
        ready = leaving | ready
    return _in_order((ready or (found["unknown"] if fail_open else {})).values())


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
    key = (target.namespace or namespace, target.name)
    try:
        return cluster.get(Pod, *key)
    except UnreadableObject:  # the slice says enough of it
        return next((one.obj for one in cluster.unreadable(Pod) if one.key == key), None)


def _state_of(endpoint: SliceEndpoint, pod: Pod, cluster: Cluster) -> str:
    """`ready`, `leaving`, `unknown`, or nothing for an endpoint that is left out.

    A pod that is being deleted is left out at once: SIGTERM is on its way to it, and its
    EndpointSlice shows it later, or with publishNotReadyAddresses never. LBC waits for
    the slice.
    """
    if pod.is_deleting:
        return ""
    node = cluster.get(Node, "", pod.spec.node_name)
    state = _readiness_of(endpoint, pod, node)
    return "leaving" if state == "ready" and node is not None and is_leaving(node) else state


def _readiness_of(endpoint: SliceEndpoint, pod: Pod, node: Node | None) -> str:
    """A pod that is not ready though its containers are waits for its gate: it is registered."""
    if endpoint.conditions.ready is not False:
        return "ready"
    if condition_status(pod.status.conditions, "ContainersReady") != "True":
        return ""
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
    candidates = [n for n in complete_list(cluster, Node) if takes_traffic(n, binding)]
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
        not _is_marked(node)
        and TRAFFIC_NODES.matches(labels)
        and (selector is None or selector.matches(labels))
    )


def is_leaving(node: Node) -> bool:
    """Whether a node is marked for removal, by a taint or by the label that excludes it."""
    return _is_marked(node) or EXCLUDED_LABEL in node.metadata.labels


def _is_marked(node: Node) -> bool:
    """The taints with which cluster autoscaler and karpenter announce that a node goes away."""
    return any(
        t.key == "ToBeDeletedByClusterAutoscaler"
        or (t.key == "karpenter.sh/disrupted" and t.effect == "NoSchedule")
        for t in node.spec.taints
    )


def ready_status(node: Node) -> str:
    """`True`, `False` or `Unknown`; a node that does not say counts as not ready."""
    return condition_status(node.status.conditions, "Ready") or "False"


def instance_id(node: Node) -> str:
    """The EC2 instance id at the end of spec.providerID, or an empty string."""
    last = node.spec.provider_id.rsplit("/", 1)[-1]
    return last if _INSTANCE_ID.fullmatch(last) else ""


def _in_order(endpoints: Iterable[Endpoint]) -> tuple[Endpoint, ...]:
    return tuple(sorted(endpoints, key=lambda e: e.key))
