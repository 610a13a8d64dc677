"""What is known of the cluster, in memory: one store per kind, indexed, newest version wins."""

from __future__ import annotations

import threading
from collections import OrderedDict, deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import Any, Generic, NamedTuple, TypeAlias, TypeVar

import msgspec
import structlog

from alb_controller.errors import KubeError, NotReady
from alb_controller.objects.cluster import unreadable_object
from alb_controller.objects.core import KubeObject, Metadata, version_number
from alb_controller.objects.indexes import INDEXES
from alb_controller.objects.kinds import Kind
from alb_controller.objects.reading import Unreadable
from alb_controller.telemetry import metrics

T = TypeVar("T", bound=KubeObject)

Key: TypeAlias = tuple[str, str]
"""(namespace, name)."""
Handler: TypeAlias = Callable[[T | None, T | None], None]
"""Called with the old and the new object: (None, new) added, (old, None) deleted."""

TOMBSTONES = 4096
"""Deletions remembered per kind: a late write response arrives within seconds of one."""
_NAMESPACE = ""
"""The index that every store has; no index of INDEXES has an empty name."""

_log = structlog.get_logger(__name__)


class _Tombstone(NamedTuple):
    uid: str
    version: int


class Store(Generic[T]):
    """All known objects of one kind; safe for any number of threads.

    Watch events and the responses of our own writes both land here, in any order: an object of
    the same or an older resourceVersion than the known one changes nothing, and an object that
    was deleted stays so. Handlers run outside the lock, one change at a time, in order.
    """

    def __init__(self, kind: Kind) -> None:
        self.kind = kind
        self.synced = threading.Event()
        self.unserved = ""  # why an optional kind cannot be read though it is installed
        self._lock = threading.Lock()
        self._feed = _Feed[T](self._lock)
        self._objects: dict[Key, T] = {}
        self._unreadable: dict[Key, Unreadable[T]] = {}
        self._index = _Index(INDEXES.get(kind.struct, {}))
        self._tombstones: OrderedDict[Key, _Tombstone] = OrderedDict()
        self._version = 0
        metrics.CACHED_OBJECTS.labels(kind.plural).set_function(self.__len__)
        metrics.UNREADABLE_OBJECTS.labels(kind.name).set_function(lambda: len(self._unreadable))

    def __len__(self) -> int:
        return len(self._objects)

    @property
    def version(self) -> int:
        """The newest resourceVersion seen."""
        return self._version

    @property
    def selection(self) -> Mapping[str, str]:
        """A store holds all objects of its kind."""
        return {}

    def failed(self, _error: KubeError, /) -> bool:
        """What is known stays: the reflector reports the error and tries again."""
        return False

    def on_change(self, handler: Handler[T]) -> None:
        """Call back on every change from now on; register before the informers start."""
        self._feed.handlers.append(handler)

    def get(self, namespace: str, name: str) -> T | None:
        """Raises UnreadableObject for an object that is there and of which no state is known."""
        found = self._objects.get((namespace, name))
        if found is None and (item := self._unreadable.get((namespace, name))) is not None:
            raise unreadable_object(self.kind.struct, item)
        return found

    def known(self, key: Key) -> T | None:
        """The last known state, whether it can be read by now or not."""
        return self._objects.get(key)

    def unreadable(self) -> Sequence[Unreadable[T]]:
        """Objects that are there and of which no state is known: as much as could be read."""
        with self._lock:
            return [item for key, item in self._unreadable.items() if key not in self._objects]

    def list(self, namespace: str | None = None) -> Sequence[T]:
        """A snapshot of all objects, or of one namespace's."""
        with self._lock:
            if namespace is None:
                return list(self._objects.values())
            return [self._objects[key] for key in self._index.keys(_NAMESPACE, namespace)]

    def select(self, index: str, value: str) -> Sequence[T]:
        """A snapshot of the objects that an index of INDEXES files under the value."""
        with self._lock:
            return [self._objects[key] for key in self._index.keys(index, value)]

    def upsert(self, obj: T) -> None:
        """Take an object over from a watch event or a write's response, if it is news."""
        with self._lock:
            if self._is_news(obj):
                self._put(obj)
                self._unreadable.pop(obj.key, None)
        self._feed.deliver()

    def keep(self, item: Unreadable[T]) -> None:
        """An object that cannot be read is there: what was known of it stays.

        That it is being deleted is taken over, where its metadata says so.
        """
        with self._lock:
            self._keep(item)
        self._feed.deliver()

    def delete(self, obj: T) -> None:
        """Take a deletion over; `obj` is the last state, or any state of the deleted object."""
        with self._lock:
            known = self._objects.get(obj.key)
            self._bury(obj)
            self._forget_unreadable(obj.key)
            if known is not None and (_is_same(known, obj) or _version(known) < _version(obj)):
                self._remove(known)
        self._feed.deliver()

    def replace(
        self,
        objects: Iterable[T],
        version: int,
        *,
        unreadable: Sequence[Unreadable[T]] = (),
        is_rewound: bool = False,
    ) -> None:
        """Take over a complete list made at `version`; what it lacks is gone.

        While not even the name of an unreadable object is known, it may be any that is lacking.
        `is_rewound`: the server's history is not the one we know (a restored or new etcd, whose
        versions start lower), so the list is right whatever the versions say.
        """
        with self._lock:
            listed = {obj.key: obj for obj in objects}
            if is_rewound:
                self._tombstones.clear()
                self._version = version
            self._version = max(self._version, version)
            there = {item.key for item in unreadable}
            for key in self._unreadable.keys() - listed.keys() - there:
                self._forget_unreadable(key)
            self._unreadable.clear()
            for item in unreadable:
                self._keep(item, is_rewound=is_rewound)
            if all(map(self._is_named, unreadable)):
                self._remove_all_but(there | listed.keys(), version, is_rewound=is_rewound)
            for obj in listed.values():
                if is_rewound or self._is_news(obj):
                    self._put(obj)
        self._feed.deliver()

    def _remove_all_but(self, there: AbstractSet[Key], version: int, *, is_rewound: bool) -> None:
        for known in [k for key, k in self._objects.items() if key not in there]:
            if is_rewound or _version(known) <= version:
                self._bury(known)
                self._remove(known)

    def _keep(self, item: Unreadable[T], *, is_rewound: bool = False) -> None:
        obj, known = item.obj, self._objects.get(item.key)
        is_late = known is not None and 0 < _version(obj) < _version(known)
        if not is_rewound and (is_late or self._is_buried(obj)):
            return
        self._unreadable[item.key] = item
        self._version = max(self._version, _version(obj))
        if known is None:
            return
        if obj.metadata.uid and not _is_same(known, obj):
            self._bury(known)
            self._remove(known)
        elif obj.is_deleting and not item.lacks("$.metadata") and _version(known) != _version(obj):
            self._put(_as_deleting(known, obj.metadata))

    def _forget_unreadable(self, key: Key) -> None:
        """It is gone: whoever waits for it hears of its end, as far as it could be read."""
        item = self._unreadable.pop(key, None)
        if item is not None and item.obj.metadata.name and key not in self._objects:
            self._feed.pending.append((item.obj, None))

    def _is_named(self, item: Unreadable[T]) -> bool:
        """Whether its key is one: what lacks a name may be any object."""
        is_placed = not self.kind.namespaced or not item.lacks("$.metadata.namespace")
        return is_placed and bool(item.obj.metadata.name)

    def _is_news(self, obj: T) -> bool:
        version, known = _version(obj), self._objects.get(obj.key)
        is_newer = known is None or version == 0 or version > _version(known)
        return is_newer and not self._is_buried(obj)

    def _is_buried(self, obj: T) -> bool:
        """Whether that is a late state of an object that was deleted."""
        version, tombstone = _version(obj), self._tombstones.get(obj.key)
        return tombstone is not None and (
            tombstone.uid == obj.metadata.uid != "" or 0 < version <= tombstone.version
        )

    def _put(self, obj: T) -> None:
        old = self._objects.get(obj.key)
        if old is not None:
            self._index.remove(old)
        self._objects[obj.key] = obj
        self._index.add(obj)
        self._version = max(self._version, _version(obj))
        self._feed.pending.append((old, obj))

    def _remove(self, known: T) -> None:
        self._index.remove(known)
        del self._objects[known.key]
        self._feed.pending.append((known, None))

    def _bury(self, obj: T) -> None:
        self._version = max(self._version, _version(obj))
        self._tombstones[obj.key] = _Tombstone(obj.metadata.uid, _version(obj))
        self._tombstones.move_to_end(obj.key)
        if len(self._tombstones) > TOMBSTONES:
            self._tombstones.popitem(last=False)


class _Feed(Generic[T]):
    """Changes on their way to the handlers; the store adds them under its lock."""

    def __init__(self, lock: threading.Lock) -> None:
        self._lock = lock
        self.handlers: list[Handler[T]] = []
        self.pending: deque[tuple[T | None, T | None]] = deque()
        self.is_busy = False

    def deliver(self) -> None:
        """Call the handlers for what is pending, unless another thread is at it: it goes on."""
        while True:
            with self._lock:
                if self.is_busy or not self.pending:
                    return
                self.is_busy = True
                old, new = self.pending.popleft()
            try:
                for handler in self.handlers:
                    _call(handler, old, new)
            finally:
                with self._lock:
                    self.is_busy = False


def _call(handler: Handler[Any], old: KubeObject | None, new: KubeObject | None) -> None:
    try:
        handler(old, new)
    except Exception:  # noqa: BLE001  # a bug in one handler must not stop the informer
        obj = new or old
        _log.exception("handler_failed", object=obj and "/".join(obj.key), handler=repr(handler))


class _Index:
    """Keys of objects by namespace and by the functions of INDEXES."""

    def __init__(self, functions: dict[str, Callable[[Any], Iterable[str]]]) -> None:
        self._functions = {_NAMESPACE: lambda obj: (obj.metadata.namespace,), **functions}
        self._keys: dict[str, dict[str, dict[Key, None]]] = {name: {} for name in self._functions}

    def keys(self, index: str, value: str) -> Iterable[Key]:
        return self._keys[index].get(value, ())

    def add(self, obj: KubeObject) -> None:
        for name, function in self._functions.items():
            for value in function(obj):
                self._keys[name].setdefault(value, {})[obj.key] = None

    def remove(self, obj: KubeObject) -> None:
        for name, function in self._functions.items():
            by_value = self._keys[name]
            for value in set(function(obj)):
                by_value[value].pop(obj.key)
                if not by_value[value]:
                    del by_value[value]


def _version(obj: KubeObject) -> int:
    """0 where there is none, which is always news."""
    return version_number(obj.metadata.resource_version)


def _as_deleting(known: T, metadata: Metadata) -> T:
    """The last state that could be read, which is being deleted by now."""
    changed = msgspec.structs.replace(
        known.metadata,
        deletion_timestamp=metadata.deletion_timestamp,
        finalizers=metadata.finalizers,
        resource_version=metadata.resource_version,
    )
    return msgspec.structs.replace(known, metadata=changed)


def _is_same(one: KubeObject, other: KubeObject) -> bool:
    return one.metadata.uid == other.metadata.uid


class Stores:
    """The stores of all kinds, looked up by struct: a `Cluster` for the pure packages."""

    def __init__(self, kinds: Iterable[Kind]) -> None:
        self._by_struct: dict[type[KubeObject], Store[Any]] = {k.struct: Store(k) for k in kinds}

    def __iter__(self) -> Iterator[Store[Any]]:
        return iter(self._by_struct.values())

    def of(self, kind: type[T]) -> Store[T]:
        """The store of a kind by its struct; KeyError for a kind that is not watched."""
        return self._by_struct[kind]

    def find(self, kind: Kind) -> Store[Any] | None:
        """The store of a kind, if it is watched."""
        return self._by_struct.get(kind.struct)

    def get(self, kind: type[T], namespace: str, name: str) -> T | None:
        return self.of(kind).get(namespace, name)

    def list(self, kind: type[T], namespace: str | None = None) -> Sequence[T]:
        return self.of(kind).list(namespace)

    def select(self, kind: type[T], index: str, value: str) -> Sequence[T]:
        return self.of(kind).select(index, value)

    def unreadable(self, kind: type[T]) -> Sequence[Unreadable[T]]:
        return self.of(kind).unreadable()

    def on_change(self, kind: type[T], handler: Handler[T]) -> None:
        """Call back on every change of a kind; register before the informers start."""
        self.of(kind).on_change(handler)

    def unsynced(self) -> Sequence[str]:
        """The kinds that are not in memory yet, but for those that this server cannot give."""
        return [s.kind.name for s in self if not s.synced.is_set() and not s.unserved]

    def has_synced(self) -> bool:
        return not self.unsynced()

    def require(self, kinds: Iterable[type[KubeObject]]) -> None:
        """Raises NotReady while one of the kinds is not in memory: an empty store says nothing."""
        stores = (self.of(kind) for kind in kinds)
        missing = [s.kind.name for s in stores if not s.synced.is_set()]
        if missing:
            raise NotReady(f"the Kubernetes API to serve {', '.join(missing)}", 60.0)

    def not_ready(self) -> str:
        """Why nothing can be answered from memory yet, as probes and callers read it."""
        unsynced = self.unsynced()
        return f"not synced: {', '.join(unsynced)}" if unsynced else ""
