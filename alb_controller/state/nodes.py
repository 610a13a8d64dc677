"""A value of a document with the place where it stands, so that every error can name it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import msgspec

_NUMBER = re.compile(r"[0-9]{1,18}")


def is_unicode(text: str) -> bool:
    """Whether the text can be sent: JSON and arguments can hold halves of characters."""
    return not any("\ud800" <= char <= "\udfff" for char in text)


class StateError(ValueError):
    """A document that cannot be taken: the place in it, the value and what is allowed."""


class Node(msgspec.Struct, frozen=True):
    """A value at a place such as `listeners[0].Rules[2].Priority`."""

    value: Any
    place: str = ""

    def refuse(self, allowed: str) -> StateError:
        """The error that names the place, the value and what is allowed."""
        shown = repr(self.value)
        shown = shown if len(shown) <= 60 else shown[:57] + "..."
        return StateError(f"{self.place or 'the document'}: {shown}, but it must be {allowed}")

    def mapping(self) -> Mapping[str, Any]:
        """The value as a mapping with texts for keys."""
        if not isinstance(self.value, Mapping):
            raise self.refuse("a mapping")
        for key in self.value:
            if not isinstance(key, str):
                raise StateError(f"{self.place or 'the document'}: the key {key!r} is no text")
        return self.value

    def __contains__(self, name: str) -> bool:
        return self.mapping().get(name) is not None

    def __getitem__(self, name: str) -> Node:
        """A field that must be there."""
        if name not in self:
            raise StateError(f"{self._below(name)} is missing")
        return self.get(name)

    def get(self, name: str, default: Any = None) -> Node:
        """A field, or the default where it is absent or null."""
        value = self.mapping().get(name)
        return Node(default if value is None else value, self._below(name))

    def entries(self) -> Iterator[Node]:
        """The entries of a list."""
        if not isinstance(self.value, list | tuple):
            raise self.refuse("a list")
        for number, value in enumerate(self.value):
            yield Node(value, f"{self.place}[{number}]")

    def items(self) -> Iterator[tuple[str, Node]]:
        """The fields of a mapping, by name."""
        for key, value in self.mapping().items():
            yield key, Node(value, self._below(key))

    def text(self) -> str:
        """A text; a number counts as its digits."""
        if isinstance(self.value, bool) or not isinstance(self.value, str | int):
            raise self.refuse("a text")
        text = str(self.value)
        if not is_unicode(text):
            raise self.refuse("a text without half characters (lone surrogates)")
        return text

    def number(self) -> int:
        """A whole number of at most 18 digits, or its digits."""
        text = str(self.value)
        if isinstance(self.value, bool) or not _NUMBER.fullmatch(text):
            raise self.refuse("a whole number")
        return int(text)

    def flag(self) -> bool:
        """True or false, as a text too."""
        known = {"true": True, "false": False}
        found = known.get(str(self.value).lower())
        if found is None:
            raise self.refuse("true or false")
        return found

    def texts(self) -> tuple[str, ...]:
        """A list of texts."""
        return tuple(entry.text() for entry in self.entries())

    def one_of(self, allowed: Iterable[str]) -> str:
        """One of some texts."""
        options = list(allowed)
        if self.value not in options:
            raise self.refuse("one of " + ", ".join(options))
        return str(self.value)

    def _below(self, name: str) -> str:
        return f"{self.place}.{name}" if self.place else name
