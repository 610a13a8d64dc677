"""Whom a round goes on without, for a moment: to find who is at fault, or until there is room.

A creation is one call for all who share the thing. Half of those who may be at fault are left out
for a moment, the younger ones; whoever is taken then is served at once, and at fault for nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TypeAlias

from alb_controller.errors import OverLimit, RefusedByApi
from alb_controller.values import ObjectRef, Value

Problem: TypeAlias = RefusedByApi | OverLimit


class _LeftOut(Value, frozen=True):
    """Members left out together; `is_certain`: nobody else has been found since."""

    problems: tuple[Problem, ...]
    is_certain: bool = True


class Search:
    """Of one pass over a stack."""

    def __init__(self) -> None:
        self._left_out: list[_LeftOut] = []
        self._waiting: dict[ObjectRef, Problem] = {}
        self.rejected: dict[str, Problem] = {}
        """By uid: who was found at fault in this pass."""

    @property
    def is_on(self) -> bool:
        """Whether somebody is left out to find who is at fault."""
        return bool(self._left_out)

    @property
    def is_quiet(self) -> bool:
        """Whether the problems of a round are none of their members'."""
        return bool(self._left_out or self._waiting)

    def left_out(self) -> Mapping[ObjectRef, Problem]:
        """They are served as AWS has them, or not at all."""
        found = {one.origin: one for some in self._left_out for one in some.problems}
        return {**found, **self._waiting}

    def wait(self, problems: Iterable[Problem]) -> bool:
        """Go on without those who wait for room in this pass; whether there is anybody new."""
        new = {one.origin: one for one in problems if one.origin not in self._waiting}
        self._waiting |= new
        return bool(new)

    def narrow(self, suspects: Sequence[Problem]) -> None:
        """Go on with the first half of two or more."""
        self._left_out.append(_LeftOut(tuple(suspects[(len(suspects) + 1) // 2 :])))

    def found(self, uid: str, problem: Problem) -> None:
        """This one is at fault: of those left out nobody need be."""
        self.rejected[uid] = problem
        self._reopen()

    def _reopen(self) -> None:
        self._left_out = [_LeftOut(one.problems, is_certain=False) for one in self._left_out]

    def let_in(self) -> None:
        """Nobody else is left to go on with: those left out last are next."""
        if self._left_out:
            self._left_out.pop()

    def go_on(self) -> Problem | None:
        """All others were taken; returns the one left out who is at fault, or lets some in."""
        last = self._left_out.pop()
        if not last.is_certain:
            return None
        half = (len(last.problems) + 1) // 2
        if len(last.problems) == 1:
            self._reopen()
            return last.problems[0]
        self._left_out.append(_LeftOut(last.problems[half:]))
        return None
