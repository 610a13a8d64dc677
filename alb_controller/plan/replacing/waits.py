"""How far replacements are: what a planner must know of time and health, and what it waits for."""

from __future__ import annotations

from typing import Literal, TypeAlias

from alb_controller.model.origins import Origins
from alb_controller.model.refs import Reference
from alb_controller.values import Value

Phase: TypeAlias = Literal["joining", "draining"]
"""A new target group is in a rule at weight 0, so that AWS checks its targets; an old one is, so
that what it has begun can end. A new load balancer is there, and nobody is sent to it; an old one
is, for those who know its address still."""


class Wait(Value, frozen=True):
    """A target group or load balancer that is on its way in or out, and who asked for that."""

    kind: Literal["target group", "load balancer"]
    phase: Phase
    target: Reference
    name: str
    """Of its resource id; of a group that is not the stack's, its ARN."""
    asked_by: Origins = ()
    is_begun: bool = False
    """AWS has it in that phase already."""
    groups: tuple[str, ...] = ()
    """Of a load balancer that joins: the target groups that it forwards to."""
    old: str = ""
    """Of a load balancer that joins: the one that serves meanwhile."""


class Replacing(Value, frozen=True):
    """What is waited for at all, and the groups by name whose wait is over."""

    joins: bool = False
    drains: bool = False
    joined: frozenset[str] = frozenset()
    """They may take over: their targets are healthy, or enough time has passed."""
    drained: frozenset[str] = frozenset()
    """They may go."""
