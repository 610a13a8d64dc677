"""Waiting in tests: for a state, with a deadline, never for a time."""

from __future__ import annotations

import time
from collections.abc import Callable


def until(holds: Callable[[], object], *, seconds: float = 30.0) -> None:
    """Return as soon as it holds; fail after that many seconds.

    It is asked ever less often: what is waited for needs the processor too.
    """
    deadline, pause = time.monotonic() + seconds, 0.002
    while not holds():
        assert time.monotonic() < deadline, f"not within {seconds} s"
        time.sleep(pause)
        pause = min(pause * 1.5, 0.05)
