"""Registers and deregisters a target group's targets, and knows what is registered."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TypeAlias

import structlog

from alb_controller.errors import NotFound, Rejected
from alb_controller.model.elbv2 import Target, TargetHealth
from alb_controller.reconcile.targets.edges import TargetApi
from alb_controller.reconcile.targets.memory import TargetMemory
from alb_controller.reconcile.targets.tracking import Ledger
from alb_controller.targets.diff import TargetChanges, diff, registered
from alb_controller.targets.readiness import NOT_REGISTERED
from alb_controller.values import BindingKey

ASKED_BY_NAME = 50
"""With more than so many targets to ask for, the whole group is asked for: one call either way."""

_Key: TypeAlias = tuple[str, int]
_log = structlog.get_logger(__name__)


class Registration:
    """The targets of one binding's target group, for the time of one pass.

    Of a group that clusters share (multiClusterTargetGroup) only targets are deregistered that the
    ledger says are this cluster's.
    """

    def __init__(
        self,
        elbv2: TargetApi,
        memory: TargetMemory,
        arn: str,
        owner: BindingKey,
        ledger: Ledger | None = None,
    ) -> None:
        """`ledger`: of a group that clusters share."""
        self._elbv2, self._memory, self._arn = elbv2, memory, arn
        self._owner, self._ledger = owner, ledger
        self._wanted: frozenset[_Key] = frozenset()
        self._health: Mapping[_Key, TargetHealth] | None = None
        self.fresh: frozenset[_Key] = frozenset()
        """Targets that were registered in this pass."""
        self.owned = 0
        """How many targets of the group were this binding's before any change."""
        self._there: frozenset[_Key] = frozenset()

    @property
    def health(self) -> Mapping[_Key, TargetHealth]:
        """What AWS has told of the whole group in this pass; empty: it was not asked."""
        return self._health or {}

    def holds(self, key: _Key) -> bool:
        """Whether a target is registered now, as far as this pass knows."""
        return key in self._there

    @property
    def count(self) -> int:
        """How many targets the group has now, whosever they are."""
        return len(self._there)

    def changes_to(self, desired: Iterable[Target]) -> TargetChanges:
        """What it takes until the group holds these. Raises AwsError where AWS does not tell."""
        desired, known = tuple(desired), self._known()
        self._there = frozenset(t.key for t in known)
        self._wanted = frozenset(t.key for t in desired)
        self.owned = len(self._own(known))
        if self._health is not None:
            there = (t for t in known if t.key in self._wanted)
            self._memory.registering(self._arn, self._owner, there)
        changes = diff(desired, known)
        return TargetChanges(register=changes.register, deregister=self._own(changes.deregister))

    def apply(self, changes: TargetChanges) -> Rejected | None:
        """Register first, deregister then; the error of targets that AWS refuses by themselves.

        Raises AwsError; what is registered is then to be read again. A target that AWS refuses
        stops none of the others.
        """
        if not changes:
            return None
        _log.info(
            "targets",
            target_group=self._arn,
            registered=len(changes.register),
            deregistered=len(changes.deregister),
        )
        known = self._memory.known(self._arn)
        self._memory.forget(self._arn)
        refused = self._register(changes.register)
        if changes.deregister:
            self._elbv2.deregister_targets(self._arn, changes.deregister)
            self._memory.deregistered(self._arn, self._owner, changes.deregister)
            self._there -= {t.key for t in changes.deregister}
        if known is not None and refused is None:  # else the slow resync has made it void
            self._memory.set(self._arn, {*known, *changes.register} - {*changes.deregister})
        return refused

    def read_health(self, targets: Sequence[Target]) -> Mapping[_Key, TargetHealth]:
        """The health of targets, or of the whole group where they are many. Raises AwsError.

        Those that are not registered at all are left out. Others took them away, so what is
        registered is to be read again.
        """
        by_name = targets if len(targets) <= ASKED_BY_NAME else ()
        answer = self._elbv2.target_health(self._arn, by_name)
        found = {h.target.key: h for h in answer if h.reason != NOT_REGISTERED}
        if any(t.key not in found for t in targets):
            self._memory.forget(self._arn)
        return found

    def unknown(self, targets: Iterable[Target]) -> tuple[Target, ...]:
        """Those that were found in the group though this binding never put them there."""
        if self._ledger is not None or self._health is None:
            return ()
        own = self._memory.own(self._arn, self._owner)
        return tuple(t for t in targets if t.key not in own)

    def record(self) -> None:
        """Write down which targets of a shared group are this cluster's. Raises KubeError."""
        if self._ledger is not None:
            tracked = self._ledger.targets or frozenset()
            there = {_word(key) for key in self._there}
            self._ledger.write({_word(key) for key in self._wanted} | (tracked & there))

    def gone(self) -> None:
        """The target group is gone, and its targets with it."""
        self._memory.gone(self._arn, self._owner)

    def release(self) -> None:
        """Deregister all for good; an ARN that is none was never served."""
        try:
            self.apply(self.changes_to(()))
        except NotFound:
            pass
        except Rejected as error:
            if error.code != "ValidationError":
                raise
        if self._ledger is not None:
            self._ledger.close()
        self.gone()

    def _known(self) -> tuple[Target, ...]:
        known = self._memory.known(self._arn)
        if known is None:
            answer = self._elbv2.target_health(self._arn)
            self._health = {h.target.key: h for h in answer}
            known = registered(answer)
            self._memory.set(self._arn, known)
        return known

    def _own(self, targets: tuple[Target, ...]) -> tuple[Target, ...]:
        if self._ledger is None:
            return targets
        tracked = self._ledger.targets or frozenset()
        return tuple(t for t in targets if _word(t.key) in tracked)

    def _register(self, targets: tuple[Target, ...]) -> Rejected | None:
        """The error that speaks of some targets alone; the others are registered."""
        if not targets:
            return None
        if self._ledger is not None:  # before they are sent: the answer may get lost
            tracked = self._ledger.targets or frozenset()
            self._ledger.write(tracked | {_word(key) for key in self._wanted})
        self._memory.registering(self._arn, self._owner, targets)
        self.fresh = frozenset(t.key for t in targets)
        self._there |= self.fresh
        try:
            self._elbv2.register_targets(self._arn, targets)
        except Rejected as error:
            return error
        return None


def _word(key: _Key) -> str:
    """A target as ledgers have it."""
    return f"{key[0]}:{key[1]}"
