"""The one writer of what users see: patches and events of a presentation, and finalizers."""

from __future__ import annotations

import contextlib
from collections.abc import Container, Iterable, Iterator, Mapping
from datetime import timedelta

import msgspec
import structlog

from alb_controller.clock import Clock
from alb_controller.errors import (
    ControllerError,
    Invalid,
    KubeError,
    NotReady,
    ObjectMissing,
    RefusedByApi,
    Stale,
    handling_of,
)
from alb_controller.frontends.events import Event, fingerprint, refused_event
from alb_controller.frontends.presentation import Patch, Presentation, Report
from alb_controller.frontends.snapshot import Snapshot
from alb_controller.frontends.status_document import StatusDocument, written
from alb_controller.model.ownership import finalizer_of
from alb_controller.objects.cluster import Cluster
from alb_controller.objects.core import KubeObject
from alb_controller.objects.events import Reason
from alb_controller.objects.kinds import kind_of, ref_of
from alb_controller.objects.notes import STATUS
from alb_controller.objects.records import RECORD, group_of
from alb_controller.objects.writer import ObjectWriter
from alb_controller.reconcile.refused import is_refused_object
from alb_controller.telemetry import metrics
from alb_controller.telemetry.series import Labels
from alb_controller.values import ObjectRef, StackKey, Value

_log = structlog.get_logger(__name__)


class _Pending(Value, frozen=True):
    """A status document that waits for the time of the next try."""

    object: KubeObject
    document: StatusDocument


class Publisher:
    """Writes where what is to be shown differs from what stands there.

    An error that is tried again is written when the pass has ended, by `publish_retry`: with the
    time of the next try, in one write.
    """

    def __init__(
        self,
        cluster: Cluster,
        writer: ObjectWriter,
        clock: Clock,
        *,
        component: str,
        shows_status: bool = True,
    ) -> None:
        """`component` is the events' source; without `shows_status` no object is annotated."""
        self._cluster, self._writer, self._clock = cluster, writer, clock
        self._component, self._shows_status = component, shows_status
        self._pending: dict[StackKey, list[_Pending]] = {}
        """Of stacks in work: each is with one worker at a time."""
        self._refused: set[StackKey] = set()
        """Stacks with an object that the API server would not have written in this pass."""

    def publish(self, snapshot: Snapshot, presentation: Presentation) -> None:
        """Warnings first, then the objects, then what is good news once they are written.

        The annotations of an object are one write. Raises KubeError; what is refused of one object
        is reported there and raised when the others are written.
        """
        objects = snapshot.objects() if presentation.events else {}
        refused: list[KubeError] = []
        self._record(presentation.events, objects, "Warning")
        due = self._report(snapshot.key, presentation.reports)
        for patch in presentation.patches:
            documents = {} if patch.is_optional else due.pop(ref_of(patch.object), {})
            with self._alone(snapshot.key, patch.object, Reason.FAILED_UPDATE_STATUS, refused):
                self._patch(_with(patch, documents))
        for one in presentation.reports or ():
            documents = due.pop(ref_of(one.object), {})
            with self._alone(snapshot.key, one.object, Reason.FAILED_UPDATE_STATUS, refused):
                self._patch(_with(Patch(object=one.object), documents))
        self._record(presentation.events, objects, "Normal")
        if refused:
            raise refused[0]

    def publish_retry(self, key: StackKey, seconds: float | None) -> None:
        """A pass has ended, and the stack comes again in so many seconds; None: nobody knows.

        A note that fails is not insisted on: the error itself is more important, and the next try
        writes it.
        """
        now, wait = self._clock.now(), timedelta(seconds=seconds or 0.0)
        try:
            for one in self._pending.pop(key, ()):
                shown = self._shown(one.object, one.document.tried_again(now, wait))
                if shown:
                    self._write_annotations(one.object, shown)
        except ControllerError as error:
            _log.debug("status_not_written", error=str(error))

    def publish_end(self, snapshot: Snapshot) -> None:
        """Nobody is in the stack (any more); an object in no stack has events alone."""
        states = {_rejected_labels(problem): 1.0 for problem in snapshot.rejected}
        metrics.OBJECT_STATE.show(snapshot.key, states)
        metrics.QUOTA_USED.forget(snapshot.key)

    def was_refused(self, key: StackKey) -> bool:
        """Whether something could not be written in this pass: no watch reports when it can be."""
        return key in self._refused

    def add_finalizers(self, snapshot: Snapshot) -> tuple[Invalid, ...]:
        """Before AWS has anything of a member; the problems of those that cannot be written.

        Raises NotReady where a member is gone by now.
        """
        self._refused.discard(snapshot.key)
        finalizer, refused = finalizer_of(snapshot.key), list[Invalid]()
        for member in snapshot.members:
            if not member.has_finalizer:
                continue
            try:
                self._writer.add_finalizer(kind_of(member.object), member.object, finalizer)
            except ObjectMissing as error:
                gone = ref_of(member.object)
                raise NotReady(f"the deletion of {gone}", 1.0) from error
            except KubeError as error:
                if not is_refused_object(error):
                    raise
                self._refused.add(snapshot.key)
                problem = f"{finalizer} cannot be set: {error}"
                refused.append(RefusedByApi(ref_of(member.object), "metadata.finalizers", problem))
        return tuple(refused)

    def record(self, snapshot: Snapshot, events: Iterable[Event]) -> None:
        """Warnings that no presentation has."""
        self._record(events, snapshot.objects(), "Warning")

    def detach(self, snapshot: Snapshot, held: Container[ObjectRef] = ()) -> None:
        """Inactive members: what stands there of this stack goes, the finalizer last.

        `held` are those of which AWS has something still.
        """
        finalizer = finalizer_of(snapshot.key)
        for obj in (one for one in snapshot.inactive if ref_of(one) not in held):
            with self._alone(snapshot.key, obj, Reason.FAILED_REMOVE_FINALIZER, []):
                if not obj.is_deleting and (notes := self._notes(obj, snapshot.key)):
                    self._write_annotations(obj, notes)
                self._writer.remove_finalizer(kind_of(obj), obj, finalizer)

    @contextlib.contextmanager
    def _alone(
        self, key: StackKey, obj: KubeObject, reason: Reason, refused: list[KubeError]
    ) -> Iterator[None]:
        """What the API server does not take of one object is reported there, and stops no other."""
        try:
            yield
        except KubeError as error:
            if not is_refused_object(error):
                raise
            self._refused.add(key)
            refused.append(error)
            self._record([refused_event(ref_of(obj), reason, error)], {ref_of(obj): obj}, "Warning")

    def _record(
        self, events: Iterable[Event], objects: Mapping[ObjectRef, KubeObject], type_: str
    ) -> None:
        """Each event once for what users say in the snapshot: by now they may say otherwise."""
        for event in events:
            if event.type == type_:
                self._writer.record_event(
                    event.ref,
                    type=event.type,
                    reason=event.reason,
                    message=event.message,
                    component=self._component,
                    fingerprint=fingerprint(objects.get(event.ref)),
                )

    def _patch(self, patch: Patch) -> None:
        standing = self._newest(patch.object).metadata.annotations
        differing = {k: v for k, v in patch.annotations.items() if standing.get(k) != v}
        try:
            if differing:
                self._write_annotations(patch.object, differing)
            if patch.status is not None:
                kind = kind_of(patch.object)
                status, is_exact = dict(patch.status), patch.is_exact
                self._writer.patch_status(kind, patch.object, status, is_exact=is_exact)
        except KubeError as error:
            if not patch.is_optional or isinstance(error, Stale):
                raise
            object_ = str(ref_of(patch.object))
            _log.warning("annotation_not_written", object=object_, error=str(error))

    def _report(
        self, key: StackKey, reports: Iterable[Report] | None
    ) -> dict[ObjectRef, Mapping[str, str | None]]:
        """The annotations that are to be written now."""
        due: dict[ObjectRef, Mapping[str, str | None]] = {}
        if reports is None:
            return due
        states: dict[Labels, float] = {}
        pending: list[_Pending] = []
        for one in reports:
            document = self._document(key, one)
            if one.is_retried:
                pending.append(_Pending(object=one.object, document=document))
            else:
                due[ref_of(one.object)] = self._shown(one.object, document)
            error = document.error
            states[_labels(one.object, error.category if error else document.state)] = 1.0
        self._pending[key] = pending
        metrics.OBJECT_STATE.show(key, states)
        return due

    def _document(self, key: StackKey, report: Report) -> StatusDocument:
        document = report.resources or self._standing(report.object, key)
        if report.error is not None:
            return document.failing(report.error)
        if report.is_blocked:
            return document.held()
        return document.unserved() if report.is_unserved else document.served()

    def _standing(self, obj: KubeObject, key: StackKey) -> StatusDocument:
        """What stood there, or was about to."""
        for one in self._pending.get(key, ()):
            if one.object is obj:
                return one.document
        return written(self._newest(obj), key) or StatusDocument(group=key.id)

    def _shown(self, obj: KubeObject, document: StatusDocument) -> Mapping[str, str | None]:
        """Where none is to be shown, one that stands there from before goes: it is out of date."""
        standing = self._newest(obj).metadata.annotations.get(STATUS)
        if not self._shows_status:
            return {} if standing is None else {STATUS: None}
        return {STATUS: document.text()} if document.is_news(standing or "") else {}

    def _write_annotations(self, obj: KubeObject, annotations: Mapping[str, str | None]) -> None:
        meta = obj.metadata
        body = {"metadata": {"uid": meta.uid, "annotations": dict(annotations)}}
        with contextlib.suppress(ObjectMissing):  # gone, and its annotations with it
            self._writer.merge_patch(kind_of(obj), meta.namespace, meta.name, body)

    def _notes(self, obj: KubeObject, key: StackKey) -> dict[str, None]:
        """What stands there of a stack, to be taken away."""
        newest = self._newest(obj)
        is_recorded = group_of(newest.metadata.annotations.get(RECORD, "")) == key.id
        notes = {STATUS: written(newest, key) is not None, RECORD: is_recorded}
        return {name: None for name, stands in notes.items() if stands}

    def _newest(self, obj: KubeObject) -> KubeObject:
        known = self._cluster.get(type(obj), *obj.key)
        is_same = known is not None and known.metadata.uid == obj.metadata.uid
        return known if known is not None and is_same else obj


def _with(patch: Patch, annotations: Mapping[str, str | None]) -> Patch:
    return msgspec.structs.replace(patch, annotations={**patch.annotations, **annotations})


def _labels(obj: KubeObject, state: str) -> Labels:
    return (kind_of(obj).name, *obj.key, state)


def _rejected_labels(problem: Invalid) -> Labels:
    origin = problem.origin
    return origin.kind, origin.namespace, origin.name, handling_of(problem).label
