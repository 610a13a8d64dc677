"""One pass over one stack: load, translate, observe, ask, build, plan, apply, tell (design.md 2).

Every step but observing, asking and applying is a pure function of another package.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Protocol

import msgspec
import structlog

from alb_controller.build.context import Context, Facts, needs_backend_group
from alb_controller.build.elbv2.front import FRONT
from alb_controller.build.elbv2.listeners import LOAD_BALANCER
from alb_controller.build.elbv2.stack import build
from alb_controller.build.needs import needs
from alb_controller.errors import (
    AlreadyExists,
    ControllerError,
    Invalid,
    Missing,
    NotFound,
    NotReady,
    ObjectMissing,
    handling_of,
)
from alb_controller.frontends import events
from alb_controller.frontends.events import Event
from alb_controller.frontends.ingress.load import Snapshot, load
from alb_controller.frontends.ingress.member import MemberIntent
from alb_controller.frontends.ingress.status import COMPONENT, status_patch
from alb_controller.frontends.ingress.translate import translate
from alb_controller.frontends.translation import Translation
from alb_controller.intent import StackIntent
from alb_controller.model.ownership import finalizer_of
from alb_controller.model.queries import Answer, Query
from alb_controller.model.stack import Observed, Stack
from alb_controller.objects.cluster import Cluster
from alb_controller.objects.core import ref
from alb_controller.objects.events import Reason
from alb_controller.objects.kinds import INGRESS
from alb_controller.objects.networking import Ingress
from alb_controller.objects.writer import ObjectWriter
from alb_controller.plan.changes import Plan, PlanPolicy
from alb_controller.plan.plan import plan
from alb_controller.plan.render import render_lines
from alb_controller.reconcile.apply import Outcome, apply
from alb_controller.reconcile.backend_group import BackendGroup
from alb_controller.reconcile.certificates import Certificates
from alb_controller.reconcile.explain import Explainer
from alb_controller.reconcile.memory import StackMemory
from alb_controller.reconcile.observe import Observer, kept_of
from alb_controller.reconcile.owners import Owners
from alb_controller.reconcile.plan_annotation import note_plan
from alb_controller.reconcile.secrets import Secrets, note_secrets, use_secrets
from alb_controller.reconcile.writes import Operations
from alb_controller.runtime.workers import DONE, SLOW, Result
from alb_controller.settings import Settings
from alb_controller.telemetry import metrics
from alb_controller.values import ObjectRef, StackKey

_PENDING_GROUP = "sg-pending"
"""Stands in for the shared group while a build is tried, so that a failing one makes none."""
_PENDING_CERTIFICATE = "arn:pending"
"""The same for certificates that are not requested yet."""
_MOST_QUESTIONS = 4
_log = structlog.get_logger(__name__)


class FactSource(Protocol):
    """What is needed of `aws.facts.Facts`."""

    def answer(self, queries: Iterable[Query]) -> Mapping[Query, Answer]:
        """Each question with its answer. Raises AwsError."""


class Edges(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that a pass touches outside the pure core."""

    cluster: Cluster
    writer: ObjectWriter
    facts: FactSource
    observer: Observer
    operations: Operations
    owners: Owners
    backend_group: BackendGroup
    secrets: Secrets
    certificates: Certificates
    explainer: Explainer


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """What a group wants, and the stack that gives it."""

    translation: Translation[Any]
    stack: Stack


class Done(msgspec.Struct, frozen=True, kw_only=True):
    """A pass that went through, and what alone could not be done."""

    translation: Translation[Any]
    late_error: ControllerError | None = None


class StackReconciler:
    """Reconciles groups of Ingresses; one worker has a key at a time."""

    def __init__(
        self, edges: Edges, memory: StackMemory[MemberIntent], settings: Settings, vpc_id: str
    ) -> None:
        self._edges, self._memory = edges, memory
        self._settings, self._vpc_id = settings, vpc_id
        self._explainer = edges.explainer
        gates = settings.feature_gates
        self._policy = PlanPolicy(
            cluster=settings.cluster_name,
            external_managed_tags=frozenset(settings.external_managed_tags),
            tag_listeners_and_rules=gates.listener_rules_tagging,
            replace_for_health_checks=not gates.nlb_health_check_advanced_config,
        )

    def reconcile(self, key: StackKey) -> Result:
        """Bring AWS and Kubernetes to what the group's Ingresses ask for."""
        snapshot = self._load(key)
        if not snapshot.members and not snapshot.inactive:
            return self._report_rejected(snapshot)
        self._add_finalizers(snapshot)
        try:
            done = self._bring_about(snapshot)
        except ControllerError as error:
            if handling_of(error).event:
                self._explainer.failed(snapshot, error)
            raise
        if done.translation.intent.balancer is None and not done.translation.blocked_by:
            self._edges.backend_group.release(key)
            if not snapshot.members:
                self._edges.backend_group.await_end(key)
        self._remove_finalizers(snapshot)
        if not snapshot.members:
            self._memory.forget(key)
            self._edges.backend_group.forget(key)
            self._explainer.rejected(snapshot)
        if done.late_error is not None:
            with self._telling(snapshot, Reason.FAILED_DEPLOY_MODEL):
                raise done.late_error
        return _next(done.translation)

    def tell_next(self, key: StackKey, seconds: float | None) -> None:
        """A pass over the group has ended, and the next one is in so many seconds, if any is."""
        self._explainer.tell_next(key, seconds)

    @contextlib.contextmanager
    def _telling(self, snapshot: Snapshot, reason: Reason) -> Iterator[None]:
        """Those concerned hear what a part of the pass breaks off with (spec 9.1)."""
        try:
            yield
        except ControllerError as error:
            self._note_loss(snapshot.key, error)
            self._tell_failure(error, snapshot, reason)
            raise

    def _note_loss(self, key: StackKey, error: ControllerError) -> None:
        """What we know has it and AWS has it not: others have deleted it, so read all anew."""
        if isinstance(error, NotFound):
            self._memory.doubt(key)
            self._edges.observer.distrust()

    def _load(self, key: StackKey) -> Snapshot:
        known = self._edges.secrets.known()
        return load(key, self._edges.cluster, self._settings.ingress_class, known)

    def _bring_about(self, snapshot: Snapshot) -> Done:
        with self._telling(snapshot, Reason.FAILED_BUILD_MODEL):
            translation = self._translate(snapshot, {})
            use_secrets(self._edges.secrets, snapshot, translation)
            if translation.blocked_by or self._is_nothing(snapshot, translation):
                return self._leave(snapshot, translation)
            if translation.protected is not None:
                raise translation.protected
            before = self._observe(snapshot.key)
            with metrics.stage("ingress", "build_model"):
                wanted = self._build(snapshot, before)
        self._tell_problems(wanted.translation, snapshot)
        if wanted.translation.blocked_by:
            self._explainer.unchanged(snapshot, wanted.translation)
            return Done(translation=wanted.translation)
        self._note_plan(snapshot, wanted)
        with self._telling(snapshot, Reason.FAILED_DEPLOY_MODEL):
            late_error = self._apply(snapshot, wanted, before)
        return Done(translation=wanted.translation, late_error=late_error)

    def _observe(self, key: StackKey) -> Observed:
        with metrics.stage("ingress", "observe"):
            observed = self._edges.observer.observe(key, self._memory.observed(key))
        self._memory.observe(key, observed)
        return observed

    def _leave(self, snapshot: Snapshot, translation: Translation[Any]) -> Done:
        """Nothing is to be done in AWS."""
        self._tell_problems(translation, snapshot)
        self._explainer.unchanged(snapshot, translation)
        return Done(translation=translation)

    def _note_plan(self, snapshot: Snapshot, wanted: Wanted) -> None:
        has_gate = self._settings.feature_gates.ingress_plan_annotation
        writer, translation = self._edges.writer, wanted.translation
        note_plan(writer, snapshot, translation, wanted.stack, has_gate=has_gate)

    def _is_nothing(self, snapshot: Snapshot, translation: Translation[Any]) -> bool:
        """Nothing is wanted, and nobody leaves who could have left something behind."""
        known = self._memory.observed(snapshot.key)
        return translation.intent.balancer is None and not snapshot.inactive and known is None

    def _translate(self, snapshot: Snapshot, stopped: dict[ObjectRef, Invalid]) -> Translation[Any]:
        return translate(snapshot, self._settings, self._memory.good(snapshot.key), stopped)

    def _build(self, snapshot: Snapshot, observed: Observed) -> Wanted:
        """The stack, without the members that AWS's answers show to be at fault."""
        stopped: dict[ObjectRef, Invalid] = {}
        while True:
            translation = self._translate(snapshot, stopped)
            try:
                return Wanted(
                    translation=translation,
                    stack=self._build_intent(translation.intent, observed),
                )
            except Invalid as problem:
                if problem.origin in stopped:
                    raise
                stopped[problem.origin] = problem

    def _build_intent(self, intent: StackIntent, observed: Observed) -> Stack:
        context = Context(
            settings=self._settings,
            vpc_id=self._vpc_id,
            kept=kept_of(observed, LOAD_BALANCER),
            kept_front=kept_of(observed, FRONT),
            certificates={one.id: _PENDING_CERTIFICATE for one in intent.certificates},
        )
        facts = self._ask(intent, context)
        if intent.certificates:
            build(intent, context, facts)
            arns = self._edges.certificates.arns(intent)
            context = msgspec.structs.replace(context, certificates=arns)
        if not needs_backend_group(intent, self._settings):
            if intent.balancer is not None:
                self._edges.backend_group.release(intent.key)
            return build(intent, context, facts)
        tried = msgspec.structs.replace(context, backend_security_group=_PENDING_GROUP)
        build(intent, tried, facts)
        group_id = self._edges.backend_group.id_for(intent.key)
        context = msgspec.structs.replace(context, backend_security_group=group_id)
        return build(intent, context, facts)

    def _ask(self, intent: StackIntent, context: Context) -> Facts:
        facts: Facts = {}
        for _ in range(_MOST_QUESTIONS):
            queries = needs(intent, context, facts)
            if not queries:
                return facts
            facts = {**facts, **self._edges.facts.answer(queries)}
        open_queries = ", ".join(sorted(map(repr, needs(intent, context, facts))))
        raise RuntimeError(f"questions that raise each other for ever: {open_queries}")

    def _apply(
        self, snapshot: Snapshot, wanted: Wanted, before: Observed
    ) -> ControllerError | None:
        """Bring it about and tell; the error of what nothing else needs (design.md 2)."""
        with metrics.stage("ingress", "deploy_model"):
            outcome = self._deploy_with_room(snapshot.key, wanted.stack, before)
        if outcome.error is not None:
            raise outcome.error
        self._remember(snapshot, wanted.translation)
        note_secrets(self._edges.writer, snapshot, wanted.translation)
        self._patch_statuses(snapshot, wanted.translation, outcome.observed)
        self._explainer.applied(snapshot, wanted.translation, outcome.observed, outcome.late_error)
        if outcome.late_error is None:
            self._tell_success(snapshot, wanted.translation)
        self._edges.certificates.release(wanted.translation.intent)
        return outcome.late_error

    def _deploy_with_room(self, key: StackKey, stack: Stack, before: Observed) -> Outcome:
        """Where a limit is in the way: make room first, at the price of a gap."""
        observed = self._edges.observer.complete(stack, before)
        outcome = self._deploy(key, stack, observed, self._policy)
        if outcome.limit_reached is None:
            return outcome
        limits = frozenset({outcome.limit_reached})
        roomy = msgspec.structs.replace(self._policy, limits_reached=limits)
        return self._deploy(key, stack, outcome.observed, roomy)

    def _deploy(
        self, key: StackKey, stack: Stack, observed: Observed, policy: PlanPolicy
    ) -> Outcome:
        """Plan and apply, and keep what is known then."""
        todo = plan(stack, observed, policy)
        for note in todo.notes:
            _log.warning("plan_note", note=note)
        if todo:
            _log.info("applying", steps=list(render_lines(todo)))
            self._check_owners(key, todo)
        outcome = apply(todo, observed, self._edges.operations)
        self._memory.observe(key, outcome.observed)
        if outcome.done:
            self._memory.note_change(key)
        self._edges.observer.record(observed, outcome.observed)
        if outcome.error is not None:
            if not _is_harmless(outcome.error):
                self._memory.doubt(key)
            if isinstance(outcome.error, AlreadyExists):
                self._edges.owners.explain(todo.names_to_claim, key)
        return outcome

    def _check_owners(self, key: StackKey, todo: Plan) -> None:
        try:
            self._edges.owners.check(todo.names_to_claim, key)
        except NotReady:
            self._memory.doubt(key)
            raise

    def _remember(self, snapshot: Snapshot, translation: Translation[Any]) -> None:
        members = frozenset(m.uid for m in snapshot.members)
        good = {uid: member.applied() for uid, member in translation.good.items()}
        self._memory.remember_good(snapshot.key, good, members)

    def _add_finalizers(self, snapshot: Snapshot) -> None:
        wanted = finalizer_of(snapshot.key)
        for member in snapshot.members:
            if member.problem is not None:  # what has no place in a group gets nothing in AWS
                continue
            try:
                self._edges.writer.add_finalizer(INGRESS, member.ingress, wanted)
            except ObjectMissing as error:
                gone = ref("Ingress", member.ingress)
                raise NotReady(f"the deletion of {gone}", 1.0) from error

    def _remove_finalizers(self, snapshot: Snapshot) -> None:
        for ingress in snapshot.inactive:
            self._explainer.left(ingress, snapshot.key)
            self._edges.writer.remove_finalizer(INGRESS, ingress, finalizer_of(snapshot.key))

    def _report_rejected(self, snapshot: Snapshot) -> Result:
        self._explainer.rejected(snapshot)
        self._tell(events.problem_events(snapshot.rejected, snapshot.rejected), snapshot)
        return DONE

    def _tell_problems(self, translation: Translation[Any], snapshot: Snapshot) -> None:
        for problem in translation.problems:
            _log.warning("member_stopped", object=str(problem.origin), problem=str(problem))
        waiting = self._waiting(translation, snapshot)
        told = [
            *events.problem_events(translation.problems, snapshot.rejected),
            *translation.warnings,
            *events.blocked_events(translation.blocked_by, waiting),
        ]
        self._tell(told, snapshot)

    def _waiting(self, translation: Translation[Any], snapshot: Snapshot) -> list[ObjectRef]:
        """Members whose change cannot be served while the group is held."""
        if not translation.blocked_by:
            self._memory.release(snapshot.key)
            return []
        said = {m.uid: events.fingerprint(m.ingress) for m in snapshot.members}
        changed = self._memory.changed_while_held(snapshot.key, said)
        return [
            ref("Ingress", m.ingress)
            for m in snapshot.members
            if m.uid in changed and m.uid in translation.good
        ]

    def _patch_statuses(
        self, snapshot: Snapshot, translation: Translation[Any], observed: Observed
    ) -> None:
        for member in snapshot.members:
            if member.uid in translation.served:
                self._patch_status(member.ingress, observed)

    def _tell_success(self, snapshot: Snapshot, translation: Translation[Any]) -> None:
        """Where this pass or one that failed later on has changed something."""
        if not self._memory.has_untold_change(snapshot.key):
            return
        good = (m.ingress for m in snapshot.members if m.uid in translation.good)
        self._tell(events.success_events(ref("Ingress", i) for i in good), snapshot)
        self._memory.told(snapshot.key)

    def _patch_status(self, ingress: Ingress, observed: Observed) -> None:
        patch = status_patch(ingress, observed)
        if patch is not None:
            self._edges.writer.patch_status(INGRESS, ingress, patch)

    def _tell_failure(self, error: ControllerError, snapshot: Snapshot, reason: Reason) -> None:
        if handling_of(error).event:
            members = (m.ingress for m in snapshot.members)
            concerned = [ref("Ingress", i) for i in (*members, *snapshot.inactive)]
            self._tell(events.failure_events(error, concerned, reason), snapshot)

    def _tell(self, news: Iterable[Event], snapshot: Snapshot) -> None:
        """Each event once for what users say in the snapshot: by now they may say otherwise."""
        told = list(news)
        said = snapshot.objects() if told else {}
        for event in told:
            self._edges.writer.record_event(
                event.ref,
                type=event.type,
                reason=event.reason,
                message=event.message,
                component=COMPONENT,
                fingerprint=events.fingerprint(said.get(event.ref)),
            )


def _is_harmless(error: ControllerError) -> bool:
    """Whether what we know of AWS is still right after this error."""
    return handling_of(error).label in {
        "not_ready", "throttled", "in_use", "refused", "quota", "access_denied", "not_leading",
    }  # fmt: skip


def _next(translation: Translation[Any]) -> Result:
    """AWS tells no one when a missing resource appears: look again after a while."""
    if any(isinstance(p, Missing) for p in translation.problems):
        return SLOW
    return DONE
