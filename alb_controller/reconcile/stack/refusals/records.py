"""What objects note of themselves, and was refused: AWS never took it, or does not any more."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import Generic

from alb_controller.errors import NotServed
from alb_controller.frontends.frontend import M
from alb_controller.reconcile.stack.refusals.search import Problem
from alb_controller.values import StackKey, Value


class _RefusedRecord(Value, Generic[M], frozen=True):
    """It holds while the object says the same."""

    beside: M | None
    problem: NotServed


class Records(Generic[M]):
    """Of each stack; thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._counting: dict[StackKey, Mapping[str, M]] = {}
        """What members ask for, with what stands in for the others."""
        self._refused: dict[StackKey, dict[str, _RefusedRecord[M]]] = {}

    def keep(self, key: StackKey, counting: Mapping[str, M]) -> None:
        """Forget those of objects that say something else by now."""
        with self._lock:
            self._counting[key] = counting
            known = self._refused.pop(key, {})
            known = {u: one for u, one in known.items() if counting.get(u) == one.beside}
            if known:
                self._refused[key] = known

    def known(self, key: StackKey) -> tuple[NotServed, ...]:
        """Of members that are not served by what they note."""
        with self._lock:
            return tuple(one.problem for one in self._refused.get(key, {}).values())

    def note(
        self, key: StackKey, standing: Mapping[str, M], problems: Mapping[str, Problem]
    ) -> bool:
        """Whether what was refused stood in for members because they note it."""
        refused = {u: p for u, p in problems.items() if u in standing and standing[u].is_recorded}
        with self._lock:
            counting = self._counting.get(key, {})
            for uid, one in refused.items():
                problem = NotServed(one.origin, one.field, f"{one.problem}, as it was before, too")
                record = _RefusedRecord(beside=counting.get(uid), problem=problem)
                self._refused.setdefault(key, {})[uid] = record
        return bool(refused)

    def forget(self, key: StackKey) -> None:
        """The stack is gone."""
        with self._lock:
            self._counting.pop(key, None)
            self._refused.pop(key, None)
