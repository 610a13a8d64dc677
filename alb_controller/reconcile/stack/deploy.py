"""Brings a compiled stack about: names to claim, the plan, room where a quota is in the way."""

from __future__ import annotations

from collections.abc import Callable, Container, Sequence
from typing import Any, TypeAlias

import msgspec
import structlog

from alb_controller.errors import (
    AlreadyExists,
    ControllerError,
    NotReady,
    ProtectedInAws,
    handling_of,
)
from alb_controller.model.stack import Observed
from alb_controller.plan.changes import AwaitBindingsGone, Limit, Plan
from alb_controller.plan.render import render_lines
from alb_controller.reconcile.apply import Failure, Outcome, apply
from alb_controller.reconcile.memory import StackMemory
from alb_controller.reconcile.quotas import usage
from alb_controller.reconcile.refused import is_loss, is_refusal
from alb_controller.reconcile.stack.compile import Compiled, Compiler, Planned
from alb_controller.reconcile.stack.edges import NameOwners, StackRecord
from alb_controller.reconcile.stack.refusals.parts import RefusedParts
from alb_controller.reconcile.writes import Operations
from alb_controller.telemetry import metrics
from alb_controller.values import StackKey

Announce: TypeAlias = Callable[[Sequence[str]], None]
"""Sentences of what is taken away before its successor serves."""
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
        refused: RefusedParts,
    ) -> None:
        self._compiler, self._memory, self._record = compiler, memory, record
        self._owners, self._operations, self._refused = owners, operations, refused

    def deploy(self, compiled: Compiled[Any], announce: Announce) -> Outcome:
        """Bring the stack about. Where a limit is in the way: make room first, with a gap.

        `announce` is called before what is to be said first.
        """
        key, limits = compiled.intent.key, frozenset[Limit]()
        with metrics.stage(key.api, "deploy_model"):
            outcome = self._deploy(compiled, self._plan(compiled), announce)
            while (reached := outcome.limit_reached) is not None and reached not in limits:
                now = msgspec.structs.replace(compiled, observed=outcome.observed)
                same = self._plan(now, limits)
                limits |= {reached}
                planned = self._plan(now, limits)
                if planned == same:  # nothing that goes would make room
                    break
                before, outcome = outcome, self._deploy(compiled, planned, announce)
                outcome = msgspec.structs.replace(
                    outcome,
                    beside=outcome.beside + before.beside + 1,
                    without_room=before.stop if _waits_for_room(outcome) else None,
                )
        if outcome.error is None:
            metrics.QUOTA_USED.show(key, usage(outcome.observed))
        return outcome

    def _plan(self, compiled: Compiled[Any], limits: frozenset[Limit] = frozenset()) -> Planned:
        try:
            return self._compiler.plan(compiled, limits)
        except ControllerError as error:
            self.note_loss(compiled.intent.key, error)
            raise

    def note_loss(self, key: StackKey, error: ControllerError) -> None:
        """Where an answer to a read shows that others have deleted what is ours: read all anew."""
        if is_loss(error, None, None):
            self._invalidate(key)

    def freeze(self, key: StackKey, outcome: Outcome) -> bool:
        """Go on without what stopped a plan, and with what AWS has there; whether that can be."""
        return outcome.stop is not None and self._refused.freeze(key, outcome.stop)

    def _invalidate(self, key: StackKey) -> None:
        self._memory.invalidate(key)
        self._record.invalidate()

    def _deploy(self, compiled: Compiled[Any], planned: Planned, announce: Announce) -> Outcome:
        """Apply a plan, and keep what is known then."""
        key = compiled.intent.key
        for note in planned.plan.notes:
            _log.warning("plan_note", note=note)
        if planned.plan:
            _log.info("applying", steps=list(render_lines(planned.plan)))
            self._check_owners(key, planned.plan)
            self._check_protection(planned.plan, compiled.deletable)
            announce(planned.plan.gaps)
        reduced = self._refused.reduce(key, planned.plan, planned.observed)
        outcome = apply(reduced.plan, planned.observed, self._operations)
        self._memory.observe(key, outcome.observed)
        if outcome.done:
            self._memory.note_change(key)
        self._record.record(planned.observed, outcome.observed)
        self._note_errors(key, outcome)
        if isinstance(outcome.error, AlreadyExists):
            self._owners.explain(planned.plan.names_to_claim, key)
        apart = (*reduced.refused, *outcome.apart)
        names = len(planned.plan.names_to_claim)
        return msgspec.structs.replace(outcome, apart=apart, beside=names)

    def _note_errors(self, key: StackKey, outcome: Outcome) -> None:
        """What they say of AWS, and what is not to be asked for again."""
        observed, stop = outcome.observed, outcome.stop
        failures = (*outcome.apart, *([stop] if stop else []))
        if any(is_loss(one.error, one.step, observed) for one in failures):
            self._invalidate(key)
        elif stop is not None and not _is_harmless(stop, observed):
            self._memory.invalidate(key)
        refused = [one for one in outcome.apart if is_refusal(one.error, one.step, observed)]
        self._refused.note(key, refused, beside=0 if stop is None else 1)

    def _check_protection(self, todo: Plan, deletable: Container[str]) -> None:
        """Nothing is begun where AWS would refuse a deletion in the middle. Raises ProtectedInAws.

        It is asked anew: who protects a load balancer by hand does not wait for our next look.
        """
        for step in todo.deletes_to_check:
            arn = step.found.identity
            if arn not in deletable and self._record.is_protected(arn):
                raise ProtectedInAws(arn, step.protection.setting)

    def _check_owners(self, key: StackKey, todo: Plan) -> None:
        try:
            self._owners.check(todo.names_to_claim, key)
        except NotReady:
            self._memory.invalidate(key)
            raise


def _waits_for_room(outcome: Outcome) -> bool:
    """Whether what makes room has to be waited for: bindings let go of their targets."""
    return isinstance(outcome.failed, AwaitBindingsGone) and isinstance(outcome.error, NotReady)


def _is_harmless(stop: Failure, observed: Observed) -> bool:
    """Whether what we know of AWS is still right after this error."""
    if is_refusal(stop.error, stop.step, observed):
        return True
    return handling_of(stop.error).label in {
        "not_ready", "throttled", "in_use", "refused", "quota", "access_denied", "not_leading",
    }  # fmt: skip
