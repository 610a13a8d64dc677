"""Versioned objects with a bounded history: what etcd and the watch cache are to a kube-apiserver.

One counter gives every write its resourceVersion. Stored objects are never changed in place: a
write puts a new one. So readers share them without copies, and must not change them.
"""

from __future__ import annotations

import queue
import threading
from collections import defaultdict, deque
from dataclasses import dataclass, field
from typing import Any

from alb_controller.sandbox.kubeapi.schemas import Json, encode_json
from alb_controller.sandbox.kubeapi.statuses import expired

HISTORY_EVENTS = 5_000


@dataclass(frozen=True, slots=True)
class Change:
    """One write: the object before and after (None at its birth and at its end).

    `shown` is what watchers get: the object after the write or, if it is gone, its last state
    with the new version.
    """

    version: int
    key: str
    old: Json | None
    new: Json | None
    shown: Json
    _frames: dict[str, bytes] = field(default_factory=dict)

    def encoded(self, api_version: str) -> bytes:
        """`shown` as JSON, encoded once for all watchers."""
        if api_version not in self._frames:
            self._frames[api_version] = encode_json(in_version(self.shown, api_version))
        return self._frames[api_version]


def in_version(stored: Json, api_version: str) -> Json:
    """The object as one version of its kind shows it: without conversion, only `apiVersion`
    differs.
    """
    return (
        stored if stored.get("apiVersion") == api_version else {**stored, "apiVersion": api_version}
    )


class Subscription:
    """The changes of one resource from a version on, in order; `None` in the queue means closed."""

    def __init__(self, backlog: list[Change]) -> None:
        self.queue: queue.SimpleQueue[Change | None] = queue.SimpleQueue()
        for change in backlog:
            self.queue.put(change)

    def close(self) -> None:
        """End the reader's wait."""
        self.queue.put(None)


class Store:
    """All objects of all resources. Take `lock` around a read that a write depends on."""

    def __init__(self, history_events: int = HISTORY_EVENTS) -> None:
        self.lock = threading.RLock()
        self.version = 1
        self._objects: defaultdict[str, dict[str, Json]] = defaultdict(dict)
        self._history: defaultdict[str, deque[Change]] = defaultdict(
            lambda: deque(maxlen=history_events)
        )
        self._floors: defaultdict[str, int] = defaultdict(int)
        self._compacted = 0
        self._subscriptions: defaultdict[str, set[Subscription]] = defaultdict(set)

    def get(self, resource: str, key: str) -> Json | None:
        """One object, or None."""
        return self._objects[resource].get(key)

    def values(self, resource: str) -> list[Json]:
        """All objects of a resource, in no order."""
        with self.lock:
            return list(self._objects[resource].values())

    def snapshot(self, resource: str, version: int | None = None) -> dict[str, Json]:
        """All objects by key as they were at a version. Raises 410 if that is too long ago."""
        with self.lock:
            objects = dict(self._objects[resource])
            if version is None or version >= self.version:
                return objects
            self._refuse_before_floor(resource, version)
            for change in reversed(self._history[resource]):
                if change.version <= version:
                    break
                if change.old is None:
                    objects.pop(change.key, None)
                else:
                    objects[change.key] = change.old
            return objects

    def write(self, resource: str, key: str, new: Json | None) -> Json:
        """Put an object, or remove it with None; returns it with its new resourceVersion."""
        with self.lock:
            self.version += 1
            old = self._objects[resource].get(key)
            last = new if new is not None else old
            if last is None:
                raise KeyError(key)
            stamped = {
                **last,
                "metadata": {**last["metadata"], "resourceVersion": str(self.version)},
            }
            if new is None:
                del self._objects[resource][key]
            else:
                self._objects[resource][key] = stamped
            change = Change(self.version, key, old, stamped if new is not None else None, stamped)
            self._remember(resource, change)
            for subscription in self._subscriptions[resource]:
                subscription.queue.put(change)
            return stamped

    def _refuse_before_floor(self, resource: str, version: int) -> None:
        floor = max(self._floors[resource], self._compacted)
        if version < floor:
            raise expired(version, floor)

    def _remember(self, resource: str, change: Change) -> None:
        history = self._history[resource]
        if history.maxlen == len(history) and history:
            self._floors[resource] = history[0].version
        history.append(change)

    def subscribe(self, resource: str, since: int) -> Subscription:
        """Every change after version `since`. Raises 410 if some are no longer held."""
        with self.lock:
            self._refuse_before_floor(resource, since)
            backlog = [change for change in self._history[resource] if change.version > since]
            subscription = Subscription(backlog)
            self._subscriptions[resource].add(subscription)
            return subscription

    def unsubscribe(self, resource: str, subscription: Subscription) -> None:
        """Stop feeding a subscription."""
        with self.lock:
            self._subscriptions[resource].discard(subscription)

    def watchers(self, resource: str) -> int:
        """How many subscriptions there are now."""
        with self.lock:
            return len(self._subscriptions[resource])

    def compact(self) -> None:
        """Forget all history: any older version is answered with 410 from now on."""
        with self.lock:
            self._history.clear()
            self._compacted = self.version

    def end_watches(self, resource: str) -> None:
        """End the watches of a kind, after the events that are on their way."""
        with self.lock:
            for subscription in self._subscriptions[resource]:
                subscription.close()

    def close_subscriptions(self) -> None:
        """End every reader's wait."""
        with self.lock:
            for subscriptions in self._subscriptions.values():
                for subscription in subscriptions:
                    subscription.close()


def object_key(namespace: str | None, name: str) -> str:
    """Where an object stands in its resource; sorts as a real server's keys do."""
    return f"{namespace}/{name}" if namespace else name


def meta_of(stored: Json) -> dict[str, Any]:
    """The metadata of an object."""
    metadata: dict[str, Any] = stored["metadata"]
    return metadata
