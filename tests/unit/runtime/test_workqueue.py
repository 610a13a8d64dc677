"""The work queue: no key twice at once, none lost, timers and backoff."""

from __future__ import annotations

import threading

import pytest

from alb_controller.clock import SystemClock
from alb_controller.runtime.timers import PROGRESS_RUNS
from alb_controller.runtime.workqueue import WorkQueue
from tests.clocks import FakeClock
from tests.waiting import until


@pytest.fixture
def clock() -> FakeClock:
    """A clock that stands still."""
    return FakeClock()


@pytest.fixture
def queue(clock: FakeClock) -> WorkQueue[str]:
    """An empty queue on that clock."""
    return WorkQueue("test", clock, backoff_cap_seconds=8)


def take(queue: WorkQueue[str]) -> str | None:
    """The next due key, without waiting."""
    return queue.get(0)


def test_keys_come_in_order_and_once(queue: WorkQueue[str]) -> None:
    """A key that is added twice before it is taken comes once, in order of first arrival."""
    for key in ("a", "b", "a"):
        queue.add(key)
    assert len(queue) == 2
    assert [take(queue), take(queue), take(queue)] == ["a", "b", None]


def test_a_key_in_work_is_given_to_no_other_worker(queue: WorkQueue[str]) -> None:
    """A key that is added while a worker has it comes again only after that worker is done."""
    queue.add("a")
    assert take(queue) == "a"
    queue.add("a")
    assert take(queue) is None
    queue.done("a")
    assert take(queue) == "a"


def test_done_alone_brings_nothing_back(queue: WorkQueue[str]) -> None:
    """A key that nobody added again is gone after its run."""
    queue.add("a")
    take(queue)
    queue.done("a")
    assert take(queue) is None


def test_a_timer_makes_its_key_due(queue: WorkQueue[str], clock: FakeClock) -> None:
    """A key that was added for later comes then, not before."""
    queue.add_after("a", 5)
    clock.advance(4.9)
    assert take(queue) is None
    clock.advance(0.2)
    assert take(queue) == "a"


@pytest.mark.parametrize("delays", [(5, 2), (2, 5)])
def test_the_earliest_of_a_keys_timers_wins(
    queue: WorkQueue[str], clock: FakeClock, delays: tuple[float, float]
) -> None:
    """Whatever their order, one key's timers make it due once, at the earliest of them."""
    for seconds in delays:
        queue.add_after("a", seconds)
    clock.advance(2)
    assert take(queue) == "a"
    queue.done("a")
    clock.advance(10)
    assert take(queue) is None


def test_no_delay_is_due_now(queue: WorkQueue[str]) -> None:
    """A timer of zero seconds needs no clock."""
    queue.add_after("a", 0)
    assert take(queue) == "a"


def test_timers_fire_in_order_of_their_deadlines(queue: WorkQueue[str], clock: FakeClock) -> None:
    """Keys that become due between two looks come by their deadlines."""
    queue.add_after("late", 3)
    queue.add_after("early", 1)
    clock.advance(5)
    assert [take(queue), take(queue)] == ["early", "late"]


def test_forget_drops_a_timer_from_before_the_run(queue: WorkQueue[str], clock: FakeClock) -> None:
    """A run that succeeded makes an older timer of its key moot."""
    queue.add_after("a", 5)
    queue.add("a")
    take(queue)
    queue.forget("a")
    queue.done("a")
    clock.advance(10)
    assert take(queue) is None


def test_forget_keeps_a_timer_set_during_the_run(queue: WorkQueue[str], clock: FakeClock) -> None:
    """What came while a run was under way may be news to it: the key comes again."""
    queue.add("a")
    take(queue)
    queue.add_after("a", 5)
    queue.forget("a")
    queue.done("a")
    clock.advance(5)
    assert take(queue) == "a"


def test_forget_keeps_an_older_timer_that_was_confirmed_during_the_run(
    queue: WorkQueue[str], clock: FakeClock
) -> None:
    """A later deadline asked for during a run must not get lost with the earlier timer."""
    queue.add_after("a", 5)
    queue.add("a")
    take(queue)
    queue.add_after("a", 7)
    queue.forget("a")
    queue.done("a")
    clock.advance(7)
    assert take(queue) == "a"


def test_a_timer_that_fires_during_the_run_is_kept_for_after_it(
    queue: WorkQueue[str], clock: FakeClock
) -> None:
    """A deadline that passes while the key is in work is served right after the run."""
    queue.add("a")
    take(queue)
    queue.add_after("a", 1)
    clock.advance(2)
    assert take(queue) is None
    queue.done("a")
    assert take(queue) == "a"


def test_backoff_doubles_up_to_its_cap(queue: WorkQueue[str]) -> None:
    """No delay exceeds 0.5 s times two per failure, nor the cap; the sum of many nears it."""
    delays = [queue.retry("a") for _ in range(40)]
    limits = [min(8.0, 0.5 * 2**n) for n in range(40)]
    assert all(0 <= delay <= limit for delay, limit in zip(delays, limits, strict=True))
    assert max(delays) > 4
    assert queue.failures("a") == 40


def test_backoff_is_per_key_and_starts_anew_after_success(queue: WorkQueue[str]) -> None:
    """One key's failures slow no other key, and are forgotten."""
    for _ in range(10):
        queue.retry("a")
    assert queue.retry("b") <= 0.5
    queue.forget("a")
    assert queue.retry("a") <= 0.5


def test_a_slow_retry_keeps_the_time_that_was_reported(
    queue: WorkQueue[str], clock: FakeClock
) -> None:
    """A key that is woken meanwhile, and fails again, is tried when it was to be.

    What it waited for before that is moot.
    """
    queue.retry("a")
    clock.advance(8)
    queue.add_after("a", 20)
    queue.add("a")
    assert take(queue) == "a"
    queue.retry_slowly("a", 300)
    queue.done("a")
    clock.advance(100)
    queue.add("a")
    assert take(queue) == "a"
    queue.retry_slowly("a", 150)  # also where another chance has it sooner
    queue.done("a")
    assert queue.seconds_until_due("a") == 200
    assert queue.failures("a") == 0
    queue.add("a")
    assert take(queue) == "a"
    queue.forget("a")
    queue.retry_slowly("a", 300)
    queue.done("a")
    assert queue.seconds_until_due("a") == 300


def test_quick_retries_come_once_each_whoever_wakes_the_key(
    queue: WorkQueue[str], clock: FakeClock
) -> None:
    """A failure before the time of a retry uses none up; a key that is forgotten has all again."""
    delays = (1.0, 2.5, 4.5)
    assert queue.retry_soon("a", delays)
    clock.advance(0.6)
    assert queue.retry_soon("a", delays)
    assert queue.seconds_until_due("a") == pytest.approx(0.4)
    for seconds in (2.5, 4.5):
        clock.advance(5)
        assert take(queue) == "a"
        assert queue.retry_soon("a", delays)
        queue.done("a")
        assert queue.seconds_until_due("a") == seconds
    clock.advance(5)
    assert take(queue) == "a"
    assert not queue.retry_soon("a", delays)
    queue.retry_slowly("a", 300)
    clock.advance(100)
    assert not queue.retry_soon("a", delays)
    assert queue.seconds_until_due("a") == 200
    queue.forget("a")
    queue.done("a")
    assert queue.retry_soon("a", delays)
    assert queue.seconds_until_due("a") == 1


def test_a_quick_retry_comes_before_a_slow_one(queue: WorkQueue[str]) -> None:
    """What is denied while a key waits for something that is missing may be over sooner."""
    queue.retry_slowly("a", 300)
    assert queue.retry_soon("a", (1.0,))
    assert queue.seconds_until_due("a") == 1


def test_progress_does_not_count_as_a_failure(queue: WorkQueue[str], clock: FakeClock) -> None:
    """Nor uses up a quick retry; but what seems to make progress for ever is slowed down."""
    for _ in range(4):
        queue.retry("a")
    for _ in range(PROGRESS_RUNS):
        assert queue.retry("a", has_progress=True) <= 8
    assert queue.failures("a") == 4
    queue.retry("a", has_progress=True)
    assert queue.failures("a") == 5
    queue.retry("a")
    queue.retry("a", has_progress=True)
    assert queue.failures("a") == 6
    for _ in range(PROGRESS_RUNS):
        assert queue.retry_soon("b", (1.0,), has_progress=True)
        clock.advance(2)
    assert queue.retry_soon("b", (1.0,))
    clock.advance(2)
    assert not queue.retry_soon("b", (1.0,))


def test_a_key_is_due_now_later_or_only_when_it_is_added(
    queue: WorkQueue[str], clock: FakeClock
) -> None:
    """Now, also where a worker has it: it comes again at once."""
    assert queue.seconds_until_due("a") is None
    queue.add_after("a", 5)
    assert queue.seconds_until_due("a") == 5
    clock.advance(5)
    assert queue.seconds_until_due("a") == 0
    take(queue)
    assert queue.seconds_until_due("a") is None
    queue.add("a")
    assert queue.seconds_until_due("a") == 0


def test_a_retried_key_comes_back(queue: WorkQueue[str], clock: FakeClock) -> None:
    """A failed key is due when its delay has passed."""
    queue.add("a")
    take(queue)
    delay = queue.retry("a")
    queue.done("a")
    clock.advance(delay)
    assert take(queue) == "a"


def test_idle_means_nothing_due_running_or_near(queue: WorkQueue[str], clock: FakeClock) -> None:
    """The queue is idle with a far timer; not with a near one, a due key or one in work."""
    assert queue.is_idle()
    queue.add_after("a", 60)
    assert queue.is_idle(30)
    assert not queue.is_idle(61)
    clock.advance(60)
    assert not queue.is_idle()
    take(queue)
    assert not queue.is_idle()
    queue.done("a")
    assert queue.is_idle(1e9)


def test_shutdown_ends_every_wait_and_accepts_nothing(queue: WorkQueue[str]) -> None:
    """Blocked workers get None, and so does everyone later, whatever is added."""
    got: list[str | None] = ["?"]
    waiter = threading.Thread(target=lambda: got.__setitem__(0, queue.get()))
    waiter.start()
    queue.shut_down()
    waiter.join(60)
    queue.add("a")
    queue.add_after("b", 1)
    assert got == [None]
    assert take(queue) is None
    assert len(queue) == 0


def test_a_blocked_get_sees_an_earlier_timer() -> None:
    """A worker that waits for a far timer is woken for a nearer one, on the real clock."""
    queue: WorkQueue[str] = WorkQueue("real", SystemClock())
    queue.add_after("far", 60)
    got: list[str | None] = []
    waiter = threading.Thread(target=lambda: got.append(queue.get(5)))
    waiter.start()
    queue.add_after("near", 0.01)
    waiter.join(60)
    assert got == ["near"]


def test_get_gives_up_at_its_timeout() -> None:
    """Without work, a bounded wait ends with None."""
    queue: WorkQueue[str] = WorkQueue("real", SystemClock())
    assert queue.get(0.01) is None


def test_many_workers_never_share_a_key_and_lose_none() -> None:
    """Under load from several threads each key is with one worker at a time; all adds are seen."""
    queue: WorkQueue[int] = WorkQueue("load", SystemClock())
    running: set[int] = set()
    seen_versions: dict[int, int] = {}
    versions = dict.fromkeys(range(5), 0)
    lock = threading.Lock()
    clashes: list[int] = []

    def work() -> None:
        while (key := queue.get()) is not None:
            with lock:
                if key in running:
                    clashes.append(key)
                running.add(key)
                version = versions[key]
            with lock:
                seen_versions[key] = version
                running.discard(key)
            queue.done(key)

    workers = [threading.Thread(target=work) for _ in range(4)]
    for worker in workers:
        worker.start()
    for _ in range(400):
        for key in versions:
            with lock:
                versions[key] += 1
            queue.add(key)
    until(queue.is_idle)
    queue.shut_down()
    for worker in workers:
        worker.join(60)
    assert clashes == []
    assert seen_versions == versions
