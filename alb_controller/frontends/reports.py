"""What all front ends report of an outcome alike: events, and how each member stands."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import msgspec

from alb_controller.errors import ControllerError, handling_of
from alb_controller.frontends.events import (
    Event,
    blocked_events,
    failure_events,
    part_event,
    problem_events,
    success_events,
)
from alb_controller.frontends.outcomes import Applied, Failed, Outcome, Rejected, Unchanged
from alb_controller.frontends.presentation import Report
from alb_controller.frontends.snapshot import Member, Snapshot
from alb_controller.frontends.status_document import (
    StatusDocument,
    document_of,
    error_note,
    own_part,
    problem_note,
)
from alb_controller.frontends.translation import Translation
from alb_controller.objects.events import Reason
from alb_controller.objects.kinds import ref_of
from alb_controller.values import ObjectRef


def events_of(
    snapshot: Snapshot, translation: Translation[Any] | None, outcome: Outcome
) -> Iterator[Event]:
    """What an outcome is worth an event for, whatever the API."""
    match outcome:
        case Rejected():
            yield from problem_events(snapshot.rejected, snapshot.rejected)
        case Failed(error=error, reason=reason):
            yield from _failures(snapshot, error, reason)
        case Applied() if translation is not None:
            yield from _applied_events(snapshot, translation, outcome)
        case _ if translation is not None:
            waiting = outcome.waiting if isinstance(outcome, Unchanged) else ()
            yield from problem_events(translation.problems, snapshot.rejected)
            yield from translation.warnings
            yield from blocked_events(translation.blocked_by, waiting)


def _applied_events(
    snapshot: Snapshot, translation: Translation[Any], outcome: Applied
) -> Iterator[Event]:
    """A part that could not be had concerns those who asked for it, and nobody else."""
    concerned = {one.asked_by for one in outcome.part_errors}
    for member in map(ref_of, (one.object for one in snapshot.members)):
        errors = [one for one in _part_errors(member, outcome) if handling_of(one).event]
        if errors:
            yield part_event(member, errors)
    if outcome.has_news:
        good = translation.good.keys() - translation.unserved
        served = (ref_of(one.object) for one in snapshot.members if one.uid in good)
        yield from success_events(one for one in served if one not in concerned)


def _part_errors(member: ObjectRef, outcome: Applied) -> list[ControllerError]:
    return [one.error for one in outcome.part_errors if one.asked_by == member]


def _failures(snapshot: Snapshot, error: ControllerError, reason: Reason) -> Iterator[Event]:
    if handling_of(error).event:
        members = (one.object for one in snapshot.members)
        yield from failure_events(error, map(ref_of, (*members, *snapshot.inactive)), reason)


def reports_of(
    snapshot: Snapshot, translation: Translation[Any] | None, outcome: Outcome
) -> tuple[Report, ...] | None:
    """A report on each object concerned; None where the outcome says nothing of them."""
    match outcome:
        case Applied() if translation is not None:
            return tuple(_applied(one, snapshot, translation, outcome) for one in snapshot.members)
        case Unchanged() if translation is not None:
            return tuple(_unchanged(one, translation) for one in snapshot.members)
        case Failed(error=error) if handling_of(error).event:
            concerned = [*(one.object for one in snapshot.members), *snapshot.inactive]
            note = error_note(error)
            return tuple(Report(object=one, error=note, is_retried=True) for one in concerned)
        case _:
            return None


def _applied(
    member: Member, snapshot: Snapshot, translation: Translation[Any], outcome: Applied
) -> Report:
    resources = StatusDocument(group=snapshot.key.id)
    if member.uid in translation.served:
        own = own_part(ref_of(member.object), translation.intent, outcome.stack)
        resources = document_of(snapshot.key, outcome.observed, own)
        resources = resources.with_waits(ref_of(member.object), outcome.waits)
    problems: Sequence[ControllerError] = _problems(member, translation)
    if not problems:
        late = _part_errors(ref_of(member.object), outcome)
        problems = [one for one in late if handling_of(one).event]
    report = _report(member, problems, resources=resources)
    is_unserved = member.uid in translation.unserved
    return msgspec.structs.replace(report, is_unserved=is_unserved)


def _unchanged(member: Member, translation: Translation[Any]) -> Report:
    problems = _problems(member, translation)
    return _report(member, problems, is_blocked=bool(translation.blocked_by) and not problems)


def _report(
    member: Member,
    problems: Sequence[ControllerError],
    *,
    resources: StatusDocument | None = None,
    is_blocked: bool = False,
) -> Report:
    """What only a change of an object heals is not tried again."""
    return Report(
        object=member.object,
        resources=resources,
        is_blocked=is_blocked,
        error=problem_note(problems),
        is_retried=any(handling_of(one).requeue != "never" for one in problems),
    )


def _problems(member: Member, translation: Translation[Any]) -> Sequence[ControllerError]:
    """Of a member that is rejected."""
    if member.uid in translation.good:
        return []
    own = ref_of(member.object)
    return [one for one in translation.problems if one.origin == own]
