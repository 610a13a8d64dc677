"""AdmissionReview v1: how kube-apiserver asks, and how it is answered.

Source: Kubernetes docs, "Dynamic Admission Control".
"""

from __future__ import annotations

import base64
from typing import Any, TypeVar

import msgspec

from alb_controller.frontends.review import AdmissionResponse
from alb_controller.objects.reading import decode as decode_json

T = TypeVar("T")
CREATE, UPDATE = "CREATE", "UPDATE"
API_VERSION, KIND = "admission.k8s.io/v1", "AdmissionReview"
_REFUSED = 403
_MOST_BRACKETS = 50_000
"""What nests too deeply for the decoder is looked at more slowly, up to so many: 10,000 levels, as
many as kube-apiserver takes, and then some."""
_LONGEST_CUT = 1 << 20
"""Bytes of such a text: its parts are copied, and no memory is set aside for copies."""
_NULL = b"null"
_NOTHING = msgspec.Raw(_NULL)


class UserInfo(msgspec.Struct, frozen=True):
    """Who asks for a change."""

    username: str = ""


class Request(msgspec.Struct, frozen=True, rename="camel"):
    """One change of one object; objects are decoded by those who know their kind."""

    uid: str
    operation: str = ""
    namespace: str = ""
    name: str = ""
    user_info: UserInfo = UserInfo()
    object: msgspec.Raw = _NOTHING
    old_object: msgspec.Raw = _NOTHING

    @property
    def path(self) -> str:
        """`namespace/name`; the name is empty where the API server makes one."""
        return f"{self.namespace}/{self.name}"

    def new(self, kind: type[T]) -> T:
        """The object as it shall be. Raises msgspec.DecodeError for what is not of the kind."""
        return _read(self.object, kind)

    def old(self, kind: type[T]) -> T | None:
        """The object as it is; None where it is made. Raises msgspec.DecodeError."""
        if bytes(self.old_object) == _NULL:
            return None
        return _read(self.old_object, kind)


class _Review(msgspec.Struct, frozen=True, rename="camel"):
    api_version: str
    kind: str
    request: Request


def decode(body: bytes | memoryview) -> Request:
    """The request in a review; raises ValueError with what is wrong with it."""
    try:
        review = _read(body, _Review)
    except msgspec.DecodeError as error:
        raise ValueError(f"not an AdmissionReview: {error}") from None
    if (review.api_version, review.kind) != (API_VERSION, KIND):
        raise ValueError(f"is {review.api_version} {review.kind}, allowed is {API_VERSION} {KIND}")
    return review.request


def _read(data: bytes | memoryview | msgspec.Raw, type_: type[T]) -> T:
    brackets = _MOST_BRACKETS if len(data) <= _LONGEST_CUT else 0
    return decode_json(data, type_, most_brackets=brackets)


def encode(uid: str, answer: AdmissionResponse) -> bytes:
    """The answer to the request of that uid."""
    response: dict[str, Any] = {"uid": uid, "allowed": answer.is_allowed}
    if not answer.is_allowed:
        response["status"] = {
            "status": "Failure",
            "code": _REFUSED,
            "reason": "Forbidden",
            "message": answer.problem,
        }
    elif answer.patch:
        response["patchType"] = "JSONPatch"
        response["patch"] = base64.b64encode(msgspec.json.encode(answer.patch)).decode()
    if answer.warnings:
        response["warnings"] = list(answer.warnings)
    return msgspec.json.encode({"apiVersion": API_VERSION, "kind": KIND, "response": response})
