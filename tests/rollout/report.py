"""What a rollout did to users: requests that were lost, and how quick the controller was."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Sequence

import msgspec

from tests.rollout.data_plane import Span

REQUESTS_A_SECOND = 1000.0


class Losses(msgspec.Struct, frozen=True, kw_only=True):
    """Requests by what befell them; each target in rotation gets its share."""

    after_stop: int = 0
    """Sent to an address whose app had stopped."""
    before_listening: int = 0
    """Sent to an address whose app did not listen yet."""
    unanswered: int = 0
    """Arrived while no target was healthy: 503."""

    @property
    def total(self) -> int:
        return self.after_stop + self.before_listening + self.unanswered


def count_losses(
    rotation: Sequence[Span], apps: Sequence[Span], start: float, end: float
) -> Losses:
    """Losses between two moments at REQUESTS_A_SECOND; `apps` says when addresses listened."""
    lost = {"after_stop": 0.0, "before_listening": 0.0, "unanswered": 0.0}
    edges = {start, end, *_edges(rotation), *_edges(apps)}
    moments = sorted(m for m in edges if start <= m <= end)
    for moment, following in itertools.pairwise(moments):
        requests = (following - moment) * REQUESTS_A_SECOND
        serving = [span.address for span in rotation if span.holds(moment)]
        if not serving:
            lost["unanswered"] += requests
        for address in serving:
            term = _loss(address, apps, moment)
            if term:
                lost[term] += requests / len(serving)
    return Losses(**{term: math.ceil(number) for term, number in lost.items()})


def fewest(spans: Iterable[Span], start: float, end: float) -> int:
    """The smallest number of spans that held at once between two moments."""
    held = list(spans)
    moments = [start, *(m for m in _edges(held) if start <= m <= end)]
    return min(sum(span.holds(moment) for span in held) for moment in moments)


def percentile(values: Iterable[float], share: float) -> float:
    """The smallest value that so large a share of them does not pass."""
    ordered = sorted(values)
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)]


def _loss(address: str, apps: Iterable[Span], moment: float) -> str:
    lives = [span for span in apps if span.address == address]
    if any(span.holds(moment) for span in lives):
        return ""
    return "after_stop" if any(span.end <= moment for span in lives) else "before_listening"


def _edges(spans: Iterable[Span]) -> Iterable[float]:
    for span in spans:
        yield from (span.start, span.end)
