"""Registers and deregisters a target group's targets, and knows what is registered."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TypeAlias

import structlog

from alb_controller.errors import AwsError, NotFound, Rejected
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
        """What AWS has shown of the whole group in this pass; empty: it was not asked."""
        return self._health or {}

    def holds(self, key: _Key) -> bool:
        """Whether a target is registered now, as far as this pass knows."""
        return key in self._there

    @property
    def count(self) -> int:
        """How many targets the group has now, whosever they are."""
        return len(self._there)

    def changes_to(self, desired: Iterable[Target]) -> TargetChanges:
        """What it takes until the group holds these. Raises AwsError where AWS does not answer."""
        desired, known = tuple(desired), self._known()
        self._there = frozenset(t.key for t in known)
        self._wanted = frozenset(t.key for t in desired)
        self.owned = len(self._own(known))
        if self._health is not None:
            there = (t for t in known if t.key in self._wanted)
            self._memory.registering(self._arn, self._owner, there)
        changes = diff(desired, known)
        return TargetChanges(register=changes.register, deregister=self._own(changes.deregister))

    def register(self, targets: Sequence[Target]) -> Rejected | None:
        """Register these; the error of targets that AWS refuses by themselves stops no other.

        Raises AwsError, KubeError; what is registered is then to be read again.
        """
        if not targets:
            return None
        _log.info("targets", target_group=self._arn, registered=len(targets))
        self._track()
        known = self._memory.known(self._arn)
        self._memory.forget(self._arn)
        self._memory.registering(self._arn, self._owner, targets)
        self.fresh = frozenset(t.key for t in targets)
        self._there |= self.fresh
        try:
            self._elbv2.register_targets(self._arn, targets)
        except Rejected as error:
            return error
        if known is not None:  # else the slow resync has made it void
            self._memory.set(self._arn, {*known, *targets})
        return None

    def read_again(self) -> None:
        """Look at what is registered: some of a refused call may be. Raises AwsError."""
        self._memory.forget(self._arn)
        self._there = frozenset(t.key for t in self._known())
        self.fresh &= self._there

    def deregister(self, targets: Sequence[Target]) -> None:
        """Deregister these. Raises AwsError; what is registered is then to be read again."""
        if not targets:
            return
        _log.info("targets", target_group=self._arn, deregistered=len(targets))
        known = self._memory.known(self._arn)
        self._memory.forget(self._arn)
        self._elbv2.deregister_targets(self._arn, targets)
        self._memory.deregistered(self._arn, self._owner, targets)
        self._there -= {t.key for t in targets}
        if known is not None:  # else the slow resync has made it void
            self._memory.set(self._arn, {*known} - {*targets})

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
            there = {_target_key(key) for key in self._there}
            self._ledger.write({_target_key(key) for key in self._wanted} | (tracked & there))

    def is_gone(self, error: AwsError) -> bool:
        """Whether an error means that there is no such target group, and a second look says so.

        Of a group that is there AWS may say for a moment that it is not: then its targets are
        still to be deregistered. Raises AwsError.
        """
        if not _is_gone_error(error):
            return False
        try:
            self._elbv2.target_health(self._arn)
        except AwsError as second:
            if not _is_gone_error(second):
                raise
            return True
        return False

    def gone(self) -> None:
        """The target group is gone, and its targets with it."""
        self._memory.gone(self._arn, self._owner)

    def release(self) -> None:
        """Deregister all for good; an ARN that is none was never served."""
        try:
            self.deregister(self.changes_to(()).deregister)
        except AwsError as error:
            if not self.is_gone(error):
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
        return tuple(t for t in targets if _target_key(t.key) in tracked)

    def _track(self) -> None:
        """Write down what is to be sent to a shared group: the answer may get lost."""
        if self._ledger is not None:
            tracked = self._ledger.targets or frozenset()
            self._ledger.write(tracked | {_target_key(key) for key in self._wanted})


def _is_gone_error(error: AwsError) -> bool:
    """`ValidationError`: the ARN is none at all."""
    is_no_arn = isinstance(error, Rejected) and error.code == "ValidationError"
    return isinstance(error, NotFound) or is_no_arn


def _target_key(key: _Key) -> str:
    """A target as ledgers have it."""
    return f"{key[0]}:{key[1]}"
