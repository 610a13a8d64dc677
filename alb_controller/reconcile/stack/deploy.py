"""Brings a compiled stack about: names to claim, the plan, room where a quota is in the way."""

from __future__ import annotations

from typing import Any

import msgspec
import structlog

from alb_controller.errors import (
    AlreadyExists,
    ControllerError,
    NotFound,
    NotReady,
    ProtectedInAws,
    Rejected,
    handling_of,
)
from alb_controller.plan.changes import Limit, Plan
from alb_controller.plan.render import render_lines
from alb_controller.reconcile.apply import Outcome, apply
from alb_controller.reconcile.memory import StackMemory
from alb_controller.reconcile.quotas import usage
from alb_controller.reconcile.stack.compile import Compiled, Compiler, Planned
from alb_controller.reconcile.stack.edges import NameOwners, StackRecord
from alb_controller.reconcile.writes import Operations
from alb_controller.telemetry import metrics
from alb_controller.values import StackKey

_log = structlog.get_logger(__name__)


class Deployer:
    """Applies plans and keeps what is known after each."""

    def __init__(
        self,
        compiler: Compiler[Any, Any],
        memory: StackMemory[Any],
        record: StackRecord,
        owners: NameOwners,
        operations: Operations,
    ) -> None:
        self._compiler, self._memory, self._record = compiler, memory, record
        self._owners, self._operations = owners, operations

    def deploy(self, compiled: Compiled[Any]) -> Outcome:
        """Bring the stack about. Where a limit is in the way: make room first, with a gap."""
        key, limits = compiled.intent.key, frozenset[Limit]()
        with metrics.stage(key.api, "deploy_model"):
            outcome = self._deploy(key, self._compiler.plan(compiled))
            while (reached := outcome.limit_reached) is not None and reached not in limits:
                now = msgspec.structs.replace(compiled, observed=outcome.observed)
                same = self._compiler.plan(now, limits)
                limits |= {reached}
                planned = self._compiler.plan(now, limits)
                if planned == same:  # nothing that goes would make room
                    break
                outcome = self._deploy(key, planned)
        if outcome.late_error is not None:
            self.note_loss(key, outcome.late_error)
        if outcome.error is None:
            metrics.QUOTA_USED.show(key, usage(outcome.observed))
        return outcome

    def note_loss(self, key: StackKey, error: ControllerError) -> None:
        """What we know has it and AWS has it not: others have deleted it, so read all anew."""
        if isinstance(error, NotFound):
            self._memory.invalidate(key)
            self._record.invalidate()

    def _deploy(self, key: StackKey, planned: Planned) -> Outcome:
        """Apply a plan, and keep what is known then."""
        for note in planned.plan.notes:
            _log.warning("plan_note", note=note)
        if planned.plan:
            _log.info("applying", steps=list(render_lines(planned.plan)))
            self._check_owners(key, planned.plan)
            self._check_protection(planned.plan)
        outcome = apply(planned.plan, planned.observed, self._operations)
        self._memory.observe(key, outcome.observed)
        if outcome.done:
            self._memory.note_change(key)
        self._record.record(planned.observed, outcome.observed)
        if outcome.error is not None:
            if not _is_harmless(outcome.error):
                self._memory.invalidate(key)
            if isinstance(outcome.error, AlreadyExists):
                self._owners.explain(planned.plan.names_to_claim, key)
        return outcome

    def _check_protection(self, todo: Plan) -> None:
        """Nothing is begun where AWS would refuse a deletion in the middle. Raises ProtectedInAws.

        It is asked anew: who protects a load balancer by hand does not wait for our next look.
        """
        for step in todo.deletes_to_check:
            if self._record.is_protected(step.found.identity):
                raise ProtectedInAws(step.found.identity, step.protection.setting)

    def _check_owners(self, key: StackKey, todo: Plan) -> None:
        try:
            self._owners.check(todo.names_to_claim, key)
        except NotReady:
            self._memory.invalidate(key)
            raise


def _is_harmless(error: ControllerError) -> bool:
    """Whether what we know of AWS is still right after this error."""
    if isinstance(error, Rejected):
        return True
    return handling_of(error).label in {
        "not_ready", "throttled", "in_use", "refused", "quota", "access_denied", "not_leading",
    }  # fmt: skip
