"""Sockets of the process' small HTTP servers."""

from __future__ import annotations

import contextlib
import io
import socket
import sys
import threading
from collections.abc import Callable, Mapping
from http import HTTPStatus
from http.client import LineTooLong
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import structlog

from alb_controller.errors import ControllerError
from alb_controller.runtime.connections import Connection, Connections, Limits
from alb_controller.settings import BindAddress

LONGEST_HEAD = 16 << 10
"""Request line and headers together; kube-apiserver and kubelets need less than 1 KiB."""
BACKLOG = 1024
"""Connections that wait in the kernel for a thread: past it, clients try again after seconds."""
KERNEL_BUFFER = 64 << 10
"""Each way, of each connection: the kernel would let it grow to some MiB (tcp(7))."""
REST_SECONDS = 1.0
"""For a client that is refused to send what it has begun."""

_log = structlog.get_logger(__name__)


class HttpServer(ThreadingHTTPServer):
    """A thread for each connection, and limits to what clients may take."""

    daemon_threads = True
    block_on_close = False

    def __init__(
        self, name: str, address: BindAddress, handler: type[Handler], limits: Limits
    ) -> None:
        self.limits = limits
        self.connections = Connections(name, limits)
        super().__init__((address.host, address.port), handler, bind_and_activate=False)
        self.socket.close()
        self.socket = _socket(address)
        self.server_address = self.socket.getsockname()[:2]

    def process_request(self, request: Any, client_address: Any) -> None:
        connection = self.connections.admit(request, client_address[0])
        if connection is None:
            self.shutdown_request(request)
            return
        try:
            super().process_request(connection, client_address)  # type: ignore[arg-type]  # ours
        except BaseException:
            connection.close()
            raise

    def shutdown_request(self, request: Any) -> None:
        """By the thread of the connection, at its end."""
        if isinstance(request, Connection):
            request.close()
        else:
            super().shutdown_request(request)

    def service_actions(self) -> None:
        """Whenever the server has looked for new connections."""
        self.connections.drop_late()

    def handle_error(self, *client: Any) -> None:
        """A client that breaks off, or was dropped, is no event; all else is a bug."""
        error = sys.exception()
        log = _log.debug if isinstance(error, OSError) else _log.exception
        log("http_connection_failed", client=str(client[1]), error=repr(error))


class Listener:
    """Serves from now on until stopped, in a thread."""

    def __init__(self, flag: str, address: BindAddress, make: Callable[[str], HttpServer]) -> None:
        """Listen. Raises ControllerError, naming the flag, where the address cannot be had.

        `make` gets the flag's name, which is the server's in metrics.
        """
        name = flag.lstrip("-")
        try:
            self._server = make(name)
        except (OSError, OverflowError) as error:
            reason = error.strerror if isinstance(error, OSError) else str(error)
            raise ControllerError(
                f"{flag}: cannot listen on {address.host or '*'}:{address.port}: {reason}"
            ) from error
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(0.1,), name=name, daemon=True
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


class Handler(BaseHTTPRequestHandler):
    """Reads requests and writes answers; says of itself no more than the controller's name."""

    server: HttpServer
    rfile: _Input
    protocol_version = "HTTP/1.1"
    server_version = "alb-controller"
    sys_version = ""
    requestline, request_version = "", "HTTP/1.1"

    def setup(self) -> None:
        """Of a Connection, which the base class calls a request."""
        self.client: Connection = self.request
        self.connection = self.client.socket
        self.connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.rfile = _Input(self.connection.makefile("rb", buffering=0))
        self.wfile = self.connection.makefile("wb")

    def finish(self) -> None:
        """Both files keep the connection open; what cannot be sent any more is lost."""
        with contextlib.suppress(OSError):
            self.wfile.close()
        self.rfile.close()

    def handle(self) -> None:
        """The connection's requests. The first one's time began when it was opened."""
        limits = self.server.limits
        self.handle_one_request()
        while not self.close_connection:
            self.client.wait(limits.idle_seconds)
            if not self.rfile.peek(1):
                return
            self.client.wait(limits.request_seconds)
            self.handle_one_request()

    def handle_one_request(self) -> None:
        self.rfile.start_head()
        try:
            super().handle_one_request()
        except LineTooLong:  # elsewhere than in a header, which the base class answers
            self.send_error(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE)
            self.close_connection = True

    def handle_expect_100(self) -> bool:
        """The client waits for this: it must not stay in the buffer."""
        is_expected = super().handle_expect_100()
        self.wfile.flush()
        return is_expected

    def answer(
        self, status: int, body: bytes, content_type: str, headers: Mapping[str, str] | None = None
    ) -> None:
        """Send an answer, and say so where it is the connection's last one."""
        self.client.wait(self.server.limits.answer_seconds)
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(body)))
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)
        self.wfile.flush()

    def discard_rest(self) -> None:
        """Read on for a moment: a connection closed with data unread takes its answer back."""
        self.client.wait(REST_SECONDS)
        with contextlib.suppress(OSError):
            socket.socket.shutdown(self.connection, socket.SHUT_WR)
            while socket.socket.recv(self.connection, 1 << 16):  # as it comes, encrypted or not
                pass

    def log_message(self, *arguments: Any) -> None:
        """A format and what goes into it."""
        _log.debug("http_request", client=self.client_address[0], line=arguments[0] % arguments[1:])


class _Input(io.BufferedReader):
    """What a client sends; the base class alone would take a head of 6 MiB."""

    def start_head(self) -> None:
        """A request begins."""
        self._head_left = LONGEST_HEAD

    def readline(self, size: int | None = -1, /) -> bytes:
        """A line of the head. Raises LineTooLong where it makes the head too long."""
        longest = self._head_left + 1
        line = super().readline(longest if size is None or size < 0 else min(size, longest))
        self._head_left -= len(line)
        if self._head_left < 0:
            raise LineTooLong("header line")
        return line


def _socket(address: BindAddress) -> socket.socket:
    """An empty host is every address, IPv4 and IPv6, as in Go."""
    if not address.host and socket.has_dualstack_ipv6():
        made = socket.create_server(
            ("", address.port), family=socket.AF_INET6, dualstack_ipv6=True, backlog=BACKLOG
        )
    else:
        family = socket.AF_INET6 if ":" in address.host else socket.AF_INET
        made = socket.create_server((address.host, address.port), family=family, backlog=BACKLOG)
    for option in (socket.SO_RCVBUF, socket.SO_SNDBUF):  # its connections inherit them
        made.setsockopt(socket.SOL_SOCKET, option, KERNEL_BUFFER)
    return made
