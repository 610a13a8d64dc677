"""What is remembered of AWS between reconciles, how long, and why no longer."""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Mapping, Sequence
from concurrent.futures import Future
from typing import Generic, TypeAlias, TypeVar

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
VPC_CIDRS = Lifetime(600, "added now and then; they do not leave while addresses are in use")
ZONES = Lifetime(3600, "a zone's type never changes, but zones can be enabled")
SECURITY_GROUPS = Lifetime(60, "tags and names change rarely; a missing group is never remembered")
TARGET_GROUP_NAMES = Lifetime(1200, "an ARN changes only if others make the group anew")
ROLE_SESSIONS = Lifetime(float("inf"), "each ends when its credentials do")
BOUND_TARGET_GROUPS = Lifetime(10, "a binding is completed, then judged; a name may be another's")
CERTIFICATES = Lifetime(60, "they expire; a host that none covers has them listed at once")
IMPORTED_NAMES = Lifetime(300, "imported anew under its ARN, a certificate may have other names")
ISSUED_NAMES = Lifetime(36000, "the names of a certificate that a CA has issued never change")
CERTIFICATE_TAGS = Lifetime(60, "others may tag; read one certificate a call")
HOSTED_ZONES = Lifetime(300, "zones come rarely; a host without one is reported on its Ingress")
TRUST_STORE_NAMES = Lifetime(600, "an ARN changes only if others make the store anew")
WEB_ACL_NAMES = Lifetime(3600, "an ARN changes only if others make the web ACL anew")
SHIELD_SUBSCRIPTION = Lifetime(7200, "it is a contract of a year; asked only where it is wanted")
INVENTORY = Lifetime(float("inf"), "kept by our own writes; the slow sweep reads it anew")


class Shared(Generic[T]):
    """One value that many threads want: read once by the first, while the others wait.

    A read that fails fails for everybody who waited for it; it never counts as an answer.
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


Read: TypeAlias = Callable[[Sequence[K]], Mapping[K, V]]


class _Reading(Generic[K, V]):
    """A read that is on its way, for which other threads may wait."""

    def __init__(self, asked: Sequence[K], began: float) -> None:
        self.asked, self.began = asked, began
        self._keys = frozenset(asked)
        self.outdated: set[K] = set()
        """Forgotten since it began: what it brings of them is not kept."""
        self.answer: Future[Mapping[K, V]] = Future()

    def brings(self, key: K) -> bool:
        """Whether it asks for the key as it is now."""
        return key in self._keys and key not in self.outdated

    def values(self, wanted: Collection[K]) -> Mapping[K, V]:
        """What it brings. Raises its error, unless that may be about keys that are not wanted."""
        try:
            return self.answer.result()
        except Exception:
            if self._keys.issubset(wanted):
                raise
            return {}


class Expiring(Generic[K, V]):
    """Values by key, read many at a time; a key without a value is asked for each time.

    Threads that want a key at once share one read. No lock is held meanwhile: what is known, and
    a read of other keys, does not wait.
    """

    def __init__(
        self, lifetime: Lifetime, clock: Clock, *, is_good: Callable[[V], bool] = lambda _: True
    ) -> None:
        """`is_good` says whether a value can still be used within its lifetime."""
        self._lifetime, self._clock, self._is_good = lifetime, clock, is_good
        self._lock = threading.Lock()
        self._kept: dict[K, tuple[float, V]] = {}
        self._readings: list[_Reading[K, V]] = []

    def get_many(self, keys: Collection[K], read: Read[K, V]) -> dict[K, V]:
        """Values of the keys that have one; `read` is asked once, for all that are not known.

        Raises what `read` raises, in this thread or in the one whose read is shared.
        """
        wanted = list(dict.fromkeys(keys))
        found, missed = self._ask(wanted, read, may_share=True)
        if missed:  # by a read that had begun before: they may be there by now
            found |= self._ask(missed, read, may_share=False)[0]
        return {key: found[key] for key in wanted if key in found}

    def forget(self, keys: Collection[K]) -> None:
        """After our own write: read these again."""
        with self._lock:
            for key in keys:
                self._kept.pop(key, None)
            for reading in self._readings:
                reading.outdated.update(keys)

    def _ask(
        self, keys: Sequence[K], read: Read[K, V], *, may_share: bool
    ) -> tuple[dict[K, V], list[K]]:
        """The values that are there, and the keys that no read has brought that began just now."""
        with self._lock:
            found = self._known(keys)
            unknown = [key for key in keys if key not in found]
            running = list(self._readings) if may_share else []
            shared = [one for one in running if any(map(one.brings, unknown))]
            alone = [key for key in unknown if not any(one.brings(key) for one in shared)]
            own = _Reading[K, V](alone, self._clock.monotonic())
            self._readings.append(own)
        self._run(own, read)
        for reading in (own, *shared):
            found.update(reading.values(keys))
        settled = found.keys() | set(alone)
        return found, [key for key in unknown if key not in settled]

    def _run(self, own: _Reading[K, V], read: Read[K, V]) -> None:
        try:
            values = read(own.asked) if own.asked else {}
        except BaseException as error:
            self._end(own, {})
            own.answer.set_exception(error)
            raise
        self._end(own, values)
        own.answer.set_result(values)

    def _end(self, own: _Reading[K, V], values: Mapping[K, V]) -> None:
        with self._lock:
            self._readings.remove(own)
            for key, value in values.items():
                if key not in own.outdated:
                    self._kept[key] = (own.began, value)

    def _known(self, keys: Sequence[K]) -> dict[K, V]:
        """Values that can still be used; others are dropped."""
        oldest = self._clock.monotonic() - self._lifetime.seconds
        self._kept = {
            key: (since, value)
            for key, (since, value) in self._kept.items()
            if since >= oldest and self._is_good(value)
        }
        return {key: self._kept[key][1] for key in keys if key in self._kept}
