"""AdmissionReview v1: how kube-apiserver asks, and how it is answered.

Source: Kubernetes docs, "Dynamic Admission Control".
"""

from __future__ import annotations

import base64
from typing import Any, TypeVar

import msgspec

from alb_controller.frontends.review import AdmissionResponse

T = TypeVar("T")
CREATE, UPDATE = "CREATE", "UPDATE"
API_VERSION, KIND = "admission.k8s.io/v1", "AdmissionReview"
_REFUSED = 403
_NOTHING = msgspec.Raw(b"null")


class UserInfo(msgspec.Struct, frozen=True):
    """Who asks for a change."""

    username: str = ""


class Request(msgspec.Struct, frozen=True, rename="camel"):
    """One change of one object; objects are decoded by those who know their kind."""

    uid: str
    operation: str = ""
    namespace: str = ""
    user_info: UserInfo = UserInfo()
    object: msgspec.Raw = _NOTHING
    old_object: msgspec.Raw = _NOTHING

    def new(self, kind: type[T]) -> T:
        """The object as it shall be. Raises msgspec.DecodeError for what is not of the kind."""
        return msgspec.json.decode(self.object, type=kind)

    def old(self, kind: type[T]) -> T | None:
        """The object as it is; None where it is made. Raises msgspec.DecodeError."""
        return msgspec.json.decode(self.old_object, type=kind | None)


class _Review(msgspec.Struct, frozen=True, rename="camel"):
    api_version: str
    kind: str
    request: Request


def decode(body: bytes) -> Request:
    """The request in a review; raises ValueError with what is wrong with it."""
    try:
        review = msgspec.json.decode(body, type=_Review)
    except msgspec.DecodeError as error:
        raise ValueError(f"not an AdmissionReview: {error}") from None
    if (review.api_version, review.kind) != (API_VERSION, KIND):
        raise ValueError(f"is {review.api_version} {review.kind}, allowed is {API_VERSION} {KIND}")
    return review.request


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
