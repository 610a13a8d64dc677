"""What is remembered of AWS between reconciles, how long, and why no longer."""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Generic, TypeVar

import msgspec

from alb_controller.clock import Clock

T = TypeVar("T")
K = TypeVar("K")
V = TypeVar("V")


class Lifetime(msgspec.Struct, frozen=True):
    """How long an answer may be used again."""

    seconds: float
    reason: str


SUBNETS = Lifetime(60, "free addresses and tags change; a burst of stacks shares one read")
ROUTE_TABLES = Lifetime(60, "read with the subnets, and only where no subnet has a role tag")
ZONES = Lifetime(3600, "a zone's type never changes, but zones can be enabled")
SECURITY_GROUPS = Lifetime(60, "tags and names change rarely; a missing group is never remembered")
TARGET_GROUP_NAMES = Lifetime(1200, "an ARN changes only if others make the group anew")
BOUND_TARGET_GROUPS = Lifetime(10, "a binding is completed, then judged; a name may be another's")
CERTIFICATES = Lifetime(60, "they expire; a host that none covers has them listed at once")
IMPORTED_NAMES = Lifetime(300, "imported anew under its ARN, a certificate may have other names")
ISSUED_NAMES = Lifetime(36000, "the names of a certificate that a CA has issued never change")
CERTIFICATE_TAGS = Lifetime(60, "others may tag; read one certificate a call")
HOSTED_ZONES = Lifetime(300, "zones come rarely; a host without one is told to its Ingress")
TRUST_STORE_NAMES = Lifetime(600, "an ARN changes only if others make the store anew")
WEB_ACL_NAMES = Lifetime(3600, "an ARN changes only if others make the web ACL anew")
SHIELD_SUBSCRIPTION = Lifetime(7200, "it is a contract of a year; asked only where it is wanted")
INVENTORY = Lifetime(float("inf"), "kept by our own writes; the slow sweep reads it anew")


class Shared(Generic[T]):
    """One value that many threads want: read once by the first, while the others wait.

    A read that fails is told to everybody who waited for it; it never counts as an answer.
    """

    def __init__(self, read: Callable[[], T], lifetime: Lifetime, clock: Clock) -> None:
        self._read = read
        self._lifetime = lifetime
        self._clock = clock
        self._lock = threading.Lock()
        self._kept: tuple[float, T] | None = None
        self._failed: tuple[float, Exception] | None = None

    def get(self, not_before: float = float("-inf")) -> T:
        """The value, if its read began at `not_before` (monotonic) or later; else it is read."""
        asked_at = self._clock.monotonic()
        oldest = max(not_before, asked_at - self._lifetime.seconds)
        kept = self._kept
        if kept and kept[0] >= oldest:  # no lock: what is good is not held up by a read anew
            return kept[1]
        with self._lock:
            if self._kept and self._kept[0] >= oldest:
                return self._kept[1]
            began = self._clock.monotonic()
            if self._failed and self._failed[0] >= asked_at and began > asked_at:
                raise self._failed[1]
            try:
                value = self._read()
            except Exception as error:
                self._failed = (self._clock.monotonic(), error)
                raise
            self._kept, self._failed = (began, value), None
            return value

    @property
    def age_seconds(self) -> float:
        """Since the last read that succeeded began; infinite before the first."""
        kept = self._kept
        return self._clock.monotonic() - kept[0] if kept else float("inf")


class Expiring(Generic[K, V]):
    """Values by key, read many at a time; a key without a value is asked for each time."""

    def __init__(self, lifetime: Lifetime, clock: Clock) -> None:
        self._lifetime = lifetime
        self._clock = clock
        self._lock = threading.Lock()
        self._kept: dict[K, tuple[float, V]] = {}

    def get_many(
        self, keys: Collection[K], read: Callable[[Sequence[K]], Mapping[K, V]]
    ) -> dict[K, V]:
        """Values of the keys that have one; `read` is asked once, for all that are not known."""
        with self._lock:
            now = self._clock.monotonic()
            oldest = now - self._lifetime.seconds
            self._kept = {key: kept for key, kept in self._kept.items() if kept[0] >= oldest}
            unknown = [key for key in dict.fromkeys(keys) if key not in self._kept]
            if unknown:
                self._kept.update((key, (now, value)) for key, value in read(unknown).items())
            return {key: self._kept[key][1] for key in keys if key in self._kept}

    def forget(self, keys: Collection[K]) -> None:
        """After our own write: read these again."""
        with self._lock:
            for key in keys:
                self._kept.pop(key, None)
