"""Every error of the controller, and what the reconcile loop does about each class.

    ControllerError
    ├── Invalid               a user must change something; a Warning event at its origin
    │   ├── InvalidAnnotation, Conflict, NotServed
    │   └── Missing           something that is referred to is not there, or not yet allowed
    ├── NotReady              an expected wait
    ├── Refused               our own guard said no
    │   └── ForeignOwner, DeletionProtected, ProtectedInAws
    ├── AwsError              AWS answered with an error
    │   ├── Throttled, Unavailable
    │   ├── NotFound, AlreadyExists, InUse
    │   ├── QuotaExceeded, AccessDenied
    │   └── Rejected          AWS calls our request wrong
    ├── KubeError             the Kubernetes API answered with an error, or did not answer
    │   ├── Stale, Gone, Forbidden, Unreachable, ObjectMissing, ObjectExists
    │   └── UnreadableObject  it answered, and the object in it cannot be read
    ├── NotLeading            a write that was due after the Lease had run out
    └── Stopping              the process ends: a call was given up

No error counts metrics, logs or sleeps: the loop reads `handling_of` and does it.
Errors carry fields; `str()` is one sentence that a user can act on.
"""

from __future__ import annotations

from typing import Literal

import msgspec

from alb_controller.values import ObjectRef


class ControllerError(Exception):
    """Base of all errors that the controller raises on purpose."""


class Invalid(ControllerError):
    """A user's object asks for something that cannot be; it heals only when an object changes.

    `origin` is the object at fault, `field` the annotation or path in it, `problem` the rest of
    the sentence: the value and what is allowed.
    """

    def __init__(self, origin: ObjectRef, field: str, problem: str) -> None:
        super().__init__(origin, field, problem)
        self.origin, self.field, self.problem = origin, field, problem

    def __str__(self) -> str:
        return f"{self.field}: {self.problem}" if self.field else self.problem

    def refused_by(self, flag: str) -> Invalid:
        """The same problem, which only a flag makes one."""
        return type(self)(self.origin, self.field, f"{self.problem} (refused by {flag})")

    def seen_from(self, other: ObjectRef) -> Invalid:
        """The same problem, reported on an object that it stops although another is at fault."""
        field = f"{self.origin}: {self.field}" if self.field else str(self.origin)
        return type(self)(other, field, self.problem)


class InvalidAnnotation(Invalid):
    """An annotation's value cannot be read or is not allowed."""


class Conflict(Invalid):
    """Two members of a group disagree on what can have one value only; `origin` is the younger."""


class Missing(Invalid):
    """Something referred to does not exist; where it is AWS's, no watch reports that it appears."""


class ReplacesProtected(Missing):
    """A member asks for what would replace a load balancer that AWS protects (ADR 33)."""

    def __init__(self, origin: ObjectRef, field: str, protected: ProtectedInAws) -> None:
        super().__init__(origin, field, f"would replace the load balancer, and {protected}")


class NotServed(Invalid):
    """What a member had must not be served either: nothing stands in for it."""


class RefusedByApi(Invalid):
    """AWS or Kubernetes refused a call for what a member asks for; `problem` has its reason."""

    cause: ControllerError | None = None
    """What the call was answered."""


class OverLimit(Missing):
    """The same, where it may be taken later: a quota, or something that is not there yet."""

    cause: ControllerError | None = None


class NotReady(ControllerError):
    """An expected wait: ask again after `after_seconds`; no error is logged or counted."""

    def __init__(self, waiting_for: str, after_seconds: float) -> None:
        super().__init__(waiting_for, after_seconds)
        self.waiting_for, self.after_seconds = waiting_for, after_seconds

    def __str__(self) -> str:
        return f"waiting for {self.waiting_for}"


class Refused(ControllerError):
    """Our own guard refused a change; a Warning event says why."""


class ForeignOwner(Refused):
    """A resource with the wanted name exists and does not carry our stack's tags."""

    def __init__(self, resource: str, name: str, owner: str) -> None:
        super().__init__(resource, name, owner)
        self.resource, self.name, self.owner = resource, name, owner

    def __str__(self) -> str:
        return (
            f"{self.resource} {self.name!r} exists already and is not this stack's ({self.owner}): "
            "choose another name, or delete or retag it"
        )


class DeletionProtected(Refused):
    """A load balancer must go while its annotations ask for deletion protection (spec 9.6).

    `setting` is the line that lets it go.
    """

    def __init__(self, origin: ObjectRef, setting: str) -> None:
        super().__init__(origin, setting)
        self.origin, self.setting = origin, setting

    def __str__(self) -> str:
        return (
            f"deletion_protection is enabled, cannot delete the ingress: {self.origin.path}; add "
            f"`{self.setting}` to it"
        )


class ProtectedInAws(Refused):
    """AWS protects a load balancer that must go, and nobody has said that it may (ADR 33).

    `setting` is the line that says so; empty where there is none.
    """

    def __init__(self, load_balancer: str, setting: str) -> None:
        super().__init__(load_balancer, setting)
        self.load_balancer, self.setting = load_balancer, setting

    def __str__(self) -> str:
        add = f"add `{self.setting}`, or " if self.setting else ""
        return (
            f"deletion protection of {self.load_balancer} is on, so it is not deleted and nothing "
            f"is changed: {add}switch the protection off in AWS"
        )


class AwsError(ControllerError):
    """AWS answered an operation with an error code."""

    def __init__(
        self, service: str, operation: str, code: str, message: str, request_id: str = ""
    ) -> None:
        super().__init__(service, operation, code, message, request_id)
        self.service, self.operation, self.code = service, operation, code
        self.message, self.request_id = message, request_id

    def __str__(self) -> str:
        tail = f" (request {self.request_id})" if self.request_id else ""
        return f"{self.service} {self.operation}: {self.code}: {self.message}{tail}"


class Throttled(AwsError):
    """AWS asks for fewer calls; the sender has retried already."""


class Unavailable(AwsError):
    """No answer, or a 5xx; the sender has retried already."""


class NotFound(AwsError):
    """The resource is not there."""


class AlreadyExists(AwsError):
    """A resource of that name exists with other settings."""


class InUse(AwsError):
    """Something still refers to the resource; deleting it works later."""


class QuotaExceeded(AwsError):
    """A quota of the account is used up; the message names it."""


class AccessDenied(AwsError):
    """The controller's role may not do this; the message names the IAM action."""


class Rejected(AwsError):
    """AWS calls the request wrong: an input that we should have refused, or a bug."""


class KubeError(ControllerError):
    """The Kubernetes API answered with an error, or not at all."""

    def __init__(self, status: int, reason: str, message: str) -> None:
        super().__init__(status, reason, message)
        self.status, self.reason, self.message = status, reason, message

    def __str__(self) -> str:
        return f"Kubernetes API: {self.status} {self.reason}: {self.message}"


class Stale(KubeError):
    """409 Conflict: the object has changed since it was read."""


class Gone(KubeError):
    """410: the resourceVersion is too old for a watch or a continued list."""


class Forbidden(KubeError):
    """401 or 403: RBAC does not allow it."""


class Unreachable(KubeError):
    """No answer in time, a broken connection, 429 or a 5xx."""


class ObjectMissing(KubeError):
    """404: the object is not there."""


class ObjectExists(KubeError):
    """409 AlreadyExists."""


class UnreadableObject(KubeError):
    """An object is there, and what it says cannot be read: that is no reason to take it for gone.

    `problem` is the decoder's sentence, with the place of the value and what is expected.
    """

    def __init__(self, kind: str, namespace: str, name: str, problem: str) -> None:
        self.object, self.problem = ObjectRef(kind, namespace, name), problem
        super().__init__(200, f"not a {kind}", f"{self.object} cannot be read: {problem}")


class NotLeading(ControllerError):
    """A write was due, but this process does not hold the Lease (any more): nothing was sent."""


class Stopping(ControllerError):
    """The process ends and gives a call up: the next process does it, and nothing is reported."""

    def __init__(self, call: str) -> None:
        super().__init__(call)
        self.call = call

    def __str__(self) -> str:
        return f"{self.call} was given up: the controller is stopping"


class Handling(msgspec.Struct, frozen=True, kw_only=True):
    """What the loop does about an error: when it looks again, how it logs, counts and reports."""

    requeue: Literal["never", "backoff", "soon", "slow", "after"]
    """never: a watch will wake it; backoff: 0.5 s doubling; soon: three times within 10 s, then
    slow; slow: minutes; after: the error says."""
    log_level: Literal["debug", "info", "warning", "error"]
    label: str
    """The error's category in metrics."""
    event: bool
    """Whether users see it as a Warning event."""


_BUG = Handling(requeue="backoff", log_level="error", label="bug", event=False)
_TABLE: tuple[tuple[type[ControllerError], Handling], ...] = (
    (OverLimit, Handling(requeue="slow", log_level="warning", label="quota", event=True)),
    (ReplacesProtected, Handling(requeue="slow", log_level="warning", label="refused", event=True)),
    (Missing, Handling(requeue="slow", log_level="warning", label="missing", event=True)),
    (RefusedByApi, Handling(requeue="never", log_level="warning", label="rejected", event=True)),
    (Invalid, Handling(requeue="never", log_level="warning", label="invalid", event=True)),
    (NotReady, Handling(requeue="after", log_level="debug", label="not_ready", event=False)),
    (Refused, Handling(requeue="slow", log_level="warning", label="refused", event=True)),
    (Throttled, Handling(requeue="backoff", log_level="warning", label="throttled", event=True)),
    (
        Unavailable,
        Handling(requeue="backoff", log_level="warning", label="unavailable", event=True),
    ),
    (QuotaExceeded, Handling(requeue="slow", log_level="warning", label="quota", event=True)),
    (AccessDenied, Handling(requeue="soon", log_level="error", label="access_denied", event=True)),
    (InUse, Handling(requeue="backoff", log_level="info", label="in_use", event=False)),
    (AwsError, Handling(requeue="backoff", log_level="error", label="aws", event=True)),
    (Stale, Handling(requeue="backoff", log_level="debug", label="stale", event=False)),
    (
        UnreadableObject,
        Handling(requeue="slow", log_level="warning", label="unreadable", event=True),
    ),
    (KubeError, Handling(requeue="backoff", log_level="warning", label="kubernetes", event=False)),
    (NotLeading, Handling(requeue="never", log_level="info", label="not_leading", event=False)),
    (Stopping, Handling(requeue="never", log_level="info", label="stopping", event=False)),
)


def handling_of(error: BaseException) -> Handling:
    """The first row whose class fits; anything that is not a ControllerError is a bug."""
    return next((row for kind, row in _TABLE if isinstance(error, kind)), _BUG)
