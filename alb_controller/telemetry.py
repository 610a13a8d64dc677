"""THE table of metrics, and JSON logs on stderr.

Names are the reference's (spec 10.4) or controller-runtime's and client-go's, where they mean
the same, so that dashboards and alerts keep working; ours start with `awslbc_` too.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Sequence
from typing import Any, TypeVar

import msgspec
import structlog
from prometheus_client import Counter, Gauge, Histogram, disable_created_metrics
from prometheus_client.metrics import MetricWrapperBase

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
    buckets=tuple(range(10)),
)
RECONCILES = _define(
    Counter, "controller_runtime_reconcile_total", "Reconciles by result", "controller", "result"
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


def observe_aws_call(
    *,
    service: str,
    operation: str,
    status_code: str,
    error_code: str,
    seconds: float,
    attempts: int,
) -> None:
    """Count one AWS API call, retries included; what `aws.client.Sender` tells."""
    AWS_CALLS.labels(service, operation, status_code, error_code).inc()
    AWS_CALL_SECONDS.labels(service, operation).observe(seconds)
    AWS_CALL_RETRIES.labels(service, operation).observe(attempts - 1)


LEVELS: dict[str, int] = {
    "debug": logging.DEBUG,
    "info": logging.INFO,
    "warning": logging.WARNING,
    "error": logging.ERROR,
}


def set_up_logging(level: str) -> None:
    """JSON lines on stderr from that level up (a key of LEVELS), libraries' warnings included.

    Raises ValueError, naming the levels, for any other.
    """
    if level not in LEVELS:
        raise ValueError(f"log level {level!r} is not one of {', '.join(LEVELS)}")
    shared = _shared_processors()
    structlog.configure(
        processors=[*shared, structlog.processors.format_exc_info, _renderer()],
        wrapper_class=structlog.make_filtering_bound_logger(LEVELS[level]),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=False,
    )
    _route_standard_logging(shared, max(LEVELS[level], logging.WARNING))


def _shared_processors() -> Sequence[structlog.typing.Processor]:
    return (
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True, key="ts"),
    )


def _renderer() -> structlog.processors.JSONRenderer:
    return structlog.processors.JSONRenderer(serializer=_to_json)


def _to_json(event: Any, **_: Any) -> str:
    """One line of JSON; what JSON does not know is written by its str()."""
    return msgspec.json.encode(event, enc_hook=str).decode(errors="replace")


def _route_standard_logging(shared: Sequence[structlog.typing.Processor], level: int) -> None:
    """Libraries log by `logging`: the same JSON, warnings and errors only (they log secrets)."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[structlog.stdlib.add_logger_name, *shared],
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.format_exc_info,
                _renderer(),
            ],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
