"""Secrets in use, each watched by its name: none is listed or cached that nobody names.

A Role that allows list and watch with `resourceNames` is enough for such a watch (Kubernetes
docs, "Using RBAC authorization": a list or watch with the field selector `metadata.name`).
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import msgspec

from alb_controller.clock import Clock
from alb_controller.errors import Forbidden, KubeError
from alb_controller.kube.client import KubeClient
from alb_controller.kube.informer import Reflector
from alb_controller.objects.core import version_number
from alb_controller.objects.kinds import SECRET, Kind
from alb_controller.objects.reading import Unreadable
from alb_controller.objects.secrets import OidcSecret, SecretName, SecretState, UnreadableSecret
from alb_controller.telemetry import metrics
from alb_controller.values import StackKey

_FORBIDDEN = 403


class SecretWatches:
    """Reads Secrets for stacks; `wake` is called for a stack when one that it uses changes.

    Thread-safe. A watch begins with the first stack that uses its Secret and ends with the last.
    """

    def __init__(
        self,
        client: KubeClient,
        clock: Clock,
        *,
        wake: Callable[[StackKey], None],
        required_label: str = "",
    ) -> None:
        self._client, self._clock, self._wake = client, clock, wake
        self._required_label = required_label
        self._lock = threading.Lock()
        self._watched: dict[SecretName, _Watch] = {}
        metrics.UNREADABLE_OBJECTS.labels(SECRET.name).set_function(self._count_unreadable)

    def known(self) -> Mapping[SecretName, SecretState]:
        """Every watched Secret whose state is known by now."""
        with self._lock:
            watched = list(self._watched.items())
        return {name: watch.mirror.state for name, watch in watched if watch.mirror.is_known}

    def use(self, stack: StackKey, names: Iterable[SecretName]) -> None:
        """Watch what a stack uses from now on, and nothing that nobody uses any more."""
        wanted = frozenset(names)
        with self._lock:
            for name in wanted - self._watched.keys():
                self._watched[name] = self._start(name)
            for name in wanted:
                self._watched[name].users.add(stack)
            for name, watch in list(self._watched.items()):
                if name not in wanted:
                    watch.users.discard(stack)
                if not watch.users:
                    watch.reflector.stop()
                    del self._watched[name]

    def stop(self) -> None:
        """End all watches, without waiting for their threads."""
        with self._lock:
            for watch in self._watched.values():
                watch.reflector.stop()
            self._watched.clear()

    def _count_unreadable(self) -> int:
        with self._lock:
            return sum(watch.mirror.is_unreadable for watch in self._watched.values())

    def _start(self, name: SecretName) -> _Watch:
        namespace, _ = name
        mirror = _OneSecret(name, self._required_label, lambda: self._changed(name))
        reflector = Reflector(self._client, mirror, self._clock, namespace=namespace)
        reflector.start()
        return _Watch(mirror=mirror, reflector=reflector, users=set())

    def _changed(self, name: SecretName) -> None:
        with self._lock:
            watch = self._watched.get(name)
            users = sorted(watch.users) if watch is not None else []
        for stack in users:
            self._wake(stack)


class _Watch(msgspec.Struct):
    """One Secret and who uses it."""

    mirror: _OneSecret
    reflector: Reflector
    users: set[StackKey]


class _OneSecret:
    """The mirror of one Secret: the newest state wins, and `tell` hears of every change."""

    def __init__(self, name: SecretName, required_label: str, tell: Callable[[], None]) -> None:
        self.kind: Kind = SECRET
        self.synced = threading.Event()
        self.unserved = ""
        self.version = 0
        self.state: SecretState = None
        self.is_known = self.is_unreadable = False
        self._name, self._label, self._tell = name, required_label, tell

    @property
    def selection(self) -> Mapping[str, str]:
        selectors = {"fieldSelector": f"metadata.name={self._name[1]}"}
        return selectors | ({"labelSelector": self._label} if self._label else {})

    def upsert(self, obj: OidcSecret) -> None:
        if obj.key == self._name:
            self._take(obj)

    def delete(self, obj: Any) -> None:
        if obj.key == self._name:
            self._take(None)

    def keep(self, item: Unreadable[OidcSecret]) -> None:
        """What was known of it stays."""
        meta = item.obj.metadata
        if meta.name not in ("", self._name[1]):
            return
        self.is_unreadable = True
        if not isinstance(self.state, OidcSecret) or meta.uid not in ("", self.state.metadata.uid):
            self._set(UnreadableSecret(f"cannot be read: {item.problem}"))

    def replace(
        self,
        objects: Iterable[OidcSecret],
        version: int,
        *,
        unreadable: Sequence[Unreadable[OidcSecret]] = (),
        is_rewound: bool = False,
    ) -> None:
        self.version = version if is_rewound else max(self.version, version)
        found = next((obj for obj in objects if obj.key == self._name), None)
        if found is None and unreadable:
            self.keep(unreadable[0])
        else:
            self._take(found)

    def failed(self, error: KubeError) -> bool:
        """A refusal by RBAC is a state that users must hear of.

        So is any error before the first answer, lest a stack wait for one Secret for ever; later
        ones are waited out.
        """
        if isinstance(error, Forbidden) and error.status == _FORBIDDEN:
            self._set(UnreadableSecret(self._missing_role()))
            return True
        if not self.is_known or isinstance(self.state, UnreadableSecret):
            self._set(UnreadableSecret(f"cannot be read: {error}"))
        return False

    def _take(self, state: OidcSecret | None) -> None:
        self.is_unreadable = False
        self._set(state)

    def _set(self, state: SecretState) -> None:
        if self.is_known and state == self.state:
            return
        self.state, self.is_known = state, True
        if isinstance(state, OidcSecret):
            self.version = max(self.version, version_number(state.metadata.resource_version))
        self._tell()

    def _missing_role(self) -> str:
        namespace, name = self._name
        return (
            f"may not be read by this controller: add a Role in namespace {namespace!r} with the "
            f"verbs list and watch on secrets, resourceNames [{name!r}], and bind it to the "
            "controller's service account"
        )
