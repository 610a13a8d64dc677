"""Rounds of a pass: translate, compile, prerequisites, deploy; one more for whom AWS refused."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Generic

import msgspec

from alb_controller.errors import ControllerError, NotReady
from alb_controller.frontends.events import kept_events
from alb_controller.frontends.frontend import M, S
from alb_controller.frontends.outcomes import Applied, Planned, Unchanged
from alb_controller.frontends.translation import Translation
from alb_controller.model.stack import Observed
from alb_controller.objects.events import Reason
from alb_controller.objects.kinds import ref_of
from alb_controller.plan.replacing.beside import as_shown
from alb_controller.reconcile.apply import Failure, Outcome
from alb_controller.reconcile.secrets import watch_secrets
from alb_controller.reconcile.stack.compile import Compiled
from alb_controller.reconcile.stack.leavers import waiting
from alb_controller.reconcile.stack.parts import Parts
from alb_controller.reconcile.stack.reached import owner_events
from alb_controller.reconcile.stack.refusals.faults import (
    part_errors,
    refusals_of,
    waiting_for_room,
)
from alb_controller.reconcile.stack.refusals.search import Search
from alb_controller.values import ObjectRef, Value


class Done(Value, Generic[M], frozen=True):
    """A pass that went through, and what of a part that nothing else needs is tried again."""

    translation: Translation[M]
    retried: ControllerError | None = None
    held: Mapping[ObjectRef, tuple[Failure, ...]] = {}
    """Those that leave and have something in AWS still."""
    is_left: bool = False
    """Something of the stack is in AWS that should not."""


class Rounds(Generic[S, M]):
    """Brings stacks of one front end about, without those of their members that are refused."""

    def __init__(self, parts: Parts[S, M]) -> None:
        self._front_end, self._memory, self._edges = parts.front_end, parts.memory, parts.edges
        self._compiler, self._deployer = parts.compiler, parts.deployer
        self._refusals, self._reporter = parts.refusals, parts.reporter

    def bring_about(self, snapshot: S) -> Done[M]:
        """Until nobody is refused who was not: each round goes on without those who were.

        Raises what stopped the stack as a whole, a ControllerError; its users know of it.
        """
        search = Search()
        while True:
            with self._reporter.failing(snapshot, Reason.FAILED_BUILD_MODEL):
                translation = self._translate(snapshot, search)
                is_blocked = translation.blocked_by and translation.intent.is_empty
                if is_blocked or self._is_nothing(snapshot, translation):
                    return self._leave(snapshot, translation)
                if translation.protected is not None:
                    raise translation.protected
                compiled = self._compile(snapshot, search)
                compiled = compiled.with_ready(self._edges.prerequisites.make(compiled.intent))
                if compiled.translation.blocked_by:
                    kept = self._compiler.with_unknown(compiled)
                    if kept is None or kept.intent.is_empty:
                        return self._leave(snapshot, compiled.translation)
                    compiled = self._with_waiting(snapshot, kept)
                else:
                    self._memory.unblock(snapshot.key)
            if not search.is_quiet:
                planned = Planned(stack=compiled.stack, observed=compiled.observed)
                self._reporter.report(snapshot, self._reported(compiled), planned)
            self._check_stopped(snapshot, compiled.translation)
            with self._reporter.failing(snapshot, Reason.FAILED_DEPLOY_MODEL):
                outcome = self._deployer.deploy(
                    compiled, partial(self._reporter.announce, snapshot)
                )
                if self._edges.quotas.learn(snapshot.key, outcome):
                    continue
                if not self._goes_on(snapshot, compiled.translation, outcome, search):
                    return self._finish(snapshot, compiled, outcome)

    def _with_waiting(self, snapshot: S, compiled: Compiled[M]) -> Compiled[M]:
        """With a Warning for those who changed something, some of which may have to wait."""
        translation = compiled.translation
        waiting = self._memory.waiting(snapshot, translation)
        translation = translation.with_events(kept_events(translation.blocked_by, waiting))
        return msgspec.structs.replace(compiled, translation=translation)

    def _remember(self, snapshot: S, translation: Translation[M]) -> None:
        """Who is not known of must not be taken for somebody who was never applied."""
        if not translation.blocked_by:
            self._memory.remember(snapshot, translation)

    def _reported(self, compiled: Compiled[M]) -> Translation[M]:
        """With what others are to know of it."""
        others = owner_events(compiled.reached, self._edges.cluster)
        return compiled.translation.with_events(others)

    def _goes_on(
        self, snapshot: S, translation: Translation[M], outcome: Outcome, search: Search
    ) -> bool:
        """Whether there is another round: without who is at fault or waits, or with more."""
        if search.wait(waiting_for_room(snapshot, outcome)):
            return True
        remembered = self._memory.last_known_good(snapshot.key)
        if outcome.error is not None or not search.is_on:
            noted = self._refusals.note(snapshot, translation, outcome, remembered, search)
            return noted or self._freezes(snapshot, translation, outcome)
        self._remember(snapshot, translation)
        problem = search.go_on()
        if problem is not None:
            self._refusals.convict(snapshot, translation, outcome, problem)
        return True

    def _freezes(self, snapshot: S, translation: Translation[M], outcome: Outcome) -> bool:
        """What stands in for members was refused to them alone: the others go on without that."""
        if outcome.stop is None or not refusals_of(snapshot, outcome):
            return False
        by_ref = {ref_of(one.object): one.uid for one in snapshot.members}
        asking = {by_ref[o.ref] for o in outcome.stop.step.asked_by if o.ref in by_ref}
        is_theirs = bool(asking) and asking <= translation.standing.keys()
        return is_theirs and self._deployer.freeze(snapshot.key, outcome)

    def _check_stopped(self, snapshot: S, translation: Translation[M]) -> None:
        """What was refused to all is not sent again yet. Raises NotReady."""
        stopped = self._refusals.stopped_by(snapshot.key, translation)
        if stopped is not None:
            self._reporter.report_failure(snapshot, Reason.FAILED_DEPLOY_MODEL, stopped.error)
            seconds = (stopped.until - self._edges.clock.now()).total_seconds()
            raise NotReady(f"another try: {stopped.error}", seconds)

    def _translate(self, snapshot: S, search: Search) -> Translation[M]:
        remembered = self._memory.last_known_good(snapshot.key)
        translation = self._front_end.translate(snapshot, remembered, {}, Observed())
        watch_secrets(self._edges.secrets, snapshot, translation)
        rejected = {**self._refusals.rejected(snapshot, translation), **search.left_out()}
        if not rejected:
            return translation
        return self._front_end.translate(snapshot, remembered, rejected, Observed())

    def _is_nothing(self, snapshot: S, translation: Translation[M]) -> bool:
        """Nothing is wanted, and nobody leaves who could have left something behind."""
        known = self._memory.observed(snapshot.key)
        return translation.intent.is_empty and not snapshot.inactive and known is None

    def _leave(self, snapshot: S, translation: Translation[M]) -> Done[M]:
        """Nothing is to be done in AWS."""
        outcome = Unchanged(waiting=self._memory.waiting(snapshot, translation))
        self._reporter.report(snapshot, translation, outcome)
        return Done(translation=translation)

    def _compile(self, snapshot: S, search: Search) -> Compiled[M]:
        key, memory = snapshot.key, self._memory
        observed = self._compiler.observe(key, memory.observed(key))
        memory.observe(key, observed)
        good = memory.last_known_good(key)
        rejected = {**self._refusals.known(key), **search.left_out()}
        compiled = self._compiler.build(snapshot, good, observed, rejected)
        translation = self._refusals.with_first_numbers(snapshot, compiled.translation)
        return msgspec.structs.replace(compiled, translation=translation)

    def _finish(self, snapshot: S, compiled: Compiled[M], outcome: Outcome) -> Done[M]:
        """AWS has it, but for parts that nothing else needs; raises what stopped all."""
        key, translation = snapshot.key, compiled.translation
        if outcome.error is not None:
            raise self._refusals.stop(snapshot, translation, outcome, outcome.error)
        self._remember(snapshot, translation)
        has_news, observed = self._memory.has_news(key), outcome.observed
        errors = part_errors(snapshot, outcome)
        applied = Applied(
            stack=compiled.stack,
            observed=as_shown(observed, outcome.waits),
            part_errors=errors,
            waits=outcome.waits,
            has_news=has_news,
        )
        self._reporter.report(snapshot, translation, applied)
        retried = outcome.retried
        if retried is None:
            self._memory.news_published(key)
        if not translation.blocked_by:
            self._edges.prerequisites.deployed(translation.intent)
        return Done(
            translation=translation,
            retried=retried,
            held=waiting(snapshot, outcome.left, observed),
            is_left=bool(outcome.left),
        )
