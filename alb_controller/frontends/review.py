"""Admission: what a front end finds wrong with an object, and the response that follows from it.

A front end has a `Review` for each kind of object that it reads, by the path of its webhook. A
review is pure: objects and what is known of the cluster in, a response out.
"""

from __future__ import annotations

import enum
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Generic, TypeAlias, TypeVar

import msgspec

from alb_controller.errors import Invalid
from alb_controller.intent import StackIntent
from alb_controller.objects.cluster import Cluster
from alb_controller.settings import Settings

T = TypeVar("T")
Limits: TypeAlias = Callable[[StackIntent], Iterable[Invalid]]
"""What a builder finds in an intent that its API is documented to refuse."""
_INDEX = re.compile(r"\[\d+\]")


class AdmissionResponse(msgspec.Struct, frozen=True, kw_only=True):
    """Allowed unless `problem` says why not; `patch` is a JSON patch (RFC 6902)."""

    problem: str = ""
    warnings: tuple[str, ...] = ()
    patch: tuple[dict[str, Any], ...] = ()

    @property
    def is_allowed(self) -> bool:
        return not self.problem


ALLOWED = AdmissionResponse()


def refuse(*problems: str) -> AdmissionResponse:
    """Refused for these reasons; allowed where there are none."""
    return AdmissionResponse(problem="; ".join(problems))


class Weight(enum.Enum):
    """What a finding leads to."""

    REFUSED = "refused"
    """LBC refuses it too."""
    WARNING = "warning"
    """A warning; refused with `--strict-admission`."""
    NOTE = "note"
    """A warning, whatever is set."""


class Finding(msgspec.Struct, frozen=True):
    """Something that is wrong with an object, in a sentence for its user."""

    weight: Weight
    sentence: str

    @property
    def key(self) -> str:
        """The same for the same mistake in another place of a list."""
        return _INDEX.sub("[]", self.sentence)


def respond(
    found: Iterable[Finding], before: Iterable[Finding] = (), *, is_strict: bool = False
) -> AdmissionResponse:
    """The response to a change: what was wrong before it does not count."""
    known = {finding.key for finding in before}
    new = [finding for finding in found if finding.key not in known]
    weights = (Weight.REFUSED, Weight.WARNING) if is_strict else (Weight.REFUSED,)
    fatal = dict.fromkeys(f.sentence for f in new if f.weight in weights)
    rest = dict.fromkeys(f.sentence for f in new if f.sentence not in fatal)
    return AdmissionResponse(problem="; ".join(fatal), warnings=tuple(rest))


class Review(msgspec.Struct, Generic[T], frozen=True, kw_only=True):
    """How objects of one kind are validated when they are made or changed."""

    name: str
    """The label `webhook_name` of the metrics."""
    kind: type[T]
    validate: Callable[[T, T | None, Cluster, Settings], AdmissionResponse]
    """Of the object as it shall be, and as it is; None where it is made."""
    forged: Callable[[T, T | None], str] = lambda *_: ""
    """What is wrong with it where somebody else than the controller asks for it; or nothing."""


Reviews: TypeAlias = Mapping[str, Review[Any]]
"""By the path of the webhook, as the chart names it."""
