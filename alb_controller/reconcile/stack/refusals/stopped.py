"""What is refused to all members of a stack: there is nobody to go on without.

It is not sent again while nothing changes, but where AWS may come to take it.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from datetime import datetime
from typing import Generic

from alb_controller.clock import Clock
from alb_controller.errors import ControllerError
from alb_controller.frontends.frontend import M
from alb_controller.reconcile.apply import Outcome
from alb_controller.reconcile.refused import may_heal
from alb_controller.reconcile.stack.refusals.pauses import until_next_try
from alb_controller.values import StackKey, Value

_TRIES = 5
"""Of what nobody has set by himself: AWS may be wrong for a moment."""


class Stopped(Value, Generic[M], frozen=True):
    """What was refused, to what all asked for."""

    good: Mapping[str, M]
    error: ControllerError
    until: datetime
    is_held: bool
    """It is not sent again before `until`."""
    tries: int


class StoppedStacks(Generic[M]):
    """Thread-safe; one worker has a stack at a time."""

    def __init__(self, clock: Clock) -> None:
        self._clock, self._lock = clock, threading.Lock()
        self._stopped: dict[StackKey, Stopped[M]] = {}

    def stop(
        self, key: StackKey, good: Mapping[str, M], outcome: Outcome, shown: ControllerError
    ) -> None:
        """What has been made stays, so that a try is one call; `shown` is what users see."""
        until = until_next_try(self._clock.now(), outcome, keeps_what_was_made=True)
        heals = outcome.error is not None and may_heal(outcome.error)
        with self._lock:
            known = self._stopped.get(key)
            tries = known.tries + 1 if known is not None and known.good == good else 1
            self._stopped[key] = Stopped(
                good=good, error=shown, until=until, is_held=heals or tries >= _TRIES, tries=tries
            )

    def by(self, key: StackKey, good: Mapping[str, M]) -> Stopped[M] | None:
        """What the same was refused for a while ago, and would be again."""
        with self._lock:
            stopped = self._stopped.get(key)
        if stopped is None or stopped.good != good:
            return None
        return stopped if stopped.is_held and self._clock.now() < stopped.until else None

    def forget(self, key: StackKey) -> None:
        """The stack is gone."""
        with self._lock:
            self._stopped.pop(key, None)
