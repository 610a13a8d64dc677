"""One loop: a queue, what is done with its keys, and where the keys come from."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from typing import Any, Generic, TypeAlias, TypeVar

import msgspec

from alb_controller.clock import Clock
from alb_controller.kube.store import Stores
from alb_controller.objects.core import KubeObject
from alb_controller.runtime.workers import DONE, Controller, Result, Workers
from alb_controller.runtime.workqueue import WorkQueue

K = TypeVar("K", bound=Hashable)
Wake: TypeAlias = Callable[[Any, Any], Iterable[K]]
"""The keys that a change of an object concerns. Old is None for a new one, new for one deleted."""

_SWEEP = "all"


class Loop(msgspec.Struct, Generic[K], frozen=True, kw_only=True):
    """A controller, in the words of controller-runtime, and what makes it look at a key."""

    controller: Controller[K]
    wakes: Mapping[type[KubeObject], Wake[K]] = {}
    """By kind."""
    all_keys: Callable[[], Iterable[K]] = tuple
    """For the start, and for every sweep."""
    invalidate: Callable[[], None] = lambda: None
    """Called before a sweep: what is known of AWS may have changed behind our back."""


class Loops:
    """All loops of a process, and the sweep: now and then everything is looked at anew.

    The sweep has a queue too, so that one that fails is tried again soon.
    """

    def __init__(
        self,
        loops: Sequence[Loop[Any]],
        stores: Stores,
        clock: Clock,
        *,
        refresh: Callable[[], None],
    ) -> None:
        """Register what wakes them. `refresh` is what all of them need before a sweep."""
        self._loops, self._refresh = loops, refresh
        queue = WorkQueue[str]("sweep", clock)
        self._sweep = Controller("sweep", queue, self._look_at_everything)
        for loop in loops:
            for kind, wake in loop.wakes.items():
                stores.on_change(kind, _handler(loop.controller.queue, wake))

    def enqueue_all(self) -> None:
        """Look at everything."""
        for loop in self._loops:
            for key in loop.all_keys():
                loop.controller.queue.add(key)

    def start(self, workers: Workers, sweep_seconds: float) -> None:
        """Start the workers of all loops, and a sweep about every that many seconds."""
        for controller in self._controllers():
            workers.start(controller)
        workers.every(sweep_seconds, lambda: self._sweep.queue.add(_SWEEP), name="sweep-timer")

    def is_idle(self, horizon_seconds: float) -> bool:
        """Whether no key waits or is in work, and no timer is due within the horizon."""
        return all(one.queue.is_idle(horizon_seconds) for one in self._controllers())

    def _controllers(self) -> list[Controller[Any]]:
        return [*(loop.controller for loop in self._loops), self._sweep]

    def _look_at_everything(self, _key: str) -> Result:
        self._refresh()
        for loop in self._loops:
            loop.invalidate()
        self.enqueue_all()
        return DONE


def _handler(queue: WorkQueue[K], wake: Wake[K]) -> Callable[[Any, Any], None]:
    def handle(old: Any, new: Any) -> None:
        for key in wake(old, new):
            queue.add(key)

    return handle
