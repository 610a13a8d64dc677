"""Reads an expression."""

from __future__ import annotations

from alb_controller.model.regex.nodes import (
    At,
    Chars,
    Choice,
    Edge,
    Group,
    Node,
    Range,
    Repeat,
    Sequence,
)
from alb_controller.model.regex.sets import CONTROLS, NAMED, by_letter

_MOST_REPEATS = 1000
_MOST_DEPTH = 100
_EDGES: dict[str, Edge] = {"A": "start", "z": "end", "b": "word", "B": "no-word"}
_NEWLINE: tuple[Range, ...] = ((10, 10),)


class BadExpression(ValueError):
    """The text is no expression of the dialect: what is wrong, and where."""


class Parser:
    """One reading of one text."""

    def __init__(self, text: str, *, is_cased: bool) -> None:
        self._text, self._at = text, 0
        self._flags = frozenset() if is_cased else frozenset("i")
        self._depth = 0
        self.groups = 0

    def whole(self) -> Node:
        """The expression. Raises BadExpression."""
        node = self._choice()
        if self._at < len(self._text):
            raise self._wrong("a ) without its (")
        return node

    def _choice(self) -> Node:
        parts = [self._sequence()]
        while self._takes("|"):
            parts.append(self._sequence())
        return parts[0] if len(parts) == 1 else Choice(tuple(parts))

    def _sequence(self) -> Node:
        parts = []
        while self._at < len(self._text) and self._peek() not in "|)":
            found = self._repeated()
            if found is not None:
                parts.append(found)
        return Sequence(tuple(parts))

    def _repeated(self) -> Node | None:
        """An atom with what follows it; None for flags, which are none."""
        node = self._atom()
        if node is None:
            return None
        counts = self._counts()
        if counts is None:
            return node
        is_greedy = not self._takes("?")
        if self._peek() in ("*", "+", "?") or self._counts() is not None:
            raise self._wrong("a repetition of a repetition")
        return Repeat(node, counts[0], counts[1], is_greedy)

    def _counts(self) -> tuple[int, int | None] | None:
        for sign, counts in (("*", (0, None)), ("+", (1, None)), ("?", (0, 1))):
            if self._takes(sign):
                return counts
        if self._peek() != "{":
            return None
        inner, closed, _ = self._text[self._at + 1 :].partition("}")
        least, comma, most = inner.partition(",")
        if not closed or not least.isdecimal() or not (most.isdecimal() or not most):
            return None  # a brace like any other character
        self._at += len(inner) + 2
        upper = int(most) if most else (None if comma else int(least))
        if max(int(least), upper or 0) > _MOST_REPEATS or (upper or _MOST_REPEATS) < int(least):
            raise self._wrong(f"a repetition must be 0 to {_MOST_REPEATS}, the least first")
        return int(least), upper

    def _atom(self) -> Node | None:
        char = self._next()
        if char in ("(", "[", "\\"):
            return {"(": self._group, "[": self._set, "\\": self._escape}[char]()
        if char in ("*", "+", "?"):
            raise self._wrong("nothing to repeat")
        match char:
            case ".":
                return Chars(() if "s" in self._flags else _NEWLINE, is_negated=True)
            case "^":
                return At("line-start" if "m" in self._flags else "start")
            case "$":
                return At("line-end" if "m" in self._flags else "end")
            case _:
                return self._char(char)

    def _char(self, char: str) -> Chars:
        return Chars(((ord(char), ord(char)),), is_cased="i" not in self._flags)

    def _group(self) -> Node | None:
        before = self._flags
        number = None
        if not self._takes("?") or self._takes_name():
            self.groups += 1
            number = self.groups
        elif self._reads_flags():
            return None
        self._depth += 1
        if self._depth > _MOST_DEPTH:
            raise self._wrong(f"more than {_MOST_DEPTH} groups in each other")
        part = self._choice()
        if not self._takes(")"):
            raise self._wrong("a ( without its )")
        self._depth -= 1
        self._flags = before
        return part if number is None else Group(part, number)

    def _takes_name(self) -> bool:
        """Of `(?P<name>` and `(?<name>`."""
        rest = self._text[self._at :].removeprefix("P")
        if not rest.startswith("<"):
            return False
        name, closed, _ = rest[1:].partition(">")
        if not closed or not name.isidentifier():
            raise self._wrong("a group needs a name")
        self._at = len(self._text) - len(rest) + len(name) + 2
        return True

    def _reads_flags(self) -> bool:
        """Of `(?i)`, which ends here, and of `(?i:`, where a group begins."""
        is_on = True
        while (char := self._next()) not in (":", ")", ""):
            if char == "-":
                is_on = False
            elif char in "ims":
                self._flags = self._flags | {char} if is_on else self._flags - {char}
            else:
                raise self._wrong("not of the dialect")
        return char == ")"

    def _escape(self) -> Node:
        char = self._next()
        if char in _EDGES:
            return At(_EDGES[char])
        ranges = by_letter(char) if char else None
        if ranges is not None:
            return Chars(ranges)
        return self._char(self._escaped(char))

    def _escaped(self, char: str) -> str:
        """The character that an escape stands for."""
        if char == "x":
            return self._hexadecimal()
        if char in CONTROLS:
            return chr(CONTROLS[char])
        if not char or char.isalnum():
            raise self._wrong("an escape that is none")
        return char

    def _hexadecimal(self) -> str:
        rest = self._text[self._at :]
        digits = rest[1:].partition("}")[0] if rest.startswith("{") else rest[:2]
        self._at += len(digits) + (2 if rest.startswith("{") else 0)
        try:
            return chr(int(digits, 16))
        except (ValueError, OverflowError):
            raise self._wrong("no character") from None

    def _set(self) -> Chars:
        is_negated = self._takes("^")
        ranges: list[Range] = []
        is_first = True
        while is_first or self._peek() != "]":
            if self._at >= len(self._text):
                raise self._wrong("a [ without its ]")
            ranges += self._member()
            is_first = False
        self._at += 1
        return Chars(tuple(ranges), is_negated, "i" not in self._flags)

    def _member(self) -> tuple[Range, ...]:
        if self._text.startswith("[:", self._at):
            return self._named()
        char = self._next()
        if char == "\\":
            letter = self._next()
            ranges = by_letter(letter) if letter else None
            if ranges is not None:
                return ranges
            char = self._escaped(letter)
        if self._peek() != "-" or self._text.startswith("-]", self._at):
            return ((ord(char), ord(char)),)
        self._at += 1
        last = self._next()
        last = self._escaped(self._next()) if last == "\\" else last
        if not last or last < char:
            raise self._wrong("a range that ends before it begins")
        return ((ord(char), ord(last)),)

    def _named(self) -> tuple[Range, ...]:
        name, closed, _ = self._text[self._at + 2 :].partition(":]")
        if not closed or name not in NAMED:
            raise self._wrong("a class that is none")
        self._at += len(name) + 4
        return NAMED[name]

    # ---- the text

    def _peek(self) -> str:
        return self._text[self._at : self._at + 1]

    def _next(self) -> str:
        char = self._peek()
        self._at += len(char)
        return char

    def _takes(self, char: str) -> bool:
        if self._peek() != char:
            return False
        self._at += 1
        return True

    def _wrong(self, what: str) -> BadExpression:
        return BadExpression(f"{self._text!r} at {self._at}: {what}")
