"""core/v1 Events, each told once while the API server keeps it.

The name of an Event is a digest of what it says, so that no other process repeats it either.
"""

from __future__ import annotations

import hashlib
import threading
from collections import OrderedDict
from collections.abc import Callable
from typing import Any

import msgspec
import structlog

from alb_controller.clock import Clock
from alb_controller.errors import (
    ControllerError,
    Forbidden,
    NotLeading,
    ObjectExists,
    ObjectMissing,
)
from alb_controller.kube.client import KubeClient
from alb_controller.objects.kinds import WATCHED
from alb_controller.values import ObjectRef

MESSAGE_CHARACTERS = 1024
"""The API's limit for an Event's message (Kubernetes API reference, Event)."""
NAME_CHARACTERS = 200
"""Kept of an object's name in an Event's, of 253 allowed."""
TOLD = 10_000
"""Events remembered in memory, so that telling again costs no request."""
KEPT_SECONDS = 3600.0
"""kube-apiserver drops an Event an hour later (--event-ttl): what still holds is told again."""
EVENT_SECONDS = 3.0
"""An event must not hold a reconcile up for longer."""

_API_VERSIONS = {kind.name: kind.api_version for kind in WATCHED}
_log = structlog.get_logger(__name__)


class Notice(msgspec.Struct, frozen=True):
    """What is told: `fingerprint` tells apart occasions that read the same."""

    type: str
    reason: str
    message: str
    component: str
    fingerprint: str = ""


class EventRecorder:
    """Writes Events; remembers what has been told."""

    def __init__(self, client: KubeClient, clock: Clock, may_write: Callable[[], None]) -> None:
        self._client, self._clock, self._may_write = client, clock, may_write
        self._lock = threading.Lock()
        self._told: OrderedDict[tuple[ObjectRef, str], float] = OrderedDict()  # since when

    def record(self, ref: ObjectRef, notice: Notice) -> None:
        """Write the Event unless users can read it yet; errors are logged, never raised."""
        digest = _digest(ref, notice)
        if self._was_told(ref, digest):
            return
        namespace = ref.namespace or "default"
        path = f"/api/v1/namespaces/{namespace}/events"
        try:
            self._may_write()
            self._client.request(
                "POST", path, body=self._body(ref, notice, digest), timeout_seconds=EVENT_SECONDS
            )
        except ObjectExists:
            pass
        except ControllerError as error:
            self._report(error, ref, notice)
            return
        self._remember(ref, digest)

    def _was_told(self, ref: ObjectRef, digest: str) -> bool:
        with self._lock:
            since = self._told.get((ref, digest))
            if since is None or self._clock.monotonic() - since >= KEPT_SECONDS:
                return False
            self._told.move_to_end((ref, digest))
            return True

    def _remember(self, ref: ObjectRef, digest: str) -> None:
        with self._lock:
            self._told[ref, digest] = self._clock.monotonic()
            if len(self._told) > TOLD:
                self._told.popitem(last=False)

    def _body(self, ref: ObjectRef, notice: Notice, digest: str) -> dict[str, Any]:
        now = self._clock.now().strftime("%Y-%m-%dT%H:%M:%SZ")
        return {
            "apiVersion": "v1",
            "kind": "Event",
            "metadata": {
                "name": f"{ref.name[:NAME_CHARACTERS].rstrip('-.')}.{digest}",
                "namespace": ref.namespace or "default",
            },
            "involvedObject": {
                "apiVersion": _API_VERSIONS.get(ref.kind, ""),
                "kind": ref.kind,
                "namespace": ref.namespace,
                "name": ref.name,
                "uid": ref.uid,
            },
            "type": notice.type,
            "reason": notice.reason,
            "message": _cut(notice.message),
            "source": {"component": notice.component},
            "reportingComponent": notice.component,
            "firstTimestamp": now,
            "lastTimestamp": now,
            "count": 1,
        }

    def _report(self, error: ControllerError, ref: ObjectRef, notice: Notice) -> None:
        is_ending = isinstance(error, Forbidden) and "being terminated" in error.message
        is_expected = is_ending or isinstance(error, NotLeading | ObjectMissing)
        (_log.debug if is_expected else _log.warning)(
            "event_not_written", object=str(ref), reason=notice.reason, error=str(error)
        )


def _digest(ref: ObjectRef, notice: Notice) -> str:
    parts = (ref.uid, notice.reason, _cut(notice.message), notice.fingerprint)
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:16]


def _cut(message: str) -> str:
    if len(message) <= MESSAGE_CHARACTERS:
        return message
    return message[: MESSAGE_CHARACTERS - 1] + "…"
