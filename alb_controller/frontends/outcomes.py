"""How a pass over a stack stands, for a front end to present to users."""

from __future__ import annotations

from typing import TypeAlias

from alb_controller.errors import ControllerError
from alb_controller.model.stack import Observed, Stack
from alb_controller.objects.events import Reason
from alb_controller.plan.replacing.waits import Wait
from alb_controller.values import ObjectRef, Value


class Rejected(Value, frozen=True):
    """No object asks for the stack: there are problems of objects that belong to none."""


class Planned(Value, frozen=True):
    """What is going to be there; it comes before anything is written to AWS."""

    stack: Stack
    observed: Observed
    """What was found in AWS."""


class Unchanged(Value, frozen=True):
    """AWS was not looked at: nothing is wanted of it, or the stack is blocked by a member."""

    waiting: tuple[ObjectRef, ...] = ()
    """Valid members whose change cannot be served while the stack is blocked."""


class PartError(Value, frozen=True):
    """What an object asked for could not be brought about, and nothing else needs it."""

    asked_by: ObjectRef
    error: ControllerError


class Applied(Value, frozen=True):
    """AWS has what the stack wants, but for parts that nothing else needs."""

    stack: Stack
    """What was to be there, with who asked for it."""
    observed: Observed
    part_errors: tuple[PartError, ...] = ()
    waits: tuple[Wait, ...] = ()
    """Replacements that are on their way."""
    has_news: bool = False
    """Something was changed that users have not been informed of."""


class Failed(Value, frozen=True):
    """The pass broke off."""

    error: ControllerError
    reason: Reason
    """Whether in finding out what is to be there, or in bringing it about."""


Outcome: TypeAlias = Rejected | Planned | Unchanged | Applied | Failed
