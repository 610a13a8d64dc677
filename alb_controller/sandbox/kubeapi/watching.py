"""Watches: the changes of a kind since a version, as one client's selectors show them.

Source: Kubernetes docs, "API Concepts": efficient detection of changes, watch bookmarks,
streaming lists.
"""

from __future__ import annotations

import queue
import time
from collections.abc import Generator
from dataclasses import dataclass

from alb_controller.sandbox.kubeapi.kinds import Kind
from alb_controller.sandbox.kubeapi.listing import ListOptions, matcher, read_version
from alb_controller.sandbox.kubeapi.schemas import Json
from alb_controller.sandbox.kubeapi.statuses import StatusError
from alb_controller.sandbox.kubeapi.store import Change, Store, Subscription, in_version

BOOKMARK_SECONDS = 60.0
LAST_BOOKMARK_SECONDS = 2.0  # a real server sends one just before it ends the watch
INITIAL_END = "k8s.io/initial-events-end"


@dataclass(frozen=True, slots=True)
class WatchEvent:
    """ADDED, MODIFIED, DELETED, BOOKMARK or ERROR, and its object; `change` where it comes from a
    write.
    """

    type: str
    object: Json
    change: Change | None = None


@dataclass(frozen=True, slots=True)
class WatchOptions:
    """What the query of a watch says."""

    selection: ListOptions
    bookmarks: bool = False
    initial_events: bool = False
    timeout_seconds: float = 1800.0


def watch(
    store: Store,
    kind: Kind,
    namespace: str | None,
    options: WatchOptions,
    *,
    tick_seconds: float = 1.0,
    bookmark_seconds: float = BOOKMARK_SECONDS,
) -> Generator[WatchEvent | None]:
    """Events until the time is up or the store closes; None at least each `tick_seconds`, so that a
    caller may stop.

    Raises 400 at once for selectors or a version that cannot be read. History that is gone is one
    ERROR event with code 410, as a real server's watch cache has it.
    """
    asked = read_watch_version(options.selection.resource_version)
    view = _View(kind, namespace, options.selection)
    return _stream(store, view, asked, options, _Pace(tick_seconds, bookmark_seconds))


@dataclass(frozen=True, slots=True)
class _Pace:
    """How often a quiet watch wakes, and how often it sends a bookmark."""

    tick_seconds: float
    bookmark_seconds: float


def _stream(
    store: Store, view: _View, asked: int, options: WatchOptions, pace: _Pace
) -> Generator[WatchEvent | None]:
    resource = view.kind.resource
    wants_initial = not asked or options.initial_events
    with store.lock:
        initial = _initial_events(store, view, options) if wants_initial else []
        subscription = _subscribe(store, resource, store.version if wants_initial else asked)
    if isinstance(subscription, StatusError):  # said outside the lock: a reader may be slow
        yield WatchEvent("ERROR", subscription.body())
        return
    try:
        yield from initial
        yield from _follow(store, view, subscription, options, pace)
    finally:
        store.unsubscribe(resource, subscription)


def _subscribe(store: Store, resource: str, since: int) -> Subscription | StatusError:
    try:
        return store.subscribe(resource, since)
    except StatusError as error:
        return error


def _follow(
    store: Store,
    view: _View,
    subscription: Subscription,
    options: WatchOptions,
    pace: _Pace,
) -> Generator[WatchEvent | None]:
    ends = time.monotonic() + options.timeout_seconds
    soon = max(0.0, options.timeout_seconds - LAST_BOOKMARK_SECONDS)
    due = time.monotonic() + min(pace.bookmark_seconds, soon)
    while (left := ends - time.monotonic()) > 0:
        try:
            change = subscription.queue.get(timeout=min(pace.tick_seconds, left))
        except queue.Empty:
            yield None
        else:
            if change is None:
                return
            if event := view.event(change):
                yield event
        if options.bookmarks and time.monotonic() >= due:
            with store.lock:  # nothing may come between the look at the queue and the version
                version = store.version if subscription.queue.empty() else 0
            if version:
                due += pace.bookmark_seconds
                yield bookmark(view.kind, version)


def read_watch_version(text: str) -> int:
    """A watch may start in the future, unlike a list. Raises 400."""
    return read_version(text, int(text) if text.isdigit() else 0)


def bookmark(kind: Kind, version: int, annotations: dict[str, str] | None = None) -> WatchEvent:
    """A bare object that says how far the watch has come."""
    metadata: Json = {"resourceVersion": str(version), "creationTimestamp": None}
    if annotations:
        metadata["annotations"] = annotations
    return WatchEvent(
        "BOOKMARK", {"kind": kind.name, "apiVersion": kind.api_version, "metadata": metadata}
    )


def _initial_events(store: Store, view: _View, options: WatchOptions) -> list[WatchEvent]:
    kind = view.kind
    found = sorted(store.snapshot(kind.resource).items())
    events = [
        WatchEvent("ADDED", in_version(stored, kind.api_version))
        for key, stored in found
        if key.startswith(view.prefix) and view.matches(stored)
    ]
    if options.initial_events:
        events.append(bookmark(kind, store.version, {INITIAL_END: "true"}))
    return events


class _View:
    """What one client sees: an object that comes to fit its selectors is new, one that ceases to
    is deleted.
    """

    def __init__(self, kind: Kind, namespace: str | None, selection: ListOptions) -> None:
        self.kind, self.prefix = kind, f"{namespace}/" if namespace else ""
        self.matches = matcher(kind, selection)

    def event(self, change: Change) -> WatchEvent | None:
        """The change as the client sees it; None if it does not."""
        if not change.key.startswith(self.prefix):
            return None
        before = change.old if change.old is not None and self.matches(change.old) else None
        after = change.new is not None and self.matches(change.new)
        if after:
            return self._shown("ADDED" if before is None else "MODIFIED", change)
        if before is None:
            return None
        if change.new is None:
            return self._shown("DELETED", change)
        version = {"resourceVersion": str(change.version)}  # the last state that it was shown in
        last = {**before, "metadata": {**before["metadata"], **version}}
        return WatchEvent("DELETED", in_version(last, self.kind.api_version))

    def _shown(self, name: str, change: Change) -> WatchEvent:
        return WatchEvent(name, in_version(change.shown, self.kind.api_version), change)
