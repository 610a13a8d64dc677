"""The state of a target after each health check.

Source: "Health checks for Application Load Balancer target groups", Matcher of the API reference.
Not documented, and chosen here: a new target's failures in a row count as those of a healthy one.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

import msgspec

_CODE = re.compile(r"[0-9]{1,3}")
_HEALTHY, _UNHEALTHY, _INITIAL = "healthy", "unhealthy", "initial"


class Check(msgspec.Struct, frozen=True, kw_only=True):
    """What a group counts by; the defaults are AWS's."""

    healthy_threshold: int = 5
    unhealthy_threshold: int = 2
    matcher: str = "200"

    def passes(self, result: int | str) -> bool:
        """Whether a code is a success; `timeout` and `refused` are none."""
        if not isinstance(result, int):
            return False
        return any(_contains(part, result) for part in self.matcher.split(","))


def _contains(part: str, code: int) -> bool:
    first, _, last = part.strip().partition("-")
    if not (_CODE.fullmatch(first) and _CODE.fullmatch(last or first)):
        return False
    return int(first) <= code <= int(last or first)


def states_after(check: Check, initial: str, results: Iterable[int | str]) -> Iterator[str]:
    """The state after each result; a target that is not checked stays as it is."""
    state, successes, failures = initial, 0, 0
    for result in results:
        if check.passes(result):
            successes, failures = successes + 1, 0
            if state == _INITIAL or (state == _UNHEALTHY and successes >= check.healthy_threshold):
                state = _HEALTHY
        else:
            successes, failures = 0, failures + 1
            if state in (_INITIAL, _HEALTHY) and failures >= check.unhealthy_threshold:
                state = _UNHEALTHY
        yield state
