"""How a check comes before moto's work, and what checks have in common."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NoReturn

from moto.elbv2.exceptions import ELBClientError, LoadBalancerNotFoundError

from alb_controller.model.limits import FIELDS
from alb_controller.sandbox.aws.moto_patches.patching import Moto, Patch
from alb_controller.sandbox.aws.moto_patches.surface import Response

Params = Mapping[str, Any]
Check = Callable[[Params, Any], None]
"""Raises a refusal of the request; the second argument is moto's backend."""

VALIDATION = "ValidationError"
ACTION = "InvalidLoadBalancerAction"
CONFIGURATION = "InvalidConfigurationRequest"
RULES = ("create_rule", "modify_rule")
LISTENERS = ("create_listener", "modify_listener")


def asked_first(check: Check, source: str, *methods: str) -> tuple[Patch, ...]:
    """Patches that put a check before what moto does, one for each method of its responses."""

    @functools.wraps(check)
    def checked(moto: Moto, self: Any) -> Any:
        check(self._get_params(), self.elbv2_backend)
        return moto(self)

    return tuple(Patch(Response, method, checked, source) for method in methods)


def refuse(code: str, message: str) -> NoReturn:
    """Raise the error of AWS."""
    raise ELBClientError(code, message)


def admits(field: str, value: Any) -> bool:
    """Whether the table of limits has the value in the field."""
    return FIELDS[field].limit.admits(value)


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


def actions_of(params: Params) -> list[Mapping[str, Any]]:
    """The actions of a request about a listener or a rule, as they were sent."""
    return [*params.get("DefaultActions", ()), *params.get("Actions", ())]


def groups_of(action: Mapping[str, Any]) -> Iterator[str]:
    """The target groups that an action names, each once."""
    tuples = (action.get("ForwardConfig") or {}).get("TargetGroups") or ()
    arns = [action.get("TargetGroupArn"), *(one.get("TargetGroupArn") for one in tuples)]
    yield from dict.fromkeys(arn for arn in arns if arn)
