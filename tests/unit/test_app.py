"""How the process begins and ends: what keeps it from starting, and what stops it."""

from __future__ import annotations

import json
import logging
import signal
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog

from alb_controller.app import BAD_START, StopSignal, once_allowed, run
from alb_controller.errors import AccessDenied
from alb_controller.settings import Settings
from tests.clocks import FakeClock


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
    reported = json.loads(line)
    assert (reported["level"], reported["event"]) == ("error", "cannot_start")
    assert missing in reported["error"]


class Denying:
    """An AWS that denies the first questions."""

    def __init__(self, times: int) -> None:
        self.times, self.asked = times, 0

    def __call__(self) -> str:
        self.asked += 1
        if self.asked <= self.times:
            raise AccessDenied("ec2", "DescribeVpcs", "ExpiredToken", "the token has expired")
        return "vpc-1"


@pytest.mark.parametrize("times", [0, 1, 3])
def test_what_is_denied_at_the_start_for_a_moment_is_asked_again(times: int) -> None:
    """Three times within ten seconds: a token may be new by then."""
    clock, aws = FakeClock(), Denying(times)
    clock.is_sleep_skipped = True
    assert once_allowed(aws, clock, threading.Event()) == "vpc-1"
    assert len(clock.slept) == times
    assert sum(clock.slept) <= 10


def test_what_stays_denied_keeps_it_from_starting() -> None:
    """After the last time, or as soon as the process is to end."""
    clock, aws, stop = FakeClock(), Denying(99), threading.Event()
    clock.is_sleep_skipped = True
    with pytest.raises(AccessDenied):
        once_allowed(aws, clock, stop)
    assert aws.asked == 4
    stop.set()
    with pytest.raises(AccessDenied):
        once_allowed(aws, clock, stop)
    assert aws.asked == 5


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_stops_it_cleanly_however_often_it_comes(number: signal.Signals) -> None:
    """The exit code is 0."""
    stop = StopSignal()
    stop.install()
    for _ in range(3):
        signal.raise_signal(number)
    assert stop.event.wait(60)
    assert stop.code == 0
