"""Registers and deregisters a target group's targets, and knows what is registered."""

from __future__ import annotations

from collections.abc import Iterable

import structlog

from alb_controller.errors import NotFound, Rejected
from alb_controller.model.elbv2 import Target
from alb_controller.objects.elbv2 import TargetGroupBinding
from alb_controller.reconcile.targets.edges import TargetApi
from alb_controller.reconcile.targets.memory import TargetMemory
from alb_controller.targets.diff import TargetChanges, diff, registered
from alb_controller.targets.watch import key_of

_log = structlog.get_logger(__name__)


class Registration:
    """The targets of one binding's target group.

    A group that clusters share (multiClusterTargetGroup) changes behind our back, so it is read
    each time; only targets that this process registered for this binding are deregistered.
    """

    def __init__(
        self, elbv2: TargetApi, memory: TargetMemory, arn: str, binding: TargetGroupBinding
    ) -> None:
        self._elbv2, self._memory, self._arn = elbv2, memory, arn
        self._owner = key_of(binding)
        self._is_shared = binding.spec.multi_cluster_target_group

    def changes_to(self, desired: Iterable[Target]) -> TargetChanges:
        """What it takes until the group holds these. Raises AwsError where AWS does not tell."""
        changes = diff(desired, self._known())
        return TargetChanges(register=changes.register, deregister=self._own(changes.deregister))

    def apply(self, changes: TargetChanges) -> None:
        """Register first, deregister then.

        Raises AwsError; what is registered is then to be read again. A target that AWS refuses
        stops none of the others.
        """
        if not changes:
            return
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
        if refused is not None:
            raise refused
        if known is not None:  # else the slow resync has just made it void
            self._memory.set(self._arn, {*known, *changes.register} - {*changes.deregister})

    def empty(self) -> bool:
        """Deregister all; whether there was anything. A group that is gone holds nothing."""
        try:
            changes = self.changes_to(())
            self.apply(changes)
        except NotFound:
            self._memory.gone(self._arn, self._owner)
            return False
        return bool(changes)

    def release(self) -> None:
        """Deregister all for good; an ARN that is none was never served."""
        try:
            self.empty()
        except Rejected as error:
            if error.code != "ValidationError":
                raise
        self._memory.gone(self._arn, self._owner)

    def _known(self) -> tuple[Target, ...]:
        known = self._memory.known(self._arn)
        if known is None or self._is_shared:
            known = registered(self._elbv2.target_health(self._arn))
            self._memory.set(self._arn, known)
        return known

    def _own(self, targets: tuple[Target, ...]) -> tuple[Target, ...]:
        if not self._is_shared:
            return targets
        own = self._memory.own(self._arn, self._owner)
        return tuple(t for t in targets if t.key in own)

    def _register(self, targets: tuple[Target, ...]) -> Rejected | None:
        """The error that speaks of some targets alone; the others are registered."""
        if not targets:
            return None
        self._memory.registering(self._arn, self._owner, targets)
        try:
            self._elbv2.register_targets(self._arn, targets)
        except Rejected as error:
            return error
        return None
