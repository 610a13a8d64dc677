"""Which requests a listener gives to whom, in the words of no load balancer.

A builder lowers them to what its load balancer has; what it cannot say it must refuse.
"""

from __future__ import annotations

from typing import Literal, TypeAlias

import msgspec

from alb_controller.model.actions import (
    FixedResponseAction,
    GuardAction,
    RedirectAction,
    Transform,
)
from alb_controller.model.origins import AskedBy
from alb_controller.values import Origin, Tags


class Exact(msgspec.Struct, frozen=True, tag=True):
    """The very text."""

    text: str


class Pattern(msgspec.Struct, frozen=True, tag=True):
    """A text in which `*` stands for any characters and `?` for one."""

    text: str


class Prefix(msgspec.Struct, frozen=True, tag=True):
    """A path, and every path below it: `/a` and `/a/` take in `/a` and `/a/b`, not `/ab`."""

    text: str


class Regex(msgspec.Struct, frozen=True, tag=True):
    """A regular expression."""

    text: str


Text: TypeAlias = Exact | Pattern | Regex
PathText: TypeAlias = Text | Prefix


def text_of(written: str) -> Exact | Pattern:
    """What users write where wildcards are allowed."""
    return Pattern(written) if "*" in written or "?" in written else Exact(written)


def patterns_of(path: Exact | Pattern | Prefix) -> tuple[str, ...]:
    """Patterns that together take in the same paths."""
    if not isinstance(path, Prefix):
        return (path.text,)
    stem = path.text.removesuffix("/")
    return (stem, f"{stem}/*") if stem else ("/*",)


class HostMatch(msgspec.Struct, frozen=True, tag=True):
    """The request's host is one of these, whatever its case."""

    hosts: tuple[Text, ...]


class PathMatch(msgspec.Struct, frozen=True, tag=True):
    """The request's path is one of these."""

    paths: tuple[PathText, ...]


class HeaderMatch(msgspec.Struct, frozen=True, tag=True):
    """A header of the request has one of these values, whatever their case."""

    name: str
    values: tuple[Text, ...]


class MethodMatch(msgspec.Struct, frozen=True, tag=True):
    """The request's method is one of these."""

    methods: tuple[str, ...]


class QueryParam(msgspec.Struct, frozen=True):
    """A value in the query string; without a key that of any key."""

    value: Exact | Pattern
    key: str | None = None


class QueryMatch(msgspec.Struct, frozen=True, tag=True):
    """The query string has one of these."""

    params: tuple[QueryParam, ...]


class SourceMatch(msgspec.Struct, frozen=True, tag=True):
    """The request comes from one of these CIDRs."""

    cidrs: tuple[str, ...]


Match: TypeAlias = HostMatch | PathMatch | HeaderMatch | MethodMatch | QueryMatch | SourceMatch


class ForwardTarget(msgspec.Struct, frozen=True):
    """One target of a forward.

    `value` is the id of a backend or of a balancer's backend in the stack, or the ARN or name of a
    target group that others own.
    """

    kind: Literal["backend", "balancer", "arn", "name"]
    value: str
    weight: int | None = None


class ForwardIntent(msgspec.Struct, frozen=True, tag=True):
    """Traffic to targets, with weights where there are several."""

    targets: tuple[ForwardTarget, ...]
    stickiness_enabled: bool | None = None
    stickiness_seconds: int | None = None

    @classmethod
    def to_backend(cls, id_: str, weight: int | None = None) -> ForwardIntent:
        """All traffic to one backend."""
        return cls((ForwardTarget("backend", id_, weight),))

    @classmethod
    def to_balancer(cls, id_: str) -> ForwardIntent:
        """All traffic to one balancer's backend."""
        return cls((ForwardTarget("balancer", id_),))


ActionIntent: TypeAlias = ForwardIntent | FixedResponseAction | RedirectAction


class RouteIntent(msgspec.Struct, frozen=True, kw_only=True):
    """One rule: a request that fits all matches gets the action. Its place is its rank."""

    matches: tuple[Match, ...]
    """None of them is every request."""
    action: ActionIntent
    guard: GuardAction | None = None
    """Login or token check before the action; on HTTPS listeners alone (spec 4.3)."""
    is_restricted: bool = False
    """It must not be served without a guard (ADR 28)."""
    transforms: tuple[Transform, ...] = ()
    tags: Tags
    origin: Origin
    asked_by: AskedBy = {}
    """By field, where more than `origin` says who asked for it."""


class DefaultIntent(msgspec.Struct, frozen=True, kw_only=True):
    """What a listener does with a request that no route fits."""

    action: ActionIntent
    guard: GuardAction | None = None
    is_restricted: bool = False
    """It must not be served without a guard (ADR 28)."""
    origin: Origin | None = None
    asked_by: AskedBy = {}
    """By field, where more than `origin` says who asked for it."""
