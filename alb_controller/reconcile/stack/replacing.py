"""Since when a replacement waits, and for how long yet: time and health, for the planner (ADR 39).

Nothing waits here: a stack whose replacement is on its way is looked at again. What stage it is in
is read from AWS; times are lost at a restart, and a wait begins anew.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping
from typing import Protocol, TypeAlias

import structlog

from alb_controller.clock import Clock
from alb_controller.errors import AwsError
from alb_controller.plan.replacing.waits import Phase, Replacing, Wait
from alb_controller.settings import Settings
from alb_controller.values import StackKey

READ_AFTER = (0.0, 30.0, 115.0)
"""Targets are asked for so many seconds after their group is seen to have joined: three reads."""
SOON_SECONDS = 5.0
LOOK_SECONDS = 25.0
"""A stack that waits is looked at so often, which takes no call: `/debug/idle` is to say that it is
not idle, and that looks 30 s ahead."""
LEAST_SECONDS = 1.0
_log = structlog.get_logger(__name__)


class GroupReads(Protocol):
    """What AWS says of a target group; raises AwsError."""

    def is_healthy(self, arn: str) -> bool: ...
    def deregistration_seconds(self, arn: str) -> float: ...


class _Times:
    """Of one wait, by the monotonic clock."""

    def __init__(self, begun: float) -> None:
        self.begun = begun
        self.joined: float | None = None
        self.reads = 0
        self.is_over = False
        self.drain: float | None = None


_Known: TypeAlias = Mapping[tuple[Phase, str], _Times]


class Replacements:
    """The waits of all stacks of one front end; one worker has a key at a time."""

    def __init__(self, reads: GroupReads, clock: Clock, settings: Settings) -> None:
        self._reads, self._clock = reads, clock
        self._ready_timeout = settings.replacement_ready_timeout.total_seconds()
        self._drain = settings.replacement_drain.total_seconds()
        self._lock = threading.Lock()
        self._times: dict[StackKey, _Known] = {}

    def begin(self) -> Replacing:
        """What is waited for at all; nothing of it is over."""
        return Replacing(joins=self._ready_timeout > 0, drains=self._drain > 0)

    def look(self, key: StackKey, waits: Iterable[Wait]) -> Replacing:
        """The same, with what is over of these; others are forgotten. Reads what is due."""
        now, known = self._clock.monotonic(), self._of(key)
        current = {(one.phase, one.name): one for one in waits}
        times = {place: known.get(place) or _Times(now) for place in current}
        self._keep(key, times)
        over = [place for place, one in current.items() if self._is_over(one, times[place], now)]
        begun = self.begin()
        return Replacing(
            joins=begun.joins,
            drains=begun.drains,
            joined=frozenset(name for phase, name in over if phase == "joining"),
            drained=frozenset(name for phase, name in over if phase == "draining"),
        )

    def note(self, key: StackKey, waits: Iterable[Wait]) -> None:
        """What a plan that is about to be applied waits for."""
        now = self._clock.monotonic()
        new = {(one.phase, one.name): _Times(now) for one in waits}
        self._keep(key, {**new, **self._of(key)})

    def seconds_until_look(self, key: StackKey) -> float | None:
        """When something may be over, at the latest; None where nothing is waited for."""
        now = self._clock.monotonic()
        dues = [
            self._due(phase, one) - now
            for (phase, _), one in self._of(key).items()
            if not one.is_over
        ]
        return max(LEAST_SECONDS, min([*dues, LOOK_SECONDS])) if dues else None

    def forget(self, key: StackKey) -> None:
        """The stack is gone."""
        self._keep(key, {})

    def _is_over(self, wait: Wait, times: _Times, now: float) -> bool:
        if not times.is_over:
            check = self._has_joined if wait.phase == "joining" else self._has_drained
            times.is_over = check(wait, times, now)
        return times.is_over

    def _has_joined(self, wait: Wait, times: _Times, now: float) -> bool:
        if now >= times.begun + self._ready_timeout:
            _log.warning("replacement_not_healthy_in_time", target_group=wait.name)
            return True
        if not wait.is_begun:
            return False
        times.joined = now if times.joined is None else times.joined
        if times.reads == len(READ_AFTER) or now < times.joined + READ_AFTER[times.reads]:
            return False
        times.reads += 1
        try:
            return self._reads.is_healthy(str(wait.target_group))
        except AwsError as error:
            _log.warning("not_read", resource=str(wait.target_group), error=str(error))
            return False

    def _has_drained(self, wait: Wait, times: _Times, now: float) -> bool:
        """Its own delay is read when ours is over: most often it is no longer."""
        if not wait.is_begun or now < times.begun + self._drain:
            return False
        if times.drain is None:
            times.drain = self._reads.deregistration_seconds(str(wait.target_group))
        return now >= times.begun + times.drain

    def _due(self, phase: Phase, times: _Times) -> float:
        if phase == "draining":
            return times.begun + max(self._drain, times.drain or 0.0)
        due = times.begun + self._ready_timeout
        if times.joined is None:
            return min(due, times.begun + SOON_SECONDS)
        if times.reads == len(READ_AFTER):
            return due
        return min(due, times.joined + READ_AFTER[times.reads])

    def _of(self, key: StackKey) -> _Known:
        with self._lock:
            return self._times.get(key, {})

    def _keep(self, key: StackKey, times: _Known) -> None:
        with self._lock:
            if times:
                self._times[key] = times
            else:
                self._times.pop(key, None)
