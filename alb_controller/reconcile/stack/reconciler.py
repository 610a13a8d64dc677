"""One pass over one stack: load, translate, compile, prerequisites, deploy, publish (ADR 16)."""

from __future__ import annotations

from typing import Generic

from alb_controller.errors import Missing, OverLimit
from alb_controller.frontends.frontend import M, S
from alb_controller.frontends.outcomes import Rejected
from alb_controller.frontends.translation import Translation
from alb_controller.reconcile.stack.leavers import Waits
from alb_controller.reconcile.stack.parts import Parts
from alb_controller.reconcile.stack.refusals.pauses import LOOK_AGAIN
from alb_controller.reconcile.stack.rounds import Rounds
from alb_controller.runtime.workers import DONE, SLOW, Result, after
from alb_controller.values import StackKey


class StackReconciler(Generic[S, M]):
    """Reconciles the stacks of one front end; one worker has a key at a time."""

    def __init__(self, parts: Parts[S, M]) -> None:
        self._front_end, self._memory, self._edges = parts.front_end, parts.memory, parts.edges
        self._rounds = Rounds(parts)
        self._refusals, self._refused_parts = parts.refusals, parts.refused_parts
        self._replacements = parts.replacements
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
        done = self._rounds.bring_about(snapshot)
        intent = done.translation.intent
        if intent.is_empty and not (done.translation.blocked_by or done.is_left):
            self._edges.prerequisites.end(key, is_last=not snapshot.members)
        self._publisher.record(snapshot, self._waits.events(done.held))
        self._publisher.detach(snapshot, done.held)
        if not (snapshot.members or done.held or self._publisher.was_refused(key)):
            self._memory.forget(key)
            self._refusals.forget(key)
            self._refused_parts.forget(key)
            self._replacements.forget(key)
            self._edges.prerequisites.forget(key)
            self._publisher.publish_end(snapshot)
        if done.retried is not None:
            raise done.retried
        return self._next_look(key, done.translation)

    def _next_look(self, key: StackKey, translation: Translation[M]) -> Result:
        """AWS informs no one when a missing resource appears, or when it would take a call."""
        problems, pending = translation.problems, self._replacements.seconds_until_look(key)
        if pending is not None:
            return after(pending)  # sooner than all others
        if any(isinstance(p, Missing) and not isinstance(p, OverLimit) for p in problems):
            return SLOW
        now = self._edges.clock.now()
        any_over = any(isinstance(p, OverLimit) for p in problems)
        looks = (
            self._refusals.next_look(key),
            self._refused_parts.next_look(key),
            self._edges.quotas.next_look(key) if any_over else None,
            now + LOOK_AGAIN if self._publisher.was_refused(key) else None,
        )
        due = min((one for one in looks if one is not None), default=None)
        return DONE if due is None else after((due - now).total_seconds())
