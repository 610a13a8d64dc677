"""What users should know although it stops nobody: Warnings beside the problems."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from alb_controller.frontends.events import Event
from alb_controller.frontends.ingress.load import Snapshot
from alb_controller.objects.annotations.names import unknown_annotations, unknown_json_keys
from alb_controller.objects.core import KubeObject, ref
from alb_controller.objects.events import Reason
from alb_controller.values import ObjectRef


def notices(snapshot: Snapshot) -> Iterator[Event]:
    """Keys that nobody reads, on the members and on the Services that they name."""
    for member in snapshot.members:
        yield from _unread(ref("Ingress", member.ingress), member.ingress)
    for _, service in sorted(snapshot.services.items()):
        yield from _unread(ref("Service", service), service)


def _unread(origin: ObjectRef, obj: KubeObject) -> Iterator[Event]:
    annotations = obj.metadata.annotations
    yield from _told(origin, Reason.UNKNOWN_ANNOTATION, unknown_annotations(annotations))
    yield from _told(origin, Reason.UNKNOWN_KEY, unknown_json_keys(annotations))


def _told(origin: ObjectRef, reason: Reason, sentences: Iterable[str]) -> Iterator[Event]:
    text = "; ".join(sentences)
    if text:
        yield Event(origin, "Warning", reason, text)
