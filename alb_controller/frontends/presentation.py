"""What users shall see of a pass, as values: patches, events, and how each object stands.

Front ends make it, one writer publishes it (`reconcile.stack.publish`).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from alb_controller.frontends.events import Event
from alb_controller.frontends.status_document import ErrorNote, StatusDocument
from alb_controller.objects.core import KubeObject
from alb_controller.values import Value


class Patch(Value, frozen=True):
    """A change of one object, merged into it."""

    object: KubeObject
    annotations: Mapping[str, str | None] = {}
    """None takes one away. Written where they differ from what stands there."""
    status: Mapping[str, Any] | None = None
    """Merged into the status; None leaves it."""
    is_exact: bool = False
    """Of this version of the object alone: others may write there too."""
    is_optional: bool = False
    """For readers alone: where the API refuses it, the pass goes on."""


class Report(Value, frozen=True):
    """How one object stands, for its status annotation and the metric of its state."""

    object: KubeObject
    resources: StatusDocument | None = None
    """What AWS has for it; None: as its annotation says already."""
    is_unserved: bool = False
    """No listener serves anything of it, though nothing else is wrong."""
    is_blocked: bool = False
    """A change of it would have to wait for another member."""
    error: ErrorNote | None = None
    is_retried: bool = False
    """The error is written when the time of the next try is known."""


class Presentation(Value, frozen=True):
    """All of it."""

    events: tuple[Event, ...] = ()
    patches: tuple[Patch, ...] = ()
    reports: tuple[Report, ...] | None = None
    """Of all members; None leaves every object as it stands."""
