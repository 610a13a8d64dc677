"""The load balancer's side of a rollout: target states, and which targets get requests when."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable
from typing import Any

import msgspec

from tests.rollout.constants import seconds
from tests.rollout.timeline import Timeline

Key = tuple[str, int]


class Span(msgspec.Struct):
    """From when to when something held for an address; still does where there is no end."""

    address: str
    start: float
    end: float = float("inf")

    def holds(self, at: float) -> bool:
        return self.start <= at < self.end


class _Target(msgspec.Struct):
    """A registered target: checks in a row that passed (or failed), and what follows."""

    address: str
    passed: int = 0
    failed: int = 0
    is_healthy: bool = False
    was_healthy: bool = False
    rotation: Span | None = None


class DataPlane:
    """One target group of one load balancer, by the rules of CONSTANTS.

    A target gets requests while it is healthy, and for a time after its deregistration; checks go
    on as long as it is registered. Targets that are not healthy get nothing, though a real load
    balancer fails open where all are unhealthy.
    """

    def __init__(
        self, timeline: Timeline, listens: Callable[[str], bool], *, deregistration_lag: float
    ) -> None:
        """`deregistration_lag`: seconds by which every deregistration is late, on purpose."""
        self._timeline, self._listens = timeline, listens
        self._lag = deregistration_lag
        self._chance = random.Random(1)
        self.targets: dict[Key, _Target] = {}
        self.draining: set[Key] = set()
        self.rotation: list[Span] = []

    def register(self, keys: Iterable[Key]) -> None:
        """As of now; a registered target is left as it is."""
        for key in keys:
            self.draining.discard(key)
            if key not in self.targets:
                self.targets[key] = target = _Target(key[0])
                self._check_later(key, target, self._chance.uniform(0, seconds("check_spread")))

    def deregister(self, keys: Iterable[Key]) -> None:
        """The call has returned now."""
        for key in keys:
            target = self.targets.pop(key, None)
            if target is not None:
                self.draining.add(key)
                self._leave_rotation(target, self._lag + seconds("propagation"))

    def healthy(self) -> list[Key]:
        """The registered targets that get requests."""
        return [key for key, target in self.targets.items() if target.is_healthy]

    def health(self) -> list[dict[str, Any]]:
        """DescribeTargetHealth's descriptions."""
        states = [(key, _state(target)) for key, target in self.targets.items()]
        states += [(key, _DRAINING) for key in self.draining - self.targets.keys()]
        return [{"Target": {"Id": i, "Port": p}, "TargetHealth": s} for (i, p), s in states]

    def _check_later(self, key: Key, target: _Target, spread: float = 0.0) -> None:
        wait = seconds("check_interval") + spread
        self._timeline.after(wait, lambda: self._check(key, target))

    def _check(self, key: Key, target: _Target) -> None:
        if self.targets.get(key) is not target:
            return
        self._check_later(key, target)
        passes = self._listens(target.address)
        target.passed, target.failed = (target.passed + 1, 0) if passes else (0, target.failed + 1)
        if target.passed >= seconds("healthy_threshold") and target.rotation is None:
            target.is_healthy = target.was_healthy = True
            target.rotation = Span(target.address, self._timeline.monotonic())
            self.rotation.append(target.rotation)
        if target.failed >= seconds("unhealthy_threshold"):
            target.is_healthy = False
            self._leave_rotation(target, 0.0)

    def _leave_rotation(self, target: _Target, after: float) -> None:
        if target.rotation is not None:
            target.rotation.end = self._timeline.monotonic() + after
            target.rotation = None


_DRAINING = {
    "State": "draining",
    "Reason": "Target.DeregistrationInProgress",
    "Description": "Target deregistration is in progress",
}


def _state(target: _Target) -> dict[str, str]:
    if target.is_healthy:
        return {"State": "healthy"}
    if not target.was_healthy:
        reason = "Elb.RegistrationInProgress"
        texts = "Target registration is in progress"
        return {"State": "initial", "Reason": reason, "Description": texts}
    return {
        "State": "unhealthy",
        "Reason": "Target.FailedHealthChecks",
        "Description": "Health checks failed",
    }
