"""Threads that take keys from queues, reconcile them, and do what the error table says."""

from __future__ import annotations

import random
import threading
import uuid
from collections.abc import Callable, Hashable
from functools import partial
from typing import Any, Generic, TypeAlias, TypeVar

import msgspec
import structlog

from alb_controller.clock import Clock
from alb_controller.errors import Handling, NotReady, handling_of
from alb_controller.runtime.workqueue import WorkQueue
from alb_controller.telemetry import metrics

K = TypeVar("K", bound=Hashable)

SLOW_SECONDS = 300.0
SOON_SECONDS = (1.0, 2.5, 4.5)
"""What is denied may be allowed in a moment, with a new token or when a new role is known
everywhere: it is tried so long after each other, within 10 s with JITTER, and then slowly."""
JITTER = 0.2
"""Slow requeues and timers are spread by this share to either side, so that they do not bunch."""

STUCK_SECONDS = 900.0
"""No run of a key takes so long: each of its calls ends within half a minute."""

_chance = random.SystemRandom()
_log = structlog.get_logger(__name__)


class Result(msgspec.Struct, frozen=True):
    """What a reconcile that raised nothing wants next."""

    after_seconds: float | None = None
    """Look again then; None: only when something changes."""
    backoff: bool = False
    """Look again after the key's backoff."""
    soon: bool = False
    """Look again by SOON_SECONDS, then slowly."""
    slow: bool = False
    """Look again in about SLOW_SECONDS, as after an error that only others can correct."""


DONE = Result()
BACKOFF = Result(backoff=True)
SLOW = Result(slow=True)


def after(seconds: float) -> Result:
    """Look again after that many seconds."""
    return Result(after_seconds=seconds)


_NEXT = {"never": DONE, "backoff": BACKOFF, "soon": Result(soon=True), "slow": SLOW}
"""By `errors.Handling.requeue`; where the error says when, it is a NotReady."""
Reconcile: TypeAlias = Callable[[K], Result]


class Controller(msgspec.Struct, Generic[K], frozen=True):
    """A queue, what is done with its keys, and by how many workers."""

    name: str
    queue: WorkQueue[K]
    reconcile: Callable[[K], Result]
    workers: int = 1
    on_requeue: Callable[[K, float | None], None] | None = None
    """Called when a run has ended, before another worker may have the key: in how many seconds it
    comes again; None: only when something changes."""


class Workers:
    """All worker and timer threads; daemons, so a hung call never keeps the process alive."""

    def __init__(self, clock: Clock, count_writes: Callable[[], int] = lambda: 0) -> None:
        """`count_writes` says how many writes the calling thread has done so far: a run that has
        done some and fails has made progress."""
        self._clock, self._count_writes = clock, count_writes
        self._starting = threading.Lock()
        self._stop = threading.Event()
        self._queues: list[WorkQueue[Any]] = []
        self._threads: list[threading.Thread] = []

    def start(self, controller: Controller[Any]) -> None:
        """Start the controller's workers."""
        self._queues.append(controller.queue)
        metrics.WORKERS_MAX.labels(controller.name).set(controller.workers)
        metrics.WORKERS_ACTIVE.labels(controller.name).set(0)
        metrics.RECONCILES_FAILED.labels(controller.name)
        for number in range(controller.workers):
            self._start_thread(f"{controller.name}-{number}", lambda: self._work(controller))

    def every(self, seconds: float, callback: Callable[[], None], *, name: str) -> None:
        """Call back about every that many seconds, until stopped; an exception is logged."""
        self._start_thread(name, lambda: self._repeat(seconds, callback, name))

    def stop(self, timeout_seconds: float = 30.0) -> list[str]:
        """No new keys; wait for those in work. Returns the names of threads that hang."""
        with self._starting:
            self._stop.set()
        for queue in list(self._queues):
            queue.shut_down()
        deadline = self._clock.monotonic() + timeout_seconds
        for thread in self._threads:
            thread.join(max(0.0, deadline - self._clock.monotonic()))
        return [thread.name for thread in self._threads if thread.is_alive()]

    def unhealthy_reasons(self) -> list[str]:
        """Threads that have ended though nobody stopped them, and queues with a run that hangs."""
        if self._stop.is_set():
            return []
        dead = [f"thread {t.name} has ended" for t in self._threads if not t.is_alive()]
        return dead + [
            f"a run of {queue.name} hangs"
            for queue in self._queues
            if queue.longest_run_seconds() > STUCK_SECONDS
        ]

    def _work(self, controller: Controller[Any]) -> None:
        while work_on_next(controller, self._clock, count_writes=self._count_writes):
            pass

    def _start_thread(self, name: str, target: Callable[[], None]) -> None:
        thread = threading.Thread(target=target, name=name, daemon=True)
        with self._starting:  # the Lease may come in the moment of the end
            if not self._stop.is_set():
                thread.start()
                self._threads.append(thread)

    def _repeat(self, seconds: float, callback: Callable[[], None], name: str) -> None:
        while not self._clock.sleep(_spread(seconds), self._stop):
            _isolated("timer_failed", callback, timer=name)


def work_on_next(
    controller: Controller[K],
    clock: Clock,
    timeout: float | None = None,
    *,
    count_writes: Callable[[], int] = lambda: 0,
) -> bool:
    """Reconcile the next due key; False if none is due in so many seconds, or on shutdown."""
    key = controller.queue.get(timeout)
    if key is None:
        return False
    busy = metrics.WORKERS_ACTIVE.labels(controller.name)
    busy.inc()
    try:
        run = partial(_run_once, controller, key, clock, count_writes)
        if not _isolated("worker_failed", run, controller=controller.name):
            controller.queue.retry(key)
    finally:
        busy.dec()
        controller.queue.done(key)
    return True


def _run_once(
    controller: Controller[K], key: K, clock: Clock, count_writes: Callable[[], int]
) -> None:
    started, written = clock.monotonic(), count_writes()
    with structlog.contextvars.bound_contextvars(
        controller=controller.name, key=str(key), reconcile_id=uuid.uuid4().hex[:12]
    ):
        try:
            result = controller.reconcile(key)
            outcome = _requeue(controller, key, result, has_progress=count_writes() > written)
        except Exception as error:  # noqa: BLE001  # the loop must outlive every bug
            outcome = _handle(controller, key, error, has_progress=count_writes() > written)
        again = controller.queue.seconds_until_due(key)
        if (on_requeue := controller.on_requeue) is not None:
            _isolated("tell_next_failed", lambda: on_requeue(key, again))
    metrics.RECONCILES.labels(controller.name, outcome).inc()
    metrics.RECONCILE_SECONDS.labels(controller.name).observe(clock.monotonic() - started)


def _requeue(controller: Controller[K], key: K, result: Result, *, has_progress: bool) -> str:
    """Put the key back as the result says; the metric's label for it (controller-runtime's)."""
    queue = controller.queue
    if result.backoff:
        queue.retry(key, has_progress=has_progress)
        return "requeue"
    if result.soon:
        delays = [_spread(seconds) for seconds in SOON_SECONDS]
        if queue.retry_soon(key, delays, has_progress=has_progress):
            return "requeue_after"
    if result.slow or result.soon:
        queue.retry_slowly(key, _spread(SLOW_SECONDS))
        return "requeue_after"
    queue.forget(key)
    if result.after_seconds is None:
        return "success"
    queue.add_after(key, result.after_seconds)
    return "requeue_after"


def _handle(controller: Controller[K], key: K, error: Exception, *, has_progress: bool) -> str:
    """Put the key back as the error table says; log and count the error."""
    handling = handling_of(error)
    if isinstance(error, NotReady):
        result = after(error.after_seconds)
        outcome = _requeue(controller, key, result, has_progress=has_progress)
    else:
        outcome = "error"
        _requeue(controller, key, _NEXT[handling.requeue], has_progress=has_progress)
        metrics.RECONCILES_FAILED.labels(controller.name).inc()
        metrics.RECONCILE_ERRORS.labels(controller.name, handling.label).inc()
    again = controller.queue.seconds_until_due(key)
    _isolated("error_not_logged", lambda: _report(error, handling, again))
    return outcome


def _isolated(event: str, call: Callable[[], None], **fields: str) -> bool:
    """Call, and log an exception: a bug here must end no thread and decide no requeue.

    Whether it went well.
    """
    try:
        call()
    except Exception:  # noqa: BLE001  # whatever it is, others' work goes on
        _log.exception(event, **fields)
        return False
    return True


def _report(error: Exception, handling: Handling, again: float | None) -> None:
    is_bug = handling.label == "bug"
    getattr(_log, handling.log_level)(
        "reconcile_failed" if handling.label != "not_ready" else "reconcile_waits",
        error=str(error),
        error_type=type(error).__name__,
        category=handling.label,
        retry_in_seconds=None if again is None else round(again, 1),
        **({"exc_info": error} if is_bug else {}),
    )


def _spread(seconds: float) -> float:
    return seconds * _chance.uniform(1 - JITTER, 1 + JITTER)
