"""How many calls a second we allow ourselves (spec 11.4), as token buckets.

A throttled account hurts everybody in it, so the buckets sit in front of the network, and each
retry pays again.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Mapping, Sequence

from alb_controller.settings.forms import ThrottleRule


class TokenBucket:
    """Tokens come in at `rate_per_second` up to `burst`; thread-safe, the caller gives the time."""

    def __init__(self, rate_per_second: float, burst: int) -> None:
        """Raises ValueError for a rate of zero or less: such a bucket would never fill."""
        if rate_per_second <= 0:
            raise ValueError(f"a rate of {rate_per_second:g} calls a second lets no call through")
        self._rate = rate_per_second
        self._burst = float(burst)
        self._tokens = float(burst)
        self._filled_at: float | None = None
        self._lock = threading.Lock()

    def reserve(self, now: float) -> float:
        """Take one token, on credit if there is none: the seconds to wait until it is paid for."""
        with self._lock:
            self._fill(now)
            self._tokens -= 1
            return max(0.0, -self._tokens / self._rate)

    def try_take(self, now: float) -> bool:
        """Take one token if there is one."""
        with self._lock:
            self._fill(now)
            if self._tokens < 1:
                return False
            self._tokens -= 1
            return True

    def _fill(self, now: float) -> None:
        if self._filled_at is not None:
            earned = max(0.0, now - self._filled_at) * self._rate
            self._tokens = min(self._burst, self._tokens + earned)
        self._filled_at = now


class Throttle:
    """The buckets of each service, by AWS service id (`Elastic Load Balancing v2`)."""

    def __init__(self, rules: Mapping[str, Sequence[ThrottleRule]]) -> None:
        self._buckets = {
            service: [
                (re.compile(rule.operations), TokenBucket(rule.rate_per_second, rule.burst))
                for rule in made
            ]
            for service, made in rules.items()
        }

    def reserve(self, service_id: str, operation: str, now: float) -> float:
        """Seconds to wait before sending; an operation pays to every rule that matches it."""
        return max(
            (
                bucket.reserve(now)
                for pattern, bucket in self._buckets.get(service_id, ())
                if pattern.search(operation)
            ),
            default=0.0,
        )
