"""The reference page of the metrics, written from the table."""

from __future__ import annotations

from alb_controller.telemetry.metrics import TABLE

_HEAD = """\
# Metrics

Written by `make gen` from `alb_controller/telemetry/metrics.py`; do not edit.

Served at `/metrics` of `--metrics-bind-addr`, by every replica: those that work on groups and
bindings come from the one that holds the Lease. Names without `awslbc_` and those that the
reference has mean what they mean there, in controller-runtime or in client-go. Series with
`namespace` and `name`, or with a load balancer, are at most one for each object, and end with it.

Process metrics (`process_…`, `python_…`) are those of the Prometheus client.

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
