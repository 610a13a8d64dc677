"""Reads what late steps are about: capacity, add-ons, load balancers as targets.

An answer that cannot be had is left out: the plan then writes what is declared, and what is wrong
with it shows at that step, which fails alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from typing import Any, Protocol

import msgspec
import structlog

from alb_controller.errors import AwsError
from alb_controller.model.addons import Addons
from alb_controller.model.elbv2 import BalancerTarget, TargetHealth
from alb_controller.model.stack import Observed, Stack
from alb_controller.plan.late import unread

_log = structlog.get_logger(__name__)


class LateReads(Protocol):
    """What is needed of `aws.elbv2.Elbv2`."""

    def capacity_units(self, arn: str, /) -> int: ...
    def target_health(self, arn: str, /) -> tuple[TargetHealth, ...]: ...


class AddonReads(Protocol):
    """What is needed of `aws.addons.services.AddonServices`."""

    def read(self, load_balancer_arn: str, fields: Iterable[str], /) -> Addons: ...


class LateReader:
    """Over Elastic Load Balancing and the services beside it."""

    def __init__(self, elbv2: LateReads, addons: AddonReads) -> None:
        self._elbv2, self._addons = elbv2, addons

    def complete(self, stack: Stack, observed: Observed) -> Observed:
        """What was found, with all that could be read of what the stack declares."""
        todo = unread(stack, observed)
        read: dict[str, dict[str, Any]] = {}
        for arn in todo.capacity:
            _try(partial(self._capacity, arn), arn, read)
        for arn in todo.targets:
            _try(partial(self._targets, arn), arn, read)
        known = {one.identity: one.resource.addons for one in observed.load_balancers}
        for arn, name in todo.addons:
            _try(partial(self._addon, arn, name, known), arn, read)
        return msgspec.structs.replace(
            observed,
            load_balancers=tuple(_with(f, read) for f in observed.load_balancers),
            target_groups=tuple(_with(f, read) for f in observed.target_groups),
        )

    def _capacity(self, arn: str) -> dict[str, Any]:
        return {"capacity_units": self._elbv2.capacity_units(arn)}

    def _targets(self, arn: str) -> dict[str, Any]:
        """Those that drain are on their way out already."""
        health = (one for one in self._elbv2.target_health(arn) if one.state != "draining")
        return {"targets": tuple(BalancerTarget(h.target.id, h.target.port) for h in health)}

    def _addon(self, arn: str, name: str, known: dict[str, Addons]) -> dict[str, Any]:
        value = getattr(self._addons.read(arn, (name,)), name)
        known[arn] = msgspec.structs.replace(known[arn], **{name: value})
        return {"addons": known[arn]}


def _try(ask: Callable[[], dict[str, Any]], identity: str, read: dict[str, dict[str, Any]]) -> None:
    try:
        read[identity] = read.get(identity, {}) | ask()
    except AwsError as error:
        _log.warning("not_read", resource=identity, error=str(error))


def _with(found: Any, read: dict[str, dict[str, Any]]) -> Any:
    fields = read.get(found.identity)
    if not fields:
        return found
    resource = msgspec.structs.replace(found.resource, **fields)
    return msgspec.structs.replace(found, resource=resource)
