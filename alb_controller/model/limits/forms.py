"""The forms of a limit: a text's length and characters, a number's range, a choice.

Each says whether AWS takes a value, and in words what is allowed, for who wrote another one.
"""

from __future__ import annotations

import re
from typing import Any

import msgspec

_MOST_DIGITS = 18
_MOST_SHOWN = 60


class Text(msgspec.Struct, frozen=True):
    """A text: its length in characters, and the form that all of it must have."""

    longest: int | None = None
    shortest: int = 0
    form: re.Pattern[str] | None = None
    texts: str = ""
    """The form, as the end of a sentence: `must …`."""

    def admits(self, value: str) -> bool:
        """Whether AWS takes the value."""
        return self._fits(value) and (self.form is None or self.form.fullmatch(value) is not None)

    def allowed(self, value: str) -> str:
        """What is allowed, for a value that AWS does not take."""
        if self._fits(value):
            return f"must {self.texts}"
        if self.longest is None:
            return f"must have {self.shortest} characters or more"
        if self.shortest:
            return f"must have {self.shortest} to {self.longest} characters"
        return f"must have at most {self.longest} characters"

    def _fits(self, value: str) -> bool:
        return len(value) >= self.shortest and (self.longest is None or len(value) <= self.longest)


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

    def allowed(self, _: int | str) -> str:
        """What is allowed, for a value that AWS does not take."""
        return " or ".join((f"must be {self.least} to {self.most}", *self.names))


class Choice(msgspec.Struct, frozen=True):
    """One of some names, letter case included."""

    values: tuple[str, ...]

    def admits(self, value: str) -> bool:
        """Whether AWS takes the value."""
        return value in self.values

    def allowed(self, _: str) -> str:
        """What is allowed, for a value that AWS does not take."""
        if len(self.values) == 1:
            return f"must be {self.values[0]}"
        return f"must be one of {', '.join(self.values)}"


Limit = Text | Number | Choice


def shown(value: object) -> str:
    """A value as a sentence has it: a long one by its beginning and its length."""
    text = str(value)
    if len(text) <= _MOST_SHOWN:
        return repr(text)
    return f"{text[:_MOST_SHOWN]!r}… ({len(text)} characters)"


def problem_of(limit: Limit, value: Any) -> str | None:
    """What is wrong with a value and what is allowed; None for one that AWS takes."""
    return None if limit.admits(value) else f"{shown(value)} {limit.allowed(value)}"
