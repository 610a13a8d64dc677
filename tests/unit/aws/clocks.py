"""A clock that jumps instead of waiting."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta


class JumpingClock:
    """Sleeping moves it forward at once; `slept` are the waits that were asked for.

    `stands_still` makes sleeping cost nothing; `while_sleeping` is what happens meanwhile.
    """

    def __init__(self) -> None:
        self.seconds = 1000.0
        self.slept: list[float] = []
        self.stands_still = False
        self.while_sleeping: Callable[[], None] = lambda: None

    def monotonic(self) -> float:
        return self.seconds

    def now(self) -> datetime:
        return datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=self.seconds)

    def sleep(self, seconds: float, stop: threading.Event) -> bool:
        self.slept.append(seconds)
        if not self.stands_still:
            self.seconds += seconds
        self.while_sleeping()
        return stop.is_set()

    def wait(self, condition: threading.Condition, seconds: float | None) -> None:
        raise AssertionError(f"nothing here waits on {condition} for {seconds} s")
