"""The machine's clock."""

from __future__ import annotations

import threading
from datetime import timedelta

from alb_controller.clock import SystemClock


def test_now_is_utc_and_monotonic_goes_on() -> None:
    """The wall clock carries its zone; the other one never goes back."""
    clock = SystemClock()
    assert clock.now().utcoffset() == timedelta(0)
    assert clock.monotonic() <= clock.monotonic()


def test_sleep_ends_early_when_stopped() -> None:
    """A set event ends the sleep at once, and the answer says so."""
    clock, stop = SystemClock(), threading.Event()
    assert not clock.sleep(0.001, stop)
    stop.set()
    assert clock.sleep(60, stop)


def test_wait_ends_at_its_limit() -> None:
    """A bounded wait without a notify comes back."""
    condition = threading.Condition()
    with condition:
        SystemClock().wait(condition, 0.001)
        SystemClock().wait(condition, -1)
