"""A login or a token check that a listener cannot make: refused, never served open (ADR 28).

Listeners of HTTPS alone have such actions (ELBv2 API, Action). The AWS Load Balancer Controller
leaves them out elsewhere, so that plain HTTP reaches what a login guards.
"""

from __future__ import annotations

from typing import TypeVar

import msgspec

from alb_controller.intent import DefaultIntent, RouteIntent
from alb_controller.model.actions import FixedResponseAction

W = TypeVar("W", RouteIntent, DefaultIntent)
_SECURE = "HTTPS"
REFUSAL = FixedResponseAction("403", content_type="text/plain", message_body="HTTPS is required")
"""It keeps its place: without a rule a later one, of anybody, would answer the same requests."""


def on_listener(wanted: W, protocol: str) -> W:
    """What a listener of a protocol does where this is wanted: with its guard, or refused."""
    guard = wanted.guard if protocol == _SECURE else None
    if guard is not None or not wanted.is_restricted:
        return wanted if guard is wanted.guard else msgspec.structs.replace(wanted, guard=guard)
    refused = msgspec.structs.replace(wanted, action=REFUSAL, guard=None)
    if isinstance(refused, RouteIntent):
        return msgspec.structs.replace(refused, transforms=())
    return refused


def is_refused(wanted: RouteIntent | DefaultIntent) -> bool:
    """Whether `on_listener` has refused it."""
    return wanted.is_restricted and wanted.guard is None
