"""What a work queue knows of later: one deadline per key, and how often a key has failed."""

from __future__ import annotations

import heapq
import itertools
import random
from collections.abc import Hashable, Sequence
from typing import Generic, NamedTuple, TypeVar

K = TypeVar("K", bound=Hashable)

CHANCE = random.SystemRandom()
PROGRESS_RUNS = 20
"""So many failing runs in a row may each have changed something, and not count as failures. More
are no way to an end: what one run writes, the next may find as it was before."""


class Timer(NamedTuple):
    """A deadline of one key."""

    due: float
    """On the monotonic clock."""
    turn: int
    """The run of the key that was the newest when the timer was last set."""


class Timers(Generic[K]):
    """At most one timer per key; the earliest deadline wins."""

    def __init__(self) -> None:
        self._by_key: dict[K, Timer] = {}
        self._heap: list[tuple[float, int, K]] = []
        self._order = itertools.count()

    def set(self, key: K, due: float, turn: int) -> None:
        """Set the key's timer, or bring it forward; a later deadline changes nothing but `turn`."""
        known = self._by_key.get(key)
        if known is not None and known.due <= due:
            self._by_key[key] = Timer(known.due, turn)
            return
        self._by_key[key] = Timer(due, turn)
        heapq.heappush(self._heap, (due, next(self._order), key))

    def drop(self, key: K, before_turn: int) -> None:
        """Drop the key's timer if it was last set before that run of the key began."""
        known = self._by_key.get(key)
        if known is not None and known.turn < before_turn:
            del self._by_key[key]

    def due(self, key: K) -> float | None:
        """The key's deadline."""
        known = self._by_key.get(key)
        return None if known is None else known.due

    def next_due(self) -> float | None:
        """The earliest deadline."""
        while self._heap:
            due, _, key = self._heap[0]
            known = self._by_key.get(key)
            if known is not None and known.due == due:
                return due
            heapq.heappop(self._heap)
        return None

    def pop_due(self, now: float) -> list[K]:
        """The keys whose time has come, earliest first; their timers are gone."""
        keys: list[K] = []
        while (due := self.next_due()) is not None and due <= now:
            key = heapq.heappop(self._heap)[2]
            del self._by_key[key]
            keys.append(key)
        return keys


class Backoff(Generic[K]):
    """When a key that failed is tried again: exponential backoff, or times that are kept.

    Full jitter spreads retries best (AWS Architecture Blog, "Exponential Backoff And Jitter").
    A failure of a run that made progress does not count.
    """

    def __init__(self, base_seconds: float, cap_seconds: float) -> None:
        self._base_seconds, self._cap_seconds = base_seconds, cap_seconds
        self._failures: dict[K, int] = {}
        self._progress: dict[K, int] = {}  # runs in a row
        self._soon: dict[K, tuple[float, int]] = {}  # deadline of its quick retry, and how many
        self._slow: dict[K, float] = {}  # deadline of its slow retry

    def next_delay(self, key: K, *, has_progress: bool) -> float:
        """Seconds until the key should be tried again."""
        failures = self._failures.get(key, 0)
        self._failures[key] = failures + self._counts(key, has_progress)
        limit = min(self._cap_seconds, self._base_seconds * 2 ** min(failures, 40))
        return CHANCE.uniform(0, limit)

    def soon_deadline(
        self, key: K, now: float, delays: Sequence[float], *, has_progress: bool
    ) -> float | None:
        """When to try again what may be over in a moment: after each of the delays once, then None.

        A time that is still to come is kept, so that whoever wakes the key meanwhile uses none up.
        """
        due, used = self._soon.get(key, (now, 0))
        if due > now:
            return due
        if used == len(delays):
            return None
        self._soon[key] = now + delays[used], used + self._counts(key, has_progress)
        return self._soon[key][0]

    def slow_deadline(self, key: K, now: float, seconds: float) -> float:
        """When to try again what only others can correct: as reported, if that is still to come.

        The failures are counted anew.
        """
        self._failures.pop(key, None)
        due_at = self._slow.get(key, now)
        self._slow[key] = due_at if due_at > now else now + seconds
        return self._slow[key]

    def failures(self, key: K) -> int:
        """How many count."""
        return self._failures.get(key, 0)

    def forget(self, key: K) -> None:
        """Begin anew."""
        for known in (self._failures, self._progress, self._soon, self._slow):
            known.pop(key, None)

    def _counts(self, key: K, has_progress: bool) -> bool:
        runs = self._progress.get(key, 0) + 1 if has_progress else 0
        self._progress[key] = runs
        return not 0 < runs <= PROGRESS_RUNS
