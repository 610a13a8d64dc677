"""The reference page of the metrics, written from the table."""

from __future__ import annotations

from alb_controller.telemetry.metrics import TABLE

_HEAD = """\
# Metrics

Written by `make gen` from `alb_controller/telemetry/metrics.py`; do not edit.

Served at `/metrics` of `--metrics-bind-addr`, by every replica: those that work on groups and
bindings come from the one that holds the Lease. Names without `awslbc_` and those that
LBC has mean what they mean there, in controller-runtime or in client-go. Series with
`namespace` and `name`, or with a load balancer, are at most one for each object, and end with it.

Process metrics (`process_…`, `python_…`) are those of the Prometheus client.

Of LBC's metrics these are not here: `awslbc_controller_top_talkers`, whose series outlive
their objects (`awslbc_object_state` names those that fail); `awslbc_quic_target_missing_server_id`,
which belongs to QUIC listeners; `controller_runtime_webhook_…`, for which
`awslbc_webhook_…_failure_total` stand; and what controller-runtime and the Go runtime report of
themselves (`go_…`, `certwatcher_…`, `workqueue_unfinished_work_seconds`).

| Metric | Type | Labels | What it says |
| --- | --- | --- | --- |
"""


def metrics_page() -> str:
    """The page as Markdown."""
    return _HEAD + "".join(
        f"| `{row.name}` | {row.type} | {', '.join(f'`{one}`' for one in row.labels)} "
        f"| {row.help} |\n"
        for row in sorted(TABLE, key=lambda row: row.name)
    )
