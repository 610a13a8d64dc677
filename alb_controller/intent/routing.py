"""Which requests a listener gives to whom."""

from __future__ import annotations

from typing import Literal, TypeAlias

import msgspec

from alb_controller.model.elbv2 import (
    Condition,
    FixedResponseAction,
    GuardAction,
    RedirectAction,
    Transform,
)
from alb_controller.values import Origin, Tags


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
    """One rule: when all conditions hold, do the actions. Its rank is its place in the listener."""

    conditions: tuple[Condition, ...]
    action: ActionIntent
    guard: GuardAction | None = None
    """Login or token check before the action; on HTTPS listeners alone (spec 4.3)."""
    is_restricted: bool = False
    """It must not be served without a guard (ADR 32)."""
    transforms: tuple[Transform, ...] = ()
    tags: Tags
    origin: Origin


class DefaultIntent(msgspec.Struct, frozen=True, kw_only=True):
    """What a listener does with a request that no route fits."""

    action: ActionIntent
    guard: GuardAction | None = None
    is_restricted: bool = False
    """It must not be served without a guard (ADR 32)."""
    origin: Origin | None = None
