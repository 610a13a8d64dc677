"""A clock that stands still until a test moves it."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

_POLL_SECONDS = 0.002


class FakeClock:
    """Time passes by `advance` alone; threads that wait on it wake up when it has passed enough.

    `slept` are the waits that were asked for. `is_sleep_skipped` lets each pass at once;
    `stands_still` ends each without any time; `while_sleeping` is what happens meanwhile.
    """

    def __init__(self) -> None:
        self._seconds = 1000.0
        self.wall_offset = timedelta()
        self.slept: list[float] = []
        self.is_sleep_skipped = self.stands_still = False
        self.while_sleeping: Callable[[], None] = lambda: None
        self.sleeps_until = 0.0

    def advance(self, seconds: float) -> None:
        """Let that much time pass."""
        self._seconds += seconds

    def monotonic(self) -> float:
        return self._seconds

    def now(self) -> datetime:
        start = datetime(2026, 1, 1, tzinfo=UTC) - timedelta(seconds=1000)
        return start + timedelta(seconds=self._seconds) + self.wall_offset

    def sleep(self, seconds: float, stop: threading.Event) -> bool:
        self.sleeps_until = end = self._seconds + (0.0 if self.stands_still else seconds)
        self.slept.append(seconds)
        if self.is_sleep_skipped:
            self._seconds = end
        self.while_sleeping()
        while self._seconds < end:
            if stop.wait(_POLL_SECONDS):
                return True
        return stop.is_set()

    def wait(self, condition: threading.Condition, seconds: float | None) -> None:
        """Wake up now and then: the caller looks at the clock."""
        condition.wait(_POLL_SECONDS if seconds is None or seconds > 0 else 0)
