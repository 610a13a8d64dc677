"""What became of a request, and why."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, TypeAlias

import msgspec

from alb_controller.model.elbv2 import Condition, ListenerRule
from alb_controller.routing.state import ServedTarget

ActionName: TypeAlias = Literal[
    "forward",
    "redirect",
    "fixed-response",
    "authenticate-oidc",
    "authenticate-cognito",
    "jwt-validation",
    "error",
]


class Miss(msgspec.Struct, frozen=True):
    """A rule that does not fit, by the first of its conditions that does not hold."""

    rule: ListenerRule
    condition: Condition


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """What is None or empty does not apply."""

    listener: int
    tls_error: str | None = None
    certificate: str | None = None
    misses: tuple[Miss, ...] = ()
    """The rules before the one that fits, in their order."""
    rule: ListenerRule | None = None
    """None: the default rule, where `is_routed`."""
    is_routed: bool = False
    """Whether any rule was asked."""
    action: ActionName = "error"
    status: int | None = None
    why: str = ""
    """What a person should know about the outcome."""
    location: str | None = None
    body: str | None = None
    content_type: str | None = None
    target_group: str | None = None
    """Identity of the group chosen."""
    weights: Mapping[str, int] = {}
    targets: tuple[ServedTarget, ...] = ()
    """Those that may get the request."""
    target: ServedTarget | None = None
    is_open: bool = False
    """The group fails open."""
    path_seen: str | None = None
    host_seen: str | None = None
    version_seen: str | None = None
    headers_seen: tuple[tuple[str, str], ...] = ()
    response_headers: Mapping[str, str] = {}
    cookies: Mapping[str, str] = {}
    """What is set, by name."""
