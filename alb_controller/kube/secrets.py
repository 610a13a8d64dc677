"""Secrets in use, each read by its name: none is listed or cached that nobody names.

A Role that allows list and watch with `resourceNames` is enough for that (Kubernetes docs, "Using
RBAC authorization": a list or watch with the field selector `metadata.name`).
"""

from __future__ import annotations

import random
import threading
from collections.abc import Callable, Iterable, Mapping

import msgspec
import structlog

from alb_controller.clock import Clock
from alb_controller.kube.client import KubeClient
from alb_controller.kube.informer import Reflector
from alb_controller.kube.watching.secret import SecretMirror
from alb_controller.objects.kinds import SECRET
from alb_controller.objects.secrets import SecretName, SecretState
from alb_controller.telemetry import metrics
from alb_controller.values import StackKey

MOST_WATCHES = 100
"""A watch takes a thread and a connection, 0.12 MiB in all; Secrets beyond are read in turn."""
READ_SECONDS = (45.0, 60.0)
"""Between two reads of a Secret that is not watched."""
TICK_SECONDS = 1.0

_chance = random.SystemRandom()
_log = structlog.get_logger(__name__)


class SecretWatches:
    """Reads Secrets for stacks; `wake` is called for a stack when one that it uses changes.

    Thread-safe. A watch begins with the first stack that uses its Secret and ends with the last.
    Of more than MOST_WATCHES Secrets the rest is read by one thread, each about once a minute.
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
        self._stop = threading.Event()
        self._used: dict[SecretName, _Use] = {}
        self._reader: threading.Thread | None = None
        metrics.UNREADABLE_OBJECTS.labels(SECRET.name).set_function(self._count_unreadable)
        metrics.SECRETS.labels("watch").set_function(lambda: self._count(is_watched=True))
        metrics.SECRETS.labels("read").set_function(lambda: self._count(is_watched=False))

    def known(self) -> Mapping[SecretName, SecretState]:
        """Every Secret in use whose state is known by now."""
        with self._lock:
            used = list(self._used.items())
        return {name: use.mirror.state for name, use in used if use.mirror.is_known}

    def use(self, stack: StackKey, names: Iterable[SecretName]) -> None:
        """Follow what a stack uses from now on, and nothing that nobody uses any more."""
        wanted = frozenset(names)
        with self._lock:
            for name in self._used.keys() - wanted:
                self._leave(stack, name)
            for name in sorted(wanted):
                if name not in self._used:
                    self._used[name] = self._begin(name)
                self._used[name].stacks.add(stack)

    def stop(self) -> None:
        """End all watches, without waiting for their threads."""
        self._stop.set()
        with self._lock:
            for use in self._used.values():
                use.reflector.stop()
            self._used.clear()

    def _count_unreadable(self) -> int:
        with self._lock:
            return sum(use.mirror.is_unreadable for use in self._used.values())

    def _count(self, *, is_watched: bool) -> int:
        with self._lock:
            return sum(use.is_watched == is_watched for use in self._used.values())

    def _begin(self, name: SecretName) -> _Use:
        namespace, _ = name
        mirror = SecretMirror(name, self._required_label, lambda: self._changed(name))
        use = _Use(
            mirror=mirror,
            reflector=Reflector(self._client, mirror, self._clock, namespace=namespace),
            is_watched=sum(use.is_watched for use in self._used.values()) < MOST_WATCHES,
        )
        if use.is_watched:
            use.reflector.start()
        elif self._reader is None:
            _log.info("secrets_read_in_turn", watched=MOST_WATCHES)
            self._reader = threading.Thread(target=self._read, name="secrets", daemon=True)
            self._reader.start()
        return use

    def _leave(self, stack: StackKey, name: SecretName) -> None:
        use = self._used[name]
        use.stacks.discard(stack)
        if not use.stacks:
            use.reflector.stop()
            del self._used[name]

    def _read(self) -> None:
        while not self._stop.is_set():
            for use in self._due():
                use.reflector.read()
            self._clock.sleep(TICK_SECONDS, self._stop)

    def _due(self) -> list[_Use]:
        """Those to be read now. Where there is room by now, the first ones are watched instead."""
        now = self._clock.monotonic()
        with self._lock:
            waiting = [use for use in self._used.values() if not use.is_watched]
            room = MOST_WATCHES - (len(self._used) - len(waiting))
            for use in waiting[:room]:
                use.is_watched = True
                use.reflector.start()
            due = [use for use in waiting[room:] if use.due_at <= now]
            for use in due:
                use.due_at = now + _chance.uniform(*READ_SECONDS)
        return due

    def _changed(self, name: SecretName) -> None:
        with self._lock:
            use = self._used.get(name)
            stacks = sorted(use.stacks) if use is not None else []
        for stack in stacks:
            self._wake(stack)


class _Use(msgspec.Struct, kw_only=True):
    """One Secret, who uses it, and how it is followed."""

    mirror: SecretMirror
    reflector: Reflector
    is_watched: bool
    stacks: set[StackKey] = msgspec.field(default_factory=set)
    due_at: float = 0.0
    """When it is read next, where it is not watched."""
