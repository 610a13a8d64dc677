"""Where traffic ends: ports of Services, and ports of other balancers."""

from __future__ import annotations

from typing import Literal, TypeAlias

import msgspec

from alb_controller.intent.listeners import Transport
from alb_controller.intent.names import NameSeed
from alb_controller.model.health import HealthCheck
from alb_controller.model.origins import AskedBy
from alb_controller.objects.elbv2 import ServiceReference
from alb_controller.values import IpFamily, Origin, PortRef, Tags

TargetType: TypeAlias = Literal["instance", "ip"]
"""Nodes, at a port that each of them has open for the Service; or pods."""


class BalancerPeer(msgspec.Struct, frozen=True, tag=True):
    """The security group that the balancer's traffic comes from."""


class CidrPeer(msgspec.Struct, frozen=True, tag=True):
    """Addresses that traffic comes from, as `10.0.0.0/16`."""

    cidr: str


Peer: TypeAlias = BalancerPeer | CidrPeer


class Access(msgspec.Struct, frozen=True, kw_only=True):
    """Who may reach the targets of a backend, and where."""

    peers: tuple[Peer, ...] = (BalancerPeer(),)
    protocol: Transport = "TCP"
    port: PortRef | None
    """By number or, of pods, by name; None is every port."""


class BackendIntent(msgspec.Struct, frozen=True, kw_only=True):
    """A Service port as the target of one owner's routes; becomes a target group and its binding.

    `id` is the resource id, `<namespace>/<owner>-<service>:<port as written>` (spec 5.1).
    """

    id: str
    origin: Origin
    balancer: str
    """The id of the balancer that sends it traffic: AWS lets a target group serve one alone."""
    namespace: str
    service: ServiceReference
    name: NameSeed
    target_type: TargetType
    port: int
    """The target group's port: nodePort, or the number of the targetPort, or 1 for a named one."""
    protocol: str
    protocol_version: str | None
    """None where the protocol has no versions (TCP, TLS, UDP)."""
    ip_family: IpFamily
    health_check: HealthCheck
    attributes: dict[str, str]
    tags: Tags
    access: tuple[Access, ...]
    """None of it where others open the targets."""
    node_labels: dict[str, str] | None = None
    multi_cluster: bool = False
    target_control_port: int | None = None
    asked_by: AskedBy = {}
    """By field. Settings of others (a Service's annotations) are the owner's too: it uses them."""


class BalancerBackendIntent(msgspec.Struct, frozen=True, kw_only=True):
    """A port of another balancer of the stack as a target; becomes a target group of its own."""

    id: str
    balancer: str
    """The id of the balancer that gets the traffic."""
    balancer_port: int
    name: NameSeed
    port: int
    """The target group's port."""
    health_check: HealthCheck
    tags: Tags
    asked_by: AskedBy = {}
    """By field."""
