"""Logs are JSON lines, or columns for people."""

from __future__ import annotations

import json
import logging
import subprocess
import sys

import pytest

from alb_controller.telemetry import logs

PROGRAM = """
import logging, structlog
from alb_controller.telemetry.logs import set_up_logging
from alb_controller.values import Secret
set_up_logging("info")
log = structlog.get_logger("x")
log.debug("hidden")
with structlog.contextvars.bound_contextvars(key="ns/a"):
    log.info("group_reconciled", changes=2, other=object)
try:
    1 / 0
except ZeroDivisionError:
    log.exception("bug")
def send(secret):
    raise RuntimeError("cannot send", secret)
try:
    send(Secret("correct horse"))
except RuntimeError:
    log.exception("bug", secret=Secret("correct horse"))
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


def test_a_traceback_shows_no_secret(lines: list[dict[str, object]]) -> None:
    """Neither the exception that carries one, nor the frames that hold it, nor a field."""
    assert "RuntimeError: ('cannot send', Secret(…))" in str(lines[2]["exception"])
    assert "correct horse" not in json.dumps(lines)


def test_libraries_warnings_join_in_and_their_chatter_does_not(
    lines: list[dict[str, object]],
) -> None:
    """Standard logging comes as the same JSON, from warning up."""
    assert [line["event"] for line in lines[3:]] == ["pool is full"]
    assert lines[3]["logger"] == "urllib3"


def test_an_unknown_level_names_the_known_ones() -> None:
    """A wrong level is refused before anything is changed."""
    handlers = list(logging.getLogger().handlers)
    with pytest.raises(ValueError, match="'loud' is not one of debug, info"):
        logs.set_up_logging("loud")
    assert logging.getLogger().handlers == handlers


CONSOLE = PROGRAM.replace('"info"', '"info", "console"')


def test_console_lines_are_for_people() -> None:
    """No JSON, no colours in a pipe, and a traceback without the values of its variables."""
    program = (
        CONSOLE
        + """
def leak(token="hunter2"):
    raise ValueError
try:
    leak()
except ValueError:
    log.exception("leaked")
"""
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, check=True, text=True
    )
    assert "group_reconciled" in done.stderr
    assert "changes=2" in done.stderr
    assert "ZeroDivisionError" in done.stderr
    assert "hunter2" not in done.stderr.replace('leak(token="hunter2")', "")
    assert "\x1b[" not in done.stderr
