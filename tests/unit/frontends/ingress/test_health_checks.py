"""Health checks of a backend (spec 1.1)."""

from __future__ import annotations

import pytest

from alb_controller.model.health import HealthCheck
from alb_controller.objects.annotations.ingress_table import PREFIX
from alb_controller.objects.core import ServicePort
from tests.factories import service
from tests.unit.frontends.ingress.translation import alone, only_backend, refused

PORTS = [
    ServicePort("http", "TCP", 80, 8080, 30080),
    ServicePort("health", "TCP", 81, 8081, 30081),
    ServicePort("named", "TCP", 82, "health", 0),
]


def check(alb: dict[str, str], on_service: dict[str, str] | None = None) -> HealthCheck:
    """The health check of Service app with three ports."""
    return only_backend(alone(service(ports=PORTS, alb=on_service), alb=alb)).health_check


def test_without_annotations_the_defaults_of_the_reference_hold() -> None:
    """Not AWS's."""
    assert check({}) == HealthCheck(
        port="traffic-port",
        protocol="HTTP",
        path="/",
        interval_seconds=15,
        timeout_seconds=5,
        healthy_threshold=2,
        unhealthy_threshold=2,
        matcher="200",
    )


def test_grpc_has_a_path_and_a_code_of_its_own() -> None:
    """AWS's standard ones; each may be set."""
    grpc = {"backend-protocol-version": "GRPC"}
    made = check(grpc)
    assert (made.path, made.matcher) == ("/AWS.ALB/healthcheck", "12")
    own = check({**grpc, "healthcheck-path": "/h", "success-codes": "0"})
    assert (own.path, own.matcher) == ("/h", "0")


def test_the_protocol_of_the_check_follows_the_backends() -> None:
    """Unless it is said."""
    assert check({"backend-protocol": "HTTPS"}).protocol == "HTTPS"
    both = {"backend-protocol": "HTTPS", "healthcheck-protocol": "HTTP"}
    assert check(both).protocol == "HTTP"


@pytest.mark.parametrize(
    "suffix,field,default,allowed",
    [
        ("healthcheck-interval-seconds", "interval_seconds", 15, "5 to 300"),
        ("healthcheck-timeout-seconds", "timeout_seconds", 5, "2 to 120"),
        ("healthy-threshold-count", "healthy_threshold", 2, "2 to 10"),
        ("unhealthy-threshold-count", "unhealthy_threshold", 2, "2 to 10"),
    ],
)
def test_numbers_are_those_that_aws_takes(
    suffix: str, field: str, default: int, allowed: str
) -> None:
    """The Service wins over the Ingress; a problem has the range of AWS, not that of an integer."""
    assert getattr(check({}), field) == default
    assert getattr(check({suffix: "7"}), field) == 7
    assert getattr(check({suffix: "+07"}), field) == 7
    assert getattr(check({suffix: "7"}, {suffix: "9"}), field) == 9
    for bad in ("7s", "0", "-7", "1000"):
        (problem,) = refused(alb={suffix: bad})
        assert problem == f"{PREFIX}{suffix}: {bad!r} must be {allowed} (AWS, CreateTargetGroup)"


def test_path_and_codes_are_taken_as_they_are() -> None:
    """Nothing is checked, an empty one is said."""
    made = check({"healthcheck-path": "", "success-codes": "200-299,301"})
    assert (made.path, made.matcher) == ("", "200-299,301")


@pytest.mark.parametrize(
    "raw,type_,port",
    [
        ("traffic-port", "ip", "traffic-port"),
        ("9000", "ip", "9000"),
        ("1", "instance", "1"),
        ("65535", "instance", "65535"),
        ("health", "ip", "8081"),
        ("health", "instance", "30081"),
    ],
)
def test_a_port_by_name_is_looked_up_on_the_service(raw: str, type_: str, port: str) -> None:
    """Pods are checked at the targetPort, nodes at the node port."""
    assert check({"healthcheck-port": raw, "target-type": type_}).port == port


@pytest.mark.parametrize(
    "raw,type_",
    [
        ("absent", "ip"),
        ("named", "ip"),
        ("named", "instance"),
        ("", "ip"),
        ("0", "ip"),
        ("65536", "ip"),
        ("-1", "ip"),
        ("9" * 5000, "ip"),
        ("٣", "ip"),
    ],
)
def test_a_port_that_is_none_is_reported_what_there_is(raw: str, type_: str) -> None:
    """Also a name whose target is a name, or whose port has no node port."""
    alb = {"healthcheck-port": raw, "target-type": type_}
    (problem,) = refused(service(ports=PORTS), alb=alb)
    assert problem == (
        f"{PREFIX}healthcheck-port: {raw!r} must be traffic-port, a number from 1 to 65535, or the "
        "name of a port of Service shop/app (it has http, health, named) whose target is a number"
    )


def test_a_service_without_named_ports_says_so() -> None:
    """And the object that carries the annotation gets the Warning."""
    ports = [ServicePort("", "TCP", 80, 8080, 30080)]
    problem, _ = refused(service(ports=ports, alb={"healthcheck-port": "health"}))
    assert "Service shop/app (it has none)" in problem
