"""What the process remembers of each stack between passes; lost at a restart."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import Generic, TypeVar

from alb_controller.model.stack import Observed
from alb_controller.values import StackKey

M = TypeVar("M")


class StackMemory(Generic[M]):
    """The last known state in AWS, so that nothing known is read again, and last good intents.

    One worker has a key at a time; the lock is for the sweep, which forgets all of AWS.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._observed: dict[StackKey, Observed] = {}
        self._good: dict[StackKey, dict[str, M]] = {}
        self._held: dict[StackKey, dict[str, str]] = {}
        self._changed: set[StackKey] = set()
        self._sweeps = 0
        self._begun: dict[StackKey, int] = {}  # the sweep that a pass has come after

    def observed(self, key: StackKey) -> Observed | None:
        """What was known after the last pass; asked for when a pass begins."""
        with self._lock:
            self._begun[key] = self._sweeps
            return self._observed.get(key)

    def observe(self, key: StackKey, observed: Observed) -> None:
        """Keep what a pass ended with, unless a sweep has come meanwhile and wants it read."""
        with self._lock:
            if self._begun.get(key, self._sweeps) == self._sweeps:
                self._observed[key] = observed

    def doubt(self, key: StackKey) -> None:
        """AWS is not as we thought, or an answer is missing: the next pass reads it."""
        with self._lock:
            self._observed.pop(key, None)

    def doubt_all(self) -> None:
        """The slow sweep: every next pass reads, and so finds drift."""
        with self._lock:
            self._observed.clear()
            self._sweeps += 1

    def good(self, key: StackKey) -> Mapping[str, M]:
        """Last good intents of the members by uid."""
        with self._lock:
            return dict(self._good.get(key, {}))

    def remember_good(self, key: StackKey, good: Mapping[str, M], members: frozenset[str]) -> None:
        """Keep intents that were applied; forget those of Ingresses that are no members."""
        with self._lock:
            kept = self._good.setdefault(key, {})
            kept.update(good)
            for uid in [uid for uid in kept if uid not in members]:
                del kept[uid]

    def changed_while_held(self, key: StackKey, said: Mapping[str, str]) -> frozenset[str]:
        """Uids of members whose word, by fingerprint, is another than when the hold began."""
        with self._lock:
            first = self._held.setdefault(key, dict(said))
        return frozenset(uid for uid, word in said.items() if first.get(uid) != word)

    def release(self, key: StackKey) -> None:
        """The group is not held any more."""
        with self._lock:
            self._held.pop(key, None)

    def note_change(self, key: StackKey) -> None:
        """Something was changed that users have not been told of."""
        with self._lock:
            self._changed.add(key)

    def has_untold_change(self, key: StackKey) -> bool:
        """Whether something was changed since users were told."""
        with self._lock:
            return key in self._changed

    def told(self, key: StackKey) -> None:
        """Users know of every change."""
        with self._lock:
            self._changed.discard(key)

    def forget(self, key: StackKey) -> None:
        """The stack is gone."""
        with self._lock:
            self._changed.discard(key)
            self._held.pop(key, None)
            self._observed.pop(key, None)
            self._begun.pop(key, None)
            self._good.pop(key, None)
