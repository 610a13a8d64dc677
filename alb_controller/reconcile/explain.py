"""Says how each member of a group stands: in an annotation of it, and in metrics (ADR 0023)."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable

import structlog

from alb_controller.errors import ControllerError, Invalid, KubeError, ObjectMissing, handling_of
from alb_controller.frontends.ingress.explanation import (
    Explanation,
    error_note,
    explain,
    problem_note,
    written,
)
from alb_controller.frontends.ingress.load import LoadedMember, Snapshot
from alb_controller.frontends.ingress.translate import Translation
from alb_controller.intent import BackendIntent
from alb_controller.kube.writer import Writer
from alb_controller.model.stack import Observed
from alb_controller.objects.cluster import Cluster
from alb_controller.objects.core import ref
from alb_controller.objects.kinds import INGRESS
from alb_controller.objects.networking import Ingress
from alb_controller.objects.notes import STATUS
from alb_controller.reconcile.quotas import usage
from alb_controller.telemetry import metrics
from alb_controller.telemetry.series import Labels
from alb_controller.values import StackKey

_log = structlog.get_logger(__name__)


class Explainer:
    """Writes where what is to be said is another text than the one that stands there."""

    def __init__(self, cluster: Cluster, writer: Writer) -> None:
        self._cluster, self._writer = cluster, writer

    def applied(
        self,
        snapshot: Snapshot,
        translation: Translation,
        observed: Observed,
        late_error: ControllerError | None,
    ) -> None:
        """AWS has what the group wants, but for what `late_error` stopped."""
        said: list[tuple[Ingress, Explanation]] = []
        own = _backends_by_owner(translation)
        for member in snapshot.members:
            made = Explanation(group=str(snapshot.key))
            if member.uid in translation.served:
                path = ref("Ingress", member.ingress).path
                made = explain(snapshot.key, observed, own.get(path, ()))
            problems = _problems(member, translation)
            if not problems and late_error is not None and handling_of(late_error).event:
                problems = [late_error]
            said.append((member.ingress, _with_problems(made, problems)))
        self._say_all(snapshot.key, said)
        metrics.QUOTA_USED.show(snapshot.key, usage(observed))

    def unchanged(self, snapshot: Snapshot, translation: Translation) -> None:
        """AWS was not looked at: the group is held, or nobody in it asks for anything."""
        said: list[tuple[Ingress, Explanation]] = []
        for member in snapshot.members:
            made = self._before(member.ingress, snapshot.key)
            problems = _problems(member, translation)
            if not problems and translation.held_by:
                made = made.held()
            said.append((member.ingress, _with_problems(made, problems)))
        self._say_all(snapshot.key, said)

    def failed(self, snapshot: Snapshot, error: ControllerError) -> None:
        """The pass broke off; the error itself is more important than a note that fails."""
        concerned = [*(m.ingress for m in snapshot.members), *snapshot.leaving]
        note = error_note(error)
        states = {_labels(ingress, note.category): 1.0 for ingress in concerned}
        metrics.OBJECT_STATE.show(_owner(snapshot.key), states)
        try:
            for ingress in concerned:
                self._say(ingress, self._before(ingress, snapshot.key).failing(note))
        except KubeError as kube_error:
            _log.debug("status_not_written", error=str(kube_error))

    def strays(self, snapshot: Snapshot) -> None:
        """Nobody is in the group (any more); an Ingress in no group has events alone."""
        stray = {_stray_labels(problem): 1.0 for problem in snapshot.strays}
        metrics.OBJECT_STATE.show(_owner(snapshot.key), stray)
        metrics.QUOTA_USED.forget(snapshot.key)

    def left(self, ingress: Ingress, key: StackKey) -> None:
        """An Ingress leaves the group: what stands there of this group goes."""
        if not ingress.is_deleting and written(self._newest(ingress), key) is not None:
            self._write(ingress, None)

    def _say_all(self, key: StackKey, said: Iterable[tuple[Ingress, Explanation]]) -> None:
        states: dict[Labels, float] = {}
        for ingress, explanation in said:
            self._say(ingress, explanation)
            error = explanation.error
            states[_labels(ingress, error.category if error else explanation.state)] = 1.0
        metrics.OBJECT_STATE.show(_owner(key), states)

    def _say(self, ingress: Ingress, explanation: Explanation) -> None:
        text = explanation.text()
        if self._newest(ingress).metadata.annotations.get(STATUS) != text:
            self._write(ingress, text)

    def _write(self, ingress: Ingress, text: str | None) -> None:
        meta = ingress.metadata
        body = {"metadata": {"uid": meta.uid, "annotations": {STATUS: text}}}
        with contextlib.suppress(ObjectMissing):  # gone, and so is what was to be said
            self._writer.merge_patch(INGRESS, meta.namespace, meta.name, body)

    def _before(self, ingress: Ingress, key: StackKey) -> Explanation:
        """What stood there, without its error."""
        known = written(self._newest(ingress), key)
        return known.served() if known else Explanation(group=str(key))

    def _newest(self, ingress: Ingress) -> Ingress:
        known = self._cluster.get(Ingress, *ingress.key)
        is_same = known is not None and known.metadata.uid == ingress.metadata.uid
        return known if known is not None and is_same else ingress


def _backends_by_owner(translation: Translation) -> dict[str, list[BackendIntent]]:
    """By `namespace/name` of the Ingress."""
    found: dict[str, list[BackendIntent]] = {}
    for backend in translation.intent.backends:
        found.setdefault(backend.origin.ref.path, []).append(backend)
    return found


def _with_problems(made: Explanation, problems: Iterable[ControllerError]) -> Explanation:
    note = problem_note(problems)
    return made.failing(note) if note else made


def _problems(member: LoadedMember, translation: Translation) -> list[ControllerError]:
    """Of a member that is stopped: its own, or those of the objects beside the Ingresses."""
    if member.uid in translation.good:
        return []
    own = ref("Ingress", member.ingress)
    mine = [one for one in translation.problems if one.origin == own]
    return [*mine] or [one for one in translation.problems if one.origin.kind != "Ingress"]


def _owner(key: StackKey) -> tuple[str, StackKey]:
    return "Ingress", key


def _labels(ingress: Ingress, state: str) -> Labels:
    return ("Ingress", *ingress.key, state)


def _stray_labels(problem: Invalid) -> Labels:
    origin = problem.origin
    return origin.kind, origin.namespace, origin.name, handling_of(problem).label
