"""HTTP servers whose open connections can be cut, as when a server dies."""

from __future__ import annotations

import contextlib
import socket
import socketserver
import threading
from typing import Any


class CuttableServer(socketserver.TCPServer):
    """To be mixed in before the server's class; remembers connections while they are open."""

    def __init__(self, *arguments: Any, **named: Any) -> None:
        self._open: set[socket.socket] = set()
        self._open_lock = threading.Lock()
        super().__init__(*arguments, **named)

    def wrap(self, connection: socket.socket) -> socket.socket:
        """What is served in the connection's place: TLS on top of it, say."""
        return connection

    def get_request(self) -> tuple[socket.socket, Any]:
        """Accept; answers are small, so none waits for the next."""
        raw, address = super().get_request()
        raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection = self.wrap(raw)
        with self._open_lock:
            self._open.add(connection)
        return connection, address

    def shutdown_request(self, request: Any) -> None:
        """Forget the connection and close it."""
        with self._open_lock:
            self._open.discard(request)
        super().shutdown_request(request)

    def cut_connections(self) -> None:
        """Break what is still open, in the middle of an answer too."""
        with self._open_lock:
            connections = list(self._open)
        for connection in connections:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that goes away, or does not speak our protocol, is no event."""
