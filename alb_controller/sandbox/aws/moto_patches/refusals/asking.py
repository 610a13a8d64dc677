"""How a check comes before moto's work, and what checks have in common."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any, NoReturn

from moto.elbv2.exceptions import ELBClientError, LoadBalancerNotFoundError

from alb_controller.model.limits.requests.asking import (
    ACTION,
    CONFIGURATION,
    VALIDATION,
    Params,
    Refused,
    Row,
    actions_of,
    admits,
    groups_of,
)
from alb_controller.sandbox.aws.moto_patches.patching import Moto, Patch
from alb_controller.sandbox.aws.moto_patches.surface import Response

Check = Callable[[Params, Any], None]
"""Raises a refusal of the request; the second argument is moto's backend."""

RULES = ("create_rule", "modify_rule")
LISTENERS = ("create_listener", "modify_listener")


def asked_first(check: Check, source: str, *methods: str) -> tuple[Patch, ...]:
    """Patches that put a check before what moto does, one for each method of its responses."""

    @functools.wraps(check)
    def checked(moto: Moto, self: Any) -> Any:
        check(self._get_params(), self.elbv2_backend)
        return moto(self)

    return tuple(Patch(Response, method, checked, source) for method in methods)


class _Front:
    """What a request is for, asked of moto where a check looks at it."""

    def __init__(self, params: Params, backend: Any) -> None:
        self._params, self._backend = params, backend

    @property
    def protocol(self) -> str:
        return str(self._params.get("Protocol", self._held("protocol")))

    @property
    def port(self) -> str:
        return str(self._params.get("Port", self._held("port")))

    def group_version(self, arn: str) -> str | None:
        found: str | None = self._backend.target_groups[arn].protocol_version
        return found

    def _held(self, name: str) -> Any:
        return getattr(listener_of(self._params, self._backend), name, None)


def rows_first(rows: Sequence[Row], *methods: str) -> tuple[Patch, ...]:
    """Patches for checks of `model.limits`, which are asked in their order."""
    return tuple(
        patch
        for row in reversed(rows)
        for patch in asked_first(_with_moto(row.check), row.source, *methods)
    )


def _with_moto(check: Callable[[Params, Any], None]) -> Check:
    @functools.wraps(check)
    def checked(params: Params, backend: Any) -> None:
        try:
            check(params, _Front(params, backend))
        except Refused as error:
            refuse(error.code, error.message)

    return checked


def refuse(code: str, message: str) -> NoReturn:
    """Raise the error of AWS."""
    raise ELBClientError(code, message)


def load_balancer(backend: Any, arn: str) -> Any:
    """Raises LoadBalancerNotFound."""
    found = backend.load_balancers.get(arn)
    if found is None:
        raise LoadBalancerNotFoundError
    return found


def listener_of(params: Params, backend: Any) -> Any:
    """The listener that a change of it or of its rules is about; None for one yet to be created.

    Raises ListenerNotFound and RuleNotFound.
    """
    if "RuleArn" in params:
        rules = backend.describe_rules(listener_arn=None, rule_arns=[params["RuleArn"]])
        return backend.describe_listeners(None, [rules[0].listener_arn])[0]
    if "ListenerArn" in params:
        return backend.describe_listeners(None, [params["ListenerArn"]])[0]
    return None


def balancer_of(params: Params, backend: Any) -> Any:
    """The load balancer that a request about a listener or a rule is about."""
    listener = listener_of(params, backend)
    arn = params["LoadBalancerArn"] if listener is None else listener.load_balancer_arn
    return load_balancer(backend, arn)


__all__ = [
    "ACTION",
    "CONFIGURATION",
    "LISTENERS",
    "RULES",
    "VALIDATION",
    "Check",
    "Params",
    "actions_of",
    "admits",
    "asked_first",
    "balancer_of",
    "groups_of",
    "listener_of",
    "load_balancer",
    "refuse",
    "rows_first",
]
