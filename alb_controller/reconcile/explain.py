"""Says how each member of a group stands: in an annotation of it, and in metrics (ADR 0023)."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Sequence
from datetime import timedelta
from typing import Any

import msgspec
import structlog

from alb_controller.clock import Clock
from alb_controller.errors import ControllerError, Invalid, ObjectMissing, handling_of
from alb_controller.frontends.ingress.load import LoadedMember, Snapshot
from alb_controller.frontends.status_document import (
    StatusDocument,
    error_note,
    explain,
    problem_note,
    written,
)
from alb_controller.frontends.translation import Translation
from alb_controller.intent import BackendIntent
from alb_controller.model.stack import Observed
from alb_controller.objects.cluster import Cluster
from alb_controller.objects.core import ref
from alb_controller.objects.kinds import INGRESS
from alb_controller.objects.networking import Ingress
from alb_controller.objects.notes import STATUS
from alb_controller.objects.writer import ObjectWriter
from alb_controller.reconcile.quotas import usage
from alb_controller.telemetry import metrics
from alb_controller.telemetry.series import Labels
from alb_controller.values import StackKey

_log = structlog.get_logger(__name__)


class _Said(msgspec.Struct, frozen=True):
    """What an Ingress is told, and whether that waits for the time of the next try."""

    ingress: Ingress
    explanation: StatusDocument
    waits: bool


class Explainer:
    """Writes where what is to be said is another text than the one that stands there.

    An error that is tried again is written when the pass has ended, by `tell_next`: with the time
    of the next try, in one write.
    """

    def __init__(self, cluster: Cluster, writer: ObjectWriter, clock: Clock) -> None:
        self._cluster, self._writer, self._clock = cluster, writer, clock
        self._waiting: dict[StackKey, list[_Said]] = {}
        """Of groups in work: each is with one worker at a time."""

    def applied(
        self,
        snapshot: Snapshot,
        translation: Translation[Any],
        observed: Observed,
        late_error: ControllerError | None,
    ) -> None:
        """AWS has what the group wants, but for what `late_error` stopped."""
        said: list[_Said] = []
        own = _backends_by_owner(translation)
        for member in snapshot.members:
            made = StatusDocument(group=snapshot.key.id)
            if member.uid in translation.served:
                path = ref("Ingress", member.ingress).path
                made = explain(snapshot.key, observed, own.get(path, ()))
            problems = _problems(member, translation)
            if not problems and late_error is not None and handling_of(late_error).event:
                problems = [late_error]
            said.append(_say(member.ingress, made, problems))
        self._say_all(snapshot.key, said)
        metrics.QUOTA_USED.show(snapshot.key, usage(observed))

    def unchanged(self, snapshot: Snapshot, translation: Translation[Any]) -> None:
        """AWS was not looked at: the group is held, or nobody in it asks for anything."""
        said: list[_Said] = []
        for member in snapshot.members:
            made = self._before(member.ingress, snapshot.key)
            problems = _problems(member, translation)
            if not problems and translation.blocked_by:
                made = made.held()
            said.append(_say(member.ingress, made, problems))
        self._say_all(snapshot.key, said)

    def failed(self, snapshot: Snapshot, error: ControllerError) -> None:
        """The pass broke off."""
        concerned = [*(m.ingress for m in snapshot.members), *snapshot.inactive]
        note = error_note(error)
        self._say_all(
            snapshot.key,
            [
                _Said(ingress, self._before(ingress, snapshot.key).failing(note), waits=True)
                for ingress in concerned
            ],
        )

    def tell_next(self, key: StackKey, seconds: float | None) -> None:
        """A pass has ended, and the group comes again in so many seconds; None: nobody knows.

        What is said here is not insisted on: the error itself is more important than a note that
        fails, and the next try tells it.
        """
        now, wait = self._clock.now(), timedelta(seconds=seconds or 0.0)
        try:
            for one in self._waiting.pop(key, ()):
                self._write_news(one.ingress, one.explanation.tried_again(now, wait))
        except ControllerError as error:
            _log.debug("status_not_written", error=str(error))

    def rejected(self, snapshot: Snapshot) -> None:
        """Nobody is in the group (any more); an Ingress in no group has events alone."""
        states = {_rejected_labels(problem): 1.0 for problem in snapshot.rejected}
        metrics.OBJECT_STATE.show(_owner(snapshot.key), states)
        metrics.QUOTA_USED.forget(snapshot.key)

    def left(self, ingress: Ingress, key: StackKey) -> None:
        """An Ingress leaves the group: what stands there of this group goes."""
        if not ingress.is_deleting and written(self._newest(ingress), key) is not None:
            self._write(ingress, None)

    def _say_all(self, key: StackKey, said: Iterable[_Said]) -> None:
        states: dict[Labels, float] = {}
        waiting: list[_Said] = []
        for one in said:
            if one.waits:
                waiting.append(one)
            else:
                self._write_news(one.ingress, one.explanation)
            error = one.explanation.error
            states[_labels(one.ingress, error.category if error else one.explanation.state)] = 1.0
        self._waiting[key] = waiting
        metrics.OBJECT_STATE.show(_owner(key), states)

    def _write_news(self, ingress: Ingress, explanation: StatusDocument) -> None:
        standing = self._newest(ingress).metadata.annotations.get(STATUS, "")
        if explanation.is_news(standing):
            self._write(ingress, explanation.text())

    def _write(self, ingress: Ingress, text: str | None) -> None:
        meta = ingress.metadata
        body = {"metadata": {"uid": meta.uid, "annotations": {STATUS: text}}}
        with contextlib.suppress(ObjectMissing):  # gone, and so is what was to be said
            self._writer.merge_patch(INGRESS, meta.namespace, meta.name, body)

    def _before(self, ingress: Ingress, key: StackKey) -> StatusDocument:
        """What stood there, or was about to, without its error."""
        for one in self._waiting.get(key, ()):
            if one.ingress is ingress:
                return one.explanation.served()
        known = written(self._newest(ingress), key)
        return known.served() if known else StatusDocument(group=key.id)

    def _newest(self, ingress: Ingress) -> Ingress:
        known = self._cluster.get(Ingress, *ingress.key)
        is_same = known is not None and known.metadata.uid == ingress.metadata.uid
        return known if known is not None and is_same else ingress


def _backends_by_owner(translation: Translation[Any]) -> dict[str, list[BackendIntent]]:
    """By `namespace/name` of the Ingress."""
    found: dict[str, list[BackendIntent]] = {}
    for backend in translation.intent.backends:
        found.setdefault(backend.origin.ref.path, []).append(backend)
    return found


def _say(ingress: Ingress, made: StatusDocument, problems: Sequence[ControllerError]) -> _Said:
    """What only a change of an object heals is not tried again."""
    note = problem_note(problems)
    is_tried_again = any(handling_of(one).requeue != "never" for one in problems)
    return _Said(ingress, made.failing(note) if note else made, waits=is_tried_again)


def _problems(member: LoadedMember, translation: Translation[Any]) -> list[ControllerError]:
    """Of a member that is stopped."""
    if member.uid in translation.good:
        return []
    own = ref("Ingress", member.ingress)
    return [one for one in translation.problems if one.origin == own]


def _owner(key: StackKey) -> tuple[str, StackKey]:
    return "Ingress", key


def _labels(ingress: Ingress, state: str) -> Labels:
    return ("Ingress", *ingress.key, state)


def _rejected_labels(problem: Invalid) -> Labels:
    origin = problem.origin
    return origin.kind, origin.namespace, origin.name, handling_of(problem).label
