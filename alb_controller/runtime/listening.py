"""Sockets of the process' small HTTP servers."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import structlog

from alb_controller.errors import ControllerError
from alb_controller.settings import BindAddress

_log = structlog.get_logger(__name__)


class HttpServer(ThreadingHTTPServer):
    """A thread for each connection, and a limit to them."""

    connections = 64
    """At a time; further ones are closed at once."""
    daemon_threads = True
    block_on_close = False
    request_queue_size = 128

    def __init__(self, address: BindAddress, handler: type[BaseHTTPRequestHandler]) -> None:
        self._slots = threading.BoundedSemaphore(self.connections)
        super().__init__((address.host, address.port), handler, bind_and_activate=False)
        self.socket.close()
        self.socket = _socket(address)
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


class Listener:
    """Serves from now on until stopped, in a thread."""

    def __init__(self, flag: str, address: BindAddress, make: Callable[[], HttpServer]) -> None:
        """Listen. Raises ControllerError, naming the flag, where the address cannot be had."""
        try:
            self._server = make()
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


class Handler(BaseHTTPRequestHandler):
    """Reads requests and writes replies; says of itself no more than the controller's name."""

    protocol_version = "HTTP/1.1"
    server_version = "alb-controller"
    sys_version = ""

    def log_message(self, *words: Any) -> None:
        """A format and what goes into it."""
        _log.debug("http_request", client=self.client_address[0], line=words[0] % words[1:])


def _socket(address: BindAddress) -> socket.socket:
    """An empty host is every address, IPv4 and IPv6, as in Go."""
    if not address.host and socket.has_dualstack_ipv6():
        return socket.create_server(
            ("", address.port), family=socket.AF_INET6, dualstack_ipv6=True, backlog=128
        )
    family = socket.AF_INET6 if ":" in address.host else socket.AF_INET
    return socket.create_server((address.host, address.port), family=family, backlog=128)
