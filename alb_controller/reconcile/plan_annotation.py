"""The annotation `dry-run-plan`: the model of a group on its first member (spec 1.1, 9.1)."""

from __future__ import annotations

from typing import Any

import structlog

from alb_controller.errors import KubeError, ObjectMissing
from alb_controller.frontends.ingress.load import Snapshot
from alb_controller.frontends.translation import Translation
from alb_controller.model.document import stack_json
from alb_controller.model.stack import Stack
from alb_controller.objects.annotations.names import PLAN_ANNOTATION
from alb_controller.objects.kinds import INGRESS
from alb_controller.objects.networking import Ingress
from alb_controller.objects.writer import ObjectWriter

_log = structlog.get_logger(__name__)


def note_plan(
    writer: ObjectWriter,
    snapshot: Snapshot,
    translation: Translation[Any],
    stack: Stack,
    *,
    has_gate: bool,
) -> None:
    """Have it on the first member that is served, and on no other; with the gate off on none.

    Written where it differs, before the stack is applied. It is for readers: where the API takes
    it not (annotations have 256 KiB in all), the stack is applied all the same.
    """
    for member in snapshot.members:
        is_holder = has_gate and member.uid == translation.first
        wanted = stack_json(stack) if is_holder else None
        if wanted != member.ingress.metadata.annotations.get(PLAN_ANNOTATION):
            _write(writer, member.ingress, wanted)


def _write(writer: ObjectWriter, ingress: Ingress, wanted: str | None) -> None:
    meta = ingress.metadata
    body = {"metadata": {"uid": meta.uid, "annotations": {PLAN_ANNOTATION: wanted}}}
    try:
        writer.merge_patch(INGRESS, meta.namespace, meta.name, body)
    except ObjectMissing:
        return  # it is gone, and its annotations with it
    except KubeError as error:
        object_ = f"Ingress {meta.namespace}/{meta.name}"
        _log.warning("plan_annotation_not_written", object=object_, error=str(error))
