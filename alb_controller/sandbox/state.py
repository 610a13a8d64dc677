"""What the controller has made, read from both sides as a user could read it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from alb_controller.sandbox.aws import Account
from alb_controller.sandbox.kubeapi import ResourceApi

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Target:
    """A registered target and its health."""

    address: str
    port: int
    health: str


@dataclass(frozen=True, slots=True)
class TargetGroup:
    """A target group, and the Service that its binding names."""

    arn: str
    name: str
    kind: str
    backend: str
    targets: tuple[Target, ...]
    is_in_use: bool


@dataclass(frozen=True, slots=True)
class Listener:
    """A listener and its rules as AWS shows them, in the order in which they are tried."""

    port: int
    protocol: str
    rules: tuple[Json, ...]


@dataclass(frozen=True, slots=True)
class LoadBalancer:
    """A load balancer, and the Ingresses that it serves."""

    name: str
    dns_name: str
    is_public: bool
    zones: int
    listeners: tuple[Listener, ...]
    ingresses: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Ingress:
    """An Ingress that is ours: its host name, empty without one, and what went wrong last."""

    name: str
    host_name: str
    warning: str


@dataclass(frozen=True, slots=True)
class State:
    """Both sides at one moment."""

    load_balancers: tuple[LoadBalancer, ...] = ()
    target_groups: Mapping[str, TargetGroup] = field(default_factory=dict)
    ingresses: tuple[Ingress, ...] = ()
    left_alone: tuple[str, ...] = ()
    """Ingresses of other classes, or of none."""
    ready_endpoints: Mapping[str, int] = field(default_factory=dict)
    """Service to the number of its ready Pods."""


_CLASS_ANNOTATION = "kubernetes.io/ingress.class"
_CONTROLLER = "ingress.k8s.aws/alb"


def read_cluster(api: ResourceApi) -> State:
    """Read the Kubernetes side alone, which costs next to nothing."""
    ours, others = _ingresses(api)
    return State(
        ingresses=tuple(ours),
        left_alone=tuple(others),
        ready_endpoints=_ready_endpoints(_objects(api, "EndpointSlice")),
    )


def read_state(api: ResourceApi, account: Account) -> State:
    """Read both sides."""
    cluster, bindings = read_cluster(api), _objects(api, "TargetGroupBinding")
    return replace(
        cluster,
        load_balancers=tuple(_load_balancers(account, cluster.ingresses)),
        target_groups={group.arn: group for group in _target_groups(account, bindings)},
    )


def _objects(api: ResourceApi, kind: str) -> list[Json]:
    items: list[Json] = api.list(api.registry.named(kind))["items"]
    return items


def path_of(obj: Json) -> str:
    """`namespace/name`."""
    return f"{obj['metadata']['namespace']}/{obj['metadata']['name']}"


# ---------------------------------------------------------------- Kubernetes


def _ingresses(api: ResourceApi) -> tuple[list[Ingress], list[str]]:
    classes = _our_classes(_objects(api, "IngressClass"))
    warnings = _warnings(_objects(api, "Event"))
    ours, others = [], []
    for found in _objects(api, "Ingress"):
        path = path_of(found)
        if _class_of(found) in classes:
            balancers = found.get("status", {}).get("loadBalancer", {}).get("ingress", [])
            hosts = [balancer.get("hostname", "") for balancer in balancers]
            ours.append(Ingress(path, next(iter(hosts), ""), warnings.get(path, "")))
        else:
            others.append(path)
    return ours, others


def _our_classes(classes: Iterable[Json]) -> set[str]:
    """Our class names; `alb` is one even without an IngressClass, by annotation."""
    ours = {c["metadata"]["name"] for c in classes if c["spec"].get("controller") == _CONTROLLER}
    return ours | {"alb"}


def _class_of(ingress: Json) -> str | None:
    noted = ingress["metadata"].get("annotations", {}).get(_CLASS_ANNOTATION)
    name: str | None = noted or ingress["spec"].get("ingressClassName")
    return name


def _warnings(events: Iterable[Json]) -> dict[str, str]:
    """The last warning about each Ingress."""
    found = {}
    for event in sorted(events, key=lambda e: int(e["metadata"].get("resourceVersion", 0))):
        about = event.get("involvedObject") or event.get("regarding") or {}
        if event.get("type") == "Warning" and about.get("kind") == "Ingress":
            texts = event.get("message") or event.get("note") or ""
            found[f"{about['namespace']}/{about['name']}"] = f"{event.get('reason')}: {texts}"
    return found


def _ready_endpoints(slices: Iterable[Json]) -> dict[str, int]:
    found: dict[str, int] = {}
    for piece in slices:
        service = piece["metadata"].get("labels", {}).get("kubernetes.io/service-name")
        if service:
            path = f"{piece['metadata']['namespace']}/{service}"
            ready = [e for e in piece.get("endpoints") or () if e["conditions"].get("ready")]
            found[path] = found.get(path, 0) + len(ready)
    return found


# ---------------------------------------------------------------- AWS


def _load_balancers(account: Account, ingresses: Sequence[Ingress]) -> Iterable[LoadBalancer]:
    elbv2 = account.elbv2
    for found in _pages(elbv2, "describe_load_balancers", "LoadBalancers"):
        listeners = _pages(
            elbv2, "describe_listeners", "Listeners", LoadBalancerArn=found["LoadBalancerArn"]
        )
        yield LoadBalancer(
            name=found["LoadBalancerName"],
            dns_name=found["DNSName"],
            is_public=found.get("Scheme") == "internet-facing",
            zones=len(found["AvailabilityZones"]),
            listeners=tuple(
                Listener(one["Port"], one["Protocol"], tuple(_rules(elbv2, one["ListenerArn"])))
                for one in sorted(listeners, key=lambda one: one["Port"])
            ),
            ingresses=tuple(i.name for i in ingresses if i.host_name == found["DNSName"]),
        )


def _rules(elbv2: Any, listener_arn: str) -> list[Json]:
    rules = _pages(elbv2, "describe_rules", "Rules", ListenerArn=listener_arn)
    return sorted(rules, key=lambda rule: (rule["IsDefault"], _number(rule["Priority"])))


def _number(priority: str) -> int:
    return int(priority) if priority.isdigit() else 0


def _target_groups(account: Account, bindings: Iterable[Json]) -> Iterable[TargetGroup]:
    services = {}
    for binding in bindings:
        reference = binding["spec"]["serviceRef"]
        backend = f"{binding['metadata']['namespace']}/{reference['name']}:{reference['port']}"
        services[binding["spec"].get("targetGroupARN", "")] = backend
    for found in _pages(account.elbv2, "describe_target_groups", "TargetGroups"):
        arn = found["TargetGroupArn"]
        if arn in services:
            health = account.elbv2.describe_target_health(TargetGroupArn=arn)
            yield TargetGroup(
                arn=arn,
                name=found["TargetGroupName"],
                kind=found["TargetType"],
                backend=services[arn],
                targets=tuple(_targets(health["TargetHealthDescriptions"])),
                is_in_use=bool(found.get("LoadBalancerArns")),
            )


def _targets(shown: Iterable[Json]) -> Iterable[Target]:
    for one in sorted(shown, key=lambda one: (one["Target"]["Id"], one["Target"].get("Port"))):
        target = one["Target"]
        yield Target(target["Id"], target.get("Port", 0), one["TargetHealth"]["State"])


def _pages(client: Any, operation: str, items: str, **params: Any) -> list[Json]:
    pages = client.get_paginator(operation).paginate(**params)
    return [item for page in pages for item in page[items]]
