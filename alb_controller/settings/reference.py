"""The reference page of the flags, written from the table."""

from __future__ import annotations

from alb_controller.settings.gates import gate_rows
from alb_controller.settings.table import FlagRow, flag_rows

_HEAD = """\
# Flags

Written by `make gen` from `alb_controller/settings/`; do not edit.

`alb-controller run` takes the flags of the AWS Load Balancer Controller v3.5, with the same names,
defaults and forms: `--flag=value` or `--flag value`; `--flag` or `--flag=false`; durations such as
`10h` or `1m30s`; lists `a,b,c`; maps `k=v,k=v`. A list or map that is given again adds; any other
flag takes its last value.

| Served | Means |
| --- | --- |
| yes | Works as described. |
| only the default | The default is what the controller does; another value aborts the start-up. |
| not yet | The feature is missing: default and `false` are accepted and listed at start. |
| no effect yet | Tunes a missing feature: accepted, and listed at start when it is given. |

## Flags

| Flag | Form | Default | Served | What it does |
| --- | --- | --- | --- | --- |
"""

_GATES = """
## Feature gates

Set with `--feature-gates=Gate=true,Gate=false`. An unknown gate stops the start.

| Gate | Default | Served | What it does |
| --- | --- | --- | --- |
"""


def flags_page() -> str:
    """The page as Markdown."""
    gates = "".join(
        f"| `{row.gate.name}` | {str(row.default).lower()} | {row.gate.served.value} "
        f"| {row.gate.help} |\n"
        for row in gate_rows()
    )
    return _HEAD + "".join(_line(row) for row in flag_rows()) + _GATES + gates


def _line(row: FlagRow) -> str:
    default = row.form.show(row.default).replace("|", "\\|")
    shown = f"`{default}`" if default else ""
    text = row.flag.help
    if row.flag.environment:
        text += " Variables: " + ", ".join(f"`{name}`" for name in row.flag.environment) + "."
    served = row.flag.served.value
    return f"| `--{row.name}` | {row.form.name} | {shown} | {served} | {text} |\n"
