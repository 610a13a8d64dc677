"""What is remembered is shared, expires, and never remembers a failure as an answer."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import pytest

from alb_controller.aws.caches import Expiring, Lifetime, Shared
from alb_controller.clock import SystemClock
from tests.unit.aws.clocks import JumpingClock

MINUTE = Lifetime(60, "for the test")


class Source:
    """Counts reads; `broken` makes them fail."""

    def __init__(self) -> None:
        self.reads = 0
        self.broken = False

    def read(self) -> int:
        self.reads += 1
        if self.broken:
            raise RuntimeError(f"read {self.reads} failed")
        return self.reads


def test_a_value_is_read_once_in_its_lifetime() -> None:
    """The same answer serves until it is too old."""
    clock, source = JumpingClock(), Source()
    shared = Shared(source.read, MINUTE, clock)
    assert [shared.get(), shared.get()] == [1, 1]
    clock.seconds += 61
    assert shared.get() == 2


def test_a_fresher_value_can_be_asked_for() -> None:
    """Whoever needs to know what is so now is not answered from before."""
    clock, source = JumpingClock(), Source()
    shared = Shared(source.read, MINUTE, clock)
    shared.get()
    clock.seconds += 1
    assert shared.get(not_before=clock.seconds) == 2
    assert shared.age_seconds == 0


def test_a_failed_read_is_no_answer() -> None:
    """The error is raised, the next one reads again, and an old value is not passed off as new."""
    clock, source = JumpingClock(), Source()
    shared = Shared(source.read, MINUTE, clock)
    assert shared.age_seconds == float("inf")
    source.broken = True
    with pytest.raises(RuntimeError, match="read 1 failed"):
        shared.get()
    source.broken = False
    assert shared.get() == 2
    source.broken = True
    clock.seconds += 61
    with pytest.raises(RuntimeError, match="read 3 failed"):
        shared.get()


class Roll(SystemClock):
    """Lets `present` go once for each thread that has looked at the clock."""

    def __init__(self) -> None:
        self.present = threading.Semaphore(0)
        self.seen = threading.local()

    def monotonic(self) -> float:
        now = super().monotonic()
        if not hasattr(self.seen, "already"):
            self.seen.already = True
            self.present.release()
        return now


@pytest.mark.parametrize("broken", [False, True], ids=["works", "fails"])
def test_threads_that_ask_at_once_share_one_read(broken: bool) -> None:
    """Nineteen wait for the first one's read, and get its answer or its error."""
    source, everybody_asked, roll = Source(), threading.Event(), Roll()
    source.broken = broken

    def read() -> int:
        everybody_asked.wait(10)
        return source.read()

    shared = Shared(read, MINUTE, roll)

    def ask() -> str:
        try:
            return str(shared.get())
        except RuntimeError as error:
            return str(error)

    with ThreadPoolExecutor(20) as pool:
        answers = [pool.submit(ask) for _ in range(20)]
        assert all(roll.present.acquire(timeout=10) for _ in answers)
        everybody_asked.set()
        texts = {answer.result(10) for answer in answers}
    assert texts == {"read 1 failed" if broken else "1"}
    assert source.reads == 1


def test_keys_are_read_together_and_missing_ones_again() -> None:
    """What has no value is asked for each time; what has one, once in its lifetime."""
    clock, asked = JumpingClock(), list[list[str]]()

    def read(keys: Sequence[str]) -> dict[str, str]:
        asked.append(sorted(keys))
        return {key: key.upper() for key in keys if key != "missing"}

    cache = Expiring[str, str](MINUTE, clock)
    assert cache.get_many({"a", "b", "missing"}, read) == {"a": "A", "b": "B"}
    assert cache.get_many({"a", "c", "missing"}, read) == {"a": "A", "c": "C"}
    assert asked == [["a", "b", "missing"], ["c", "missing"]]
    cache.forget({"a"})
    cache.get_many({"a", "b"}, read)
    assert asked[-1] == ["a"]
    clock.seconds += 61
    cache.get_many({"b"}, read)
    assert asked[-1] == ["b"]
