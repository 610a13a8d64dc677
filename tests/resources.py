"""Model resources in one line each: override what matters; the rest is a plausible group's."""

from __future__ import annotations

from typing import Any

from alb_controller.model.actions import FixedResponseAction
from alb_controller.model.ec2 import IngressRule, SecurityGroup
from alb_controller.model.elbv2 import (
    Action,
    Condition,
    ForwardAction,
    HostHeader,
    Listener,
    ListenerRule,
    LoadBalancer,
    PathPattern,
    TargetGroup,
    WeightedTargetGroup,
)
from alb_controller.model.health import HealthCheck
from alb_controller.model.kube import Binding
from alb_controller.model.ownership import stack_labels, tracking_tags
from alb_controller.model.refs import Ref, Reference, ResourceId
from alb_controller.model.stack import Stack
from alb_controller.objects.elbv2 import (
    NetworkingPeer,
    SecurityGroupPeer,
    ServiceReference,
    TargetGroupBindingSpec,
)
from alb_controller.plan.changes import PlanPolicy
from alb_controller.values import StackKey

CLUSTER = "prod"
KEY = StackKey("ingress", "shop", "app")
POLICY = PlanPolicy(cluster=CLUSTER)
NOT_FOUND: Action = FixedResponseAction("404", "text/plain")
OPEN_PEER = NetworkingPeer(security_group=SecurityGroupPeer())
"""A security group of the stack, as a binding names it before that is made."""
LOAD_BALANCER = ResourceId("LoadBalancer", "LoadBalancer")


def tags_of(name: str, **more: str) -> dict[str, str]:
    """The tags of a resource of the stack."""
    return {**more, **tracking_tags(CLUSTER, KEY, name)}


def open_port(port: int, source: str = "0.0.0.0/0") -> IngressRule:
    """TCP on one port from one CIDR."""
    return IngressRule("tcp", port, port, "cidr", source)


def security_group(*ports: int, **more: Any) -> SecurityGroup:
    """The managed group, open to all on some ports."""
    name = "ManagedLBSecurityGroup"
    fields: dict[str, Any] = {
        "id": ResourceId("SecurityGroup", name),
        "name": "k8s-shop-app-0123456789",
        "description": "[k8s] Managed SecurityGroup for LoadBalancer",
        "ingress": tuple(open_port(port) for port in ports),
        "tags": tags_of(name),
    }
    return SecurityGroup(**{**fields, **more})


def load_balancer(**more: Any) -> LoadBalancer:
    """An internal load balancer in two subnets."""
    scheme = more.get("scheme", "internal")
    fields: dict[str, Any] = {
        "id": LOAD_BALANCER,
        "name": f"k8s-shop-app-{scheme[:8]}",
        "scheme": scheme,
        "ip_address_type": "ipv4",
        "subnets": ("subnet-a", "subnet-b"),
        "security_groups": ("sg-0",),
        "tags": tags_of("LoadBalancer"),
    }
    return LoadBalancer(**{**fields, **more})


def health_check(**more: Any) -> HealthCheck:
    """The one that annotations default to."""
    fields: dict[str, Any] = {
        "port": "traffic-port",
        "protocol": "HTTP",
        "path": "/",
        "interval_seconds": 15,
        "timeout_seconds": 5,
        "healthy_threshold": 2,
        "unhealthy_threshold": 2,
        "matcher": "200",
    }
    return HealthCheck(**{**fields, **more})


def target_group(resource: str = "shop/app-app:80", **more: Any) -> TargetGroup:
    """A target group of addresses on port 8080; its name follows what replaces it."""
    made_of = (more.get("target_type", "ip"), more.get("protocol", "HTTP"))
    letters = "".join(letter for letter in resource if letter.isalnum())
    fields: dict[str, Any] = {
        "id": ResourceId("TargetGroup", resource),
        "name": f"k8s-{letters}-{'-'.join(made_of)}",
        "target_type": "ip",
        "port": 8080,
        "protocol": "HTTP",
        "protocol_version": "HTTP1",
        "vpc_id": "vpc-0",
        "ip_address_type": "ipv4",
        "health_check": health_check(),
        "tags": tags_of(resource),
    }
    return TargetGroup(**{**fields, **more})


def binding(group: TargetGroup, **more: Any) -> Binding:
    """The binding of a target group of the stack."""
    fields: dict[str, Any] = {
        "id": ResourceId("Binding", group.id.name),
        "namespace": "shop",
        "name": group.name,
        "target_group": Ref(group.id),
        "spec": TargetGroupBindingSpec(
            target_type=group.target_type, service_ref=ServiceReference(name="app", port=80)
        ),
        "labels": stack_labels(KEY),
    }
    return Binding(**{**fields, **more})


def forward(*groups: TargetGroup | str) -> ForwardAction:
    """To target groups of the stack, or to ARNs."""
    references: list[Reference] = [g if isinstance(g, str) else Ref(g.id) for g in groups]
    alone = len(references) == 1
    return ForwardAction(
        tuple(WeightedTargetGroup(one, None if alone else 1) for one in references)
    )


def answer(text: str) -> FixedResponseAction:
    """A fixed response unlike any other."""
    return FixedResponseAction("200", "text/plain", text)


def listener(port: int = 80, **more: Any) -> Listener:
    """An HTTP listener that answers 404."""
    fields: dict[str, Any] = {
        "id": ResourceId("Listener", str(port)),
        "load_balancer": Ref(LOAD_BALANCER),
        "port": port,
        "protocol": "HTTP",
        "default_actions": (NOT_FOUND,),
        "tags": tags_of(str(port)),
    }
    return Listener(**{**fields, **more})


def on(path: str = "", host: str = "") -> tuple[Condition, ...]:
    """Conditions by host and path."""
    hosts: tuple[Condition, ...] = (HostHeader((host,)),) if host else ()
    paths: tuple[Condition, ...] = (PathPattern((path,)),) if path else ()
    return (*hosts, *paths)


def rule(
    priority: int, conditions: tuple[Condition, ...], action: Action, port: int = 80, **more: Any
) -> ListenerRule:
    """A rule of the stack's listener on a port."""
    name = f"{port}:{priority}"
    fields: dict[str, Any] = {
        "id": ResourceId("ListenerRule", name),
        "listener": Ref(ResourceId("Listener", str(port))),
        "priority": priority,
        "conditions": conditions,
        "actions": (action,),
        "tags": tags_of(name),
    }
    return ListenerRule(**{**fields, **more})


def rules(*contents: tuple[str, Action], port: int = 80) -> tuple[ListenerRule, ...]:
    """Rules by path and action, numbered from 1."""
    return tuple(
        rule(number, on(path), action, port) for number, (path, action) in enumerate(contents, 1)
    )


def stack(**parts: Any) -> Stack:
    """A stack of the group `shop/app`."""
    return Stack(key=KEY, **parts)
