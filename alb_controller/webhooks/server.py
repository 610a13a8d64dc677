"""The HTTPS server of the webhooks: one path for each, reviews in, answers out."""

from __future__ import annotations

import ssl
import threading
from collections.abc import Callable, Mapping
from http.server import BaseHTTPRequestHandler
from typing import Any, NamedTuple, TypeAlias

import msgspec
import structlog

from alb_controller.errors import ControllerError
from alb_controller.frontends.review import AdmissionResponse
from alb_controller.runtime.connections import Limits
from alb_controller.runtime.listening import Handler, HttpServer, Listener
from alb_controller.settings import BindAddress
from alb_controller.webhooks import reviews
from alb_controller.webhooks.bodies import BUDGET, Budget, Claim, Refusal

LIMITS = Limits(connections=128, idle_seconds=120.0)
"""Idle: longer than kube-apiserver keeps a connection (90 s), so that it is the one to close it."""
LAST_ANSWER_SECONDS = 2.0
"""At a stop: for answers under way."""
VALUE_BYTES = 1 << 10
"""A path `{}` of an Ingress costs 1,630 bytes, and is two values (ADR 26)."""
LONGEST_BODY = 8 << 20
"""Two objects of the largest size that kube-apiserver takes (3 MiB), and their frame."""

_log = structlog.get_logger(__name__)


class Hook(NamedTuple):
    """A webhook: its review, and what counts its failures by category."""

    review: Callable[[reviews.Request], AdmissionResponse]
    count_failure: Callable[[str], None]
    value_bytes: int = VALUE_BYTES
    """What each JSON value of a review may cost in memory, its length not counted."""


Hooks: TypeAlias = Mapping[str, Hook]
"""By path."""


class WebhookServer(Listener):
    """Answers from now on until stopped; a stop waits for answers under way, not for callers."""

    def __init__(
        self,
        flag: str,
        address: BindAddress,
        hooks: Hooks,
        *,
        context: Callable[[], ssl.SSLContext | None],
        not_ready: Callable[[], str],
        limits: Limits = LIMITS,
    ) -> None:
        """`context` is asked for each connection, `not_ready` says why nothing can be reviewed yet.

        Raises ControllerError, naming the flag, where the address cannot be had.
        """
        self._work = _Work()
        shared = _HandlerContext(hooks, not_ready, self._work)
        super().__init__(
            flag, address, lambda name: _TlsServer(name, address, shared, context, limits)
        )

    def stop(self) -> None:
        """Take no more callers, and give those who wait for an answer a moment to get it."""
        self._work.is_ending = True
        super().stop()
        self._work.wait(LAST_ANSWER_SECONDS)


class _Work:
    """Counts the answers under way; a context for each of them."""

    def __init__(self) -> None:
        self.is_ending = False
        self._count = 0
        self._changed = threading.Condition()

    def __enter__(self) -> None:
        with self._changed:
            self._count += 1

    def __exit__(self, *_: object) -> None:
        with self._changed:
            self._count -= 1
            self._changed.notify_all()

    def wait(self, seconds: float) -> None:
        """Until there is none, at most that long."""
        with self._changed:
            self._changed.wait_for(lambda: not self._count, seconds)


class _HandlerContext(NamedTuple):
    """What the handlers of all connections share."""

    hooks: Hooks
    not_ready: Callable[[], str]
    work: _Work


class _TlsServer(HttpServer):
    def __init__(
        self,
        name: str,
        address: BindAddress,
        shared: _HandlerContext,
        context: Callable[[], ssl.SSLContext | None],
        limits: Limits,
    ) -> None:
        self._context, self.shared = context, shared
        super().__init__(name, address, _Handler, limits)
        self.budget = Budget(BUDGET, self.connections.free_memory)

    def finish_request(self, request: Any, client_address: Any) -> None:
        """In the connection's own thread: a slow handshake holds up nobody else."""
        context = self._context()
        if context is not None:
            request.secure(context)
            super().finish_request(request, client_address)


class _Handler(Handler, BaseHTTPRequestHandler):
    server: _TlsServer

    def do_POST(self) -> None:
        shared = self.server.shared
        with shared.work, self.server.budget.claim(self.client) as claim:
            try:
                answer = self._reviewed(self.path.partition("?")[0], claim)
                self.close_connection |= shared.work.is_ending
                self.answer(200, answer, "application/json")
                return
            except Refusal as refusal:
                self.close_connection = True
                self.answer(
                    refusal.status,
                    refusal.text.encode(),
                    "text/plain; charset=utf-8",
                    refusal.headers,
                )
        self.discard_rest()

    def _reviewed(self, path: str, claim: Claim) -> bytes:
        shared = self.server.shared
        hook = shared.hooks.get(path)
        if hook is None:
            raise Refusal(404, "no webhook has this path")
        try:
            request = reviews.decode(claim.read(self.rfile, self._length(), hook.value_bytes))
        except ValueError as error:
            hook.count_failure("unreadable")
            _log.warning("review_unreadable", path=path, error=str(error))
            raise Refusal(400, str(error)) from None
        if reason := shared.not_ready():
            raise Refusal(503, reason)
        try:
            response = hook.review(request)
        except msgspec.DecodeError as error:
            hook.count_failure("unreadable")
            _log.warning("review_unreadable", path=path, object=request.path, error=str(error))
            raise Refusal(400, f"the object cannot be read: {error}") from None
        except ControllerError as error:
            hook.count_failure("error")
            _log.warning("review_failed", path=path, error=str(error))
            raise Refusal(500, str(error)) from None
        except Exception:  # noqa: BLE001  # whatever a review does, the caller gets an answer
            hook.count_failure("bug")
            _log.exception("review_failed", path=path)
            raise Refusal(500, "internal error") from None
        if not response.is_allowed:
            hook.count_failure("refused")
        return reviews.encode(request.uid, response)

    def _length(self) -> int:
        if self.headers.get_content_type() != "application/json":
            raise Refusal(415, "the content type must be application/json")
        length = self.headers.get("Content-Length")
        if length is None:
            raise Refusal(411, "Content-Length is missing")
        if not (length.isascii() and length.isdigit()):
            raise Refusal(400, "Content-Length must be a number")
        if len(length) > 9 or int(length) > LONGEST_BODY:
            raise Refusal(413, f"the body is longer than {LONGEST_BODY} bytes")
        return int(length)
