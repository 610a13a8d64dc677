"""Resources of a small stack; each test overrides what it is about."""

from __future__ import annotations

from typing import Any

import msgspec

from alb_controller.model.actions import FixedResponseAction
from alb_controller.model.ec2 import SecurityGroup
from alb_controller.model.elbv2 import (
    ForwardAction,
    Listener,
    ListenerRule,
    LoadBalancer,
    PathPattern,
    TargetGroup,
    WeightedTargetGroup,
)
from alb_controller.model.health import HealthCheck
from alb_controller.model.ownership import tracking_tags
from alb_controller.model.refs import ResourceId
from alb_controller.values import StackKey

CLUSTER, STACK = "prod", StackKey("ingress", "shop", "web")


def tags(resource: str, **more: str) -> dict[str, str]:
    """The stack's tags on one of its resources."""
    return {**tracking_tags(CLUSTER, STACK, resource), **more}


def load_balancer(**fields: Any) -> LoadBalancer:
    """An internal load balancer in two subnets."""
    made = LoadBalancer(
        id=ResourceId("LoadBalancer", "LoadBalancer"),
        name="k8s-shop-web-1",
        scheme="internal",
        ip_address_type="ipv4",
        subnets=("subnet-a", "subnet-b"),
        security_groups=("sg-1",),
        tags=tags("LoadBalancer"),
    )
    return msgspec.structs.replace(made, **fields)


def health_check(**fields: Any) -> HealthCheck:
    """The health check that an Ingress gets without annotations."""
    made = HealthCheck(
        port="traffic-port",
        protocol="HTTP",
        path="/",
        interval_seconds=15,
        timeout_seconds=5,
        healthy_threshold=2,
        unhealthy_threshold=2,
        matcher="200",
    )
    return msgspec.structs.replace(made, **fields)


def target_group(**fields: Any) -> TargetGroup:
    """A group of pods that speak HTTP."""
    made = TargetGroup(
        id=ResourceId("TargetGroup", "shop/web-svc:80"),
        name="k8s-shop-svc-1",
        target_type="ip",
        port=8080,
        protocol="HTTP",
        protocol_version="HTTP1",
        vpc_id="vpc-1",
        ip_address_type="ipv4",
        health_check=health_check(),
        tags=tags("shop/web-svc:80"),
    )
    return msgspec.structs.replace(made, **fields)


def forward(arn: str = "tg-1") -> ForwardAction:
    """All traffic to one group."""
    return ForwardAction((WeightedTargetGroup(arn),))


NOT_FOUND = FixedResponseAction(status_code="404", content_type="text/plain")


def listener(**fields: Any) -> Listener:
    """Port 80, answering 404."""
    made = Listener(
        id=ResourceId("Listener", "80"),
        load_balancer="lb-1",
        port=80,
        protocol="HTTP",
        default_actions=(NOT_FOUND,),
        tags=tags("80"),
    )
    return msgspec.structs.replace(made, **fields)


def rule(**fields: Any) -> ListenerRule:
    """The first rule of port 80: everything to one group."""
    made = ListenerRule(
        id=ResourceId("ListenerRule", "80:1"),
        listener="listener-1",
        priority=1,
        conditions=(PathPattern(("/*",)),),
        actions=(forward(),),
        tags=tags("80:1"),
    )
    return msgspec.structs.replace(made, **fields)


def security_group(**fields: Any) -> SecurityGroup:
    """The managed group, without rules."""
    made = SecurityGroup(
        id=ResourceId("SecurityGroup", "ManagedLBSecurityGroup"),
        name="k8s-shop-web-1",
        description="[k8s] Managed SecurityGroup for LoadBalancer",
        ingress=(),
        tags=tags("ManagedLBSecurityGroup"),
    )
    return msgspec.structs.replace(made, **fields)
