"""Health checks of target groups."""

from __future__ import annotations

from collections.abc import Iterator

from alb_controller.build.elbv2.limits.violations import Violation, check
from alb_controller.model.health import HealthCheck
from alb_controller.model.limits import FIELDS

_HTTP = ("HTTP", "HTTPS")
_SETTING = "health_check"
_GRPC = "GRPC"
_FIELDS = {
    "port": "HealthCheckPort",
    "path": "HealthCheckPath",
    "interval_seconds": "HealthCheckIntervalSeconds",
    "timeout_seconds": "HealthCheckTimeoutSeconds",
    "healthy_threshold": "HealthyThresholdCount",
    "unhealthy_threshold": "UnhealthyThresholdCount",
}


def health_check_violations(
    wanted: HealthCheck, protocol: str, protocol_version: str | None
) -> Iterator[Violation]:
    """Of the check of a target group of a protocol and its version."""
    for name, field in _FIELDS.items():
        settings = (f"{_SETTING}.{name}", _SETTING)
        yield from check(f"TargetGroup.{field}", getattr(wanted, name), "", *settings)
    yield from _seconds(wanted, protocol)
    if wanted.matcher is not None:
        yield from _codes(wanted.matcher, protocol, protocol_version)


def _seconds(wanted: HealthCheck, protocol: str) -> Iterator[Violation]:
    """CreateTargetGroup: over HTTP and HTTPS the timeout is shorter than the interval."""
    interval, timeout = wanted.interval_seconds, wanted.timeout_seconds
    is_http = protocol in _HTTP
    if timeout < interval or (timeout == interval and not is_http):
        return
    allowed = "less than" if is_http else "at most"
    yield Violation(
        f"the timeout of {timeout} seconds must be {allowed} the interval, which is {interval}",
        (f"{_SETTING}.timeout_seconds", f"{_SETTING}.interval_seconds", _SETTING),
    )


def _codes(matcher: str, protocol: str, version: str | None) -> Iterator[Violation]:
    """Matcher: codes and ranges of codes, separated by commas."""
    field = f"Matcher.{'GrpcCode' if version == _GRPC else 'HttpCode'}"
    if version != _GRPC and protocol not in _HTTP:
        field += " of a Network Load Balancer"
    for part in matcher.split(","):
        ends = [end.strip() for end in part.split("-")]
        problems = [found for end in ends if (found := FIELDS[field].problem(end))]
        if len(ends) > 2 or (not problems and int(ends[0]) > int(ends[-1])):
            problems = [f"{part!r} must be a code, or a range such as 200-299 (AWS, Matcher)"]
        if problems:
            settings = (f"{_SETTING}.matcher", _SETTING)
            yield Violation(f"code {problems[0]}", settings)
            return
