"""What checks of a request for a rule or a listener have in common.

A request is in the API's words, as boto3 sends it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple, NoReturn, Protocol, TypeAlias

from alb_controller.model.limits.fields import FIELDS

Params: TypeAlias = Mapping[str, Any]

VALIDATION = "ValidationError"
ACTION = "InvalidLoadBalancerAction"
CONFIGURATION = "InvalidConfigurationRequest"


class Refused(Exception):
    """AWS's error: its code and a message."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(code, message)
        self.code, self.message = code, message


class Front(Protocol):
    """What a request is for: the listener, and the target groups of the account."""

    @property
    def protocol(self) -> str:
        """Of the listener."""

    @property
    def port(self) -> str:
        """Of the listener."""

    def group_version(self, arn: str) -> str | None:
        """The protocol version of a target group."""


Check: TypeAlias = Callable[[Params, Front], None]
"""Raises Refused."""


class Row(NamedTuple):
    """A check, and the page that has its rule."""

    check: Check
    source: str


def refuse(code: str, message: str) -> NoReturn:
    """Raise the error of AWS."""
    raise Refused(code, message)


def admits(field: str, value: Any) -> bool:
    """Whether the table of limits has the value in the field."""
    return FIELDS[field].limit.admits(value)


def actions_of(params: Params) -> list[Mapping[str, Any]]:
    """The actions of a request about a listener or a rule, as they were sent."""
    return [*params.get("DefaultActions", ()), *params.get("Actions", ())]


def groups_of(action: Mapping[str, Any]) -> Iterator[str]:
    """The target groups that an action names, each once."""
    tuples = (action.get("ForwardConfig") or {}).get("TargetGroups") or ()
    arns = [action.get("TargetGroupArn"), *(one.get("TargetGroupArn") for one in tuples)]
    yield from dict.fromkeys(arn for arn in arns if arn)
