"""The bodies of reviews, and the memory that all of them may take together.

A review costs more memory than it is long: decoded and judged, an empty object of three bytes is a
value with a sentence about what it lacks. So a body counts by its length while it comes, and by its
values too once it is whole.
"""

from __future__ import annotations

import io
import mmap
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

from alb_controller.runtime.connections import Connection

BUDGET = 24 << 20
"""Bytes, for the bodies of all connections and what becomes of them."""
UNCOUNTED = 64 << 10
"""Of each body, in bytes: a common one needs no room while it comes."""
WAIT_SECONDS = 1.0
"""For others to be done; kube-apiserver waits 5 s for an answer."""
RETRY = {"Retry-After": "1"}
"""kube-apiserver asks again by itself then, for as long as it waits (client-go, with_retry.go)."""
_PAUSE_SECONDS = 0.05
"""For a connection that was dropped to give back what it held, before another one is."""
_PART = 64 << 10
"""Of a body: taken from the budget, received and counted at a time."""
_BEFORE_VALUES = b",", b"{", b"["


class Refusal(Exception):
    """The HTTP status that a request is answered with instead, its text and its headers."""

    def __init__(self, status: int, text: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(status, text)
        self.status, self.text, self.headers = status, text, headers


class Budget:
    """Bytes that all claims take together at most."""

    def __init__(self, total: int, free_memory: Callable[[Connection], None]) -> None:
        """`free_memory` drops the client with a claim that is waited for the longest, or nobody.

        It gets the client that asks, and does not drop that one.
        """
        self._total, self._free_memory = total, free_memory
        self._used = 0
        self._changed = threading.Condition()

    @contextmanager
    def claim(self, client: Connection) -> Iterator[Claim]:
        """What a request of the client takes, until the end of the block."""
        claim = Claim(self, client)
        try:
            yield claim
        finally:
            client.holds_memory = False
            self._take(-claim.size)

    def grow(self, claim: Claim, size: int) -> None:
        """Let a claim have so many bytes in all, once there is room; raises Refusal."""
        if size > self._total:
            text = f"the review takes {size} bytes of memory, allowed are {self._total}"
            raise Refusal(413, text)
        deadline = time.monotonic() + WAIT_SECONDS
        with self._changed:
            while self._used - claim.size + size > self._total:
                self._free_memory(claim.client)
                if time.monotonic() > deadline:
                    text = "other reviews take all the memory that there is for them: try again"
                    raise Refusal(503, text, RETRY)
                self._changed.wait(_PAUSE_SECONDS)
            self._take(size - claim.size)
            claim.size = size

    def _take(self, size: int) -> None:
        with self._changed:
            self._used += size
            if size < 0:
                self._changed.notify_all()


class Claim:
    """A part of a budget, for one request."""

    def __init__(self, budget: Budget, client: Connection) -> None:
        self.size = 0
        self.client = client
        self._budget = budget

    def read(self, stream: io.BufferedReader, length: int, value_bytes: int) -> memoryview:
        """The whole body, of that length; each of its values takes so many bytes besides.

        Raises Refusal.
        """
        body = memoryview(bytearray(length) if length <= UNCOUNTED else _mapped(length))
        values = self._fill(body, stream)
        self.client.work()
        self.reach(length + values * value_bytes)
        return body

    def _fill(self, body: memoryview, stream: io.BufferedReader) -> int:
        """How many values there are, or a few more: what stands in strings is counted as well."""
        values = 0
        for start in range(0, len(body), _PART):
            part = body[start : start + _PART]
            self.reach(start + len(part))
            _receive(part, stream)
            values += sum(map(bytes(part).count, _BEFORE_VALUES))
        return values

    def reach(self, size: int) -> None:
        """Take what is missing to so many bytes in all; raises Refusal."""
        counted = size - UNCOUNTED
        if counted > self.size:
            self.client.holds_memory = True
            self._budget.grow(self, counted)


def _receive(part: memoryview, stream: io.BufferedReader) -> None:
    while part:
        count = stream.readinto1(part)
        if not count:
            raise Refusal(400, "the body ends too early")
        part = part[count:]


def _mapped(length: int) -> mmap.mmap:
    """Memory that goes back at once: the allocator would keep some of it, for each thread."""
    return mmap.mmap(-1, length, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
