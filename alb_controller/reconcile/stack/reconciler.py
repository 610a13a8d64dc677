"""One pass over one stack: load, translate, compile, prerequisites, deploy, publish (ADR 16)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Generic

from alb_controller.errors import ControllerError, Missing, NotReady, OverLimit
from alb_controller.frontends.frontend import M, S
from alb_controller.frontends.outcomes import Applied, Failed, Planned, Rejected, Unchanged
from alb_controller.frontends.translation import Translation
from alb_controller.model.stack import Observed
from alb_controller.objects.events import Reason
from alb_controller.reconcile.apply import Failure, Outcome
from alb_controller.reconcile.secrets import watch_secrets
from alb_controller.reconcile.stack.compile import Compiled
from alb_controller.reconcile.stack.leavers import Waits, waiting
from alb_controller.reconcile.stack.parts import Parts
from alb_controller.reconcile.stack.refusals import part_errors
from alb_controller.reconcile.stack.refused_parts import LOOK_AGAIN
from alb_controller.runtime.workers import DONE, SLOW, Result, after
from alb_controller.values import ObjectRef, StackKey, Value


class _Done(Value, Generic[M], frozen=True):
    """A pass that went through, and what of a part that nothing else needs is tried again."""

    translation: Translation[M]
    retried: ControllerError | None = None
    held: Mapping[ObjectRef, tuple[Failure, ...]] = {}
    """Those that leave and have something in AWS still."""
    is_left: bool = False
    """Something of the stack is in AWS that should not."""


class StackReconciler(Generic[S, M]):
    """Reconciles the stacks of one front end; one worker has a key at a time."""

    def __init__(self, parts: Parts[S, M]) -> None:
        self._front_end, self._memory, self._edges = parts.front_end, parts.memory, parts.edges
        self._compiler, self._deployer = parts.compiler, parts.deployer
        self._refusals, self._refused_parts = parts.refusals, parts.refused_parts
        self._reporter, self._publisher = parts.reporter, parts.publisher
        self._waits = Waits(parts.edges.clock, parts.edges.owners)

    def reconcile(self, key: StackKey) -> Result:
        """Bring AWS and Kubernetes to what the stack's objects ask for."""
        snapshot = self._front_end.load(key, self._edges.cluster, self._edges.secrets.known())
        if not snapshot.members and not snapshot.inactive:
            self._reporter.report(snapshot, None, Rejected())
            self._publisher.publish_end(snapshot)
            return DONE
        self._refusals.note_unheld(key, self._publisher.add_finalizers(snapshot))
        done = self._bring_about(snapshot)
        intent = done.translation.intent
        if intent.is_empty and not (done.translation.blocked_by or done.is_left):
            self._edges.prerequisites.end(key, is_last=not snapshot.members)
        self._publisher.record(snapshot, self._waits.events(done.held))
        self._publisher.detach(snapshot, done.held)
        if not (snapshot.members or done.held or self._publisher.was_refused(key)):
            self._memory.forget(key)
            self._refusals.forget(key)
            self._refused_parts.forget(key)
            self._edges.prerequisites.forget(key)
            self._publisher.publish_end(snapshot)
        if done.retried is not None:
            raise done.retried
        return self._next_look(key, done.translation)

    def _next_look(self, key: StackKey, translation: Translation[M]) -> Result:
        """AWS informs no one when a missing resource appears, or when it would take a call."""
        problems = translation.problems
        if any(isinstance(p, Missing) and not isinstance(p, OverLimit) for p in problems):
            return SLOW
        now = self._edges.clock.now()
        looks = (
            self._refusals.next_look(key),
            self._refused_parts.next_look(key),
            now + LOOK_AGAIN if self._publisher.was_refused(key) else None,
        )
        due = min((one for one in looks if one is not None), default=None)
        return DONE if due is None else after((due - now).total_seconds())

    def _bring_about(self, snapshot: S) -> _Done[M]:
        """Until nobody is refused who was not: each round goes on without those who were."""
        while True:
            with self._reporter.failing(snapshot, Reason.FAILED_BUILD_MODEL):
                translation = self._translate(snapshot)
                if translation.blocked_by or self._is_nothing(snapshot, translation):
                    return self._leave(snapshot, translation)
                if translation.protected is not None:
                    raise translation.protected
                compiled = self._compile(snapshot)
                if compiled.translation.blocked_by:
                    return self._leave(snapshot, compiled.translation)
                compiled = compiled.with_ready(self._edges.prerequisites.make(compiled.intent))
            self._memory.unblock(snapshot.key)
            planned = Planned(stack=compiled.stack, observed=compiled.observed)
            self._reporter.report(snapshot, compiled.translation, planned)
            self._check_stopped(snapshot, compiled.translation)
            with self._reporter.failing(snapshot, Reason.FAILED_DEPLOY_MODEL):
                outcome = self._deployer.deploy(compiled)
                if not self._refusals.note(snapshot, compiled.translation, outcome):
                    return self._finish(snapshot, compiled, outcome)

    def _check_stopped(self, snapshot: S, translation: Translation[M]) -> None:
        """What was refused to all is not sent again yet. Raises NotReady."""
        stopped = self._refusals.stopped_by(snapshot.key, translation)
        if stopped is not None:
            failed = Failed(error=stopped.error, reason=Reason.FAILED_DEPLOY_MODEL)
            self._reporter.report(snapshot, None, failed)
            seconds = (stopped.until - self._edges.clock.now()).total_seconds()
            raise NotReady(f"another try: {stopped.error}", seconds)

    def _translate(self, snapshot: S) -> Translation[M]:
        remembered = self._memory.last_known_good(snapshot.key)
        translation = self._front_end.translate(snapshot, remembered, {}, Observed())
        watch_secrets(self._edges.secrets, snapshot, translation)
        rejected = self._refusals.rejected(snapshot, translation)
        if not rejected:
            return translation
        return self._front_end.translate(snapshot, remembered, rejected, Observed())

    def _is_nothing(self, snapshot: S, translation: Translation[M]) -> bool:
        """Nothing is wanted, and nobody leaves who could have left something behind."""
        known = self._memory.observed(snapshot.key)
        return translation.intent.is_empty and not snapshot.inactive and known is None

    def _leave(self, snapshot: S, translation: Translation[M]) -> _Done[M]:
        """Nothing is to be done in AWS."""
        outcome = Unchanged(waiting=self._memory.waiting(snapshot, translation))
        self._reporter.report(snapshot, translation, outcome)
        return _Done(translation=translation)

    def _compile(self, snapshot: S) -> Compiled[M]:
        key, memory = snapshot.key, self._memory
        observed = self._compiler.observe(key, memory.observed(key))
        memory.observe(key, observed)
        good, rejected = memory.last_known_good(key), self._refusals.known(key)
        return self._compiler.build(snapshot, good, observed, rejected)

    def _finish(self, snapshot: S, compiled: Compiled[M], outcome: Outcome) -> _Done[M]:
        """AWS has it, but for parts that nothing else needs; raises what stopped all."""
        key, translation = snapshot.key, compiled.translation
        if outcome.error is not None:
            self._refusals.stop(snapshot, translation, outcome)
            raise outcome.error
        self._memory.remember(snapshot, translation)
        has_news, observed = self._memory.has_news(key), outcome.observed
        errors = part_errors(snapshot, outcome)
        applied = Applied(
            stack=compiled.stack, observed=observed, part_errors=errors, has_news=has_news
        )
        self._reporter.report(snapshot, translation, applied)
        retried = outcome.retried
        if retried is None:
            self._memory.news_published(key)
        self._edges.prerequisites.deployed(translation.intent)
        return _Done(
            translation=translation,
            retried=retried,
            held=waiting(snapshot, outcome.left, observed),
            is_left=bool(outcome.left),
        )
