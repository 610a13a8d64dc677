"""The HTTPS server of the webhooks: one path for each, reviews in, answers out."""

from __future__ import annotations

import ssl
import threading
from collections.abc import Callable, Mapping
from http.server import BaseHTTPRequestHandler
from typing import Any, ClassVar, NamedTuple, TypeAlias

import msgspec
import structlog

from alb_controller.errors import ControllerError
from alb_controller.frontends.review import AdmissionResponse
from alb_controller.runtime.listening import Handler, HttpServer, Listener
from alb_controller.settings import BindAddress
from alb_controller.webhooks import reviews

FIRST_WORD_SECONDS = 10.0
"""A connection that has not shaken hands, or not finished a request by then, is closed."""
IDLE_SECONDS = 120.0
"""Between requests: longer than kube-apiserver keeps one (90 s), so that it is the one to close."""
LAST_ANSWER_SECONDS = 2.0
"""At a stop: for answers under way."""
LONGEST_BODY = 8 << 20
"""Two objects of the largest size that kube-apiserver takes (3 MiB), and their frame."""

_log = structlog.get_logger(__name__)


class Hook(NamedTuple):
    """A webhook: its review, and what counts its failures by category."""

    review: Callable[[reviews.Request], AdmissionResponse]
    count_failure: Callable[[str], None]


Hooks: TypeAlias = Mapping[str, Hook]
"""By path."""


class _Refusal(Exception):
    """An HTTP status other than 200, with its text."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(status, text)
        self.status, self.text = status, text


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
    ) -> None:
        """`context` is asked for each connection, `not_ready` says why nothing can be reviewed yet.

        Raises ControllerError, naming the flag, where the address cannot be had.
        """
        self._work = _Work()
        shared = _HandlerContext(hooks, not_ready, self._work)
        handler = type("Handler", (_Handler,), {"shared": shared})
        super().__init__(flag, address, lambda: _TlsServer(address, handler, context))

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
    connections = 256

    def __init__(
        self,
        address: BindAddress,
        handler: type[BaseHTTPRequestHandler],
        context: Callable[[], ssl.SSLContext | None],
    ) -> None:
        self._context = context
        super().__init__(address, handler)

    def finish_request(self, request: Any, client_address: Any) -> None:
        """In the connection's own thread: a slow handshake holds up nobody else."""
        context = self._context()
        if context is None:
            return
        request.settimeout(FIRST_WORD_SECONDS)
        with context.wrap_socket(request, server_side=True) as secured:
            super().finish_request(secured, client_address)


class _Handler(Handler, BaseHTTPRequestHandler):
    shared: ClassVar[_HandlerContext]
    timeout = FIRST_WORD_SECONDS
    wbufsize = -1  # headers and body in one packet
    disable_nagle_algorithm = True

    def handle_one_request(self) -> None:
        super().handle_one_request()
        self.connection.settimeout(IDLE_SECONDS)

    def parse_request(self) -> bool:
        """The first line is there: the rest has to follow."""
        self.connection.settimeout(FIRST_WORD_SECONDS)
        return super().parse_request()

    def do_POST(self) -> None:
        with self.shared.work:
            try:
                self._answer(200, self._reviewed(self.path.partition("?")[0]), "application/json")
            except _Refusal as refusal:
                self.close_connection = True  # part of the request may be unread
                self._answer(refusal.status, refusal.text.encode(), "text/plain; charset=utf-8")
            self.wfile.flush()

    def _reviewed(self, path: str) -> bytes:
        hook = self.shared.hooks.get(path)
        if hook is None:
            raise _Refusal(404, "no webhook has this path")
        try:
            request = reviews.decode(self._body())
        except ValueError as error:
            hook.count_failure("unreadable")
            _log.warning("review_unreadable", path=path, error=str(error))
            raise _Refusal(400, str(error)) from None
        if reason := self.shared.not_ready():
            raise _Refusal(503, reason)
        try:
            response = hook.review(request)
        except msgspec.DecodeError as error:
            hook.count_failure("unreadable")
            _log.warning("review_unreadable", path=path, object=request.path, error=str(error))
            raise _Refusal(400, f"the object cannot be read: {error}") from None
        except ControllerError as error:
            hook.count_failure("error")
            _log.warning("review_failed", path=path, error=str(error))
            raise _Refusal(500, str(error)) from None
        except Exception:  # noqa: BLE001  # whatever a review does, the caller gets an answer
            hook.count_failure("bug")
            _log.exception("review_failed", path=path)
            raise _Refusal(500, "internal error") from None
        if not response.is_allowed:
            hook.count_failure("refused")
        return reviews.encode(request.uid, response)

    def _body(self) -> bytes:
        if self.headers.get_content_type() != "application/json":
            raise _Refusal(415, "the content type must be application/json")
        length = self.headers.get("Content-Length")
        if length is None:
            raise _Refusal(411, "Content-Length is missing")
        if not (length.isascii() and length.isdigit()):
            raise _Refusal(400, "Content-Length must be a number")
        if len(length) > 9 or int(length) > LONGEST_BODY:
            raise _Refusal(413, f"the body is longer than {LONGEST_BODY} bytes")
        body = self.rfile.read(int(length))
        if len(body) < int(length):
            raise _Refusal(400, "the body ends too early")
        return body

    def _answer(self, status: int, body: bytes, content_type: str) -> None:
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(body)))
        if self.close_connection or self.shared.work.is_ending:
            self.close_connection = True
            self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(body)
