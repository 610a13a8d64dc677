"""Registers and deregisters a target group's targets, and knows what is registered."""

from __future__ import annotations

from collections.abc import Iterable

import structlog

from alb_controller.errors import NotFound, Rejected
from alb_controller.model.elbv2 import Target
from alb_controller.reconcile.binding_edges import TargetApi
from alb_controller.reconcile.target_memory import TargetMemory
from alb_controller.targets.diff import TargetChanges, diff, registered

_log = structlog.get_logger(__name__)


class Registration:
    """The targets of one target group, for one binding.

    `is_shared`: clusters share the target group, so only targets that this process registered
    are its own to deregister (spec 8.8).
    """

    def __init__(
        self, elbv2: TargetApi, memory: TargetMemory, arn: str, *, is_shared: bool
    ) -> None:
        self._elbv2, self._memory = elbv2, memory
        self._arn, self._is_shared = arn, is_shared

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
        known = self._known()
        self._memory.forget(self._arn)
        refused = self._register(changes.register)
        if changes.deregister:
            self._elbv2.deregister_targets(self._arn, changes.deregister)
        if refused is not None:
            raise refused
        self._memory.set(self._arn, {*known, *changes.register} - {*changes.deregister})

    def empty(self) -> bool:
        """Deregister all; whether there was anything. A group that is gone holds nothing."""
        try:
            changes = self.changes_to(())
            self.apply(changes)
        except NotFound:
            self._memory.gone(self._arn)
            return False
        return bool(changes)

    def release(self) -> None:
        """Deregister all for good; an ARN that is none was never served."""
        try:
            self.empty()
        except Rejected as error:
            if error.code != "ValidationError":
                raise
        self._memory.gone(self._arn)

    def _known(self) -> tuple[Target, ...]:
        known = self._memory.known(self._arn)
        if known is None:
            known = registered(self._elbv2.target_health(self._arn))
            self._memory.set(self._arn, known)
        return known

    def _own(self, targets: tuple[Target, ...]) -> tuple[Target, ...]:
        if not self._is_shared:
            return targets
        own = self._memory.own(self._arn)
        return tuple(t for t in targets if t.key in own)

    def _register(self, targets: tuple[Target, ...]) -> Rejected | None:
        """The error that speaks of some targets alone; the others are registered."""
        if not targets:
            return None
        self._memory.registering(self._arn, targets)
        try:
            self._elbv2.register_targets(self._arn, targets)
        except Rejected as error:
            return error
        return None
