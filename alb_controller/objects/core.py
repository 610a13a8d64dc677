"""Metadata and the core/v1 kinds Service, Pod, Node, Namespace (Kubernetes API reference)."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, TypeAlias

import msgspec

from alb_controller.values import ObjectRef, PortRef

Time: TypeAlias = Annotated[datetime, msgspec.Meta(tz=True)]
"""With its zone, as the API server writes it: others cannot be compared."""
_VERSION_DIGITS = 20
"""Of a number of 64 bits."""


class KubeStruct(msgspec.Struct, frozen=True, rename="camel", gc=False):
    """A decoded Kubernetes value: camelCase on the wire, unknown fields dropped, never changed."""


class Metadata(KubeStruct, frozen=True):
    """The parts of ObjectMeta that the controller reads."""

    name: str = ""
    namespace: str = ""
    uid: str = ""
    resource_version: str = ""
    generation: int = 0
    creation_timestamp: Time | None = None
    deletion_timestamp: Time | None = None
    labels: dict[str, str] = {}
    annotations: dict[str, str] = {}
    finalizers: list[str] = []


def version_number(text: str) -> int:
    """A resourceVersion as a number (KEP-5504: they can be compared); 0 for what is none."""
    return int(text) if len(text) <= _VERSION_DIGITS and text.isascii() and text.isdigit() else 0


class KubeObject(KubeStruct, frozen=True):
    """Anything with metadata; each kind adds the fields that the controller reads."""

    metadata: Metadata = Metadata()

    @property
    def key(self) -> tuple[str, str]:
        """(namespace, name): the store's key."""
        return self.metadata.namespace, self.metadata.name

    @property
    def is_deleting(self) -> bool:
        return self.metadata.deletion_timestamp is not None


class LabelSelectorRequirement(KubeStruct, frozen=True, omit_defaults=True):
    key: str = ""
    operator: str = ""
    values: list[str] = []


class LabelSelector(KubeStruct, frozen=True, omit_defaults=True):
    """matchLabels and matchExpressions, both of which must hold."""

    match_labels: dict[str, str] = {}
    match_expressions: list[LabelSelectorRequirement] = []

    @property
    def problem(self) -> str:
        """Why the selector can select nothing sensible; empty where it can (LabelSelector API).

        The API server does not look at selectors in custom resources.
        """
        return next(filter(None, map(_problem_of, self.match_expressions)), "")

    def matches(self, labels: dict[str, str]) -> bool:
        """Whether labels satisfy the selector; the empty selector matches everything."""
        return all(labels.get(k) == v for k, v in self.match_labels.items()) and all(
            _satisfies(labels, r) for r in self.match_expressions
        )


def _problem_of(requirement: LabelSelectorRequirement) -> str:
    named = f"operator {requirement.operator!r} on key {requirement.key!r}"
    match requirement.operator:
        case "In" | "NotIn":
            return "" if requirement.values else f"{named} needs values"
        case "Exists" | "DoesNotExist":
            return f"{named} takes no values" if requirement.values else ""
        case _:
            return f"{named} must be one of In, NotIn, Exists, DoesNotExist"


def _satisfies(labels: dict[str, str], requirement: LabelSelectorRequirement) -> bool:
    present = requirement.key in labels
    match requirement.operator:
        case "Exists":
            return present
        case "DoesNotExist":
            return not present
        case "In":
            return present and labels[requirement.key] in requirement.values
        case "NotIn":
            return not present or labels[requirement.key] not in requirement.values
        case _:
            return False


class Namespace(KubeObject, frozen=True):
    pass


class ServicePort(KubeStruct, frozen=True):
    name: str = ""
    protocol: str = "TCP"
    port: int = 0
    target_port: PortRef = 0
    node_port: int = 0


class ServiceSpec(KubeStruct, frozen=True):
    type: str = "ClusterIP"
    ports: list[ServicePort] = []
    ip_families: list[str] = []
    selector: dict[str, str] = {}
    load_balancer_class: str | None = None


class PortStatus(KubeStruct, frozen=True):
    port: int = 0
    protocol: str = "TCP"


class LoadBalancerIngress(KubeStruct, frozen=True):
    hostname: str = ""
    ports: list[PortStatus] = []


class LoadBalancerStatus(KubeStruct, frozen=True):
    ingress: list[LoadBalancerIngress] = []


class ServiceStatus(KubeStruct, frozen=True):
    load_balancer: LoadBalancerStatus = LoadBalancerStatus()


class Service(KubeObject, frozen=True):
    spec: ServiceSpec = ServiceSpec()
    status: ServiceStatus = ServiceStatus()


class ConfigMap(KubeObject, frozen=True):
    data: dict[str, str] = {}


class Condition(KubeStruct, frozen=True):
    type: str = ""
    status: str = ""
    reason: str = ""
    message: str = ""


class ContainerPort(KubeStruct, frozen=True):
    name: str = ""
    container_port: int = 0
    protocol: str = "TCP"


class Container(KubeStruct, frozen=True):
    ports: list[ContainerPort] = []
    restart_policy: str = ""
    """`Always` makes an init container a sidecar (Kubernetes docs, Sidecar Containers)."""


class ReadinessGate(KubeStruct, frozen=True):
    condition_type: str = ""


class PodSpec(KubeStruct, frozen=True):
    node_name: str = ""
    containers: list[Container] = []
    readiness_gates: list[ReadinessGate] = []
    init_containers: tuple[Container, ...] = ()

    @property
    def running_containers(self) -> list[Container]:
        """Those that run beside each other while the pod serves: sidecars are among them."""
        sidecars = [c for c in self.init_containers if c.restart_policy == "Always"]
        return [*self.containers, *sidecars] if sidecars else self.containers


class PodIp(KubeStruct, frozen=True):
    ip: str = ""


class PodStatus(KubeStruct, frozen=True):
    phase: str = ""
    pod_ip: str = msgspec.field(default="", name="podIP")
    pod_ips: list[PodIp] = msgspec.field(default_factory=list, name="podIPs")
    conditions: list[Condition] = []


class Pod(KubeObject, frozen=True):
    spec: PodSpec = PodSpec()
    status: PodStatus = PodStatus()


class Taint(KubeStruct, frozen=True):
    key: str = ""
    value: str = ""
    effect: str = ""


class NodeSpec(KubeStruct, frozen=True):
    provider_id: str = msgspec.field(default="", name="providerID")
    taints: list[Taint] = []


class NodeStatus(KubeStruct, frozen=True):
    conditions: list[Condition] = []


class Node(KubeObject, frozen=True):
    spec: NodeSpec = NodeSpec()
    status: NodeStatus = NodeStatus()


def condition_status(conditions: list[Condition], type_: str) -> str:
    """The status of the condition of that type, or an empty string where there is none."""
    return next((c.status for c in conditions if c.type == type_), "")


def ref(kind: str, obj: KubeObject) -> ObjectRef:
    """An ObjectRef to a decoded object."""
    meta = obj.metadata
    return ObjectRef(kind, meta.namespace, meta.name, meta.uid)
