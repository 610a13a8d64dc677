"""Refusals as Kubernetes words them: a `Status` object with a code, a reason and causes.

The reasons, sentences and causes are those that a kube-apiserver 1.35 answers with (recorded, see
tests/sandbox/kubeapi); clients decide by them, and users read them in kubectl.
Source: Kubernetes API conventions, "Response Status Kind".
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

STALE = (
    "the object has been modified; please apply your changes to the latest version and try again"
)


@dataclass(frozen=True, slots=True)
class Cause:
    """One thing that is wrong with one field of an object."""

    reason: str
    message: str
    field: str


class StatusError(Exception):
    """A request that the API refuses; `body()` is what the client gets."""

    def __init__(
        self, code: int, reason: str, message: str, *, details: dict[str, Any] | None = None
    ) -> None:
        super().__init__(message)
        self.code, self.reason, self.message, self.details = code, reason, message, details

    def body(self) -> dict[str, Any]:
        """The `Status` object."""
        return {
            "kind": "Status",
            "apiVersion": "v1",
            "metadata": {},
            "status": "Failure",
            "message": self.message,
            **({"reason": self.reason} if self.reason else {}),
            **({} if self.details is None else {"details": self.details}),
            "code": self.code,
        }


def _named(resource: str, name: str) -> dict[str, str]:
    """The details of a refusal for one object; `resource` is written `plural.group`."""
    plural, _, group = resource.partition(".")
    return {"name": name, **({"group": group} if group else {}), "kind": plural}


def not_found(resource: str, name: str) -> StatusError:
    """404: no such object."""
    return StatusError(
        404, "NotFound", f'{resource} "{name}" not found', details=_named(resource, name)
    )


def already_exists(resource: str, name: str) -> StatusError:
    """409 to a create."""
    return StatusError(
        409, "AlreadyExists", f'{resource} "{name}" already exists', details=_named(resource, name)
    )


def conflict(resource: str, name: str, why: str = STALE) -> StatusError:
    """409 to a write that starts from another version than the stored one."""
    message = f'Operation cannot be fulfilled on {resource} "{name}": {why}'
    return StatusError(409, "Conflict", message, details=_named(resource, name))


def forbidden(resource: str, name: str, why: str, cause: Cause | None = None) -> StatusError:
    """403: understood, and refused."""
    details: dict[str, Any] = _named(resource, name)
    if cause:
        details["causes"] = [as_json(cause)]
    message = f'{resource} "{name}" is forbidden: {why}'
    return StatusError(403, "Forbidden", message, details=details)


def bad_request(message: str) -> StatusError:
    """400: the request cannot be read."""
    return StatusError(400, "BadRequest", message)


def method_not_allowed() -> StatusError:
    """405: the resource has no such verb."""
    message = "the server does not allow this method on the requested resource"
    return StatusError(405, "MethodNotAllowed", message, details={})


def unsupported_media_type(accepted: tuple[str, ...] = ()) -> StatusError:
    """415: a body or patch of a kind that the resource does not take."""
    message = "415: Unsupported Media Type"
    if accepted:
        listed = ", ".join(accepted)
        head = "the body of the request was in an unknown format - accepted media types include"
        message = f"{head}: {listed}"
    details: dict[str, Any] | None = None if accepted else {}
    return StatusError(415, "UnsupportedMediaType", message, details=details)


def rejected_patch() -> StatusError:
    """422 to a JSON patch whose path or test does not hold."""
    message = "the server rejected our request due to an error in our request"
    return StatusError(422, "Invalid", message, details={})


def too_large_version(asked: int, current: int) -> StatusError:
    """504: the client has seen a version that this server has not."""
    message = f"Timeout: Too large resource version: {asked}, current: {current}"
    causes = [{"reason": "ResourceVersionTooLarge", "message": "Too large resource version"}]
    details = {"causes": causes, "retryAfterSeconds": 1}
    return StatusError(504, "Timeout", message, details=details)


def expired(asked: int, floor: int) -> StatusError:
    """410: the history that is asked for is gone; list again."""
    return StatusError(410, "Expired", f"too old resource version: {asked} ({floor})")


def invalid(kind: str, name: str, causes: list[Cause]) -> StatusError:
    """422: the object breaks the rules named by the causes; `kind` is written `Kind.group`."""
    sentences = [f"{cause.field}: {cause.message}" for cause in causes]
    listed = sentences[0] if len(sentences) == 1 else "[" + ", ".join(sentences) + "]"
    details = _named(kind, name) if name else {k: v for k, v in _named(kind, "").items() if v}
    details_all: dict[str, Any] = {**details, "causes": [as_json(cause) for cause in causes]}
    return StatusError(422, "Invalid", f'{kind} "{name}" is invalid: {listed}', details=details_all)


def as_json(cause: Cause) -> dict[str, str]:
    """The cause as it stands in a `Status`."""
    return {"reason": cause.reason, "message": cause.message, "field": cause.field}


def _compact(value: object) -> str:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def required(field: str, why: str = "") -> Cause:
    """A field that must be given."""
    return Cause("FieldValueRequired", "Required value" + (f": {why}" if why else ""), field)


def invalid_value(field: str, value: object, why: str) -> Cause:
    """A field whose value breaks a rule."""
    return Cause("FieldValueInvalid", f"Invalid value: {_compact(value)}: {why}", field)


def immutable(field: str, value: object) -> Cause:
    """A field that must stay as it was created."""
    return invalid_value(field, value, "field is immutable")


def unsupported(field: str, value: object, allowed: list[Any]) -> Cause:
    """A field whose value is none of the allowed ones."""
    listed = ", ".join(json.dumps(choice) for choice in allowed)
    message = f"Unsupported value: {json.dumps(value)}: supported values: {listed}"
    return Cause("FieldValueNotSupported", message, field)


def too_many(field: str, count: int, limit: int) -> Cause:
    """A list that is too long."""
    message = f"Too many: {count}: must have at most {limit} items"
    return Cause("FieldValueTooMany", message, field)


def duplicate(field: str, value: object) -> Cause:
    """A list entry that stands there twice."""
    return Cause("FieldValueDuplicate", f"Duplicate value: {_compact(value)}", field)


def not_allowed(field: str, why: str) -> Cause:
    """A field that may not be set here."""
    return Cause("FieldValueForbidden", f"Forbidden: {why}", field)
