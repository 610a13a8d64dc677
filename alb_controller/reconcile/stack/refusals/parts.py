"""Parts of a plan that were refused and that no other part needs: they are not asked for again.

Not until what they write changes, or until AWS may have come to take it. The rest of the call is
written without them, so that one bad field stops no other. So are steps that are frozen: of what a
member had, and AWS does not take again.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import TypeVar

import msgspec

from alb_controller.clock import Clock
from alb_controller.errors import ControllerError
from alb_controller.model.stack import Observed
from alb_controller.plan.changes import Plan, Step
from alb_controller.plan.refused.frozen import can_be_frozen, without, written
from alb_controller.reconcile.apply import Failure
from alb_controller.reconcile.refused import may_heal
from alb_controller.reconcile.splitting import bare, joined, parts, stands_alone
from alb_controller.reconcile.stack.refusals.pauses import pause_of
from alb_controller.values import StackKey, Value

S = TypeVar("S", bound=Step)


class _Refused(Value, frozen=True):
    """What was refused; `until` where it may be taken later."""

    part: Step
    error: ControllerError
    until: datetime | None = None
    is_frozen: bool = False
    """What hangs on it is left out too (`plan.refused.frozen`)."""


class Reduced(Value, frozen=True):
    """A plan without what was refused, and that."""

    plan: Plan
    refused: tuple[Failure, ...] = ()


class RefusedParts:
    """Of each stack, since this process began."""

    def __init__(self, clock: Clock) -> None:
        self._clock, self._lock = clock, threading.Lock()
        self._known: dict[StackKey, tuple[_Refused, ...]] = {}

    def reduce(self, key: StackKey, plan: Plan, observed: Observed) -> Reduced:
        """The plan without them; what it asks for no more is forgotten."""
        known = self._of(key)
        if not known:
            return Reduced(plan=plan)
        seen: list[tuple[_Refused, Failure]] = []
        plan = without(plan, observed, lambda step: self._is_frozen(step, known, seen))
        steps = [one for step in plan.steps for one in self._left(step, known, seen)]
        late = [one for step in plan.late for one in self._left(step, known, seen)]
        with self._lock:
            self._known[key] = tuple(one for one, _ in seen)
        return Reduced(
            plan=msgspec.structs.replace(plan, steps=tuple(steps), late=tuple(late)),
            refused=tuple(failure for _, failure in seen),
        )

    def note(self, key: StackKey, failures: Sequence[Failure], *, beside: int = 0) -> None:
        """Remember what was refused now; `beside` are calls of a try for what else is refused."""
        tried = len(self._of(key)) + len(failures) + beside
        until = self._clock.now() + pause_of(tried)
        new = [
            _Refused(
                part=bare(one.step), error=one.error, until=until if may_heal(one.error) else None
            )
            for one in failures
        ]
        if new:
            with self._lock:
                self._known[key] = (*self._known.get(key, ()), *new)

    def freeze(self, key: StackKey, failure: Failure) -> bool:
        """Leave a step out that stopped a plan, with what hangs on it; whether that can be."""
        part = written(failure.step)
        if not can_be_frozen(failure.step):
            return False
        until = self._clock.now() + pause_of(1) if may_heal(failure.error) else None
        one = _Refused(part=part, error=failure.error, until=until, is_frozen=True)
        with self._lock:
            known = [old for old in self._known.get(key, ()) if old.part != part]
            self._known[key] = (*known, one)
        return True

    def next_look(self, key: StackKey) -> datetime | None:
        """When one of them may be taken; None: when something changes."""
        return min((one.until for one in self._of(key) if one.until is not None), default=None)

    def forget(self, key: StackKey) -> None:
        """The stack is gone."""
        with self._lock:
            self._known.pop(key, None)

    def _of(self, key: StackKey) -> tuple[_Refused, ...]:
        with self._lock:
            return self._known.get(key, ())

    def _is_frozen(
        self, step: Step, known: Iterable[_Refused], seen: list[tuple[_Refused, Failure]]
    ) -> bool:
        part = written(step)
        same = next((one for one in known if one.is_frozen and one.part == part), None)
        if same is None or (same.until is not None and self._clock.now() >= same.until):
            return False
        seen.append((same, Failure(step=step, error=same.error)))
        return True

    def _left(
        self, step: S, known: Iterable[_Refused], seen: list[tuple[_Refused, Failure]]
    ) -> list[S]:
        """The step without its parts that are refused still."""
        if not stands_alone(step):
            return [step]
        now, left = self._clock.now(), list[Step]()
        for part in parts(step):
            same = next((one for one in known if one.part == bare(part)), None)
            if same is None or (same.until is not None and now >= same.until):
                left.append(part)
            else:
                seen.append((same, Failure(step=part, error=same.error)))
        rest = joined(step, left)
        return [] if rest is None else [rest]
