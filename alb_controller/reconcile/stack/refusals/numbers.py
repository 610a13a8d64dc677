"""Members without room in a quota, in the words that their users know."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import Generic

import msgspec

from alb_controller.errors import Invalid, OverLimit
from alb_controller.frontends.frontend import M
from alb_controller.frontends.snapshot import Snapshot
from alb_controller.frontends.translation import Translation
from alb_controller.objects.kinds import ref_of
from alb_controller.values import ObjectRef, StackKey, Value


class _Counted(Value, Generic[M], frozen=True):
    """What a member asks for, and the problem with its numbers."""

    intent: M | None
    problem: OverLimit


class Numbers(Generic[M]):
    """Of each stack; thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._known: dict[StackKey, dict[ObjectRef, _Counted[M]]] = {}

    def with_first_numbers(
        self, snapshot: Snapshot, translation: Translation[M], asked: Mapping[str, M]
    ) -> Translation[M]:
        """With the numbers of the first time, as long as a member asks for the same."""
        uids = {ref_of(member.object): member.uid for member in snapshot.members}
        with self._lock:
            before = self._known.pop(snapshot.key, {})
        counted: dict[ObjectRef, _Counted[M]] = {}
        problems: list[Invalid] = []
        for one in translation.problems:
            if isinstance(one, OverLimit) and one.cause is None:
                now = _Counted(intent=asked.get(uids.get(one.origin, "")), problem=one)
                known = before.get(one.origin, now)
                is_same = known.intent == now.intent and _quota(known.problem) == _quota(one)
                counted[one.origin] = now = known if is_same else now
                problems.append(now.problem)
            else:
                problems.append(one)
        if counted:
            with self._lock:
                self._known[snapshot.key] = counted
            translation = msgspec.structs.replace(translation, problems=tuple(problems))
        return translation

    def forget(self, key: StackKey) -> None:
        """The stack is gone."""
        with self._lock:
            self._known.pop(key, None)


def _quota(problem: OverLimit) -> tuple[str, str]:
    """Which it is, and whose field: the words before the numbers."""
    return problem.field, problem.problem.partition(":")[0]
