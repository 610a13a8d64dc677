"""Virtual time: what is to happen, in order; it passes only when somebody lets it."""

from __future__ import annotations

import heapq
import itertools
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

BEGIN = datetime(2026, 1, 1, tzinfo=UTC)


class Timeline:
    """A `Clock` for one thread: who waits on it lets others act meanwhile."""

    def __init__(self) -> None:
        self._seconds = 0.0
        self._events: list[tuple[float, int, Callable[[], None]]] = []
        self._order = itertools.count()

    def monotonic(self) -> float:
        return self._seconds

    def now(self) -> datetime:
        return BEGIN + timedelta(seconds=self._seconds)

    def sleep(self, seconds: float, stop: threading.Event) -> bool:
        """Let that much time pass."""
        self.let_pass(seconds)
        return stop.is_set()

    def wait(self, condition: threading.Condition, seconds: float | None) -> None:
        """Nobody else is there who could notify."""
        raise AssertionError(f"{condition} would be waited on for {seconds} s for ever")

    def after(self, seconds: float, action: Callable[[], None]) -> None:
        """Have something done then."""
        heapq.heappush(self._events, (self._seconds + seconds, next(self._order), action))

    def let_pass(self, seconds: float) -> None:
        """Do what is due within these seconds; things done may let time pass themselves."""
        end = self._seconds + seconds
        while self._events and self._events[0][0] <= end:
            at, _, action = heapq.heappop(self._events)
            self._seconds = max(self._seconds, at)
            action()
        self._seconds = max(self._seconds, end)

    def step(self) -> bool:
        """Go to what is due next and do it; False if nothing is."""
        if not self._events:
            return False
        self.let_pass(max(0.0, self._events[0][0] - self._seconds))
        return True
