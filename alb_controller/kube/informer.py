"""Reflectors: keep a store equal to the cluster by one list and an endless watch per kind.

The protocol is the one of the Kubernetes docs, "Efficient detection of changes": list in pages,
watch from the list's resourceVersion with bookmarks, list again when that version is too old.
"""

from __future__ import annotations

import random
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Protocol

import structlog

from alb_controller.clock import Clock
from alb_controller.errors import Forbidden, Gone, KubeError, ObjectMissing, Unreachable
from alb_controller.kube.client import KubeClient, LineStream
from alb_controller.kube.presence import Presence
from alb_controller.kube.store import Stores
from alb_controller.kube.watching.incoming import Incoming, Page
from alb_controller.objects.core import version_number
from alb_controller.objects.kinds import Kind
from alb_controller.objects.reading import Unreadable
from alb_controller.telemetry import metrics

PAGE_SIZE = "500"
LIST_SECONDS = 60.0
WATCH_SECONDS = (240, 480)
"""How long the server may keep one watch open; spread, so that watches do not end together."""
SILENCE_SECONDS = 90.0
"""Servers send a bookmark about every minute; a longer silence is a dead connection."""
STEADY_SECONDS = 10.0
"""A watch that lived so long ended for a good reason and is opened again at once."""
BACKOFF_SECONDS = (0.5, 30.0)
LOOK_SECONDS = (30.0, 60.0)
"""Between two looks whether an optional kind has been installed."""

STUCK_SECONDS = 300.0
"""The loop turns more often than that whatever the API server does: list, silence, backoff."""

_chance = random.SystemRandom()
_log = structlog.get_logger(__name__)


class Mirror(Protocol):
    """What a reflector keeps equal to the cluster: a `Store` of a kind, or one object."""

    @property
    def kind(self) -> Kind: ...

    @property
    def synced(self) -> threading.Event:
        """Set once it equals the cluster: by the first list, or as the kind is not installed."""

    unserved: str
    """Why an optional kind cannot be read though it is installed; empty where it can."""

    @property
    def version(self) -> int:
        """The newest resourceVersion seen."""

    @property
    def selection(self) -> Mapping[str, str]:
        """Selectors as query parameters; empty for all objects."""

    def upsert(self, obj: Any) -> None: ...

    def delete(self, obj: Any) -> None: ...

    def keep(self, item: Unreadable[Any], /) -> None:
        """An object that cannot be read is there: what was known of it stays."""

    def replace(
        self,
        objects: Iterable[Any],
        version: int,
        *,
        unreadable: Sequence[Unreadable[Any]] = (),
        is_rewound: bool = False,
    ) -> None:
        """Take over a complete list."""

    def failed(self, error: KubeError, /) -> bool:
        """A list or watch failed and is tried again; whether only a new list will do then."""


class _Pulse:
    """How a reflector does: its failures in a row, and when its loop and its watch began."""

    def __init__(self, now: float) -> None:
        self.turned_at = self.heard_at = self.began_at = now
        self.failures = 0
        self.last_problem = ""
        self.garbage_at = ""
        """The version behind which the last line came that was no event."""


class Reflector:
    """One mirror, of one namespace or all, kept by a thread of its own."""

    def __init__(
        self, client: KubeClient, store: Mirror, clock: Clock, *, namespace: str = ""
    ) -> None:
        self._client, self._store, self._clock = client, store, clock
        self._path = store.kind.path(namespace)
        self._incoming = Incoming(store.kind)
        self._stop = threading.Event()
        self._stream: LineStream | None = None
        self._thread = threading.Thread(
            target=self._run, name=f"watch-{store.kind.plural}", daemon=True
        )
        self._pulse = _Pulse(clock.monotonic())
        self._presence = Presence(client, store)

    def start(self) -> None:
        """List and watch until stopped."""
        self._thread.start()

    def read(self) -> None:
        """List once, in the caller's thread: for who has not been started."""
        self._guarded(lambda _: self._list(), "")

    def stop(self) -> None:
        """End the watch at once; returns without waiting for the thread."""
        self._stop.set()
        if (stream := self._stream) is not None:
            stream.close()

    def join(self, timeout_seconds: float) -> bool:
        """Wait for the thread after `stop`; whether it has ended."""
        self._thread.join(timeout_seconds)
        return not self._thread.is_alive()

    def expose(self) -> None:
        """Show in metrics how it does; for the one reflector of a kind."""
        kind = self._store.kind.name
        metrics.INFORMER_SYNCED.labels(kind).set_function(self._store.synced.is_set)
        metrics.INFORMER_AGE.labels(kind).set_function(
            lambda: self._clock.monotonic() - self._pulse.heard_at
        )

    def unhealthy_reasons(self) -> str:
        """What no answer of the API server explains: the thread has ended, or its loop hangs."""
        if self._stop.is_set() or self._thread.ident is None:
            return ""
        name = self._thread.name
        if not self._thread.is_alive():
            return f"thread {name} has ended"
        is_stuck = self._clock.monotonic() - self._pulse.turned_at > STUCK_SECONDS
        return f"{name} hangs" if is_stuck else ""

    def _run(self) -> None:
        version = ""
        while not self._stop.is_set():
            self._pulse.began_at = self._pulse.turned_at = self._clock.monotonic()
            version = self._guarded(self._follow, version)
            self._pause(self._clock.monotonic() - self._pulse.began_at)

    def _guarded(self, step: Callable[[str], str], version: str) -> str:
        """What the step returns; after an error, the resourceVersion to go on from."""
        try:
            return step(version)
        except KubeError as error:
            return self._after_error(error, version)
        except Exception:  # noqa: BLE001  # a bug here must not end the watch for ever
            metrics.WATCH_ERRORS.labels(self._store.kind.name, "bug").inc()
            _log.exception("watch_failed", kind=self._store.kind.name)
            return ""

    def _follow(self, version: str) -> str:
        """List, where that is due, and watch."""
        if not self._presence.is_served and not self._find_kind():
            return ""
        if not version:
            version = self._list()
            self._pulse.began_at = self._clock.monotonic()
        return self._watch(version)

    def _find_kind(self) -> bool:
        """Whether the server has the kind; where it says that it has not, after a while."""
        if self._presence.look():
            return True
        self._heard()
        if self._store.unserved:
            self._warn_once(self._store.unserved)
        self._clock.sleep(_chance.uniform(*LOOK_SECONDS), self._stop)
        return False

    def _pause(self, lived_seconds: float) -> None:
        """Back off, unless what has just ended was a watch in good health."""
        if lived_seconds >= STEADY_SECONDS:
            self._pulse.failures = 0
            return
        first, cap = BACKOFF_SECONDS
        limit = min(cap, first * 2 ** min(self._pulse.failures, 10))
        self._pulse.failures += 1
        self._clock.sleep(_chance.uniform(max(first, limit / 2), limit), self._stop)

    def _list(self) -> str:
        """Replace the store's content by a full list; its resourceVersion."""
        kind = self._store.kind
        metrics.RELISTS.labels(kind.name).inc()
        known_version = self._store.version
        objects: list[Any] = []
        unreadable: list[Unreadable[Any]] = []
        query = {**self._store.selection, "limit": PAGE_SIZE}
        while True:
            page = self._get_page(query)
            objects += page.objects
            unreadable += page.unreadable
            self._heard()
            if not page.more or self._stop.is_set():
                break
            query["continue"] = page.more
        if self._stop.is_set():
            return ""
        number = version_number(page.version)
        is_new = self._presence.was_missed
        is_rewound = is_new or number < known_version
        self._store.replace(objects, number, unreadable=unreadable, is_rewound=is_rewound)
        self._incoming.keep(one.key for one in (*objects, *unreadable))
        self._presence.listed()
        if is_new or not self._store.synced.is_set():
            _log.info("kind_synced", kind=kind.name, objects=len(objects))
            self._store.synced.set()
        return page.version

    def _get_page(self, query: dict[str, str]) -> Page:
        return self._incoming.page(
            self._client.request("GET", self._path, query=query, timeout_seconds=LIST_SECONDS)
        )

    def _watch(self, version: str) -> str:
        """Apply events until the watch ends; the resourceVersion to go on from."""
        query = {
            **self._store.selection,
            "watch": "true",
            "allowWatchBookmarks": "true",
            "resourceVersion": version,
            "timeoutSeconds": str(_chance.randint(*WATCH_SECONDS)),
        }
        self._stream = self._client.stream(self._path, query, SILENCE_SECONDS)
        self._pulse.last_problem = ""
        try:
            if self._stop.is_set():
                self._stream.close()
            return self._apply_all(self._stream, version)
        finally:
            self._stream = None

    def _apply_all(self, lines: Iterable[bytes], version: str) -> str:
        """The newest resourceVersion, also when the connection broke after some events."""
        self._heard()
        try:
            for line in lines:
                self._heard()
                version = self._apply(line, version) or version
        except Unreachable as error:
            self._report(error)
        return version

    def _heard(self) -> None:
        self._pulse.turned_at = self._pulse.heard_at = self._clock.monotonic()

    def _apply(self, line: bytes, version: str) -> str:
        """Take one event over; the resourceVersion it brings, if any.

        Raises Gone, and KubeError for other ERROR events: only a new list helps. Unreachable for a
        line that is no event: the next watch may bring a better one.
        """
        try:
            type_, item = self._incoming.event(line)
        except Unreachable as error:
            raise self._garbage(error, version) from error
        obj = item.obj if isinstance(item, Unreadable) else item
        reached = _checked(obj.metadata.resource_version, version)
        if type_ == "DELETED":
            if not obj.metadata.name:
                raise KubeError(200, "not an event", "a deletion of nobody knows what")
            self._store.delete(obj)
            self._incoming.forget(obj.key)
        elif isinstance(item, Unreadable):
            self._store.keep(item)
        elif type_ != "BOOKMARK":
            self._store.upsert(item)
        return reached

    def _garbage(self, error: Unreachable, version: str) -> KubeError:
        """The same line may come again: then the watch cannot go on from here."""
        is_again, self._pulse.garbage_at = self._pulse.garbage_at == version, version
        return KubeError(error.status, error.reason, error.message) if is_again else error

    def _after_error(self, error: KubeError, version: str) -> str:
        """The resourceVersion to go on from; none where a new list is due."""
        self._report(error)
        self._presence.failed(error)
        is_void = self._store.failed(error)
        return version if isinstance(error, Unreachable | Forbidden) and not is_void else ""

    def _report(self, error: KubeError) -> None:
        """Count every error; log one that repeats itself once only."""
        kind = self._store.kind
        metrics.WATCH_ERRORS.labels(kind.name, type(error).__name__).inc()
        problem = str(error)
        if isinstance(error, ObjectMissing):
            missing = "its CRD is not installed" if "." in kind.group else "not served"
            problem = f"the server has no {kind.plural} of {kind.api_version}: {missing}"
        if isinstance(error, Gone):
            _log.debug("watch_failed", kind=kind.name, error=problem)
        else:
            self._warn_once(problem)

    def _warn_once(self, problem: str) -> None:
        """For as long as it lasts."""
        is_known, self._pulse.last_problem = problem == self._pulse.last_problem, problem
        log = _log.debug if is_known else _log.warning
        log("watch_failed", kind=self._store.kind.name, error=problem)


def _checked(reached: str, version: str) -> str:
    """An event's version; Gone where it lies before ours: the server's history is another."""
    number = version_number(reached)
    if number and number < version_number(version):
        raise Gone(410, "Rewound", f"the server is at {reached}, before our {version}")
    return reached


class Informers:
    """The reflectors of all stores."""

    def __init__(
        self, client: KubeClient, stores: Stores, clock: Clock, *, namespace: str = ""
    ) -> None:
        self._clock = clock
        self._reflectors = [Reflector(client, s, clock, namespace=namespace) for s in stores]

    def start(self) -> None:
        """List and watch every kind; the stores say when they have synced."""
        for reflector in self._reflectors:
            reflector.expose()
            reflector.start()

    def unhealthy_reasons(self) -> list[str]:
        """Of each reflector that does not work any more."""
        return [problem for r in self._reflectors if (problem := r.unhealthy_reasons())]

    def stop(self, timeout_seconds: float = 5.0) -> bool:
        """End all watches; whether all threads ended in time."""
        for reflector in self._reflectors:
            reflector.stop()
        deadline = self._clock.monotonic() + timeout_seconds
        return all(r.join(max(0.0, deadline - self._clock.monotonic())) for r in self._reflectors)
