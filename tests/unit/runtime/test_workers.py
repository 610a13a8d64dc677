"""Workers: what becomes of a key after success, waits, errors and bugs."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator

import pytest
from prometheus_client import REGISTRY
from structlog.contextvars import get_contextvars
from structlog.testing import capture_logs

from alb_controller.clock import SystemClock
from alb_controller.errors import (
    AccessDenied,
    InvalidAnnotation,
    NotLeading,
    NotReady,
    Refused,
    Stale,
    Throttled,
)
from alb_controller.runtime.workers import (
    BACKOFF,
    DONE,
    SLOW,
    Controller,
    Result,
    Workers,
    after,
    work_on_next,
)
from alb_controller.runtime.workqueue import WorkQueue
from alb_controller.values import ObjectRef
from tests.clocks import FakeClock
from tests.waiting import until

REF = ObjectRef("Ingress", "ns", "web", "u1")
BAD = InvalidAnnotation(REF, "alb.ingress.kubernetes.io/scheme", "must be internal, not 'x'")


class Rig:
    """One controller with one worker on a clock that stands still."""

    def __init__(self, reconcile: Callable[[str], Result]) -> None:
        self.clock = FakeClock()
        self.queue: WorkQueue[str] = WorkQueue("rig", self.clock)
        self.workers = Workers(self.clock)
        self.workers.start(Controller("rig", self.queue, reconcile))

    def run(self, key: str = "a") -> None:
        """Run one key and wait until its worker is done with it."""
        self.queue.add(key)
        until(self.queue.is_idle)

    def next_run_within(self, seconds: float) -> bool:
        return not self.queue.is_idle(seconds)


@pytest.fixture
def rig() -> Iterator[Callable[[Callable[[str], Result]], Rig]]:
    """Makes rigs, and stops their workers after the test."""
    rigs: list[Rig] = []

    def make(reconcile: Callable[[str], Result]) -> Rig:
        rigs.append(Rig(reconcile))
        return rigs[-1]

    yield make
    for made in rigs:
        assert made.workers.stop(20) == []


MakeRig = Callable[[Callable[[str], Result]], Rig]


def raiser(error: Exception) -> Callable[[str], Result]:
    """A reconcile that always fails so."""

    def reconcile(_: str) -> Result:
        raise error

    return reconcile


def test_a_done_key_does_not_come_back(rig: MakeRig) -> None:
    """Success that asks for nothing leaves no timer behind."""
    made = rig(lambda _: DONE)
    made.run()
    assert made.queue.is_idle(1e9)


def test_a_key_comes_back_when_its_result_says(rig: MakeRig) -> None:
    """`after` sets exactly that timer."""
    made = rig(lambda _: after(30))
    made.run()
    assert made.queue.is_idle(29)
    assert made.next_run_within(31)


def test_a_result_may_ask_for_backoff(rig: MakeRig) -> None:
    """BACKOFF counts as one more failure of the key."""
    made = rig(lambda _: BACKOFF)
    made.run()
    assert made.queue.failures("a") == 1


@pytest.mark.parametrize("error", [BAD, NotLeading("no Lease")])
def test_what_only_a_change_heals_is_not_tried_again(rig: MakeRig, error: Exception) -> None:
    """Errors of the table's class `never` leave no timer and no failures."""
    made = rig(raiser(error))
    made.run()
    assert made.queue.is_idle(1e9)
    assert made.queue.failures("a") == 0


def test_a_wait_is_neither_logged_loudly_nor_counted_as_an_error(rig: MakeRig) -> None:
    """NotReady comes back when it says, at debug level, outside of the error metric."""
    made = rig(raiser(NotReady("the binding", 4)))
    before = errors_counted("not_ready"), failures_counted()
    with capture_logs() as logs:
        made.run()
    assert made.queue.is_idle(3.9)
    assert made.next_run_within(4.1)
    assert [log["log_level"] for log in logs] == ["debug"]
    assert (errors_counted("not_ready"), failures_counted()) == before


def test_a_refusal_is_looked_at_slowly(rig: MakeRig) -> None:
    """Errors of the class `slow` come back after 300 s, 20 % more or less."""
    made = rig(raiser(Refused("no")))
    made.run()
    assert made.queue.is_idle(239)
    assert made.next_run_within(361)


def test_a_result_may_ask_for_a_slow_look(rig: MakeRig) -> None:
    """As after a refusal, though nothing failed."""
    made = rig(lambda _: SLOW)
    made.run()
    assert made.queue.is_idle(239)
    assert made.next_run_within(361)


@pytest.mark.parametrize("error,least,most", [(Refused("no"), 240, 360), (NotReady("it", 4), 4, 4)])
def test_the_end_of_a_run_reports_when_the_next_one_is(
    error: Exception, least: float, most: float
) -> None:
    """Before another worker may have the key; after what only a change heals, nobody knows."""
    queue: WorkQueue[str] = WorkQueue("reported", FakeClock())
    reported: list[float | None] = []

    def report(_: str, seconds: float | None) -> None:
        assert queue.get(0) is None
        reported.append(seconds)

    for end in (raiser(error), lambda _: DONE, raiser(BAD)):
        queue.add("a")
        work_on_next(Controller("reported", queue, end, on_requeue=report), FakeClock(), 0)
    first, *others = reported
    assert first is not None
    assert least <= first <= most
    assert others == [None, None]


def test_a_bug_in_what_is_called_after_a_run_brings_no_key_back() -> None:
    """The run has succeeded: it would be done again and again."""
    queue: WorkQueue[str] = WorkQueue("after", FakeClock())

    def broken(_: str, __: float | None) -> None:
        raise ZeroDivisionError("oops")

    queue.add("a")
    with capture_logs() as logs:
        made = Controller("after", queue, lambda _: DONE, on_requeue=broken)
        assert work_on_next(made, FakeClock(), 0)
    assert queue.is_idle(1e9)
    assert [(log["event"], log["log_level"]) for log in logs] == [("tell_next_failed", "error")]


def retries_of(error: Exception, count: int) -> list[float]:
    """Seconds between the runs of a key that always fails so."""
    clock = FakeClock()
    queue: WorkQueue[str] = WorkQueue("retries", clock)
    waits: list[float] = []
    queue.add("a")
    for _ in range(count):
        assert work_on_next(Controller("retries", queue, raiser(error)), clock, 0)
        wait = queue.seconds_until_due("a")
        assert wait is not None
        waits.append(wait)
        clock.advance(wait)
    return waits


@pytest.mark.parametrize("code", ["AccessDenied", "ExpiredToken"])
def test_what_is_denied_is_tried_three_times_within_ten_seconds_and_then_slowly(code: str) -> None:
    """A new token, or a role that is known everywhere by then, costs no five minutes."""
    waits = retries_of(AccessDenied("elbv2", "DescribeLoadBalancers", code, "no"), 6)
    assert sum(waits[:3]) <= 10
    assert all(wait >= 0.5 for wait in waits[:3])
    assert all(240 <= wait <= 360 for wait in waits[3:])


@pytest.mark.parametrize("writes,failures", [(0, 3), (1, 0)])
def test_a_run_that_fails_after_a_write_does_not_grow_the_backoff(
    writes: int, failures: int
) -> None:
    """What is done is done: the next run begins behind it. Writes of other runs do not count."""
    clock, done = FakeClock(), [7]
    queue: WorkQueue[str] = WorkQueue("progress", clock)

    def reconcile(_: str) -> Result:
        done[0] += writes
        raise Throttled("elbv2", "CreateRule", "Throttling", "slow down")

    for _ in range(3):
        queue.add("a")
        made = Controller("progress", queue, reconcile)
        assert work_on_next(made, clock, 0, count_writes=lambda: done[0])
    assert queue.failures("a") == failures


def test_a_passing_error_backs_off_and_is_counted_by_its_label(rig: MakeRig) -> None:
    """Errors of the class `backoff` raise the key's failures and the metric."""
    made = rig(raiser(Stale(409, "Conflict", "changed")))
    before = errors_counted("stale"), failures_counted()
    made.run()
    assert made.queue.failures("a") == 1
    assert (errors_counted("stale"), failures_counted()) == (before[0] + 1, before[1] + 1)


def test_a_bug_is_logged_once_with_its_traceback_and_the_worker_lives(rig: MakeRig) -> None:
    """An unexpected exception costs one error line; the next key is worked on as ever."""
    ran: list[str] = []

    def reconcile(key: str) -> Result:
        ran.append(key)
        if key == "bad":
            raise ZeroDivisionError("oops")
        return DONE

    made = rig(reconcile)
    with capture_logs() as logs:
        made.run("bad")
        made.run("good")
    errors = [log for log in logs if log["log_level"] == "error"]
    assert [(e["event"], e["category"]) for e in errors] == [("reconcile_failed", "bug")]
    assert isinstance(errors[0]["exc_info"], ZeroDivisionError)
    assert ran == ["bad", "good"]
    assert made.queue.failures("bad") == 1


def test_an_error_that_cannot_even_be_reported_does_not_kill_the_worker(rig: MakeRig) -> None:
    """An error whose own text fails is a bug too: logged, retried."""

    class Untellable(Exception):
        def __str__(self) -> str:
            raise ValueError("no text")

    made = rig(raiser(Untellable()))
    with capture_logs():
        made.run()
        made.run()
    assert made.queue.failures("a") == 2


def test_an_error_that_cannot_be_reported_comes_back_as_its_class_says() -> None:
    """What only a change heals is not tried again for that."""

    class Untellable(InvalidAnnotation):
        def __str__(self) -> str:
            raise ValueError("no text")

    queue: WorkQueue[str] = WorkQueue("untellable", FakeClock())
    error = Untellable(BAD.origin, BAD.field, BAD.problem)
    queue.add("a")
    with capture_logs() as logs:
        assert work_on_next(Controller("untellable", queue, raiser(error)), FakeClock(), 0)
    assert queue.is_idle(1e9)
    assert [log["event"] for log in logs] == ["error_not_logged"]


def test_a_reconcile_runs_in_a_context_of_its_own(rig: MakeRig) -> None:
    """Controller, key and a fresh id are bound while a key is in work, and gone after it."""
    seen: list[dict[str, object]] = []

    def reconcile(_: str) -> Result:
        seen.append(dict(get_contextvars()))
        return DONE

    made = rig(reconcile)
    made.run("a")
    made.run("b")
    assert [(c["controller"], c["key"]) for c in seen] == [("rig", "a"), ("rig", "b")]
    assert seen[0]["reconcile_id"] != seen[1]["reconcile_id"]


def test_results_and_durations_are_measured(rig: MakeRig) -> None:
    """Every run counts under its result, and in the duration histogram."""
    made = rig(lambda _: DONE)
    before = runs_counted(), runs_timed()
    made.run()
    assert (runs_counted(), runs_timed()) == (before[0] + 1, before[1] + 1)


def runs_counted() -> float:
    """Successful runs by the result metric."""
    labels = {"controller": "rig", "result": "success"}
    return REGISTRY.get_sample_value("controller_runtime_reconcile_total", labels) or 0


def failures_counted() -> float:
    """The metric of all errors; there from the start."""
    name = "controller_runtime_reconcile_errors_total"
    failed = REGISTRY.get_sample_value(name, {"controller": "rig"})
    assert failed is not None
    return failed


def runs_timed() -> float:
    """Runs by the duration metric."""
    name = "controller_runtime_reconcile_time_seconds_count"
    return REGISTRY.get_sample_value(name, {"controller": "rig"}) or 0


def test_stop_names_the_threads_that_hang() -> None:
    """A worker that does not come back is named, and does not hold the stop up for ever."""
    held = threading.Event()
    began = threading.Event()

    def reconcile(_: str) -> Result:
        began.set()
        held.wait(30)
        return DONE

    clock = SystemClock()
    queue: WorkQueue[str] = WorkQueue("hang", clock)
    workers = Workers(clock)
    workers.start(Controller("hang", queue, reconcile))
    queue.add("a")
    assert began.wait(60)
    assert workers.stop(0.05) == ["hang-0"]
    held.set()
    assert workers.stop(20) == []


def test_a_timer_repeats_about_so_often_and_outlives_errors() -> None:
    """`every` calls again and again, 20 % around its period, also after an exception."""
    clock = FakeClock()
    clock.is_sleep_skipped = True
    calls: list[int] = []
    enough = threading.Event()
    workers = Workers(clock)

    def callback() -> None:
        calls.append(1)
        if len(calls) == 5:
            enough.set()
            clock.is_sleep_skipped = False
        raise RuntimeError("bug")

    with capture_logs() as logs:
        workers.every(100, callback, name="resync")
        assert enough.wait(60)
        assert workers.stop(20) == []
    assert all(80 <= seconds <= 120 for seconds in clock.slept)
    assert logs[0]["event"] == "timer_failed"


def errors_counted(label: str) -> float:
    """The error metric's value for a category."""
    labels = {"controller": "rig", "error_category": label}
    return REGISTRY.get_sample_value("awslbc_controller_reconcile_errors_total", labels) or 0


def test_a_run_that_hangs_is_unhealthy_and_a_long_one_is_none(rig: MakeRig) -> None:
    """Only what no call can take so long for is reported; nothing when all is well."""
    begun, may_end = threading.Event(), threading.Event()

    def reconcile(_: str) -> Result:
        begun.set()
        may_end.wait(30)
        return DONE

    made = rig(reconcile)
    made.queue.add("a")
    assert begun.wait(60)
    made.clock.advance(800)
    assert made.workers.unhealthy_reasons() == []
    made.clock.advance(200)
    assert made.workers.unhealthy_reasons() == ["a run of rig hangs"]
    may_end.set()
    until(made.queue.is_idle)
    assert made.workers.unhealthy_reasons() == []


def test_a_dead_worker_is_unhealthy_until_it_is_meant_to_end(rig: MakeRig) -> None:
    """A thread that ends by itself is named; those that `stop` ends are not."""
    made = rig(lambda _: DONE)
    made.queue.shut_down()
    until(lambda: made.workers.unhealthy_reasons() == ["thread rig-0 has ended"])
    made.workers.stop(20)
    assert made.workers.unhealthy_reasons() == []


def test_who_is_stopped_starts_no_thread() -> None:
    """The Lease may come in the moment of the end, on another thread."""
    workers = Workers(FakeClock())
    assert workers.stop(1) == []
    workers.every(1.0, lambda: None, name="late")
    assert workers.stop(1) == []
    assert "late" not in [thread.name for thread in threading.enumerate()]
