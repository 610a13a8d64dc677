"""What a patch is, and how it is put in place.

moto's classes are patched, not subclassed: its request routing finds backends and responses by
class, and leaves no other door open.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

Moto = Callable[..., Any]
"""moto's own method, which a patch may call."""


@dataclass(frozen=True, slots=True)
class Patch:
    """One departure of moto from AWS, put right.

    `function` takes moto's own method first, then the arguments of that method. Its docstring is
    the AWS rule that it restores.
    """

    owner: Any
    method: str
    function: Callable[..., Any]
    source: str
    """The page of AWS's documentation that has the rule."""
    computed: bool = False
    """Whether moto keeps the value as an attribute, which is to be computed instead."""

    @property
    def name(self) -> str:
        """What the reference page calls it."""
        return self.function.__name__

    @property
    def rule(self) -> str:
        """The AWS rule, in a sentence or two."""
        return " ".join(inspect.cleandoc(self.function.__doc__ or "").split())

    def put(self) -> None:
        """Put it in place of what stands there, which may be an earlier patch."""
        if isinstance(self.owner, dict):
            self.owner[self.method] = self._wrapped(self.owner.get(self.method))
            return
        before = getattr(self.owner, self.method, None)
        if isinstance(before, property) or self.computed:
            getter = self._wrapped(getattr(before, "fget", None))
            setattr(self.owner, self.method, property(getter, lambda _self, _value: None))
        else:
            setattr(self.owner, self.method, self._wrapped(before))

    def _wrapped(self, before: Moto | None) -> Moto:
        moto = before or _missing(self.method)

        def patched(*args: Any, **kwargs: Any) -> Any:
            return self.function(moto, *args, **kwargs)

        return functools.wraps(moto)(patched) if before else patched


def _missing(method: str) -> Moto:
    def call(*_args: Any, **_kwargs: Any) -> Any:
        raise LookupError(f"moto has no {method}")

    return call


def put_all(patches: Iterable[Patch]) -> None:
    """Put patches in place, in order."""
    for patch in patches:
        patch.put()


def is_true(value: object) -> bool:
    """A boolean as the query protocol writes it, or as moto parsed it."""
    return str(value).lower() == "true"
