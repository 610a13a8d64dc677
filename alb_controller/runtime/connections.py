"""The connections of a server, and which of them goes when there are too many.

Whoever reaches a port can open connections and finish no request. So each wait for a client has a
deadline, and where places run out, the longest wait is ended: a client that sends its request
within a moment always finds a place.
"""

from __future__ import annotations

import contextlib
import socket
import ssl
import struct
import threading
import time
from collections import Counter

import msgspec

from alb_controller.telemetry.metrics import DROPPED_CONNECTIONS

END_SECONDS = 0.5
"""For the threads of dropped connections to end, where there are as many of them as places."""
_AT_ONCE = struct.pack("ii", 1, 0)
"""SO_LINGER: the kernel keeps nothing for a client that does not take its answer (socket(7))."""


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """What the clients of a server may take."""

    connections: int
    """At a time; each is a thread."""
    request_seconds: float = 10.0
    """For a whole request; a first one's TLS handshake counts."""
    idle_seconds: float = 10.0
    """Between two requests."""
    answer_seconds: float = 10.0
    """For the client to take its answer."""


class Connection:
    """A client's connection; the thread that serves it says what it waits for."""

    def __init__(self, places: Connections, sock: socket.socket, address: str) -> None:
        self.socket, self.address = sock, address
        self.since, self.deadline = 0.0, 0.0
        """Of the wait for the client, in monotonic seconds."""
        self.is_waiting = False
        self.holds_memory = False
        """Of what is set aside for all: where that runs out, its waits are ended."""
        self._places = places

    def wait(self, seconds: float) -> None:
        """From now on its thread waits for the client: so long at most, and less in a crowd."""
        with self._places.changed:
            self.since = time.monotonic()
            self.deadline = self.since + seconds
            self.is_waiting = True

    def work(self) -> None:
        """From now on its thread does what was asked for: the connection is not dropped."""
        with self._places.changed:
            self.is_waiting = False

    def secure(self, context: ssl.SSLContext) -> None:
        """Shake hands as a server. Raises OSError; ssl.SSLError is one."""
        with self._places.changed:
            self.socket = context.wrap_socket(
                self.socket, server_side=True, do_handshake_on_connect=False
            )
        self.socket.do_handshake()

    def close(self) -> None:
        """Close it, and free its place."""
        with self._places.changed:
            self._places.leave(self)
            with contextlib.suppress(OSError):
                _shut(self.socket, socket.SHUT_WR)
            self.socket.close()


class Connections:
    """All connections of a server."""

    def __init__(self, server: str, limits: Limits) -> None:
        """`server` is its name in the metric."""
        self.changed = threading.Condition()
        self._server, self._limits = server, limits
        self._open: set[Connection] = set()
        self._ending: set[Connection] = set()
        """Dropped; their threads do not know yet."""

    def admit(self, sock: socket.socket, address: str) -> Connection | None:
        """A place for a new connection, whose first request is waited for; None if all work."""
        connection = Connection(self, sock, address)
        with self.changed:
            if not self._make_place():
                DROPPED_CONNECTIONS.labels(self._server, "all_busy").inc()
                return None
            self._open.add(connection)
            connection.wait(self._limits.request_seconds)
        return connection

    def leave(self, connection: Connection) -> None:
        """It has ended."""
        with self.changed:
            self._open.discard(connection)
            self._ending.discard(connection)
            self.changed.notify_all()

    def drop_late(self) -> None:
        """End the waits whose deadline is over; to be called a few times a second."""
        now = time.monotonic()
        with self.changed:
            for connection in [c for c in self._open if c.is_waiting and c.deadline <= now]:
                self._drop(connection, "deadline")

    def free_memory(self, asker: Connection) -> None:
        """End the longest wait that holds memory, unless it is the asker's own."""
        with self.changed:
            longest = self._longest([c for c in self._open if c.is_waiting and c.holds_memory])
            if longest not in (None, asker):
                self._drop(longest, "memory")

    def _make_place(self) -> bool:
        most = self._limits.connections
        if len(self._open) < most:
            return True
        longest = self._longest([c for c in self._open if c.is_waiting])
        if longest is None:
            return False
        self._drop(longest, "crowded")
        return self.changed.wait_for(lambda: len(self._ending) <= most, END_SECONDS)

    def _longest(self, waiting: list[Connection]) -> Connection | None:
        """Of the address with most connections: one client alone cannot drive others out."""
        crowd = Counter(connection.address for connection in self._open)
        return max(waiting, key=lambda c: (crowd[c.address], -c.since), default=None)

    def _drop(self, connection: Connection, reason: str) -> None:
        """Wake its thread: whatever it waits for fails, and it closes the connection."""
        connection.is_waiting = False
        self._open.remove(connection)
        self._ending.add(connection)
        DROPPED_CONNECTIONS.labels(self._server, reason).inc()
        with contextlib.suppress(OSError):
            connection.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _AT_ONCE)
            _shut(connection.socket, socket.SHUT_RDWR)


def _shut(sock: socket.socket, how: int) -> None:
    """Of the connection itself: SSLSocket's own would go on in plain text."""
    socket.socket.shutdown(sock, how)
