"""A change of one object, as front ends judge it: does it concern one of their stacks?"""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, TypeVar

import msgspec

from alb_controller.objects.core import KubeObject

T = TypeVar("T", bound=KubeObject)


class Change(msgspec.Struct, Generic[T], frozen=True):
    """An object before and after; None at creation or deletion."""

    old: T | None
    new: T | None

    def versions(self) -> list[T]:
        """Those of the two that exist, the older first."""
        return [v for v in (self.old, self.new) if v is not None]

    def keeps(self, *facts: Callable[[T], object]) -> bool:
        """Whether it is an update that leaves the uid and all these facts as they were."""
        old, new = self.old, self.new
        if old is None or new is None or old.metadata.uid != new.metadata.uid:
            return False
        return all(fact(old) == fact(new) for fact in facts)
