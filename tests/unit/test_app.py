"""How the process begins and ends: what keeps it from starting, and what stops it."""

from __future__ import annotations

import json
import logging
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog

from alb_controller.app import BAD_START, StopSignal, run
from alb_controller.settings import Settings


@pytest.fixture(autouse=True)
def _as_it_was() -> Iterator[None]:
    """Signals and logs belong to the process; it gets its own back."""
    numbers = (signal.SIGTERM, signal.SIGINT)
    before = [signal.getsignal(number) for number in numbers]
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    structlog.reset_defaults()
    root.handlers[:], root.level = handlers, level
    for number, handler in zip(numbers, before, strict=True):
        signal.signal(number, handler)


def test_what_keeps_it_from_starting_is_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The file that is not there is named; the exit code says that nothing runs."""
    missing = str(tmp_path / "nowhere")
    assert run(Settings(cluster_name="prod", kubeconfig=missing), {}) == BAD_START
    (line,) = capsys.readouterr().err.splitlines()
    told = json.loads(line)
    assert (told["level"], told["event"]) == ("error", "cannot_start")
    assert missing in told["error"]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_stops_it_cleanly_however_often_it_comes(number: signal.Signals) -> None:
    """The exit code is 0."""
    stop = StopSignal()
    stop.install()
    for _ in range(3):
        signal.raise_signal(number)
    assert stop.event.wait(20)
    assert stop.code == 0
