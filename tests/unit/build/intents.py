"""Intents, facts and contexts of build tests, one line each: override what the test is about."""

from __future__ import annotations

from typing import Any

import msgspec

from alb_controller.build.context import Context
from alb_controller.intent import (
    Access,
    ApplicationOptions,
    BackendIntent,
    BalancerIntent,
    DefaultIntent,
    DiscoveredSubnets,
    InboundSources,
    ListenerIntent,
    ManagedSecurityGroup,
    NameSeed,
    Origin,
    PathMatch,
    RouteIntent,
    StackIntent,
    text_of,
)
from alb_controller.model.actions import FixedResponseAction
from alb_controller.model.health import HealthCheck
from alb_controller.model.queries import Subnet
from alb_controller.objects.annotations.ingress_table import PREFIX
from alb_controller.objects.elbv2 import ServiceReference
from alb_controller.settings import FeatureGates, Settings
from alb_controller.values import ObjectRef, StackKey

WEB = ObjectRef("Ingress", "shop", "web")
KEY = StackKey("ingress", "shop", "web")
SEED = NameSeed((("shop", 8), ("web", 8)), ("prod", "shop/web"))
ID = "shop/web-app:80"
MAIN, FRONT = "LoadBalancer", "FrontendNlb"
CHECK = HealthCheck(
    port="traffic-port",
    protocol="HTTP",
    path="/",
    interval_seconds=15,
    timeout_seconds=5,
    healthy_threshold=2,
    unhealthy_threshold=2,
    matcher="200",
)


def origin(suffix: str) -> Origin:
    """An annotation of the Ingress."""
    return Origin(WEB, PREFIX + suffix)


def balancer(**fields: Any) -> BalancerIntent:
    """An internal IPv4 load balancer with discovered subnets and a managed security group.

    `options` are fields of an application load balancer's.
    """
    base: dict[str, Any] = {
        "id": MAIN,
        "options": ApplicationOptions(**fields.pop("options", {})),
        "scheme": "internal",
        "ip_address_type": "ipv4",
        "explicit_name": None,
        "name": SEED,
        "subnets": DiscoveredSubnets(),
        "security": ManagedSecurityGroup(SEED),
        "attributes": {},
        "tags": {},
        "ip_address_type_origin": origin("ip-address-type"),
    }
    return BalancerIntent(**{**base, **fields})


def listener(port: int = 80, **fields: Any) -> ListenerIntent:
    """A port that is open to the world and answers 404."""
    base: dict[str, Any] = {
        "id": str(port),
        "port": port,
        "protocol": "HTTP",
        "inbound": InboundSources(("0.0.0.0/0",), ("::/0",)),
        "default": DefaultIntent(action=FixedResponseAction("404", "text/plain")),
        "routes": (),
        "tags": {},
    }
    return ListenerIntent(**{**base, **fields})


def route(*paths: str, **fields: Any) -> RouteIntent:
    """A route that answers 200 on some paths."""
    base: dict[str, Any] = {
        "matches": (PathMatch(tuple(map(text_of, paths))),),
        "action": FixedResponseAction("200"),
        "tags": {},
        "origin": Origin(WEB),
    }
    return RouteIntent(**{**base, **fields})


def backend(**fields: Any) -> BackendIntent:
    """Service app, port 80, by node port 30080."""
    base: dict[str, Any] = {
        "id": ID,
        "origin": Origin(WEB),
        "balancer": MAIN,
        "namespace": "shop",
        "service": ServiceReference("app", 80),
        "name": NameSeed((("shop", 8), ("app", 8)), ("prod", "80")),
        "target_type": "instance",
        "port": 30080,
        "protocol": "HTTP",
        "protocol_version": "HTTP1",
        "ip_family": "ipv4",
        "health_check": CHECK,
        "attributes": {},
        "tags": {},
        "access": (Access(port=30080),),
    }
    return BackendIntent(**{**base, **fields})


def stack_intent(
    of: BalancerIntent | None = None,
    *,
    listeners: tuple[ListenerIntent, ...] | None = None,
    **fields: Any,
) -> StackIntent:
    """A balancer with one listener on port 80 unless others are given."""
    entries = (listener(),) if listeners is None else listeners
    made = msgspec.structs.replace(of or balancer(), listeners=entries)
    return StackIntent(**{"key": KEY, "balancers": (made,), **fields})


NOTHING = StackIntent(key=KEY)
"""What a stack wants that goes."""


def context(**fields: Any) -> Context:
    """Cluster prod in vpc-1; `gates` and `settings` are fields of those."""
    gates = FeatureGates(**fields.pop("gates", {}))
    settings = Settings(cluster_name="prod", feature_gates=gates, **fields.pop("settings", {}))
    return Context(settings=settings, vpc_id="vpc-1", **fields)


def subnet(id_: str, zone: str = "a", name: str = "", **fields: Any) -> Subnet:
    """A subnet with room in us-west-2 and a zone's letter."""
    tags = fields.pop("tags", {})
    base: dict[str, Any] = {
        "id": f"subnet-{id_}",
        "vpc_id": "vpc-1",
        "availability_zone": f"us-west-2{zone}",
        "zone_type": "availability-zone",
        "available_ip_addresses": 100,
        "has_ipv6": False,
        "tags": {**tags, "Name": name} if name else tags,
    }
    return Subnet(**{**base, **fields})


def copy(made: Subnet) -> Subnet:
    """An equal subnet that is another object, as two answers of AWS are."""
    return msgspec.convert(msgspec.to_builtins(made), Subnet)
