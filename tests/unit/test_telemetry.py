"""Logs are JSON lines, and the table of metrics is what is exposed."""

from __future__ import annotations

import json
import logging
import subprocess
import sys

import pytest
from prometheus_client import REGISTRY

from alb_controller import telemetry

PROGRAM = """
import logging, structlog
from alb_controller.telemetry import set_up_logging
set_up_logging("info")
log = structlog.get_logger("x")
log.debug("hidden")
with structlog.contextvars.bound_contextvars(key="ns/a"):
    log.info("group_reconciled", changes=2, other=object)
try:
    1 / 0
except ZeroDivisionError:
    log.exception("bug")
logging.getLogger("urllib3").warning("pool is %s", "full")
logging.getLogger("botocore").info("request with secrets")
"""


@pytest.fixture(scope="module")
def lines() -> list[dict[str, object]]:
    """What a program of ours writes to stderr."""
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], capture_output=True, check=True, text=True
    )
    assert done.stdout == ""
    return [json.loads(line) for line in done.stderr.splitlines()]


def test_a_line_is_json_with_level_time_event_and_context(lines: list[dict[str, object]]) -> None:
    """Fields and the bound context stand beside the event; debug is left out at info."""
    first = lines[0]
    assert (first["event"], first["level"], first["key"], first["changes"]) == (
        "group_reconciled",
        "info",
        "ns/a",
        2,
    )
    assert str(first["ts"]).endswith("Z")


def test_a_traceback_is_a_field_of_its_line(lines: list[dict[str, object]]) -> None:
    """An exception takes one line, not twenty."""
    assert "ZeroDivisionError" in str(lines[1]["exception"])


def test_libraries_warnings_join_in_and_their_chatter_does_not(
    lines: list[dict[str, object]],
) -> None:
    """Standard logging comes as the same JSON, from warning up."""
    assert [line["event"] for line in lines[2:]] == ["pool is full"]
    assert lines[2]["logger"] == "urllib3"


def test_an_unknown_level_names_the_known_ones() -> None:
    """A wrong level is refused before anything is changed."""
    handlers = list(logging.getLogger().handlers)
    with pytest.raises(ValueError, match="'loud' is not one of debug, info"):
        telemetry.set_up_logging("loud")
    assert logging.getLogger().handlers == handlers


def test_every_row_of_the_table_is_exposed_under_its_name() -> None:
    """The table cannot name a metric that /metrics does not have, nor another type."""
    exposed = {metric.name: metric.type for metric in REGISTRY.collect()}
    for row in telemetry.TABLE:
        name = row.name.removesuffix("_total") if row.type == "counter" else row.name
        assert exposed[name] == row.type


def test_names_are_unique() -> None:
    """One row per metric."""
    names = [row.name for row in telemetry.TABLE]
    assert len(names) == len(set(names))
