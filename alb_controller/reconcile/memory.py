"""What the process remembers of each stack between passes; lost at a restart."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import Generic

from alb_controller.frontends.events import fingerprint
from alb_controller.frontends.frontend import M
from alb_controller.frontends.snapshot import Snapshot
from alb_controller.frontends.translation import Translation
from alb_controller.model.stack import Observed
from alb_controller.objects.kinds import ref_of
from alb_controller.values import ObjectRef, StackKey


class StackMemory(Generic[M]):
    """The last known state in AWS, so that nothing known is read again, and last good intents.

    One worker has a key at a time; the lock is for the sweep, which forgets all of AWS.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._observed: dict[StackKey, Observed] = {}
        self._good: dict[StackKey, dict[str, M]] = {}
        self._blocked: dict[StackKey, dict[str, str]] = {}
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

    def invalidate(self, key: StackKey) -> None:
        """AWS is not as we thought, or an answer is missing: the next pass reads it."""
        with self._lock:
            self._observed.pop(key, None)

    def invalidate_all(self) -> None:
        """The periodic resync: every next pass reads, and so finds drift."""
        with self._lock:
            self._observed.clear()
            self._sweeps += 1

    def last_known_good(self, key: StackKey) -> Mapping[str, M]:
        """What AWS has of each member, by uid."""
        with self._lock:
            return dict(self._good.get(key, {}))

    def remember(self, snapshot: Snapshot, translation: Translation[M]) -> None:
        """AWS has the stack as translated: keep its good members, forget those that left."""
        served = {**translation.standing, **translation.good}
        good = {uid: member.applied() for uid, member in served.items()}
        members = {member.uid for member in snapshot.members}
        with self._lock:
            kept = self._good.setdefault(snapshot.key, {})
            kept.update(good)
            for uid in [uid for uid in kept if uid not in members]:
                del kept[uid]

    def waiting(self, snapshot: Snapshot, translation: Translation[M]) -> tuple[ObjectRef, ...]:
        """Valid members that users have changed since the stack is blocked."""
        if not translation.blocked_by:
            self.unblock(snapshot.key)
            return ()
        now = {one.uid: fingerprint(one.object) for one in snapshot.members}
        with self._lock:
            first = self._blocked.setdefault(snapshot.key, now)
        return tuple(
            ref_of(one.object)
            for one in snapshot.members
            if one.uid in translation.good and first.get(one.uid) != now[one.uid]
        )

    def unblock(self, key: StackKey) -> None:
        """The stack is not blocked any more."""
        with self._lock:
            self._blocked.pop(key, None)

    def note_change(self, key: StackKey) -> None:
        """Something was changed that users have not been informed of."""
        with self._lock:
            self._changed.add(key)

    def has_news(self, key: StackKey) -> bool:
        """Whether something was changed since users were informed."""
        with self._lock:
            return key in self._changed

    def news_published(self, key: StackKey) -> None:
        """Users know of every change."""
        with self._lock:
            self._changed.discard(key)

    def forget(self, key: StackKey) -> None:
        """The stack is gone."""
        with self._lock:
            self._changed.discard(key)
            self._blocked.pop(key, None)
            self._observed.pop(key, None)
            self._begun.pop(key, None)
            self._good.pop(key, None)
