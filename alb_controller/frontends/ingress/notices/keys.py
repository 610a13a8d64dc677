"""Keys that nobody reads, of annotations and of the JSON in them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from alb_controller.objects.annotations.names import unknown_annotations, unknown_json_keys
from alb_controller.objects.core import KubeObject
from alb_controller.objects.events import Reason


class Notice(NamedTuple):
    """What should be known of an object, and under which reason it is reported."""

    reason: Reason
    sentence: str


def unread_keys(obj: KubeObject) -> Iterator[Notice]:
    """Those of one object."""
    annotations = obj.metadata.annotations
    for sentence in unknown_annotations(annotations):
        yield Notice(Reason.UNKNOWN_ANNOTATION, sentence)
    for sentence in unknown_json_keys(annotations):
        yield Notice(Reason.UNKNOWN_KEY, sentence)
