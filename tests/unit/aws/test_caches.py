"""What is remembered is shared, expires, and never remembers a failure as an answer."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor

import pytest

from alb_controller.aws.caches import Expiring, Lifetime, Shared
from alb_controller.clock import SystemClock
from tests.clocks import FakeClock

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
    clock, source = FakeClock(), Source()
    shared = Shared(source.read, MINUTE, clock)
    assert [shared.get(), shared.get()] == [1, 1]
    clock.advance(61)
    assert shared.get() == 2


def test_a_fresher_value_can_be_asked_for() -> None:
    """Whoever needs to know what is so now is not answered from before."""
    clock, source = FakeClock(), Source()
    shared = Shared(source.read, MINUTE, clock)
    shared.get()
    clock.advance(1)
    assert shared.get(not_before=clock.monotonic()) == 2
    assert shared.age_seconds == 0


def test_a_failed_read_is_no_answer() -> None:
    """The error is raised, the next one reads again, and an old value is not passed off as new."""
    clock, source = FakeClock(), Source()
    shared = Shared(source.read, MINUTE, clock)
    assert shared.age_seconds == float("inf")
    source.broken = True
    with pytest.raises(RuntimeError, match="read 1 failed"):
        shared.get()
    source.broken = False
    assert shared.get() == 2
    source.broken = True
    clock.advance(61)
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
        everybody_asked.wait(60)
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
    clock, asked = FakeClock(), list[list[str]]()

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
    clock.advance(61)
    cache.get_many({"b"}, read)
    assert asked[-1] == ["b"]


class SlowReads:
    """Reads keys as their capitals, as it is at the beginning; slow ones last until `finish`."""

    def __init__(self, *slow: str) -> None:
        self.slow = set(slow)
        self.asked: list[tuple[str, ...]] = []
        self.values = {key: key.upper() for key in ("known", "other", "same", "slow")}
        self.error: Exception | None = None
        self.begun, self._finished = threading.Event(), threading.Event()

    def __call__(self, keys: Sequence[str]) -> dict[str, str]:
        self.asked.append(tuple(keys))
        answer = {key: self.values[key] for key in keys if key in self.values}
        if self.slow & set(keys):
            self.begun.set()
            assert self._finished.wait(60)
            if self.error is not None:
                raise self.error
        return answer

    def finish(self, error: Exception | None = None) -> None:
        """End what is slow, for good."""
        self.error, self.slow = error, set()
        self._finished.set()


@pytest.fixture
def pool() -> Iterator[ThreadPoolExecutor]:
    """Threads beside the test's own."""
    with ThreadPoolExecutor(8) as threads:
        yield threads


def test_a_slow_read_holds_up_neither_what_is_known_nor_other_keys(
    pool: ThreadPoolExecutor,
) -> None:
    """Whoever asks for the slow key alone waits for it."""
    cache, reads = Expiring[str, str](MINUTE, SystemClock()), SlowReads("slow")
    cache.get_many(["known"], reads)
    slow = pool.submit(cache.get_many, ["slow"], reads)
    assert reads.begun.wait(60)
    both = pool.submit(cache.get_many, ["known", "other"], reads)
    assert both.result(10) == {"known": "KNOWN", "other": "OTHER"}
    assert not slow.done()
    reads.finish()
    assert slow.result(10) == {"slow": "SLOW"}
    assert reads.asked == [("known",), ("slow",), ("other",)]


@pytest.mark.parametrize("broken", [False, True], ids=["works", "fails"])
def test_threads_that_want_a_key_at_once_share_its_read(
    pool: ThreadPoolExecutor, broken: bool
) -> None:
    """They share its answer or its error; what one of them wants beside it is read meanwhile."""
    roll, reads = Roll(), SlowReads("slow")
    cache = Expiring[str, str](MINUTE, roll)
    asking = [pool.submit(cache.get_many, ["slow"], reads)]
    assert reads.begun.wait(60)
    asking += [pool.submit(cache.get_many, ["slow", "other"], reads) for _ in range(5)]
    assert all(roll.present.acquire(timeout=10) for _ in asking)
    reads.finish(RuntimeError("broken") if broken else None)
    ended = [one.exception(10) or one.result(10)["slow"] for one in asking]
    assert set(map(str, ended)) == {"broken" if broken else "SLOW"}
    assert reads.asked[0] == ("slow",)
    assert set(reads.asked[1:]) == {("other",)}


def test_an_error_is_shared_by_those_alone_who_want_all_of_the_read(
    pool: ThreadPoolExecutor,
) -> None:
    """A read of two keys may fail by either: who wants one of them asks for that one again."""
    roll, reads = Roll(), SlowReads("slow")
    cache = Expiring[str, str](MINUTE, roll)
    both = pool.submit(cache.get_many, ["slow", "other"], reads)
    assert reads.begun.wait(60)
    one = pool.submit(cache.get_many, ["other"], reads)
    assert all(roll.present.acquire(timeout=10) for _ in "12")
    reads.finish(RuntimeError("slow is broken"))
    assert one.result(10) == {"other": "OTHER"}
    assert str(both.exception(10)) == "slow is broken"
    assert reads.asked == [("slow", "other"), ("other",)]


def test_what_a_shared_read_does_not_bring_is_asked_for_again(pool: ThreadPoolExecutor) -> None:
    """It may have come since that read began."""
    roll, reads = Roll(), SlowReads("new")
    cache = Expiring[str, str](MINUTE, roll)
    before = pool.submit(cache.get_many, ["new"], reads)
    assert reads.begun.wait(60)
    reads.values["new"] = "NEW"
    after = pool.submit(cache.get_many, ["new"], reads)
    assert all(roll.present.acquire(timeout=10) for _ in "12")
    reads.finish()
    assert (before.result(10), after.result(10)) == ({}, {"new": "NEW"})
    assert reads.asked == [("new",), ("new",)]


def test_a_key_that_is_forgotten_during_its_read_is_read_again(pool: ThreadPoolExecutor) -> None:
    """What the read brings is older than the write that it was forgotten for."""
    cache, reads = Expiring[str, str](MINUTE, SystemClock()), SlowReads("slow")
    before = pool.submit(cache.get_many, ["slow", "same"], reads)
    assert reads.begun.wait(60)
    cache.forget(["slow"])
    reads.slow.clear()
    reads.values["slow"] = "new"
    assert cache.get_many(["slow"], reads) == {"slow": "new"}
    reads.finish()
    before.result(10)
    assert cache.get_many(["slow", "same"], reads) == {"slow": "new", "same": "SAME"}
    assert reads.asked == [("slow", "same"), ("slow",)]


def test_a_value_that_is_not_good_any_more_is_read_again() -> None:
    """However long values live otherwise."""
    clock, bad, asked = FakeClock(), set[str](), list[str]()

    def read(keys: Sequence[str]) -> dict[str, str]:
        asked.extend(keys)
        return {key: f"{key}{len(asked)}" for key in keys}

    cache = Expiring[str, str](MINUTE, clock, is_good=lambda value: value not in bad)
    assert cache.get_many(["a", "b"], read) == {"a": "a2", "b": "b2"}
    bad.add("a2")
    assert cache.get_many(["a", "b"], read) == {"a": "a3", "b": "b2"}
