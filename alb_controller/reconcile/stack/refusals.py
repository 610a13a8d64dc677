"""Whom a refused call concerns: that member is rejected, the others go on in the same pass.

A refusal is of what a member asks for: AWS calls a value wrong, names something that is not there,
or has no room for it; Kubernetes refuses an object that is made for it. Whatever says nothing of a
member (credentials, throttling, an outage) is nobody's fault and not looked at here.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Generic

from alb_controller.clock import Clock
from alb_controller.errors import (
    AwsError,
    ControllerError,
    Forbidden,
    Invalid,
    KubeError,
    NotFound,
    OverLimit,
    QuotaExceeded,
    RefusedByApi,
    Rejected,
)
from alb_controller.frontends.frontend import M
from alb_controller.frontends.snapshot import Snapshot
from alb_controller.frontends.translation import Translation
from alb_controller.objects.kinds import ref_of
from alb_controller.plan.changes import Delete, Step
from alb_controller.reconcile.apply import Outcome
from alb_controller.values import ObjectRef, Origin, StackKey, Value

_LOOK_AGAIN = timedelta(minutes=40)
"""A limit may be raised, what is missing may be made, and AWS informs nobody."""
_NAMED_BY_USERS = frozenset(
    {
        "AllocationIdNotFound",
        "CertificateNotFound",
        "InvalidGroup.NotFound",
        "SSLPolicyNotFound",
        "SubnetNotFound",
        "TrustStoreNotFound",
        "WAFNonexistentItemException",
    }
)
"""What a member names is not there; other codes may be of our own resources, deleted by others."""
_ADMISSION = ("admission webhook", "exceeded quota", "ValidatingAdmissionPolicy")
"""In a 403 that is no lack of rights of ours (Kubernetes docs, ResourceQuota and admission)."""


class _Refusal(Value, Generic[M], frozen=True):
    """What was refused, and why; `until` and `beside` where AWS may come to take it."""

    intent: M
    problem: Invalid
    until: datetime | None = None
    beside: Mapping[str, M] | None = None
    """What the other members asked for: when that changes there may be room."""

    def holds(self, uid: str, good: Mapping[str, M], now: datetime) -> bool:
        """Whether nothing has changed that would make AWS take it."""
        if good.get(uid) != self.intent or (self.until is not None and now >= self.until):
            return False
        return self.beside is None or self.beside == _others(uid, good)


class Refusals(Generic[M]):
    """The members of each stack that were refused, until what they ask for changes."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._known: dict[StackKey, dict[str, _Refusal[M]]] = {}

    def rejected(
        self, snapshot: Snapshot, translation: Translation[M]
    ) -> Mapping[ObjectRef, Invalid]:
        """Members that ask for what was refused; `translation` is without any rejected.

        Whoever asks for something else by now is forgotten, and tried.
        """
        now = self._clock.now()
        with self._lock:
            known = self._known.pop(snapshot.key, {})
            kept = {u: one for u, one in known.items() if one.holds(u, translation.good, now)}
            if kept:
                self._known[snapshot.key] = kept
        return self.known(snapshot.key)

    def known(self, key: StackKey) -> Mapping[ObjectRef, Invalid]:
        """The members of a stack that are rejected now."""
        with self._lock:
            known = tuple(self._known.get(key, {}).values())
        return {one.problem.origin: one.problem for one in known}

    def note(self, snapshot: Snapshot, translation: Translation[M], outcome: Outcome) -> bool:
        """Whether a member is newly rejected for what stopped a plan: compile without it."""
        problem = refusal_of(snapshot, outcome)
        if problem is None:
            return False
        uid = next(m.uid for m in snapshot.members if ref_of(m.object) == problem.origin)
        intent = translation.good.get(uid)
        if intent is None:  # it is rejected already: what stands in for it was refused
            return False
        refusal = _Refusal(intent=intent, problem=problem)
        if isinstance(problem, OverLimit):
            until, beside = self._clock.now() + _LOOK_AGAIN, _others(uid, translation.good)
            refusal = _Refusal(intent=intent, problem=problem, until=until, beside=beside)
        with self._lock:
            self._known.setdefault(snapshot.key, {})[uid] = refusal
        return True

    def forget(self, key: StackKey) -> None:
        """The stack is gone."""
        with self._lock:
            self._known.pop(key, None)


def _others(uid: str, good: Mapping[str, M]) -> dict[str, M]:
    return {other: intent for other, intent in good.items() if other != uid}


def refusal_of(snapshot: Snapshot, outcome: Outcome) -> Invalid | None:
    """The problem of the one member whose part of a plan was refused; None where there is none."""
    error, step = outcome.error, outcome.failed
    if error is None or step is None or isinstance(step, Delete) or not _is_refusal(error):
        return None
    origin = _member_at_fault(snapshot, step)
    if origin is None:
        return None
    kind = OverLimit if isinstance(error, QuotaExceeded | NotFound) else RefusedByApi
    problem = kind(origin.ref, origin.field, _sentence(error))
    problem.cause = error
    return problem


def _is_refusal(error: ControllerError) -> bool:
    match error:
        case Rejected() | QuotaExceeded():
            return True
        case NotFound(code=code):
            return code in _NAMED_BY_USERS
        case Forbidden(message=message):
            return any(word in message for word in _ADMISSION)
        case KubeError(status=status):
            return status == 422
        case _:
            return False


def _member_at_fault(snapshot: Snapshot, step: Step) -> Origin | None:
    """The member, where what the step writes was asked for by one alone."""
    members = {ref_of(one.object) for one in snapshot.members}
    asking = [one for one in step.asked_by if one.ref in members]
    if len({one.ref for one in asking}) != 1:
        return None
    member = asking[0].ref
    precise = next((one for one in step.asked_by if one.field), asking[0])
    field = precise.field if precise.ref == member else f"{precise.ref}: {precise.field}"
    return Origin(member, field)


def _sentence(error: ControllerError) -> str:
    if isinstance(error, AwsError):
        return f"AWS refuses {error.operation}: {error.code}: {error.message}"
    return f"{error}"
