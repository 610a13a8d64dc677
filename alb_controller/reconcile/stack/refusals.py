"""Whom a refused call concerns: those members are rejected, the others go on in the same pass.

What a refusal is says `reconcile.refused`. One that concerns all members stops the stack, as there
is nobody to go on without; it is not sent again while nothing changes.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Generic

import msgspec

from alb_controller.clock import Clock
from alb_controller.errors import (
    AwsError,
    ControllerError,
    Invalid,
    NotServed,
    OverLimit,
    QuotaExceeded,
    RefusedByApi,
)
from alb_controller.frontends.frontend import M
from alb_controller.frontends.outcomes import PartError
from alb_controller.frontends.snapshot import Snapshot
from alb_controller.frontends.translation import Translation
from alb_controller.model.ec2 import SecurityGroup
from alb_controller.model.elbv2 import LoadBalancer
from alb_controller.model.kube import Binding
from alb_controller.objects.kinds import ref_of
from alb_controller.plan import changes
from alb_controller.plan.changes import Step
from alb_controller.reconcile.apply import Failure, Outcome
from alb_controller.reconcile.refused import is_refusal, may_heal
from alb_controller.reconcile.stack.refused_parts import LOOK_AGAIN
from alb_controller.values import ObjectRef, Origin, StackKey, Value

_EACH_CALL = timedelta(minutes=30)
_LONGEST_PAUSE = timedelta(hours=6)
_TRIES = 5
"""Of what nobody has set by himself: AWS may be wrong for a moment."""


class _Refusal(Value, Generic[M], frozen=True):
    """What was refused, and why; `until` and `beside` where AWS may come to take it."""

    intent: M
    problem: RefusedByApi | OverLimit
    until: datetime | None = None
    beside: Mapping[str, M] | None = None
    """What the other members asked for: when that changes there may be room."""

    def holds(self, uid: str, good: Mapping[str, M], now: datetime) -> bool:
        """Whether nothing has changed that would make AWS take it."""
        if good.get(uid) != self.intent or (self.until is not None and now >= self.until):
            return False
        return self.beside is None or self.beside == _others(uid, good)

    def reported_as(self, former: _Refusal[M] | None) -> _Refusal[M]:
        """In the same words, where another call is refused for the same."""
        if former is None or former.intent != self.intent:
            return self
        codes = {getattr(one.problem.cause, "code", None) for one in (self, former)}
        is_same = len(codes) == 1 and former.problem.field == self.problem.field
        return msgspec.structs.replace(self, problem=former.problem) if is_same else self


class _RefusedRecord(Value, Generic[M], frozen=True):
    """What an object notes of itself, and was refused; it holds while the object says the same."""

    beside: M | None
    problem: NotServed


class Stopped(Value, Generic[M], frozen=True):
    """What was refused to all members of a stack."""

    good: Mapping[str, M]
    error: ControllerError
    until: datetime
    is_held: bool
    """It is not sent again before `until`."""
    tries: int


class Refusals(Generic[M]):
    """The members of each stack that were refused, until what they ask for changes."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._known: dict[StackKey, dict[str, _Refusal[M]]] = {}
        self._stopped: dict[StackKey, Stopped[M]] = {}
        self._former: dict[StackKey, dict[str, _Refusal[M]]] = {}
        """Of the last try, so that another one that fails alike is no news."""
        self._unheld: dict[StackKey, tuple[Invalid, ...]] = {}
        self._asked: dict[StackKey, Mapping[str, M]] = {}
        """What the valid members asked for in the last look, those that are rejected as well."""
        self._counting: dict[StackKey, Mapping[str, M]] = {}
        """The same, with what stands in for the others."""
        self._records: dict[StackKey, dict[str, _RefusedRecord[M]]] = {}

    def rejected(
        self, snapshot: Snapshot, translation: Translation[M]
    ) -> Mapping[ObjectRef, Invalid]:
        """Members that ask for what was refused; `translation` is without any rejected.

        Whoever asks for something else by now is forgotten, and tried.
        """
        now = self._clock.now()
        with self._lock:
            self._asked[snapshot.key] = translation.good
            counting = {**translation.standing, **translation.good}
            self._counting[snapshot.key] = counting
            records = self._records.pop(snapshot.key, {})
            records = {u: one for u, one in records.items() if counting.get(u) == one.beside}
            if records:
                self._records[snapshot.key] = records
            known = self._known.pop(snapshot.key, {})
            kept = {u: one for u, one in known.items() if one.holds(u, translation.good, now)}
            self._former.setdefault(snapshot.key, {}).update(known)
            if kept:
                self._known[snapshot.key] = kept
        return self.known(snapshot.key)

    def known(self, key: StackKey) -> Mapping[ObjectRef, Invalid]:
        """The members of a stack that are rejected now."""
        with self._lock:
            known = tuple(one.problem for one in self._known.get(key, {}).values())
            records = tuple(one.problem for one in self._records.get(key, {}).values())
            unheld = self._unheld.get(key, ())
        return {one.origin: one for one in (*known, *records, *unheld)}

    def note_unheld(self, key: StackKey, problems: tuple[Invalid, ...]) -> None:
        """In this pass: members that cannot be held by our finalizer, so that AWS gets nothing."""
        with self._lock:
            self._unheld[key] = problems

    def note(self, snapshot: Snapshot, translation: Translation[M], outcome: Outcome) -> bool:
        """Whether members are newly rejected for what stopped a plan: compile without them."""
        problems = refusals_of(snapshot, outcome)
        by_ref = {ref_of(m.object): m.uid for m in snapshot.members}
        new: dict[str, RefusedByApi | OverLimit] = {by_ref[one.origin]: one for one in problems}
        if self._note_records(snapshot.key, translation, new):
            return True
        new = {uid: one for uid, one in new.items() if uid in translation.good}
        if not new:  # rejected already: what stands in for them was refused
            return False
        is_all = new.keys() == set(by_ref.values())
        if is_all and (len(new) > 1 or isinstance(problems[0], OverLimit)):
            return False
        until = self._clock.now() + _pause_after(outcome)
        asked = {**self._asked.get(snapshot.key, {}), **translation.good}
        refusals = {uid: _refusal(uid, one, asked, until) for uid, one in new.items()}
        with self._lock:
            former = self._former.pop(snapshot.key, {})
            refusals = {u: one.reported_as(former.get(u)) for u, one in refusals.items()}
            self._known.setdefault(snapshot.key, {}).update(refusals)
        return True

    def _note_records(
        self,
        key: StackKey,
        translation: Translation[M],
        new: Mapping[str, RefusedByApi | OverLimit],
    ) -> bool:
        """Whether records were refused: they say what AWS never took, or does not any more."""
        standing = translation.standing
        refused = {u: one for u, one in new.items() if u in standing and standing[u].is_recorded}
        with self._lock:
            counting = self._counting.get(key, {})
            for uid, one in refused.items():
                problem = NotServed(one.origin, one.field, f"{one.problem}, as it was before, too")
                record = _RefusedRecord(beside=counting.get(uid), problem=problem)
                self._records.setdefault(key, {})[uid] = record
        return bool(refused)

    def stop(
        self,
        snapshot: Snapshot,
        translation: Translation[M],
        outcome: Outcome,
        error: ControllerError,
    ) -> ControllerError:
        """A plan was stopped by what is refused to all, or to those who are rejected already.

        What has been made stays, so that a try is one call. Returns the error that users see: that
        of a member alone is worded as if others went on without it, so that it is one Warning.
        """
        problems = refusals_of(snapshot, outcome)
        if not problems:
            return error
        good, key = translation.good, snapshot.key
        shown = problems[0] if len(snapshot.members) == 1 and good else error
        until, heals = self._clock.now() + LOOK_AGAIN, may_heal(error)
        with self._lock:
            known = self._stopped.get(key)
            tries = known.tries + 1 if known is not None and known.good == good else 1
            self._stopped[key] = Stopped(
                good=good, error=shown, until=until, is_held=heals or tries >= _TRIES, tries=tries
            )
        return shown

    def stopped_by(self, key: StackKey, translation: Translation[M]) -> Stopped[M] | None:
        """What the same plan was refused for a while ago, and would be again."""
        with self._lock:
            stopped = self._stopped.get(key)
        if stopped is None or stopped.good != translation.good:
            return None
        return stopped if stopped.is_held and self._clock.now() < stopped.until else None

    def next_look(self, key: StackKey) -> datetime | None:
        """When AWS may come to take something; None: when something changes."""
        with self._lock:
            known = self._known.get(key, {}).values()
            return min((one.until for one in known if one.until is not None), default=None)

    def forget(self, key: StackKey) -> None:
        """The stack is gone."""
        with self._lock:
            self._known.pop(key, None)
            self._asked.pop(key, None)
            self._counting.pop(key, None)
            self._records.pop(key, None)
            self._stopped.pop(key, None)
            self._unheld.pop(key, None)
            self._former.pop(key, None)


def _refusal(
    uid: str, problem: RefusedByApi | OverLimit, good: Mapping[str, M], until: datetime
) -> _Refusal[M]:
    if not isinstance(problem, OverLimit):
        return _Refusal(intent=good[uid], problem=problem)
    beside = _others(uid, good) if isinstance(problem.cause, QuotaExceeded) else None
    return _Refusal(intent=good[uid], problem=problem, until=until, beside=beside)


def _pause_after(outcome: Outcome) -> timedelta:
    """So long that what a try writes, and takes back, comes to two calls an hour.

    Names are looked up before a creation, and some quotas are met twice.
    """
    made = sum(isinstance(step, changes.Create) for step in outcome.done)
    calls = 2 * len(outcome.done) + made + (1 if outcome.limit_reached is None else 2)
    match outcome.failed:
        case changes.Create(resource=LoadBalancer()):
            calls += 2  # the name, and whether the one that it replaces is protected
    return min(max(LOOK_AGAIN, calls * _EACH_CALL), _LONGEST_PAUSE)


def _others(uid: str, good: Mapping[str, M]) -> dict[str, M]:
    return {other: intent for other, intent in good.items() if other != uid}


def refusals_of(snapshot: Snapshot, outcome: Outcome) -> tuple[RefusedByApi | OverLimit, ...]:
    """The problems of the members whose part of a plan was refused; none where it was not."""
    stop = outcome.stop
    if stop is None or isinstance(stop.step, changes.Delete):
        return ()
    if not is_refusal(stop.error, stop.step, outcome.observed):
        return ()
    return tuple(
        _problem(origin, stop.error, stop.step) for origin in _at_fault(snapshot, stop, outcome)
    )


def part_errors(snapshot: Snapshot, outcome: Outcome) -> tuple[PartError, ...]:
    """What could not be had and nobody else needs, by those who asked for it."""
    return tuple(
        one for failure in outcome.apart for one in _part_errors(snapshot, failure, outcome)
    )


def _part_errors(snapshot: Snapshot, failure: Failure, outcome: Outcome) -> Iterator[PartError]:
    error, step = failure.error, failure.step
    is_refused = is_refusal(error, step, outcome.observed)
    for origin in _at_fault(snapshot, failure, outcome):
        shown = _problem(origin, error, step) if is_refused else error
        yield PartError(asked_by=origin.ref, error=shown)


def _problem(origin: Origin, error: ControllerError, step: Step) -> RefusedByApi | OverLimit:
    kind = OverLimit if may_heal(error) else RefusedByApi
    problem = kind(origin.ref, origin.field, _sentence(error, step))
    problem.cause = error
    return problem


def _at_fault(snapshot: Snapshot, failure: Failure, outcome: Outcome) -> tuple[Origin, ...]:
    """Of the members that asked, those who set something; all of them where none has.

    A Service at fault is named in the field of its member.
    """
    members, step, error = {ref_of(m.object) for m in snapshot.members}, failure.step, failure.error
    asking = [one for one in step.asked_by if one.ref in members]
    if not asking:
        return tuple(Origin(one) for one in sorted(members))
    precise = [one for one in step.asked_by if one.field]
    if len({one.ref for one in asking}) == 1:
        member = asking[0].ref
        first = precise[0] if precise else asking[0]
        field = first.field if first.ref == member else f"{first.ref}: {first.field}"
        return (Origin(member, field),)
    named = [one for one in precise if one.ref in members]
    if not named or (isinstance(error, QuotaExceeded) and _is_first(step, outcome)):
        named = asking
    return tuple({one.ref: one for one in reversed(named)}.values())


def _is_first(step: Step, outcome: Outcome) -> bool:
    """Whether it makes what the stack cannot be without: no room for that is nobody's fault."""
    made = step.resource if isinstance(step, changes.Create) else None
    gone = {one.kind for one in outcome.done if isinstance(one, changes.Delete)}
    match made:
        case LoadBalancer():
            return not outcome.observed.load_balancers and "LoadBalancer" not in gone
        case SecurityGroup():
            return not outcome.observed.security_groups and "SecurityGroup" not in gone
        case _:
            return False


def _sentence(error: ControllerError, step: Step) -> str:
    if isinstance(error, AwsError):
        return f"AWS refuses {error.operation}: {error.code}: {error.message}"
    match step:
        case changes.Create(resource=Binding() as made) | changes.UpdateBinding(resource=made):
            return f"TargetGroupBinding {made.namespace}/{made.name}: {error}"
        case _:
            return f"{error}"
