"""The one clock: monotonic time for durations, UTC for what others read, waits that tests drive."""

from __future__ import annotations

import threading
import time
from datetime import UTC, datetime
from typing import Protocol


class Clock(Protocol):
    """Where time comes from; injected, so that tests advance it by hand."""

    def monotonic(self) -> float:
        """Seconds from an unknown start; never goes back, whatever happens to the wall clock."""

    def now(self) -> datetime:
        """The wall clock, aware, in UTC: for timestamps that others read, never for durations."""

    def sleep(self, seconds: float, stop: threading.Event) -> bool:
        """Wait that long, or until `stop` is set; True when it was."""

    def wait(self, condition: threading.Condition, seconds: float | None) -> None:
        """Wait on a held condition for a notify, at most that long; may return early."""


class SystemClock:
    """The machine's clock."""

    def monotonic(self) -> float:
        return time.monotonic()

    def now(self) -> datetime:
        return datetime.now(UTC)

    def sleep(self, seconds: float, stop: threading.Event) -> bool:
        return stop.wait(max(0.0, seconds))

    def wait(self, condition: threading.Condition, seconds: float | None) -> None:
        condition.wait(None if seconds is None else max(0.0, seconds))
