"""Parts of a plan that were refused and that no other part needs: they are not asked for again.

Not until what they write changes, or until AWS may have come to take it. The rest of the call is
written without them, so that one bad field stops no other.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import TypeVar

import msgspec

from alb_controller.clock import Clock
from alb_controller.errors import ControllerError
from alb_controller.plan.changes import Plan, Step
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


class Reduced(Value, frozen=True):
    """A plan without what was refused, and that."""

    plan: Plan
    refused: tuple[Failure, ...] = ()


class RefusedParts:
    """Of each stack, since this process began."""

    def __init__(self, clock: Clock) -> None:
        self._clock, self._lock = clock, threading.Lock()
        self._known: dict[StackKey, tuple[_Refused, ...]] = {}

    def reduce(self, key: StackKey, plan: Plan) -> Reduced:
        """The plan without them; what it asks for no more is forgotten."""
        known = self._of(key)
        if not known:
            return Reduced(plan=plan)
        seen: list[tuple[_Refused, Failure]] = []
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
