"""Whom a refused call concerns: those members are rejected, the others go on in the same pass.

What a refusal is says `reconcile.refused`, who is at fault `faults`.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Generic

import msgspec

from alb_controller.clock import Clock
from alb_controller.errors import ControllerError, Invalid, OverLimit, QuotaExceeded
from alb_controller.frontends.frontend import M
from alb_controller.frontends.snapshot import Snapshot
from alb_controller.frontends.translation import Translation
from alb_controller.model.elbv2 import LoadBalancer
from alb_controller.objects.kinds import ref_of
from alb_controller.plan import changes
from alb_controller.reconcile.apply import Outcome
from alb_controller.reconcile.stack.refusals.faults import distinguishes, error_code, refusals_of
from alb_controller.reconcile.stack.refusals.numbers import Numbers
from alb_controller.reconcile.stack.refusals.pauses import until_next_try
from alb_controller.reconcile.stack.refusals.records import Records
from alb_controller.reconcile.stack.refusals.search import Problem, Search
from alb_controller.reconcile.stack.refusals.stopped import Stopped, StoppedStacks
from alb_controller.values import ObjectRef, StackKey, Value


class _Refusal(Value, Generic[M], frozen=True):
    """What was refused, and why; `until` and `beside` where AWS may come to take it."""

    intent: M
    problem: Problem
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


class Refusals(Generic[M]):
    """The members of each stack that were refused, until what they ask for changes."""

    def __init__(self, clock: Clock) -> None:
        self._clock, self._lock = clock, threading.Lock()
        self._stopped, self._numbers = StoppedStacks[M](clock), Numbers[M]()
        self._records = Records[M]()
        self._known: dict[StackKey, dict[str, _Refusal[M]]] = {}
        self._former: dict[StackKey, dict[str, _Refusal[M]]] = {}
        """Of the last try, so that another one that fails alike is no news."""
        self._unheld: dict[StackKey, tuple[Invalid, ...]] = {}
        self._asked: dict[StackKey, Mapping[str, M]] = {}
        """What the valid members asked for in the last look, those that are rejected as well."""

    def rejected(
        self, snapshot: Snapshot, translation: Translation[M]
    ) -> Mapping[ObjectRef, Invalid]:
        """Members that ask for what was refused; `translation` is without any rejected.

        Whoever asks for something else by now is forgotten, and tried.
        """
        now = self._clock.now()
        with self._lock:
            self._asked[snapshot.key] = translation.good
            self._records.keep(snapshot.key, {**translation.standing, **translation.good})
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
            unheld = self._unheld.get(key, ())
        return {one.origin: one for one in (*known, *self._records.known(key), *unheld)}

    def with_first_numbers(self, snapshot: Snapshot, translation: Translation[M]) -> Translation[M]:
        """Who has no room has one Warning, though others come and go and the numbers change."""
        with self._lock:
            asked = self._asked.get(snapshot.key, {})
        return self._numbers.with_first_numbers(snapshot, translation, asked)

    def note_unheld(self, key: StackKey, problems: tuple[Invalid, ...]) -> None:
        """In this pass: members that cannot be held by our finalizer, so that AWS gets nothing."""
        with self._lock:
            self._unheld[key] = problems

    def note(
        self,
        snapshot: Snapshot,
        translation: Translation[M],
        outcome: Outcome,
        remembered: Mapping[str, M],
        search: Search,
    ) -> bool:
        """Whether to compile once more, without members at fault for what stopped a plan.

        `remembered` is what AWS has of each member.
        """
        problems = refusals_of(snapshot, outcome)
        by_ref = {ref_of(m.object): m.uid for m in snapshot.members}
        good, key = translation.good, snapshot.key
        by_uid = {by_ref[one.origin]: one for one in problems}
        new = {uid: one for uid, one in by_uid.items() if uid in good}
        if not new:  # rejected already: what stands in for them was refused
            return self._records.note(key, translation.standing, by_uid)
        suspects = _suspects([one.uid for one in snapshot.members], new, good, remembered)
        is_all = good.keys() == new.keys() and not search.is_on
        if is_all and len(suspects) > 1 and not _differ(suspects, new, outcome):
            return self._acquit(key, outcome, search)
        if len(suspects) > 1:
            search.narrow([new[uid] for uid in suspects])
            return True
        (uid,) = suspects
        is_alone = len(by_ref) == 1 and isinstance(new[uid], OverLimit)
        if is_alone and uid not in remembered:
            return False
        self._reject(key, translation, outcome, uid, new[uid])
        search.found(uid, new[uid])
        if len(by_ref) > 1 and not by_ref.values() - search.rejected.keys():
            return self._acquit(key, outcome, search)
        if good.keys() == {uid}:
            search.let_in()
        return True

    def convict(
        self,
        snapshot: Snapshot,
        translation: Translation[M],
        outcome: Outcome,
        problem: Problem,
    ) -> None:
        """All others were taken: this one is at fault for what was refused to them together."""
        uid = next(m.uid for m in snapshot.members if ref_of(m.object) == problem.origin)
        self._reject(snapshot.key, translation, outcome, uid, problem)

    def _reject(
        self,
        key: StackKey,
        translation: Translation[M],
        outcome: Outcome,
        uid: str,
        problem: Problem,
    ) -> None:
        asked = {**self._asked.get(key, {}), **translation.good}
        refusal = _Refusal(intent=asked[uid], problem=problem)
        if isinstance(problem, OverLimit) and not _replaces(problem.origin, outcome):
            until = until_next_try(self._clock.now(), outcome)
            beside = _others(uid, asked) if isinstance(problem.cause, QuotaExceeded) else None
            refusal = msgspec.structs.replace(refusal, until=until, beside=beside)
        with self._lock:
            former = self._former.get(key, {}).pop(uid, None)
            self._known.setdefault(key, {})[uid] = refusal.reported_as(former)

    def _acquit(self, key: StackKey, outcome: Outcome, search: Search) -> bool:
        """It is refused to all, whatever each of them asks for: none of them is at fault."""
        code = error_code(outcome.error)
        with self._lock:
            for uid, problem in search.rejected.items():
                if error_code(problem.cause) == code:
                    self._known.get(key, {}).pop(uid, None)
        return False

    def stop(
        self,
        snapshot: Snapshot,
        translation: Translation[M],
        outcome: Outcome,
        error: ControllerError,
    ) -> ControllerError:
        """A plan was stopped by what is refused to all, or to those who are rejected already.

        Returns the error that users see: that of a member alone is translation as if others went on
        without it, so that it is one Warning.
        """
        problems = refusals_of(snapshot, outcome)
        if not problems:
            return error
        shown = problems[0] if len(snapshot.members) == 1 and translation.good else error
        self._stopped.stop(snapshot.key, self._going_on(snapshot.key, translation), outcome, shown)
        return shown

    def stopped_by(self, key: StackKey, translation: Translation[M]) -> Stopped[M] | None:
        """What the same plan was refused for a while ago, and would be again."""
        return self._stopped.by(key, self._going_on(key, translation))

    def _going_on(self, key: StackKey, translation: Translation[M]) -> Mapping[str, M]:
        """What all ask for who are not rejected."""
        with self._lock:
            asked, known = self._asked.get(key, {}), self._known.get(key, {})
            return {u: one for u, one in asked.items() if u not in known} | translation.good

    def next_look(self, key: StackKey) -> datetime | None:
        """When AWS may come to take something; None: when something changes."""
        with self._lock:
            known = self._known.get(key, {}).values()
            return min((one.until for one in known if one.until is not None), default=None)

    def forget(self, key: StackKey) -> None:
        """The stack is gone."""
        self._stopped.forget(key)
        self._numbers.forget(key)
        self._records.forget(key)
        with self._lock:
            self._known.pop(key, None)
            self._asked.pop(key, None)
            self._unheld.pop(key, None)
            self._former.pop(key, None)


def _suspects(
    uids: Iterable[str], new: Mapping[str, Problem], good: Mapping[str, M], had: Mapping[str, M]
) -> list[str]:
    """Not those who ask for what AWS has of them already, where anybody asks for something else."""
    asking = [uid for uid in uids if uid in new]
    changed = [one for one in asking if one not in had or good[one].applied() != had[one]]
    return changed or asking


def _differ(suspects: Iterable[str], new: Mapping[str, Problem], outcome: Outcome) -> bool:
    """Whether what is refused says something that one of them has set and another has not."""
    problems = [new[uid] for uid in suspects]
    if outcome.failed is None or not any(one.field for one in problems):
        return False
    return distinguishes(outcome.failed, {one.origin for one in problems})


def _replaces(member: ObjectRef, outcome: Outcome) -> bool:
    """Whether a try takes the load balancer away: only an edit of the member is worth that."""
    if not any(isinstance(o, changes.Delete) and o.kind == "LoadBalancer" for o in outcome.done):
        return False
    made = (one for one in (*outcome.done, outcome.failed) if isinstance(one, changes.Create))
    asking = (o for one in made if isinstance(one.resource, LoadBalancer) for o in one.asked_by)
    return any(origin.ref == member and origin.field for origin in asking)


def _others(uid: str, good: Mapping[str, M]) -> dict[str, M]:
    return {other: intent for other, intent in good.items() if other != uid}
