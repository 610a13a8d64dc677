"""Desired rules beside the found ones that become them, while they are sorted out."""

from __future__ import annotations

from alb_controller.model.elbv2 import Condition, ListenerRule
from alb_controller.model.stack import Found
from alb_controller.values import Value

Conditions = tuple[Condition, ...]


class RulePair(Value, frozen=True):
    """A desired rule, at its final number, and the found one that becomes it."""

    desired: ListenerRule
    found: Found[ListenerRule]


class Left(Value, frozen=True):
    """Pairs made, and what is left on both sides."""

    pairs: tuple[RulePair, ...]
    desired: tuple[ListenerRule, ...]
    found: tuple[Found[ListenerRule], ...]


class Schedule(Value, frozen=True):
    """When pairs are modified; what fits neither time is split into a new and a deleted rule."""

    early: tuple[RulePair, ...]
    late: tuple[RulePair, ...]
