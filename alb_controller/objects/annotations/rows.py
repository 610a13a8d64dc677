"""A row of the table of annotations, and how it is read from objects (spec 0).

A value that cannot be read is an InvalidAnnotation that names the object that carries it, the
whole key, the value and what is allowed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Generic, Literal, TypeAlias, TypeVar

import msgspec

from alb_controller.errors import Invalid, InvalidAnnotation
from alb_controller.values import ObjectRef

T = TypeVar("T")
Scope: TypeAlias = Literal["Ingress", "Ingress and Service"]
Merge: TypeAlias = Literal["exclusive", "union", "per port", "per Ingress"]


class Annotation(msgspec.Struct, Generic[T], frozen=True, kw_only=True):
    """One row; `parse` raises ValueError with what is allowed."""

    prefix: str
    """Of the API, as `alb.ingress.kubernetes.io/`; the suffix is the rest of the key."""
    suffix: str
    parse: Callable[[str], T]
    merge: Merge
    doc: str
    scope: Scope = "Ingress"
    default: str = ""

    @property
    def key(self) -> str:
        return self.prefix + self.suffix


class Source(msgspec.Struct, frozen=True):
    """One object's annotations."""

    ref: ObjectRef
    annotations: Mapping[str, str]


class Reader:
    """Reads rows from one object, or from several of which the first that has the key wins.

    A Service's annotation replaces the Ingress's as a whole (spec 0), so a Reader for a backend has
    the Service first.
    """

    def __init__(self, *sources: Source) -> None:
        self._sources = sources

    def get(self, row: Annotation[T]) -> T | None:
        """The parsed value, or None where no object has the key; raises InvalidAnnotation."""
        source = self.source(row)
        return None if source is None else parse(row, source)

    def get_or(self, row: Annotation[T], default: T) -> T:
        """The same, with a default where no object has the key."""
        found = self.get(row)
        return default if found is None else found

    def source(self, row: Annotation[Any]) -> Source | None:
        """The object whose annotation counts."""
        return next((s for s in self._sources if row.key in s.annotations), None)


class CollectingReader(Reader):
    """Reads one object and goes on where a value is malformed: users hear of all at once."""

    def __init__(self, source: Source) -> None:
        super().__init__(source)
        self.problems: list[Invalid] = []
        """All that is wrong; who reads may add to it."""

    def get(self, row: Annotation[T]) -> T | None:
        """The parsed value, or None where there is none that can be read."""
        try:
            return super().get(row)
        except InvalidAnnotation as problem:
            self.problems.append(problem)
            return None


def parse(row: Annotation[T], source: Source) -> T:
    """The value of a row on one object that has it; raises InvalidAnnotation."""
    raw = without_line_end(source.annotations[row.key])
    try:
        return row.parse(raw)
    except ValueError as error:
        raise InvalidAnnotation(source.ref, row.key, f"{raw!r} {error}") from None


def without_line_end(raw: str) -> str:
    """A value without the line end that a YAML block scalar (`key: |`) leaves behind it."""
    return raw.rstrip("\n")
