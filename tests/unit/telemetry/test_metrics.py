"""The table of metrics is what is exposed, and series end with their objects."""

from __future__ import annotations

import pytest
from prometheus_client import REGISTRY, CollectorRegistry, generate_latest

from alb_controller.errors import AccessDenied, AwsError, Rejected, Throttled, Unavailable
from alb_controller.telemetry import metrics
from alb_controller.telemetry.series import OwnedGauge


def test_every_row_of_the_table_is_exposed_under_its_name() -> None:
    """The table cannot name a metric that /metrics does not have, nor another type."""
    exposed = {metric.name: metric.type for metric in REGISTRY.collect()}
    for row in metrics.TABLE:
        name = row.name.removesuffix("_total") if row.type == "counter" else row.name
        assert exposed[name] == row.type


def test_names_are_unique() -> None:
    """One row per metric."""
    names = [row.name for row in metrics.TABLE]
    assert len(names) == len(set(names))


def test_series_end_with_their_owner_alone() -> None:
    """What an owner does not show any more is gone, unless another shows it too."""
    registry = CollectorRegistry()
    gauge = OwnedGauge("state", "State.", ("name", "state"), registry)
    gauge.show("one", {("a", "good"): 1.0, ("b", "good"): 1.0})
    gauge.show("two", {("b", "good"): 1.0})
    gauge.show("one", {("a", "bad"): 1.0})
    assert _lines(registry) == [
        'state{name="a",state="bad"} 1.0',
        'state{name="b",state="good"} 1.0',
    ]
    gauge.forget("one")
    gauge.forget("two")
    assert _lines(registry) == []


def _lines(registry: CollectorRegistry) -> list[str]:
    text = generate_latest(registry).decode()
    return sorted(line for line in text.splitlines() if not line.startswith("#"))


def test_a_failed_call_is_counted_under_its_kind_too() -> None:
    """As in LBC: permission, quota, throttling, validation."""
    _call(AccessDenied("elbv2", "CreateRule", "AccessDenied", "no"))
    _call(Throttled("elbv2", "CreateRule", "Throttling", "slower"))
    labels = {"service": "s", "operation": "CreateRule", "status_code": "400"}
    for name, code in (
        ("aws_api_call_permission_errors_total", "AccessDenied"),
        ("aws_api_call_throttled_errors_total", "Throttling"),
        ("aws_api_calls_total", "Throttling"),
    ):
        assert REGISTRY.get_sample_value(name, {**labels, "error_code": code}) == 1
    assert not REGISTRY.get_sample_value(
        "aws_api_call_permission_errors_total", {**labels, "error_code": "Throttling"}
    )


def _call(error: AwsError | None) -> None:
    attempts = [("400", error, 0.1)]
    metrics.observe_aws_call(service="s", operation="CreateRule", attempts=attempts, seconds=0.1)


def test_a_call_is_one_and_its_requests_are_as_many_as_were_sent() -> None:
    """As in LBC; the call's result is that of the last one."""
    throttled = Throttled("elbv2", "CreateRule", "Throttling", "slower")
    broken = Unavailable("elbv2", "CreateRule", "ReadTimeoutError", "no answer")
    metrics.observe_aws_call(
        service="r",
        operation="CreateRule",
        attempts=[("400", throttled, 0.1), ("", broken, 20.0), ("200", None, 0.2)],
        seconds=21.0,
    )
    assert _by_result("aws_api_requests") == {
        ("400", "Throttling"): 1,
        ("", "ReadTimeoutError"): 1,
        ("200", ""): 1,
    }
    assert _by_result("aws_api_calls") == {("200", ""): 1}
    labels = {"service": "r", "operation": "CreateRule"}
    total = REGISTRY.get_sample_value("aws_api_request_duration_seconds_sum", labels)
    assert total == pytest.approx(20.3)
    assert REGISTRY.get_sample_value("aws_api_call_retries_sum", labels) == 2


def test_what_was_never_sent_is_a_failed_call_and_no_request() -> None:
    """Such as parameters that the SDK refuses."""
    refused = Rejected("elbv2", "CreateRule", "ParamValidation", "no Priority")
    attempts = [("", refused, 0.0)]
    metrics.observe_aws_call(service="n", operation="CreateRule", attempts=attempts, seconds=0.0)
    assert _by_result("aws_api_calls", "n") == {("", "ParamValidation"): 1}
    assert _by_result("aws_api_requests", "n") == {}


def _by_result(family: str, service: str = "r") -> dict[tuple[str, str], float]:
    """Counts by status code and error code."""
    (found,) = (one for one in REGISTRY.collect() if one.name == family)
    return {
        (one.labels["status_code"], one.labels["error_code"]): one.value
        for one in found.samples
        if one.labels["service"] == service
    }
