"""Faults on purpose, for tests of clients: refusals, silence, cut and late watches.

    server.faults.answer(429, verb="list", resource="pods", times=2, retry_after=1)
    server.faults.hang(verb="watch")            # open, then silence, until release()
    server.faults.watch_error(410)              # as an event on every open watch, which then ends
    server.faults.close_watches()               # end of stream, no error
    server.faults.delay_events(0.5)
    server.faults.release()                     # everything back to normal

A resource is written as the store writes it: `pods`, `ingresses.networking.k8s.io`. None means any.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass

from alb_controller.sandbox.kubeapi.statuses import StatusError

_REASONS = {
    401: "Unauthorized",
    403: "Forbidden",
    404: "NotFound",
    409: "Conflict",
    410: "Expired",
    429: "TooManyRequests",
    500: "InternalError",
    503: "ServiceUnavailable",
    504: "Timeout",
}


@dataclass(slots=True)
class _Rule:
    """One fault and the requests that it meets; `left` None means for ever."""

    verb: str | None
    resource: str | None
    left: int | None
    error: StatusError | None = None
    retry_after: int | None = None

    def meets(self, verb: str, resource: str) -> bool:
        return self.verb in (None, verb) and self.resource in (None, resource) and self.left != 0


class InjectedError(StatusError):
    """A refusal that a test asked for; `retry_after` in seconds goes into the header."""

    def __init__(self, code: int, retry_after: int | None = None) -> None:
        super().__init__(code, _REASONS.get(code, "Unknown"), "a fault injected by a test")
        self.retry_after = retry_after


class Faults:
    """The faults of one server. Each call adds one; `release` takes all away."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._rules: list[_Rule] = []
        self._released = threading.Event()
        self._watch_epoch = 0
        self._watch_error: StatusError | None = None
        self._event_delay_seconds = 0.0

    def answer(
        self,
        code: int,
        *,
        verb: str | None = None,
        resource: str | None = None,
        times: int | None = None,
        retry_after: int | None = None,
    ) -> None:
        """Refuse the next `times` such requests with this HTTP code."""
        with self._lock:
            self._rules.append(_Rule(verb, resource, times, InjectedError(code, retry_after)))

    def hang(self, *, verb: str | None = None, resource: str | None = None) -> None:
        """Let such requests wait in silence until `release`; open watches fall silent too."""
        with self._lock:
            self._released.clear()
            self._rules.append(_Rule(verb, resource, None))

    def watch_error(self, code: int) -> None:
        """Send an ERROR event on every open watch and end it."""
        with self._lock:
            self._watch_error, self._watch_epoch = InjectedError(code), self._watch_epoch + 1

    def close_watches(self) -> None:
        """End every open watch as a server does whose time is up."""
        with self._lock:
            self._watch_error, self._watch_epoch = None, self._watch_epoch + 1

    def delay_events(self, seconds: float) -> None:
        """Send each watch event this much later, one after the other: a slow watch."""
        with self._lock:
            self._released.clear()
            self._event_delay_seconds = seconds

    def release(self) -> None:
        """No more faults; what hangs goes on."""
        with self._lock:
            self._rules.clear()
            self._event_delay_seconds = 0.0
            self._released.set()

    def release_after(self, seconds: float) -> None:
        """`release`, but later, while the test itself waits for an answer."""
        timer = threading.Timer(seconds, self.release)
        timer.daemon = True
        timer.start()

    # ------------------------------------------------------------ for the server

    def meet(self, verb: str, resource: str) -> None:
        """Called for each request. Raises the injected refusal, or waits while a hang lasts."""
        with self._lock:
            rule = next((rule for rule in self._rules if rule.meets(verb, resource)), None)
            if rule and rule.left is not None:
                rule.left -= 1
        if rule is None:
            return
        if rule.error:
            raise rule.error
        if verb != "watch":  # a watch opens, and then says nothing
            self._released.wait()

    def is_silent(self, resource: str) -> bool:
        """Whether open watches of the resource say nothing now."""
        with self._lock:
            hangs = (rule for rule in self._rules if rule.error is None)
            return any(
                rule.verb in (None, "watch") and rule.resource in (None, resource) for rule in hangs
            )

    @property
    def watch_epoch(self) -> int:
        """Changes when open watches must end."""
        return self._watch_epoch

    @property
    def last_watch_error(self) -> StatusError | None:
        """The error that ended watches are sent, if any."""
        return self._watch_error

    def wait_for_release(self, seconds: float) -> None:
        """Wait while a hang lasts, at most so long."""
        self._released.wait(seconds)

    def wait_before_event(self) -> None:
        """Called before each watch event."""
        if self._event_delay_seconds:
            self._released.wait(self._event_delay_seconds)
