"""The annotation that says what an object has in AWS and what is wrong with it (ADR 0023).

The same state gives the same text, whenever and by whichever process it is written: no counts are
in it, and no time but that of a retry which is some while away.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Annotated, Literal

import msgspec

from alb_controller.errors import AwsError, ControllerError, OverLimit, RefusedByApi, handling_of
from alb_controller.frontends.events import lasting
from alb_controller.intent import FRONTEND_NLB, LOAD_BALANCER, BackendIntent, StackIntent
from alb_controller.model.origins import Origins, origins_of
from alb_controller.model.stack import FoundLoadBalancer, Observed, Stack
from alb_controller.objects.core import KubeObject
from alb_controller.objects.notes import STATUS
from alb_controller.objects.reading import decode
from alb_controller.plan.replacing.waits import Phase, Wait
from alb_controller.values import ObjectRef, StackKey

SHOWN_FROM = timedelta(seconds=30)
"""A retry that comes sooner is not shown: the first ones of a backoff would each be a write."""
SAME_TRY = timedelta(seconds=5)
"""Two times that are nearer are those of one retry: the clocks are read at two moments."""
MESSAGE_CHARACTERS = 1024
"""As much as of an Event's message; all annotations of an object have 256 KiB."""


class ListenerNote(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One port of the load balancer."""

    arn: str
    certificates: tuple[str, ...] = ()
    """ARNs, the default one first, the others sorted."""


class ErrorNote(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, rename="camel"):
    """The last error that was not got over."""

    category: str
    """As the label of the metric `awslbc_controller_reconcile_errors_total`."""
    code: str = ""
    """AWS's error code."""
    operation: str = ""
    """AWS's name of the call."""
    message: str
    next_retry: Annotated[datetime, msgspec.Meta(tz=True)] | None = None
    """In UTC, whole seconds; None: sooner than TOLD_FROM, or only when an object changes."""


class StatusDocument(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, rename="camel"):
    """All of it, with the object's own part of the group: others' certificates are not its."""

    group: str
    """`namespace/name` of an Ingress alone, the name of an explicit group."""
    state: Literal["served", "unserved", "held", "failing"] = "served"
    load_balancer: str = ""
    front_load_balancer: str = ""
    listeners: dict[str, ListenerNote] = {}
    """By port."""
    target_groups: dict[str, str] = {}
    """ARN by `service:port`."""
    replacing: dict[str, Phase] = {}
    """How far target groups are that take over or leave, by their resource tag."""
    error: ErrorNote | None = None

    def text(self) -> str:
        """The annotation's value."""
        return msgspec.json.encode(self, order="sorted").decode()

    def with_waits(self, member: ObjectRef, waits: Iterable[Wait]) -> StatusDocument:
        """With the replacements that this object has asked for."""
        own = {
            one.name: one.phase
            for one in waits
            if any(origin.ref == member for origin in one.asked_by)
        }
        return msgspec.structs.replace(self, replacing=own)

    def served(self) -> StatusDocument:
        """The same AWS resources, and nothing wrong."""
        return msgspec.structs.replace(self, state="served", error=None)

    def unserved(self) -> StatusDocument:
        """The same AWS resources, of which no listener serves the Ingress."""
        return msgspec.structs.replace(self, state="unserved", error=None)

    def held(self) -> StatusDocument:
        """The same AWS resources, and a change would have to wait for another member."""
        return msgspec.structs.replace(self, state="held", error=None)

    def failing(self, error: ErrorNote) -> StatusDocument:
        """The same AWS resources, and this error."""
        return msgspec.structs.replace(self, state="failing", error=error)

    def tried_again(self, now: datetime, wait: timedelta) -> StatusDocument:
        """The same, with the time of the retry where that is worth showing."""
        return self if wait < SHOWN_FROM else _tried_at(self, (now + wait).replace(microsecond=0))

    def is_news(self, standing: str) -> bool:
        """Whether it says more than an annotation that stands there.

        A time that has passed is left there while retries are too close to be shown.
        """
        known = _decoded(standing)
        if self.error is None or known is None or known.error is None:
            return self.text() != standing
        mine, theirs = self.error.next_retry, known.error.next_retry
        is_same = mine is None or (theirs is not None and abs(mine - theirs) < SAME_TRY)
        return (_tried_at(self, theirs) if is_same else self).text() != standing


def written(obj: KubeObject, key: StackKey) -> StatusDocument | None:
    """What an Ingress's annotation says of this group; None for nothing that can be read."""
    found = _decoded(obj.metadata.annotations.get(STATUS, ""))
    return found if found and found.group == key.id else None


class OwnPart(msgspec.Struct, frozen=True, kw_only=True):
    """What of a stack one object has asked for."""

    ports: frozenset[int]
    certificates: frozenset[str]
    backends: tuple[BackendIntent, ...]


def own_part(origin: ObjectRef, intent: StackIntent, stack: Stack) -> OwnPart:
    """Ports that it listens on, the certificates that it names or that its hosts need, backends.

    Where nobody is known to have asked for something (a stack of one object, a certificate that
    stays from before), it is the part of a sole object.
    """
    listeners = [one for balancer in intent.balancers for one in balancer.listeners]
    is_alone = {one.ref for one in intent.asked_by} <= {origin}

    def is_own(asked: Origins) -> bool:
        return any(one.ref == origin for one in asked) or (is_alone and not asked)

    return OwnPart(
        ports=frozenset(one.port for one in listeners if is_own(origins_of(one.asked_by, ()))),
        certificates=frozenset(
            arn
            for one in stack.listeners
            for arn in one.certificates
            if is_own(one.asked_by.get(f"certificates.{arn}", ()))
        ),
        backends=tuple(one for one in intent.backends if one.origin.ref == origin),
    )


def document_of(key: StackKey, observed: Observed, own: OwnPart) -> StatusDocument:
    """What is in AWS for one object."""
    by_id = {one.resource.id.name: one for one in observed.load_balancers}
    main, front = by_id.get(LOAD_BALANCER), by_id.get(FRONTEND_NLB)
    return StatusDocument(
        group=key.id,
        load_balancer=_arn(main),
        front_load_balancer=_arn(front),
        listeners=_listeners(observed, _arn(main), own),
        target_groups=_target_groups(observed, own.backends),
    )


def error_note(error: ControllerError) -> ErrorNote:
    """An error, written so that the same one reads the same every time."""
    handling = handling_of(error)
    answer = error.cause if isinstance(error, RefusedByApi | OverLimit) else error
    call = answer if isinstance(answer, AwsError) else None
    return ErrorNote(
        category=handling.label,
        code=call.code if call else "",
        operation=call.operation if call else "",
        message=_cut(lasting(error)),
    )


def problem_note(problems: Iterable[ControllerError]) -> ErrorNote | None:
    """What keeps an Ingress out of its group, all in one; None for nothing."""
    notes = [error_note(problem) for problem in problems]
    if not notes:
        return None
    return msgspec.structs.replace(
        notes[0], message=_cut("; ".join(note.message for note in notes))
    )


def _tried_at(document: StatusDocument, due: datetime | None) -> StatusDocument:
    error = document.error and msgspec.structs.replace(document.error, next_retry=due)
    return msgspec.structs.replace(document, error=error)


def _decoded(text: str) -> StatusDocument | None:
    try:
        return decode(text, StatusDocument)
    except msgspec.DecodeError:
        return None


def _cut(message: str) -> str:
    is_long = len(message) > MESSAGE_CHARACTERS
    return f"{message[: MESSAGE_CHARACTERS - 1]}…" if is_long else message


def _arn(found: FoundLoadBalancer | None) -> str:
    return found.identity if found else ""


def _listeners(observed: Observed, load_balancer: str, own: OwnPart) -> dict[str, ListenerNote]:
    return {
        str(one.resource.port): ListenerNote(
            arn=one.identity,
            certificates=tuple(
                arn
                for arn in (*one.resource.certificates[:1], *sorted(one.resource.certificates[1:]))
                if arn in own.certificates
            ),
        )
        for one in observed.listeners
        if one.resource.load_balancer == load_balancer and one.resource.port in own.ports
    }


def _target_groups(observed: Observed, backends: Iterable[BackendIntent]) -> dict[str, str]:
    arns = {one.resource.id.name: one.identity for one in observed.target_groups}
    return {
        f"{one.service.name}:{one.service.port}": arns[one.id] for one in backends if one.id in arns
    }
