"""Faults on purpose: AWS that throttles, fails, hangs or loses its answer.

server.faults.throttle("RegisterTargets")               # the next call of it
server.faults.fail(503, skip=2, times=1)                # the third call of any
server.faults.hang("DescribeTargetHealth")              # silence until release()
server.faults.lose_answer("CreateRule")                 # done, but nobody hears of it
server.faults.release()                                 # everything back to normal
"""

from __future__ import annotations

import threading
from dataclasses import dataclass
from enum import Enum, auto


class Kind(Enum):
    """What befalls a call."""

    REFUSED = auto()
    HANGING = auto()
    ANSWER_LOST = auto()


@dataclass(slots=True)
class Fault:
    """One fault and the calls that it meets: all but the first `skip`, then `times` of them."""

    kind: Kind
    operation: str | None
    skip: int
    times: int | None
    status: int = 0
    code: str = ""

    def meets(self, operation: str) -> bool:
        """Whether this call is met; counts it."""
        if self.operation not in (None, operation) or self.times == 0:
            return False
        if self.skip:
            self.skip -= 1
            return False
        if self.times is not None:
            self.times -= 1
        return True


class Faults:
    """The faults of one server; thread-safe. `times` None means until `release`."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._faults: list[Fault] = []
        self._released = threading.Event()

    def throttle(
        self, operation: str | None = None, *, skip: int = 0, times: int | None = 1
    ) -> None:
        """Answer that the rate is exceeded."""
        self._add(Fault(Kind.REFUSED, operation, skip, times, 400, "Throttling"))

    def fail(
        self,
        status: int,
        operation: str | None = None,
        *,
        code: str = "InternalFailure",
        skip: int = 0,
        times: int | None = 1,
    ) -> None:
        """Answer with an error; nothing is done."""
        self._add(Fault(Kind.REFUSED, operation, skip, times, status, code))

    def hang(self, operation: str | None = None, *, skip: int = 0, times: int | None = 1) -> None:
        """Let calls wait in silence until `release`, and do them then."""
        self._add(Fault(Kind.HANGING, operation, skip, times))

    def lose_answer(
        self, operation: str | None = None, *, skip: int = 0, times: int | None = 1
    ) -> None:
        """Do the call, then cut the connection."""
        self._add(Fault(Kind.ANSWER_LOST, operation, skip, times))

    def release(self) -> None:
        """No more faults; what hangs goes on."""
        with self._lock:
            self._faults.clear()
            self._released.set()

    def meet(self, operation: str) -> Fault | None:
        """For the server: what befalls this call. Waits while it hangs."""
        with self._lock:
            fault = next((fault for fault in self._faults if fault.meets(operation)), None)
        if fault is not None and fault.kind is Kind.HANGING:
            self._released.wait()
        return fault

    def _add(self, fault: Fault) -> None:
        with self._lock:
            self._released.clear()
            self._faults.append(fault)
