"""Which port of a Service is meant, and the numbers that follow from it (spec 5.2, 5.4)."""

from __future__ import annotations

import msgspec

from alb_controller.errors import Invalid
from alb_controller.frontends.backends.settings import TargetGroupSettings
from alb_controller.intent import Origin, TargetType
from alb_controller.objects.core import Service, ServicePort
from alb_controller.values import PortRef

TRAFFIC_PORT = "traffic-port"
NAMED_TARGET_PORT = 1
"""The target group's port where the Service's targetPort is a name (spec 5.2)."""
_LAST_PORT = 65535


class PortInUse(msgspec.Struct, frozen=True, kw_only=True):
    """A port of a Service: as the user's object names it, and as the Service has it."""

    service: Service
    written: PortRef
    found: ServicePort


class PortNumbers(msgspec.Struct, frozen=True, kw_only=True):
    """What one target type makes of a port."""

    target_group: int
    """The target group's own: nodePort, or the number of the targetPort, or 1 for a named one."""
    traffic: PortRef
    """Where the targets take requests."""
    health_check: str
    """`traffic-port` or a number."""


def find_port(service: Service, written: PortRef, origin: Origin) -> PortInUse:
    """The port by its name or number; raises Invalid at `origin`, which names it."""
    for found in service.spec.ports:
        if written in (found.name, found.port):
            return PortInUse(service=service, written=written, found=found)
    ports = ", ".join(f"{p.port} ({p.name})" if p.name else str(p.port) for p in service.spec.ports)
    path = "/".join(service.key)
    problem = f"names port {written!r}, which Service {path} does not have: it has "
    raise Invalid(origin.ref, origin.field, problem + (ports or "none"))


def numbers_of(port: PortInUse, settings: TargetGroupSettings) -> PortNumbers:
    """Raises Invalid at what the settings come from, where the Service does not fit them."""
    found, is_node = port.found, settings.target_type == "instance"
    return PortNumbers(
        target_group=_target_group_port(port, settings),
        traffic=found.node_port if is_node else found.target_port or found.port,
        health_check=_health_check_port(port.service, settings),
    )


def _target_group_port(port: PortInUse, settings: TargetGroupSettings) -> int:
    found, path = port.found, "/".join(port.service.key)
    if settings.target_type == "instance":
        if found.node_port:
            return found.node_port
        origin = settings.target_type_origin
        problem = (
            f"'instance' needs Service {path} to be of type NodePort or LoadBalancer, "
            f"it is {port.service.spec.type}: change it, or use target-type ip"
        )
        raise Invalid(origin.ref, origin.field, problem)
    if isinstance(found.target_port, str):
        return NAMED_TARGET_PORT
    return found.target_port or found.port


def _health_check_port(service: Service, settings: TargetGroupSettings) -> str:
    """`traffic-port` or a number; a name is looked up on the Service (spec 1.1)."""
    raw = settings.health_check.port
    if raw == TRAFFIC_PORT:
        return TRAFFIC_PORT
    if raw.isascii() and raw.isdigit() and len(raw) <= 5 and 1 <= int(raw) <= _LAST_PORT:
        return str(int(raw))
    number = _number_of(raw, service, settings.target_type)
    if number:
        return str(number)
    names = ", ".join(p.name for p in service.spec.ports if p.name) or "none"
    origin = settings.health_check_port_origin
    raise Invalid(
        origin.ref,
        origin.field,
        f"{raw!r} must be traffic-port, a number from 1 to {_LAST_PORT}, or the name of a port of "
        f"Service {'/'.join(service.key)} (it has {names}) whose target is a number",
    )


def _number_of(name: str, service: Service, target_type: TargetType) -> int | None:
    """None where the Service has no such port, or its target is a name."""
    named = next((p for p in service.spec.ports if p.name == name), None)
    if named is None:
        return None
    number = named.node_port if target_type == "instance" else named.target_port
    return number if isinstance(number, int) else None
