"""The small HTTP servers of the process: probes and metrics."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar, NamedTuple, TypeAlias

import structlog
from prometheus_client import REGISTRY, CollectorRegistry
from prometheus_client.exposition import choose_encoder

from alb_controller.errors import ControllerError
from alb_controller.settings import BindAddress

IDLE_SECONDS = 10.0
"""A connection that says nothing for so long is closed."""
CONNECTIONS = 64
"""At a time; further ones are closed at once."""

_log = structlog.get_logger(__name__)


class Reply(NamedTuple):
    """What a path answers."""

    status: int
    text: str | bytes
    content_type: str = "text/plain; charset=utf-8"


Route: TypeAlias = Callable[[str], Reply]
"""From a request's Accept header to its reply; must be quick."""


def health_routes(
    *,
    not_ready: Callable[[], str],
    is_idle: Callable[[], bool],
    broken: Callable[[], str],
) -> dict[str, Route]:
    """/healthz, /readyz and /debug/idle.

    `not_ready` says why the process cannot do its work yet; `broken` why it never will, so that
    only a new process helps; each nothing when all is well.
    """

    def ok_without(reason_of: Callable[[], str]) -> Route:
        def route(_: str) -> Reply:
            reason = reason_of()
            return Reply(503, reason) if reason else Reply(200, "ok")

        return route

    def idle(_: str) -> Reply:
        return Reply(200, "idle") if is_idle() else Reply(503, "busy")

    return {
        "/healthz": ok_without(broken),
        "/readyz": ok_without(not_ready),
        "/debug/idle": idle,
    }


def metrics_routes(registry: CollectorRegistry = REGISTRY) -> dict[str, Route]:
    """/metrics, in the format that the scraper asks for."""

    def metrics(accept: str) -> Reply:
        encode, content_type = choose_encoder(accept)
        return Reply(200, encode(registry), content_type)

    return {"/metrics": metrics}


class Server:
    """Answers GET and HEAD on its paths from now on until stopped."""

    def __init__(self, flag: str, address: BindAddress, routes: Mapping[str, Route]) -> None:
        """Listen. Raises ControllerError, naming the flag, where the address cannot be had."""
        handler = type("Handler", (_Handler,), {"routes": dict(routes)})
        try:
            self._server = _HttpServer(address, handler)
        except (OSError, OverflowError) as error:
            reason = error.strerror if isinstance(error, OSError) else str(error)
            raise ControllerError(
                f"{flag}: cannot listen on {address.host or '*'}:{address.port}: {reason}"
            ) from error
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(0.1,), name=flag.lstrip("-"), daemon=True
        )
        self._thread.start()

    @property
    def port(self) -> int:
        """The port, also where the kernel has chosen it."""
        return int(self._server.server_address[1])

    def stop(self) -> None:
        """Close the socket; replies under way are finished by their threads."""
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


class _HttpServer(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 128

    def __init__(self, address: BindAddress, handler: type[BaseHTTPRequestHandler]) -> None:
        self._slots = threading.BoundedSemaphore(CONNECTIONS)
        super().__init__((address.host, address.port), handler, bind_and_activate=False)
        self.socket.close()
        self.socket = _listen(address)
        self.server_address = self.socket.getsockname()[:2]

    def process_request(self, request: Any, client_address: Any) -> None:
        if not self._slots.acquire(blocking=False):
            self.shutdown_request(request)
            return
        try:
            super().process_request(request, client_address)
        except BaseException:
            self._slots.release()
            raise

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._slots.release()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that breaks off is no event worth a traceback on stderr."""
        _log.debug("http_connection_failed", client=str(client_address), request=str(request))


def _listen(address: BindAddress) -> socket.socket:
    """An empty host is every address, IPv4 and IPv6, as in Go."""
    if not address.host and socket.has_dualstack_ipv6():
        return socket.create_server(
            ("", address.port), family=socket.AF_INET6, dualstack_ipv6=True, backlog=128
        )
    family = socket.AF_INET6 if ":" in address.host else socket.AF_INET
    return socket.create_server((address.host, address.port), family=family, backlog=128)


class _Handler(BaseHTTPRequestHandler):
    routes: ClassVar[Mapping[str, Route]] = {}
    protocol_version = "HTTP/1.1"
    timeout = IDLE_SECONDS
    server_version = "alb-controller"
    sys_version = ""

    def do_GET(self) -> None:
        self._answer(self._reply())

    def do_HEAD(self) -> None:
        self._answer(self._reply())

    def _reply(self) -> Reply:
        route = self.routes.get(self.path.partition("?")[0])
        if route is None:
            return Reply(404, "not found")
        try:
            return route(self.headers.get("Accept", ""))
        except Exception:  # noqa: BLE001  # a probe must be answered whatever its check does
            _log.exception("http_reply_failed", path=self.path)
            return Reply(500, "internal error")

    def _answer(self, reply: Reply) -> None:
        body = reply.text.encode() if isinstance(reply.text, str) else reply.text
        self.send_response(reply.status)
        self.send_header("Content-Type", reply.content_type)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  # the base's name
        _log.debug("http_request", client=self.client_address[0], line=format % args)
