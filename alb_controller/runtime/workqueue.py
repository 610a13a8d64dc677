"""A queue of keys: each is worked on by one worker at a time, and never lost.

The rules are those of client-go's `util/workqueue`, with one change: a key has one timer.
"""

from __future__ import annotations

import threading
from collections.abc import Hashable, Sequence
from typing import Generic, NamedTuple, TypeVar

from alb_controller.clock import Clock
from alb_controller.runtime.timers import Backoff, Timers
from alb_controller.telemetry import metrics

K = TypeVar("K", bound=Hashable)

BACKOFF_BASE_SECONDS = 0.5
BACKOFF_CAP_SECONDS = 300.0


class _Run(NamedTuple):
    """A key in work."""

    turn: int
    began: float


class WorkQueue(Generic[K]):
    """Due keys in order of arrival, without duplicates; timers; backoff per key.

    A key that is added while a worker has it becomes due again when that worker calls `done`.
    Every `get` that returns a key needs one `done`.
    """

    def __init__(
        self, name: str, clock: Clock, *, backoff_cap_seconds: float = BACKOFF_CAP_SECONDS
    ) -> None:
        self.name = name
        self._clock = clock
        self._changed = threading.Condition()
        self._ready: dict[K, float] = {}  # key -> since when it is due
        self._running: dict[K, _Run] = {}
        self._again: set[K] = set()  # added while running
        self._timers: Timers[K] = Timers()
        self._backoff: Backoff[K] = Backoff(BACKOFF_BASE_SECONDS, backoff_cap_seconds)
        self._turn = 0
        self._is_shut_down = False
        metrics.QUEUE_DEPTH.labels(name).set_function(self.__len__)
        metrics.QUEUE_LONGEST.labels(name).set_function(self.longest_run_seconds)

    def __len__(self) -> int:
        """Keys that are due and wait for a worker."""
        with self._changed:
            self._fire_timers()
            return len(self._ready)

    def add(self, key: K) -> None:
        """Make a key due now."""
        with self._changed:
            self._make_due(key)

    def add_after(self, key: K, seconds: float) -> None:
        """Make a key due then, or earlier if an earlier timer of it is pending."""
        with self._changed:
            if seconds <= 0:
                self._make_due(key)
            elif not self._is_shut_down:
                self._timers.set(key, self._clock.monotonic() + seconds, self._turn)
                self._changed.notify()

    def retry(self, key: K, *, has_progress: bool = False) -> float:
        """Make a key due after its backoff, which grows unless the run has brought something about.

        Returns the delay in seconds.
        """
        with self._changed:
            delay = self._backoff.next_delay(key, has_progress=has_progress)
        metrics.QUEUE_RETRIES.labels(self.name).inc()
        self.add_after(key, delay)
        return delay

    def retry_soon(self, key: K, delays: Sequence[float], *, has_progress: bool = False) -> bool:
        """Make a key due after the next of the delays; False where all have been used.

        Each is used once until the key is forgotten, and none by a run that has brought something
        about, or that comes before the time of the retry.
        """
        with self._changed:
            now = self._clock.monotonic()
            due = self._backoff.soon_deadline(key, now, delays, has_progress=has_progress)
            if due is None:
                return False
            self._drop_timer(key)
            self.add_after(key, due - now)
        return True

    def retry_slowly(self, key: K, seconds: float) -> None:
        """Make a key due then, and `forget` what was before.

        The time of a slow retry that is still to come is kept: a failure that is met again until
        then, whoever woke the key, does not move the retry that was reported.
        """
        with self._changed:
            now = self._clock.monotonic()
            due = self._backoff.slow_deadline(key, now, seconds)
            self._drop_timer(key)
            self.add_after(key, due - now)

    def seconds_until_due(self, key: K) -> float | None:
        """When a key is next given to a worker, as things are now; None: when it is added."""
        with self._changed:
            self._fire_timers()
            if key in self._ready or key in self._again:
                return 0.0
            due = self._timers.due(key)
            return None if due is None else due - self._clock.monotonic()

    def failures(self, key: K) -> int:
        """How often in a row a key has been put back by `retry`."""
        with self._changed:
            return self._backoff.failures(key)

    def forget(self, key: K) -> None:
        """Start the key's backoff anew, and drop the timer that its present run makes moot.

        A timer that was set after the run began is kept: it may stand for something that the
        run has not seen.
        """
        with self._changed:
            self._backoff.forget(key)
            self._drop_timer(key)

    def get(self, timeout: float | None = None) -> K | None:
        """The next due key, waited for at most that many seconds; None then, or on shutdown."""
        with self._changed:
            deadline = None if timeout is None else self._clock.monotonic() + timeout
            while not self._is_shut_down:
                self._fire_timers()
                if self._ready:
                    return self._start_next()
                if deadline is not None and self._clock.monotonic() >= deadline:
                    return None
                self._clock.wait(self._changed, self._seconds_to_wait(deadline))
            return None

    def done(self, key: K) -> None:
        """Give a key back after `get`."""
        with self._changed:
            self._running.pop(key, None)
            if key in self._again:
                self._again.discard(key)
                self._make_due(key)
            self._changed.notify_all()

    def shut_down(self) -> None:
        """No `get` returns a key from now on; waiting ones return None."""
        with self._changed:
            self._is_shut_down = True
            self._changed.notify_all()

    def longest_run_seconds(self) -> float:
        """How long the oldest of the keys in work has been so; 0 where none is."""
        with self._changed:
            begun = [run.began for run in self._running.values()]
        return self._clock.monotonic() - min(begun) if begun else 0.0

    def is_idle(self, horizon_seconds: float = 0.0) -> bool:
        """Whether no key is due, in work, or becomes due by its timer within the horizon."""
        with self._changed:
            self._fire_timers()
            if self._ready or self._running:
                return False
            due = self._timers.next_due()
            return due is None or due > self._clock.monotonic() + horizon_seconds

    def _drop_timer(self, key: K) -> None:
        self._timers.drop(key, run.turn if (run := self._running.get(key)) else self._turn + 1)

    def _make_due(self, key: K) -> None:
        if self._is_shut_down:
            return
        if key in self._running:
            self._again.add(key)
        elif key not in self._ready:
            self._ready[key] = self._clock.monotonic()
            metrics.QUEUE_ADDS.labels(self.name).inc()
            self._changed.notify()

    def _start_next(self) -> K:
        key = next(iter(self._ready))
        waited = self._clock.monotonic() - self._ready.pop(key)
        metrics.QUEUE_SECONDS.labels(self.name).observe(waited)
        self._turn += 1
        self._running[key] = _Run(self._turn, self._clock.monotonic())
        return key

    def _fire_timers(self) -> None:
        for key in self._timers.pop_due(self._clock.monotonic()):
            self._make_due(key)

    def _seconds_to_wait(self, deadline: float | None) -> float | None:
        """Until the next timer or the deadline; None: until something is added."""
        ends = [t for t in (deadline, self._timers.next_due()) if t is not None]
        return max(0.0, min(ends) - self._clock.monotonic()) if ends else None
