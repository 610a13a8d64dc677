"""What this process knows to be registered, so that a change costs no look-up."""

from __future__ import annotations

import threading
from collections.abc import Iterable

from alb_controller.model.elbv2 import Target
from alb_controller.values import BindingKey


class TargetMemory:
    """Registered targets by target group ARN; thread-safe.

    One binding holds a target group that is not shared, so each ARN has one writer. A failed
    write makes the knowledge void (`forget`), and so does the slow resync (`clear`), which finds
    drift so.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._known: dict[str, tuple[Target, ...]] = {}
        self._own: dict[tuple[str, BindingKey], set[tuple[str, int]]] = {}

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

    def own(self, arn: str, owner: BindingKey) -> frozenset[tuple[str, int]]:
        """The keys of targets that this process registered for a binding."""
        with self._lock:
            return frozenset(self._own.get((arn, owner), ()))

    def registering(self, arn: str, owner: BindingKey, targets: Iterable[Target]) -> None:
        """Note targets as a binding's, before they are sent: the answer may get lost."""
        with self._lock:
            self._own.setdefault((arn, owner), set()).update(t.key for t in targets)

    def deregistered(self, arn: str, owner: BindingKey, targets: Iterable[Target]) -> None:
        """Targets are no longer the binding's."""
        with self._lock:
            self._own.get((arn, owner), set()).difference_update(t.key for t in targets)

    def forget(self, arn: str) -> None:
        """What is registered has to be read again."""
        with self._lock:
            self._known.pop(arn, None)

    def gone(self, arn: str, owner: BindingKey) -> None:
        """The binding does not work on the target group any more."""
        with self._lock:
            self._known.pop(arn, None)
            self._own.pop((arn, owner), None)

    def clear(self) -> None:
        """Everything has to be read again."""
        with self._lock:
            self._known.clear()
