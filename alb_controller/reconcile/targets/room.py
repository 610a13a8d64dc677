"""Targets that AWS has no room for: they are asked for again when they change, or a while later."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from datetime import datetime, timedelta

from alb_controller.clock import Clock
from alb_controller.errors import QuotaExceeded
from alb_controller.model.limits import QUOTAS
from alb_controller.values import BindingKey, Value

_ASK_AGAIN = timedelta(hours=1)
"""A try is the call that is refused, and a look at what is registered then: two calls an hour."""
_OF_ONE_GROUP = "targets-per-target-group"
_MANY_GROUPS = {
    "TooManyTargets": "targets-per-application-load-balancer or targets-per-network-load-balancer",
    "TooManyRegistrationsForTargetId": "target-id-registrations-per-application-load-balancer",
}
"""By code, what counts beyond one target group: others' targets are not seen."""


class Crowded(Value, frozen=True):
    """What a binding could not register."""

    wanted: frozenset[tuple[str, int]]
    code: str
    message: str
    until: datetime


class TargetRoom:
    """By binding, since this process began; thread-safe."""

    def __init__(self, clock: Clock) -> None:
        self._clock, self._lock = clock, threading.Lock()
        self._known: dict[BindingKey, Crowded] = {}

    def lacking(self, key: BindingKey, wanted: Iterable[tuple[str, int]]) -> Crowded | None:
        """What these targets were refused for a while ago, and would be again."""
        with self._lock:
            known = self._known.get(key)
        is_same = known is not None and known.wanted == frozenset(wanted)
        return known if known and is_same and self._clock.now() < known.until else None

    def refuse(
        self, key: BindingKey, error: QuotaExceeded, missing: Iterable[tuple[str, int]], count: int
    ) -> Crowded:
        """Note what was refused beside so many targets; the numbers are those of the first time."""
        wanted = frozenset(missing)
        message = _sentence(error, count, len(wanted))
        with self._lock:
            known = self._known.get(key)
            if known is not None and known.code == error.code:
                message = known.message
            until = self._clock.now() + _ASK_AGAIN
            crowded = Crowded(wanted=wanted, code=error.code, message=message, until=until)
            self._known[key] = crowded
        return crowded

    def seconds_left(self, crowded: Crowded) -> float:
        """Until it is asked for again."""
        return max(0.0, (crowded.until - self._clock.now()).total_seconds())

    def forget(self, key: BindingKey) -> None:
        """There is room, or the binding is gone."""
        with self._lock:
            self._known.pop(key, None)


def room_by_default(error: QuotaExceeded, count: int) -> int:
    """How many more a target group takes if its quota is the documented one, and is what is met."""
    return max(0, QUOTAS[_OF_ONE_GROUP].most - count) if error.code == "TooManyTargets" else 0


def _sentence(error: QuotaExceeded, count: int, missing: int) -> str:
    most = QUOTAS[_OF_ONE_GROUP].most
    if error.code == "TooManyTargets" and count >= most:
        quota = f"{_OF_ONE_GROUP}, {most} by default"
    else:
        name = _MANY_GROUPS.get(error.code, "of targets")
        numbers = [str(QUOTAS[one].most) for one in name.split(" or ") if one in QUOTAS]
        quota = f"{name}, {' or '.join(numbers)} by default" if numbers else name
    return (
        f"{missing} endpoints are not registered beside the {count} targets of the target group: "
        f"AWS quota {quota}: AWS refuses {error.operation}: {error.code}: {error.message}"
    )
