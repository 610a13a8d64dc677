"""Health checks and protocols of target groups."""

from __future__ import annotations

from typing import Any

from .asking import VALIDATION, Params, admits, asked_first, refuse

_BOTH = ("create_target_group", "modify_target_group")
_OF_HTTP = ("HTTP", "HTTPS")
_CHECKS = (*_OF_HTTP, "TCP")
_CHECKED_ALWAYS = ("instance", "ip", "alb")
_HTTP_SECONDS = (30, 5)
"""Interval and timeout if not given: for HTTP and HTTPS."""


def refuse_health_check_seconds(params: Params, backend: Any) -> None:
    """CreateTargetGroup, ModifyTargetGroup: for HTTP and HTTPS "Health check interval must be
    greater than the timeout"; for other protocols it may be as long. What is not given is as it
    was, or the default.
    """
    group = _held(params, backend)
    interval = params.get("HealthCheckIntervalSeconds", getattr(group, _INTERVAL, None))
    timeout = params.get("HealthCheckTimeoutSeconds", getattr(group, _TIMEOUT, None))
    if _protocol(params, group) in _OF_HTTP and (
        int(interval or _HTTP_SECONDS[0]) <= int(timeout or _HTTP_SECONDS[1])
    ):
        refuse(VALIDATION, "Health check interval must be greater than the timeout.")
    if interval and timeout and int(interval) < int(timeout):
        refuse(
            VALIDATION,
            f"Health check timeout '{timeout}' must be smaller than or equal to the interval "
            f"'{interval}'",
        )


def refuse_health_check_target(params: Params, _backend: Any) -> None:
    """CreateTargetGroup, ModifyTargetGroup: a health check's port is `traffic-port` or 1 to 65535,
    its path begins with `/` and has no spaces. Words of the refusal are not documented.
    """
    port, path = params.get("HealthCheckPort"), params.get("HealthCheckPath")
    if port is not None and not admits("TargetGroup.HealthCheckPort", port):
        refuse(
            VALIDATION, f"Health check port '{port}' must be 'traffic-port' or between 1 and 65535"
        )
    if path is not None and not admits("TargetGroup.HealthCheckPath", path):
        refuse(VALIDATION, f"Health check path '{path}' is not valid")


def refuse_health_check_protocol(params: Params, backend: Any) -> None:
    """CreateTargetGroup, ModifyTargetGroup: targets are checked over HTTP, HTTPS and TCP, and not
    over TCP if their group's protocol is HTTP or HTTPS; checks of instances, addresses and load
    balancers cannot be disabled; a protocol version is HTTP1, HTTP2 or GRPC. Words of the refusal
    are not documented.
    """
    group = _held(params, backend)
    checked, protocol = params.get("HealthCheckProtocol"), _protocol(params, group)
    if checked is not None and (
        checked not in _CHECKS or (checked == "TCP" and protocol in _OF_HTTP)
    ):
        refuse(VALIDATION, f"Health check protocol '{checked}' is not supported with '{protocol}'")
    kind = group.target_type if group else params.get("TargetType", "instance")
    if params.get("HealthCheckEnabled", True) is False and kind in _CHECKED_ALWAYS:
        refuse(VALIDATION, f"Health checks cannot be disabled for target type '{kind}'")
    version = params.get("ProtocolVersion", "HTTP1")
    if not admits("TargetGroup.ProtocolVersion", version):
        refuse(VALIDATION, f"Protocol version '{version}' must be one of [HTTP1, HTTP2, GRPC]")


def refuse_matcher(params: Params, backend: Any) -> None:
    """Matcher: codes and ranges of codes, separated by commas: HTTP codes of 200 to 499, to 599 if
    the group's protocol is not HTTP or HTTPS; gRPC codes of 0 to 99 for protocol version GRPC.
    "Health check matcher HTTP code cannot be empty"; the other words are not documented.
    """
    matcher, group = params.get("Matcher"), _held(params, backend)
    if matcher is None:
        return
    version = getattr(group, "protocol_version", None) or params.get("ProtocolVersion")
    name = "GrpcCode" if version == "GRPC" else "HttpCode"
    if set(matcher) - {name}:
        refuse(VALIDATION, f"A matcher of protocol version '{version}' has a '{name}'")
    texts = "GRPC code" if version == "GRPC" else "HTTP code"
    codes = matcher.get(name, "")
    if not codes:
        refuse(VALIDATION, f"Health check matcher {texts} cannot be empty")
    field = f"Matcher.{name}"
    if version != "GRPC" and _protocol(params, group) not in _OF_HTTP:
        field += " of a Network Load Balancer"
    if not all(_is_span(field, part) for part in codes.split(",")):
        refuse(VALIDATION, f"Health check matcher {texts} '{codes}' is not valid")


_INTERVAL, _TIMEOUT = "health_check_interval_seconds", "health_check_timeout_seconds"


def _held(params: Params, backend: Any) -> Any:
    """The target group as it is; None if it is yet to be created, or unknown."""
    return backend.target_groups.get(params.get("TargetGroupArn"))


def _protocol(params: Params, group: Any) -> str | None:
    found: str | None = group.protocol if group else params.get("Protocol")
    return found


def _is_span(field: str, text: str) -> bool:
    """Whether it is a code, or a range of codes from the lower to the higher."""
    ends = text.split("-")
    if len(ends) > 2 or not all(admits(field, end) for end in ends):
        return False
    return int(ends[0]) <= int(ends[-1])


PATCHES = (
    *asked_first(refuse_matcher, "Matcher", *_BOTH),
    *asked_first(refuse_health_check_protocol, "CreateTargetGroup", *_BOTH),
    *asked_first(
        refuse_health_check_target,
        "Health checks for Application Load Balancer target groups",
        *_BOTH,
    ),
    *asked_first(refuse_health_check_seconds, "CreateTargetGroup", *_BOTH),
)
