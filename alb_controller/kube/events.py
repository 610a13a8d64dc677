"""core/v1 Events, each written once while the API server keeps it, by a thread of their own.

The name of an Event is a digest of what it says, so that no other process repeats it either.
"""

from __future__ import annotations

import hashlib
import math
import threading
from collections import OrderedDict
from collections.abc import Callable
from datetime import datetime
from typing import Any, TypeAlias

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
from alb_controller.telemetry import metrics
from alb_controller.values import ObjectRef

MESSAGE_CHARACTERS = 1024
"""The API's limit for an Event's message (Kubernetes API reference, Event)."""
NAME_CHARACTERS = 200
"""Kept of an object's name in an Event's, of 253 allowed."""
REMEMBERED_EVENTS = 10_000
"""Events remembered in memory, so that reporting again costs no request."""
KEPT_SECONDS = 3600.0
"""kube-apiserver drops an Event an hour later (--event-ttl): what still holds is reported again."""
EVENT_SECONDS = 3.0
"""For one request: those that wait behind it should not wait for longer."""
WAITING = 1000
"""Events that may wait for the API server, as client-go's recorder has it."""

_API_VERSIONS = {kind.name: kind.api_version for kind in WATCHED}
_log = structlog.get_logger(__name__)


class Notice(msgspec.Struct, frozen=True):
    """What is reported: `fingerprint` distinguishes occasions that read the same."""

    type: str
    reason: str
    message: str
    component: str
    fingerprint: str = ""


_Key: TypeAlias = tuple[ObjectRef, str]
"""What an Event is about, and the digest of what it says."""


class _Waiting(msgspec.Struct, frozen=True):
    """An Event that is to be written, or is being written."""

    notice: Notice
    since: datetime


class EventRecorder:
    """Takes Events from any thread and writes them in its own; remembers what has been written.

    Where more than WAITING have to wait, further ones are dropped and counted; a problem that
    still holds is recorded by the next pass that meets it.
    """

    def __init__(self, client: KubeClient, clock: Clock, may_write: Callable[[], None]) -> None:
        """`may_write` raises NotLeading where nothing may be sent; asked before each request."""
        self._client, self._clock, self._may_write = client, clock, may_write
        self._changed = threading.Condition()
        self._waiting: OrderedDict[_Key, _Waiting] = OrderedDict()
        self._is_dropping = False
        self._ends_at: float | None = None
        self._posted: OrderedDict[_Key, float] = OrderedDict()  # since when
        self._thread = threading.Thread(target=self._run, name="events", daemon=True)

    def start(self) -> None:
        """Write Events from now on."""
        self._thread.start()

    def stop(self, timeout_seconds: float) -> None:
        """Write what waits, for at most that long; nothing is sent after that."""
        with self._changed:
            self._ends_at = self._clock.monotonic() + timeout_seconds
            self._changed.notify_all()
        if self._thread.ident is not None:
            self._thread.join(timeout_seconds)
        with self._changed:
            lost = len(self._waiting)
        if lost:
            _log.warning("events_not_written", count=lost, why="the controller is stopping")

    @property
    def is_idle(self) -> bool:
        """Whether all that was recorded has been written, or given up."""
        with self._changed:
            return not self._waiting

    def unhealthy_reasons(self) -> list[str]:
        """Why no Event will be written any more, though nobody has stopped that."""
        has_ended = self._thread.ident is not None and not self._thread.is_alive()
        return ["thread events has ended"] if has_ended and self._ends_at is None else []

    def record(self, ref: ObjectRef, notice: Notice) -> None:
        """Have the Event written unless users can read it yet; never waits, never raises."""
        key = (ref, _digest(ref, notice))
        with self._changed:
            if key in self._waiting or self._was_posted(key):
                return
            if len(self._waiting) >= WAITING:
                self._drop()
                return
            self._waiting[key] = _Waiting(notice, self._clock.now())
            self._changed.notify_all()

    def _drop(self) -> None:
        metrics.EVENTS_DROPPED.inc()
        if not self._is_dropping:  # a line for each would be as many as there are Events
            self._is_dropping = True
            _log.warning("events_dropped", waiting=len(self._waiting))

    def _run(self) -> None:
        while (key := self._next()) is not None:
            try:
                self._write(key, self._waiting[key])
            except Exception:  # noqa: BLE001  # one Event must not keep all others from users
                _log.exception("event_failed", object=str(key[0]))
            with self._changed:
                del self._waiting[key]
                self._is_dropping = self._is_dropping and bool(self._waiting)

    def _next(self) -> _Key | None:
        """The oldest that waits; None once it is stopped and the time is over."""
        with self._changed:
            while not self._waiting and self._ends_at is None:
                self._clock.wait(self._changed, None)
            is_over = self._seconds_left() <= 0
            return None if is_over else next(iter(self._waiting), None)

    def _seconds_left(self) -> float:
        """Until nothing may be sent any more."""
        return math.inf if self._ends_at is None else self._ends_at - self._clock.monotonic()

    def _write(self, key: _Key, waiting: _Waiting) -> None:
        ref, notice = key[0], waiting.notice
        path = f"/api/v1/namespaces/{ref.namespace or 'default'}/events"
        body = _body(key, waiting)
        timeout = max(0.1, min(EVENT_SECONDS, self._seconds_left()))
        try:
            self._may_write()
            self._client.request("POST", path, body=body, timeout_seconds=timeout)
        except ObjectExists:
            pass
        except ControllerError as error:
            _report(error, ref, notice)
            return
        with self._changed:
            self._posted[key] = self._clock.monotonic()
            if len(self._posted) > REMEMBERED_EVENTS:
                self._posted.popitem(last=False)

    def _was_posted(self, key: _Key) -> bool:
        since = self._posted.get(key)
        if since is None or self._clock.monotonic() - since >= KEPT_SECONDS:
            return False
        self._posted.move_to_end(key)
        return True


def _body(key: _Key, waiting: _Waiting) -> dict[str, Any]:
    (ref, digest), notice = key, waiting.notice
    since = waiting.since.strftime("%Y-%m-%dT%H:%M:%SZ")
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
        "firstTimestamp": since,
        "lastTimestamp": since,
        "count": 1,
    }


def _report(error: ControllerError, ref: ObjectRef, notice: Notice) -> None:
    is_ending = isinstance(error, Forbidden) and "being terminated" in error.message
    is_expected = is_ending or isinstance(error, NotLeading | ObjectMissing)
    (_log.debug if is_expected else _log.warning)(
        "event_not_written", object=str(ref), reason=notice.reason, error=str(error)
    )


def _digest(ref: ObjectRef, notice: Notice) -> str:
    parts = (ref.uid, notice.reason, _cut(notice.message), notice.fingerprint)
    return hashlib.sha256("\0".join(parts).encode(errors="backslashreplace")).hexdigest()[:16]


def _cut(message: str) -> str:
    if len(message) <= MESSAGE_CHARACTERS:
        return message
    return message[: MESSAGE_CHARACTERS - 1] + "…"
