"""What users read in Events: the sentences that all front ends share (spec 9.5)."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import Literal

import msgspec

from alb_controller.errors import ControllerError, Invalid
from alb_controller.objects.core import KubeObject
from alb_controller.objects.events import Reason
from alb_controller.objects.notes import annotations_of_users
from alb_controller.values import ObjectRef

_BEGINNINGS = {
    Reason.FAILED_LOAD_GROUP_ID: "failed load groupID due to",
    Reason.FAILED_BUILD_MODEL: "Failed build model due to",
    Reason.FAILED_DEPLOY_MODEL: "Failed deploy model due to",
    Reason.FAILED_UPDATE_STATUS: "Failed update status due to",
    Reason.FAILED_REMOVE_FINALIZER: "Failed remove finalizer due to",
}
"""LBC's texts, which people search for and alert on."""


class Event(msgspec.Struct, frozen=True):
    """Something to report about an object; the writer reports it once."""

    ref: ObjectRef
    type: Literal["Normal", "Warning"]
    reason: Reason
    message: str


def problem_events(problems: Iterable[Invalid], rejected: Iterable[Invalid]) -> list[Event]:
    """One Warning for each object at fault, with all that is wrong with it."""
    without_group = set(map(id, rejected))
    by_object: dict[tuple[ObjectRef, Reason], list[str]] = {}
    for problem in problems:
        reason = (
            Reason.FAILED_LOAD_GROUP_ID
            if id(problem) in without_group
            else Reason.FAILED_BUILD_MODEL
        )
        by_object.setdefault((problem.origin, reason), []).append(str(problem))
    return [
        _failure(ref, reason, "; ".join(sentences))
        for (ref, reason), sentences in by_object.items()
    ]


def blocked_events(holders: Iterable[ObjectRef], waiting: Iterable[ObjectRef]) -> list[Event]:
    """A Warning for those whose change waits for a member that turned invalid before a restart.

    The member at fault has its own Warning already.
    """
    message = (
        "this change waits: the last valid settings of another member are not known, so nothing "
        f"of the group changes until it is corrected or deleted: {', '.join(map(str, holders))}"
    )
    return [Event(ref, "Warning", Reason.FAILED_BUILD_MODEL, message) for ref in waiting]


def kept_events(holders: Iterable[ObjectRef], waiting: Iterable[ObjectRef]) -> list[Event]:
    """The same where rules and target groups change, and what the group shares does not."""
    message = (
        "a part of this change may wait: the last valid settings of another member are not known, "
        "so load balancer, security groups and listeners, and rules that may be its own, stay as "
        f"they are until it is corrected or deleted: {', '.join(map(str, holders))}"
    )
    return [Event(ref, "Warning", Reason.FAILED_BUILD_MODEL, message) for ref in waiting]


def failure_events(
    error: ControllerError, members: Iterable[ObjectRef], reason: Reason
) -> list[Event]:
    """A Warning with what a pass broke off with, less what differs each time.

    `reason` says whether it was in finding out what is to be there, or in bringing it about.
    """
    return [_failure(ref, reason, lasting(error)) for ref in members]


def part_event(ref: ObjectRef, errors: Iterable[ControllerError]) -> Event:
    """One Warning for all parts that an object asked for and that could not be brought about."""
    return _failure(ref, Reason.FAILED_DEPLOY_MODEL, "; ".join(map(lasting, errors)))


def refused_event(ref: ObjectRef, reason: Reason, error: ControllerError) -> Event:
    """The API server does not let us write an object."""
    return _failure(ref, reason, lasting(error))


def _failure(ref: ObjectRef, reason: Reason, problem: str) -> Event:
    return Event(ref, "Warning", reason, f"{_BEGINNINGS[reason]} {problem}")


def success_events(members: Iterable[ObjectRef]) -> list[Event]:
    """What members ask for is there now."""
    return [
        Event(ref, "Normal", Reason.SUCCESSFULLY_RECONCILED, "Successfully reconciled")
        for ref in members
    ]


def fingerprint(obj: KubeObject | None) -> str:
    """Changes when a user changes the object: what was reported is reported again only then."""
    if obj is None:
        return ""
    meta = obj.metadata
    text = "\0".join(f"{k}={v}" for k, v in sorted(annotations_of_users(meta.annotations).items()))
    return f"{meta.generation}-{hashlib.sha256(text.encode()).hexdigest()[:16]}"


def lasting(error: ControllerError) -> str:
    """The error without its request id, so that one failure reads the same every time."""
    return str(error).partition(" (request ")[0]
