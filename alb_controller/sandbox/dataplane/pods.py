"""Demo pods: small HTTP servers on loopback that say who they are, all in one thread.

    pods = DemoPods().start()
    pods.run("192.168.100.10", "default/web-1")
    pods.endpoint(("192.168.100.10", 8080))              # 127.0.0.1:41234

While a pod's containers run, each of its ports that is asked for listens; then none does. A request
that comes outside of that finds nobody.
"""

from __future__ import annotations

import hashlib
import json
import selectors
import socket
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from http import HTTPStatus
from typing import Any, Self

Address = tuple[str, int]
MOST_CONNECTIONS = 4096
_LONGEST_HEAD = 128 * 1024
_CHUNK = 256 * 1024
_POLL_SECONDS = 1.0


@dataclass(eq=False, slots=True)
class _Pod:
    name: str
    address: Address
    listener: socket.socket
    connections: set[_Connection] = field(default_factory=set)


@dataclass(eq=False, slots=True)
class _Connection:
    pod: _Pod
    socket: socket.socket
    came: bytes = b""
    going: bytes = b""
    is_last: bool = False


class DemoPods:
    """Pods by (address, port); every call may come from any thread."""

    def __init__(self) -> None:
        self._selector = selectors.DefaultSelector()
        self._names: dict[str, str] = {}
        self._pods: dict[Address, _Pod] = {}
        self._jobs: list[Callable[[], None]] = []
        self._lock = threading.Lock()
        self._is_over = False
        self._count = 0
        self._waker, self._woken = socket.socketpair()
        self._woken.setblocking(False)
        self._selector.register(self._woken, selectors.EVENT_READ, None)
        self._thread = threading.Thread(target=self._run, name="demo-pods", daemon=True)

    def start(self) -> Self:
        """Serve, in a thread of its own."""
        self._thread.start()
        return self

    def stop(self) -> None:
        """Close everything."""
        with self._lock:
            self._is_over = True
        if self._thread.ident is None:
            return
        self._waker.send(b"x")
        self._thread.join(5)

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    def run(self, ip: str, name: str) -> None:
        """The containers of a pod run."""
        with self._lock:
            self._names[ip] = name

    def end(self, ip: str) -> None:
        """They have ended: connections are cut, and nobody listens."""
        with self._lock:
            self._names.pop(ip, None)
            gone = [self._pods.pop(one) for one in list(self._pods) if one[0] == ip]
            self._jobs += [partial(self._end, pod) for pod in gone]
        self._waker.send(b"x")

    def running(self) -> Mapping[str, str]:
        """The names of the pods that run, by address."""
        with self._lock:
            return dict(self._names)

    def endpoint(self, address: Address) -> str:
        """Where a pod's port listens; where nobody does, if no such pod runs."""
        with self._lock:
            name, pod = self._names.get(address[0]), self._pods.get(address)
            if name is None:
                return _nowhere(address)
            if pod is None:
                listener = socket.create_server(("127.0.0.1", 0), backlog=1024)
                listener.setblocking(False)
                pod = self._pods[address] = _Pod(name, address, listener)
                self._jobs.append(partial(self._watch, pod))
                self._waker.send(b"x")
            return _text(pod.listener)

    # ---------------------------------------------------------------- the thread

    def _run(self) -> None:
        while self._take_jobs():
            for key, _ in self._selector.select(_POLL_SECONDS):
                if key.data is None:
                    self._woken.recv(4096)
                elif isinstance(key.data, _Pod):
                    self._accept(key.data)
                else:
                    self._turn(key.data)
        for key in list(self._selector.get_map().values()):
            key.fileobj.close()  # type: ignore[union-attr]  # sockets alone are registered
        self._selector.close()
        self._waker.close()

    def _take_jobs(self) -> bool:
        with self._lock:
            jobs, self._jobs = self._jobs, []
            is_over = self._is_over
        for job in jobs:
            job()
        return not is_over

    def _watch(self, pod: _Pod) -> None:
        self._selector.register(pod.listener, selectors.EVENT_READ, pod)

    def _end(self, pod: _Pod) -> None:
        self._selector.unregister(pod.listener)
        pod.listener.close()
        for connection in list(pod.connections):
            self._drop(connection)

    def _accept(self, pod: _Pod) -> None:
        try:
            accepted, _ = pod.listener.accept()
        except OSError:  # it went again, or the pod has ended in this turn
            return
        if self._count >= MOST_CONNECTIONS:
            accepted.close()
            return
        accepted.setblocking(False)
        accepted.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection = _Connection(pod, accepted)
        pod.connections.add(connection)
        self._count += 1
        self._selector.register(accepted, selectors.EVENT_READ, connection)

    def _drop(self, connection: _Connection) -> None:
        if connection in connection.pod.connections:
            connection.pod.connections.discard(connection)
            self._count -= 1
            self._selector.unregister(connection.socket)
            connection.socket.close()

    def _turn(self, connection: _Connection) -> None:
        if connection not in connection.pod.connections:
            return  # dropped earlier in this turn
        try:
            if connection.going:
                self._send(connection)
            else:
                self._receive(connection)
        except OSError:
            self._drop(connection)

    def _receive(self, connection: _Connection) -> None:
        try:
            data = connection.socket.recv(_CHUNK)
        except BlockingIOError:
            return
        connection.came += data
        if not data or len(connection.came) > _LONGEST_HEAD * 8:
            self._drop(connection)
            return
        self._answer(connection)

    def _answer(self, connection: _Connection) -> None:
        while (request := parse(connection.came)) is not None:
            connection.came = connection.came[request.length :]
            connection.going += _answer(connection.pod, request)
            connection.is_last = request.header("connection").lower() == "close"
        if connection.going:
            self._send(connection)

    def _send(self, connection: _Connection) -> None:
        try:
            sent = connection.socket.send(connection.going)
        except BlockingIOError:
            sent = 0
        connection.going = connection.going[sent:]
        if not connection.going and connection.is_last:
            self._drop(connection)
            return
        events = selectors.EVENT_WRITE if connection.going else selectors.EVENT_READ
        self._selector.modify(connection.socket, events, connection)


def _nowhere(address: Address) -> str:
    """A port at which nobody listens: tcpmux of a loopback address of the target's own."""
    digest = hashlib.sha256(f"{address[0]}:{address[1]}".encode()).digest()
    return f"127.{digest[0] % 100 + 100}.{digest[1]}.{digest[2] % 254 + 1}:1"


def _text(listener: socket.socket) -> str:
    host, port = listener.getsockname()
    return f"{host}:{port}"


# ---------------------------------------------------------------- HTTP/1.1, as much as is needed


@dataclass(frozen=True, slots=True)
class Request:
    """A whole request; `length` is how many bytes it took."""

    method: str
    target: str
    headers: tuple[tuple[str, str], ...]
    body_bytes: int
    length: int

    def header(self, name: str) -> str:
        """A header's first value, empty if there is none."""
        return next((value for found, value in self.headers if found.lower() == name), "")


def parse(data: bytes) -> Request | None:
    """The first request, or None if it is not all there."""
    head, separator, rest = data.partition(b"\r\n\r\n")
    if not separator:
        return None
    first, *lines = head.decode("latin-1").split("\r\n")
    method, _, after = first.partition(" ")
    pairs = [line.partition(":") for line in lines]
    headers = tuple((name, value.strip()) for name, _, value in pairs)
    begun = Request(method, after.rpartition(" ")[0], headers, 0, len(head) + 4)
    if "chunked" in begun.header("transfer-encoding").lower():
        end = _end_of_chunks(rest)
    else:
        length = begun.header("content-length")
        end = int(length) if length.isdigit() else 0
    if end is None or len(rest) < end:
        return None
    return Request(method, begun.target, headers, end, begun.length + end)


def _end_of_chunks(data: bytes) -> int | None:
    at = 0
    while True:
        line, separator, _ = data[at:].partition(b"\r\n")
        if not separator:
            return None
        size = int(line.split(b";")[0] or b"0", 16)
        at += len(line) + 2 + size + 2
        if size == 0:
            return at


def _answer(pod: _Pod, request: Request) -> bytes:
    seen: dict[str, Any] = {
        "pod": pod.name,
        "address": f"{pod.address[0]}:{pod.address[1]}",
        "method": request.method,
        "path": request.target,
        "host": request.header("host"),
        "headers": [list(pair) for pair in request.headers],
        "body_bytes": request.body_bytes,
    }
    body = json.dumps(seen).encode() + b"\n"
    status = HTTPStatus.OK
    head = (
        f"HTTP/1.1 {status.value} {status.phrase}\r\n"
        f"Content-Type: application/json\r\nX-Pod: {pod.name}\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    )
    return head.encode("latin-1") + (b"" if request.method == "HEAD" else body)
