"""What an expression is made of."""

from __future__ import annotations

from typing import Literal, TypeAlias

import msgspec

Range: TypeAlias = tuple[int, int]
"""Code points, both ends included."""
Edge: TypeAlias = Literal["start", "end", "line-start", "line-end", "word", "no-word"]


class Chars(msgspec.Struct, frozen=True):
    """One character out of a set, or any that is not in it."""

    ranges: tuple[Range, ...]
    is_negated: bool = False
    is_cased: bool = True

    def has(self, char: str) -> bool:
        """Whether the character is one of these."""
        if self.is_cased:
            return self._contains(char) is not self.is_negated
        forms = {char, char.lower(), char.upper()}
        return any(map(self._contains, forms)) is not self.is_negated

    def _contains(self, char: str) -> bool:
        code = ord(char[0])
        return any(first <= code <= last for first, last in self.ranges)


class At(msgspec.Struct, frozen=True):
    """A place in the text."""

    edge: Edge


class Sequence(msgspec.Struct, frozen=True):
    """One after the other."""

    parts: tuple[Node, ...]


class Choice(msgspec.Struct, frozen=True):
    """One of several, the first that leads to a match."""

    parts: tuple[Node, ...]


class Repeat(msgspec.Struct, frozen=True):
    """So many times; without a most, any number."""

    part: Node
    least: int
    most: int | None
    is_greedy: bool = True


class Group(msgspec.Struct, frozen=True):
    """What is remembered under a number."""

    part: Node
    number: int


Node: TypeAlias = Chars | At | Sequence | Choice | Repeat | Group
