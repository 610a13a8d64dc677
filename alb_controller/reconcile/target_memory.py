"""What this process knows to be registered, so that a change costs no look-up."""

from __future__ import annotations

import threading
from collections.abc import Iterable

from alb_controller.model.elbv2 import Target


class TargetMemory:
    """Registered targets by target group ARN; thread-safe.

    One binding holds a target group, so each ARN has one writer. A failed write makes the
    knowledge void (`forget`), and so does the slow resync (`clear`), which finds drift so.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._known: dict[str, tuple[Target, ...]] = {}
        self._own: dict[str, set[tuple[str, int]]] = {}

    def known(self, arn: str) -> tuple[Target, ...] | None:
        """The registered targets, draining ones not counted; None: not known."""
        with self._lock:
            return self._known.get(arn)

    def set(self, arn: str, targets: Iterable[Target]) -> None:
        """What is registered now."""
        with self._lock:
            self._known[arn] = tuple(targets)

    def created(self, arn: str) -> None:
        """A target group that this process has just made holds nothing."""
        self.set(arn, ())

    def own(self, arn: str) -> frozenset[tuple[str, int]]:
        """The keys of targets that this process registered."""
        with self._lock:
            return frozenset(self._own.get(arn, ()))

    def registering(self, arn: str, targets: Iterable[Target]) -> None:
        """Note targets as this process's, before they are sent: the answer may get lost."""
        with self._lock:
            self._own.setdefault(arn, set()).update(t.key for t in targets)

    def forget(self, arn: str) -> None:
        """What is registered has to be read again."""
        with self._lock:
            self._known.pop(arn, None)

    def gone(self, arn: str) -> None:
        """Nobody here works on the target group any more."""
        with self._lock:
            self._known.pop(arn, None)
            self._own.pop(arn, None)

    def clear(self) -> None:
        """Everything has to be read again."""
        with self._lock:
            self._known.clear()
