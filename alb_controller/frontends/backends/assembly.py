"""Settings and a port of a Service become a backend."""

from __future__ import annotations

import msgspec

from alb_controller.frontends.backends.service_ports import TRAFFIC_PORT, PortInUse, PortNumbers
from alb_controller.frontends.backends.settings import TargetGroupSettings
from alb_controller.intent import Access, BackendIntent, NameSeed, Origin
from alb_controller.model.origins import AskedBy, Origins, asked_by
from alb_controller.objects.elbv2 import ServiceReference


class Identity(msgspec.Struct, frozen=True, kw_only=True):
    """What a front end calls a backend: it must equal what LBC calls it (spec 5.1)."""

    id: str
    name: NameSeed
    origin: Origin
    balancer: str
    """The id of the balancer that sends it traffic."""


def assemble(
    identity: Identity,
    port: PortInUse,
    *,
    numbers: PortNumbers,
    settings: TargetGroupSettings,
    opens_every_port: bool,
) -> BackendIntent:
    """The backend; `opens_every_port` lets the load balancer reach every port of its targets."""
    service = port.service
    return BackendIntent(
        id=identity.id,
        origin=identity.origin,
        balancer=identity.balancer,
        namespace=service.metadata.namespace,
        service=ServiceReference(name=service.metadata.name, port=port.written),
        name=identity.name,
        target_type=settings.target_type,
        port=numbers.target_group,
        protocol=settings.protocol,
        protocol_version=settings.protocol_version,
        ip_family="ipv6" if "IPv6" in service.spec.ip_families else "ipv4",
        health_check=msgspec.structs.replace(settings.health_check, port=numbers.health_check),
        attributes=settings.attributes,
        tags=settings.tags,
        access=(Access(port=None),) if opens_every_port else _access(numbers, settings),
        target_control_port=settings.target_control_port,
        node_labels=settings.node_labels,
        multi_cluster=settings.multi_cluster,
        asked_by=_asked_by(identity.origin, settings),
    )


def _asked_by(owner: Origin, settings: TargetGroupSettings) -> AskedBy:
    """The owner asks for the backend, and for what it uses of other objects' settings."""
    found = {
        name: tuple(dict.fromkeys((*origins, *_unless_named(owner, origins))))
        for name, origins in settings.asked_by.items()
    }
    return asked_by((owner,), found)


def _unless_named(owner: Origin, origins: Origins) -> Origins:
    return () if any(origin.ref == owner.ref for origin in origins) else (owner,)


def _access(numbers: PortNumbers, settings: TargetGroupSettings) -> tuple[Access, ...]:
    """The load balancer's, to each port that it must reach (spec 5.4)."""
    checked = () if numbers.health_check == TRAFFIC_PORT else (int(numbers.health_check),)
    control = settings.target_control_port
    ports = (numbers.traffic, *checked, *(() if control is None else (control,)))
    return tuple(Access(port=one) for one in ports)
