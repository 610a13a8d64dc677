"""A Service port becomes a backend, whatever object its settings were read from."""

from __future__ import annotations

from typing import Any

import pytest

from alb_controller.errors import Invalid
from alb_controller.frontends.backends.assembly import Identity, assemble
from alb_controller.frontends.backends.service_ports import find_port, numbers_of
from alb_controller.frontends.backends.settings import TargetGroupSettings
from alb_controller.intent import Access, BackendIntent, NameSeed, Origin
from alb_controller.model.health import HealthCheck
from alb_controller.objects.core import Service, ServicePort
from alb_controller.objects.elbv2 import ServiceReference
from alb_controller.values import ObjectRef, PortRef
from tests.factories import service

ROUTE = Origin(ObjectRef("TCPRoute", "shop", "web"), "spec.rules[0]")
TYPE = Origin(ObjectRef("TargetGroupConfiguration", "shop", "web"), "spec.targetType")
CHECK = Origin(ObjectRef("Service", "shop", "app"), "the port of the check")
APP = service(
    ports=[
        ServicePort("dns", "TCP", 53, 5353, 30053),
        ServicePort("health", "TCP", 81, 8081, 0),
        ServicePort("named", "TCP", 82, "web", 30082),
    ]
)


def settings(
    target_type: Any = "ip", check: str = "traffic-port", **of: Any
) -> TargetGroupSettings:
    """Settings that are not of an Ingress."""
    return TargetGroupSettings(
        target_type=target_type,
        target_type_origin=TYPE,
        protocol="TCP",
        protocol_version="",
        health_check=HealthCheck(
            port=check,
            protocol="TCP",
            path="",
            interval_seconds=10,
            timeout_seconds=10,
            healthy_threshold=3,
            unhealthy_threshold=3,
            matcher="",
        ),
        health_check_port_origin=CHECK,
        **of,
    )


def backend(
    wanted: TargetGroupSettings, written: PortRef = 53, of: Service = APP, *, every: bool = False
) -> BackendIntent:
    """The backend of a port."""
    port = find_port(of, written, ROUTE)
    identity = Identity(
        id="shop/web:53", name=NameSeed((), ("seed",)), origin=ROUTE, balancer="LoadBalancer"
    )
    numbers = numbers_of(port, wanted)
    return assemble(identity, port, numbers=numbers, settings=wanted, opens_every_port=every)


def test_a_backend_is_made_of_settings_a_port_and_an_identity() -> None:
    """All that was set is there, as it was set, with the port as it was written."""
    made = backend(
        settings(attributes={"a": "1"}, tags={"t": "2"}, multi_cluster=True, target_control_port=9),
        "dns",
    )
    assert (made.id, made.name, made.origin) == ("shop/web:53", NameSeed((), ("seed",)), ROUTE)
    assert (made.namespace, made.service) == ("shop", ServiceReference(name="app", port="dns"))
    assert (made.protocol, made.protocol_version, made.target_type) == ("TCP", "", "ip")
    assert (made.attributes, made.tags, made.multi_cluster) == ({"a": "1"}, {"t": "2"}, True)
    assert made.health_check == settings().health_check
    assert made.balancer == "LoadBalancer"
    assert (made.ip_family, made.node_labels, made.target_control_port) == ("ipv4", None, 9)


@pytest.mark.parametrize(
    "written, wanted, number, reached",
    [
        (53, settings(), 5353, (5353,)),
        (53, settings("instance"), 30053, (30053,)),
        ("named", settings(), 1, ("web",)),
        (53, settings(check="health", target_control_port=9), 5353, (5353, 8081, 9)),
        (53, settings("instance", check="dns"), 30053, (30053, 30053)),
    ],
)
def test_numbers_follow_from_the_target_type(
    written: PortRef, wanted: TargetGroupSettings, number: int, reached: tuple[PortRef, ...]
) -> None:
    """Of the target group, and of what the load balancer must reach, unless that is everything."""
    made = backend(wanted, written)
    assert (made.port, made.access) == (number, tuple(Access(port=port) for port in reached))
    assert backend(wanted, written, every=True).access == (Access(port=None),)


@pytest.mark.parametrize(
    "written, wanted, origin, sentence",
    [
        (54, settings(), ROUTE, "names port 54, which Service shop/app does not have: it has 53 "),
        ("health", settings("instance"), TYPE, "'instance' needs Service shop/app to be of type"),
        (53, settings("instance", "health"), CHECK, "'health' must be traffic-port, a number "),
        (53, settings(check="named"), CHECK, "'named' must be traffic-port, a number from 1 to"),
    ],
)
def test_what_does_not_fit_is_a_problem_of_what_asked_for_it(
    written: PortRef, wanted: TargetGroupSettings, origin: Origin, sentence: str
) -> None:
    """Of the object and field that named the port, the target type or the port of the check."""
    with pytest.raises(Invalid) as raised:
        backend(wanted, written)
    assert (raised.value.origin, raised.value.field) == (origin.ref, origin.field)
    assert raised.value.problem.startswith(sentence)
