"""Since when a replacement waits, and for how long yet: time and health, for the planner (ADR 39).

Nothing waits here: a stack whose replacement is on its way is looked at again. What stage it is in
is read from AWS; times are lost at a restart, and a wait begins anew.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping
from typing import Protocol, TypeAlias

import msgspec
import structlog

from alb_controller.clock import Clock
from alb_controller.errors import AwsError
from alb_controller.plan.replacing.waits import Phase, Replacing, Wait
from alb_controller.settings import Settings
from alb_controller.values import StackKey

READ_AFTER = (0.0, 30.0, 115.0)
"""What joins is asked for so many seconds after it is seen to be there: three times."""
SOON_SECONDS = 5.0
LOOK_SECONDS = 25.0
"""A stack that waits is looked at so often, which takes no call: `/debug/idle` is to say that it is
not idle, and that looks 30 s ahead."""
LEAST_SECONDS = 1.0
DEFAULT_DELAY_SECONDS = 300.0
"""Of a target group's deregistration (ELBv2 API, TargetGroupAttribute)."""
_log = structlog.get_logger(__name__)


class ReplacementReads(Protocol):
    """What AWS says of a target group or load balancer; raises AwsError."""

    def is_active(self, arn: str) -> bool: ...
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
        self.good: set[str] = set()


_Known: TypeAlias = Mapping[tuple[Phase, str], _Times]


class Replacements:
    """The waits of all stacks of one front end; one worker has a key at a time."""

    def __init__(self, reads: ReplacementReads, clock: Clock, settings: Settings) -> None:
        self._reads, self._clock = reads, clock
        self._ready_timeout = settings.replacement_ready_timeout.total_seconds()
        self._drain = settings.replacement_drain.total_seconds()
        self._lock = threading.Lock()
        self._times: dict[StackKey, _Known] = {}

    def begin(self) -> Replacing:
        """What is waited for at all; nothing of it is over."""
        return Replacing(joins=self._ready_timeout > 0, drains=self._drain > 0)

    def look(self, key: StackKey, waits: Iterable[Wait], over: Replacing) -> Replacing:
        """The same as `over`, with what of these waits is over, too. Reads what is due."""
        now, times = self._clock.monotonic(), dict(self._of(key))
        ended: dict[Phase, set[str]] = {"joining": set(), "draining": set()}
        for one in waits:
            known = times.setdefault((one.phase, one.name), _Times(now))
            if self._is_over(one, known, now):
                ended[one.phase].add(one.name)
        self._keep(key, times)
        return msgspec.structs.replace(
            over, joined=over.joined | ended["joining"], drained=over.drained | ended["draining"]
        )

    def keep(self, key: StackKey, waits: Iterable[Wait]) -> None:
        """Of all that it waits for, or has waited for on the way there; others are forgotten."""
        places, known = {(one.phase, one.name) for one in waits}, self._of(key)
        self._keep(key, {place: one for place, one in known.items() if place in places})

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
            _log.warning("replacement_not_healthy_in_time", resource=wait.name)
            return True
        if not wait.is_begun:
            return False
        times.joined = now if times.joined is None else times.joined
        if times.reads == len(READ_AFTER) or now < times.joined + READ_AFTER[times.reads]:
            return False
        times.reads += 1
        try:
            return self._serves(wait, times)
        except AwsError as error:
            _log.warning("not_read", resource=str(wait.target), error=str(error))
            return False

    def _serves(self, wait: Wait, times: _Times) -> bool:
        """What was good once is not asked for again."""
        arn = str(wait.target)
        if wait.kind == "target group":
            return self._reads.is_healthy(arn)
        if arn not in times.good and not self._reads.is_active(arn):
            return False
        times.good.add(arn)
        times.good.update(
            one for one in wait.groups if one not in times.good and self._reads.is_healthy(one)
        )
        return times.good.issuperset(wait.groups)

    def _has_drained(self, wait: Wait, times: _Times, now: float) -> bool:
        """Its own delay is read when ours is over: most often it is no longer."""
        if not wait.is_begun or now < times.begun + self._drain:
            return False
        if times.drain is None and wait.kind == "target group":
            times.drain = self._delay_of(str(wait.target))
        return now >= times.begun + (times.drain or 0.0)

    def _delay_of(self, arn: str) -> float:
        """What cannot be read is AWS's default: a missing permission leaves no group for ever."""
        try:
            return self._reads.deregistration_seconds(arn)
        except AwsError as error:
            _log.warning("not_read", resource=arn, error=str(error))
            return DEFAULT_DELAY_SECONDS

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
