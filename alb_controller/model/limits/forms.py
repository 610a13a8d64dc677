"""The forms of a limit: a text's length and characters, a number's range, a choice."""

from __future__ import annotations

import re

import msgspec

_MOST_DIGITS = 18


class Text(msgspec.Struct, frozen=True):
    """A text: its length in characters, and the form that all of it must have."""

    longest: int | None = None
    shortest: int = 0
    form: re.Pattern[str] | None = None

    def admits(self, value: str) -> bool:
        """Whether AWS takes the value."""
        if len(value) < self.shortest or (self.longest is not None and len(value) > self.longest):
            return False
        return self.form is None or self.form.fullmatch(value) is not None


class Number(msgspec.Struct, frozen=True):
    """A whole number in a range, both ends included, or one of some names."""

    least: int
    most: int
    names: tuple[str, ...] = ()

    def admits(self, value: int | str) -> bool:
        """Whether AWS takes the value, as a number or as its digits."""
        if value in self.names:
            return True
        digits = str(value)
        if not (digits.isascii() and digits.isdigit() and len(digits) <= _MOST_DIGITS):
            return False
        return self.least <= int(digits) <= self.most


class Choice(msgspec.Struct, frozen=True):
    """One of some names, letter case included."""

    values: tuple[str, ...]

    def admits(self, value: str) -> bool:
        """Whether AWS takes the value."""
        return value in self.values


Limit = Text | Number | Choice
