"""THE table of metrics.

Names are LBC's (spec 10.4) or controller-runtime's and client-go's, where they mean
the same, so that dashboards and alerts keep working; ours start with `awslbc_` too.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager
from typing import Any, TypeVar

import msgspec
from prometheus_client import Counter, Gauge, Histogram, disable_created_metrics
from prometheus_client.metrics import MetricWrapperBase

from alb_controller.errors import (
    AccessDenied,
    AwsError,
    QuotaExceeded,
    Rejected,
    Throttled,
    Unavailable,
)
from alb_controller.telemetry.series import OwnedGauge

M = TypeVar("M", bound=MetricWrapperBase)

SECONDS_BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300)


class Metric(msgspec.Struct, frozen=True):
    """One row of the reference page: what is exposed at /metrics."""

    name: str
    type: str
    labels: tuple[str, ...]
    help: str


TABLE: list[Metric] = []
"""Every metric, in the order of definition; docs are generated from it."""

disable_created_metrics()  # type: ignore[no-untyped-call]  # the Go clients have no *_created


def _define(metric: type[M], name: str, help_: str, *labels: str, **options: Any) -> M:
    TABLE.append(Metric(name, metric.__name__.lower(), labels, help_))
    return metric(name, help_, labels, **options)


def _owned(name: str, help_: str, *labels: str) -> OwnedGauge:
    TABLE.append(Metric(name, "gauge", labels, help_))
    return OwnedGauge(name, help_, labels)


def _seconds(name: str, help_: str, *labels: str) -> Histogram:
    return _define(Histogram, name, help_, *labels, buckets=SECONDS_BUCKETS)


_CALL = ("service", "operation")
_CALL_RESULT = ("service", "operation", "status_code", "error_code")

AWS_CALLS = _define(
    Counter, "aws_api_calls_total", "AWS API calls, retries not counted", *_CALL_RESULT
)
AWS_CALL_SECONDS = _seconds(
    "aws_api_call_duration_seconds", "Duration of an AWS API call with its retries", *_CALL
)
AWS_CALL_RETRIES = _define(
    Histogram,
    "aws_api_call_retries",
    "Retries that an AWS API call needed",
    *_CALL,
    buckets=tuple(range(11)),
)
AWS_REQUESTS = _define(
    Counter,
    "aws_api_requests_total",
    "HTTP requests to AWS, each attempt of a call; an empty status_code: no answer",
    *_CALL_RESULT,
)
AWS_REQUEST_SECONDS = _seconds(
    "aws_api_request_duration_seconds", "Duration of an HTTP request to AWS", *_CALL
)


def _failures(name: str, help_: str) -> Counter:
    return _define(Counter, f"aws_api_call_{name}_errors_total", help_, *_CALL_RESULT)


AWS_FAILURES: tuple[tuple[type[AwsError], Counter], ...] = (
    (AccessDenied, _failures("permission", "AWS API calls that the role may not make")),
    (QuotaExceeded, _failures("service_limit_exceeded", "AWS API calls that a quota forbids")),
    (Throttled, _failures("throttled", "AWS API calls that were throttled to the last attempt")),
    (Rejected, _failures("validation", "AWS API calls that AWS calls wrong")),
)
RECONCILES = _define(
    Counter, "controller_runtime_reconcile_total", "Reconciles by result", "controller", "result"
)
RECONCILES_FAILED = _define(
    Counter, "controller_runtime_reconcile_errors_total", "Reconciles with an error", "controller"
)
RECONCILE_ERRORS = _define(
    Counter,
    "awslbc_controller_reconcile_errors_total",
    "Reconciles that ended in an error, by its category",
    "controller",
    "error_category",
)
RECONCILE_SECONDS = _seconds(
    "controller_runtime_reconcile_time_seconds", "Duration of a reconcile", "controller"
)
STAGE_SECONDS = _seconds(
    "awslbc_controller_reconcile_stage_duration",
    "Duration of one stage of a reconcile, in seconds",
    "controller",
    "reconcile_stage",
)
WORKERS_MAX = _define(
    Gauge, "controller_runtime_max_concurrent_reconciles", "Workers of a queue", "controller"
)
WORKERS_ACTIVE = _define(
    Gauge, "controller_runtime_active_workers", "Workers busy with a key", "controller"
)
QUEUE_DEPTH = _define(Gauge, "workqueue_depth", "Keys that are due and wait for a worker", "name")
QUEUE_ADDS = _define(Counter, "workqueue_adds_total", "Keys that became due", "name")
QUEUE_RETRIES = _define(Counter, "workqueue_retries_total", "Keys put back with backoff", "name")
QUEUE_LONGEST = _define(
    Gauge,
    "workqueue_longest_running_processor_seconds",
    "How long the longest run of a key that is in work has taken so far",
    "name",
)
QUEUE_SECONDS = _seconds(
    "workqueue_queue_duration_seconds", "How long a due key waited for a worker", "name"
)
KUBE_REQUESTS = _define(
    Counter,
    "rest_client_requests_total",
    "Requests to the Kubernetes API; code <error> stands for no answer",
    "code",
    "method",
)
EVENTS_DROPPED = _define(
    Counter,
    "awslbc_events_dropped_total",
    "Events that were not written because too many waited for the Kubernetes API",
)
READINESS_GATE_SECONDS = _define(
    Histogram,
    "awslbc_readiness_gate_ready_seconds",
    "How long a pod's readiness gate was closed, by TargetGroupBinding",
    "namespace",
    "name",
    buckets=(10, 30, *range(60, 601, 60)),
)
WEBHOOK_MUTATION_FAILURES = _define(
    Counter,
    "awslbc_webhook_mutation_failure_total",
    "Reviews of a mutating webhook that were refused or failed",
    "webhook_name",
    "error_category",
)
WEBHOOK_VALIDATION_FAILURES = _define(
    Counter,
    "awslbc_webhook_validation_failure_total",
    "Reviews of a validating webhook that were refused or failed",
    "webhook_name",
    "error_category",
)
DROPPED_CONNECTIONS = _define(
    Counter,
    "awslbc_dropped_connections_total",
    "Connections closed on their clients, by the flag of the port; reasons are deadline (no whole "
    "request in time, or its answer not taken), crowded (the longest wait made room), memory (the "
    "longest unfinished body did) and all_busy (every other connection is at work)",
    "server",
    "reason",
)
LEADING = _define(
    Gauge, "leader_election_master_status", "1 while this process holds the Lease", "name"
)
RELISTS = _define(Counter, "awslbc_informer_lists_total", "Lists of a kind", "kind")
WATCH_ERRORS = _define(
    Counter,
    "awslbc_informer_errors_total",
    "Lists and watches of a kind that failed",
    "kind",
    "reason",
)
CACHED_OBJECTS = _define(
    Gauge, "awslbc_controller_cache_object_total", "Objects of a kind held in memory", "resource"
)
UNREADABLE_OBJECTS = _define(
    Gauge,
    "awslbc_unreadable_objects",
    "Objects of a kind that are there and cannot be read: they are left out, or kept as last known",
    "kind",
)
SECRETS = _define(
    Gauge,
    "awslbc_secrets",
    "Secrets of OIDC clients in use, by how they are followed: a watch each, or read in turn",
    "how",
)
INFORMER_SYNCED = _define(
    Gauge,
    "awslbc_informer_synced",
    "1 once all objects of a kind are in memory, or its CRD is found not to be installed",
    "kind",
)
INFORMER_AGE = _define(
    Gauge,
    "awslbc_informer_age_seconds",
    "Since the API server last said anything about a kind; it does about every minute",
    "kind",
)
LEASE_SECONDS = _define(
    Gauge,
    "awslbc_lease_write_seconds",
    "How long this process may still write unless it renews its Lease; 0 on a standby",
    "name",
)

# ---- objects: series end with the object

OBJECT_STATE = _owned(
    "awslbc_object_state",
    "1; the state says how an object stands since its last reconcile: served, held (waits for "
    "another member of its group), without_backend, unsettled (rules of security groups are "
    "missing, or targets are held), or the category of the error that stops it",
    "kind",
    "namespace",
    "name",
    "state",
)
TARGET_GROUP_INFO = _owned(
    "aws_target_group_info",
    "1; which Service stands behind a target group",
    "namespace",
    "service",
    "target_group",
)
QUOTA_USED = _owned(
    "awslbc_load_balancer_quota_used",
    "How much of a quota a load balancer uses up",
    "load_balancer",
    "quota",
)
QUOTA_LIMIT = _define(
    Gauge,
    "awslbc_load_balancer_quota",
    "AWS's default for the quota: raise the alert's bound with the account's",
    "quota",
)


def stage(controller: str, name: str) -> AbstractContextManager[object]:
    """Times one stage of a reconcile, whether it goes well or not."""
    return STAGE_SECONDS.labels(controller, name).time()


def observe_aws_call(
    *,
    service: str,
    operation: str,
    attempts: Sequence[tuple[str, AwsError | None, float]],
    seconds: float,
) -> None:
    """Count one AWS API call and its HTTP requests; `aws.client.Sender` reports them.

    The call ended as its last attempt did. An attempt has a status code, empty without an answer,
    an error and its seconds.
    """
    call = (service, operation)
    for status_code, error, request_seconds in attempts:
        if status_code or isinstance(error, Unavailable):  # else it was never sent
            AWS_REQUESTS.labels(*call, status_code, error.code if error else "").inc()
            AWS_REQUEST_SECONDS.labels(*call).observe(request_seconds)
    status_code, error, _ = attempts[-1]
    result = (*call, status_code, error.code if error else "")
    AWS_CALLS.labels(*result).inc()
    for kind, counter in AWS_FAILURES:
        if isinstance(error, kind):
            counter.labels(*result).inc()
    AWS_CALL_SECONDS.labels(*call).observe(seconds)
    AWS_CALL_RETRIES.labels(*call).observe(len(attempts) - 1)
