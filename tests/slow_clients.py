"""Clients that do not finish what they begin, as a process of their own.

    python -m tests.slow_clients PORT PAUSE KIND=COUNT...

Each keeps one connection, and opens another when it is closed. A kind that ends in `-tls` shakes
hands first. They end with their standard input.
"""

from __future__ import annotations

import contextlib
import functools
import json
import os
import select
import socket
import ssl
import subprocess
import sys
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TypeAlias

AGAIN_SECONDS = 2.0
"""Before another connection is opened."""
NICE = 10
"""They are on other machines, and take no processor from the one that is attacked."""
LOOK_MILLISECONDS = 500
MIB = 1 << 20
REVIEW_PATH = "/validate-networking-v1-ingress"
_CLOSED = select.POLLRDHUP | select.POLLHUP | select.POLLERR

Pieces: TypeAlias = Iterator[tuple[bytes, float]]
"""What is sent, and how long to wait after it."""


@functools.cache
def review(paths: int) -> bytes:
    """A body about a new Ingress of so many paths, each of which is wrong throughout."""
    rules: list[object] = [{"http": {"paths": [{}] * paths}}]
    new = {
        "metadata": {"name": "w", "namespace": "shop"},
        "spec": {"ingressClassName": "alb", "rules": rules},
    }
    request = {"uid": "u", "operation": "CREATE", "namespace": "shop", "object": new}
    frame = {"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "request": request}
    return json.dumps(frame, separators=(",", ":")).encode()


def _whole(paths: int) -> bytes:
    body = review(paths)
    return _head(len(body)) + body


def _head(length: int) -> bytes:
    return (
        f"POST {REVIEW_PATH} HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n"
        f"Content-Length: {length}\r\n\r\n"
    ).encode()


def _hello() -> bytes:
    sent, context = ssl.MemoryBIO(), ssl.create_default_context()
    with contextlib.suppress(ssl.SSLWantReadError):
        context.wrap_bio(ssl.MemoryBIO(), sent, server_hostname="a").do_handshake()
    return sent.read()


def _silent(_: float) -> Pieces:
    return iter(())


def _handshake(pause: float) -> Pieces:
    return _bytewise(_hello(), pause)


def _drip(pause: float) -> Pieces:
    return _bytewise(_head(100) + b" " * 100, pause)


def _half(_: float) -> Pieces:
    yield _head(8 * MIB), 0
    for _ in range(7 * 16):
        yield b" " * (MIB // 16), 0


def _reader(_: float) -> Pieces:
    """Its answer is long, and not taken."""
    yield _whole(2000), 0


def _scraper(_: float) -> Pieces:
    """It asks on, and takes no answer."""
    for _ in range(1000):
        yield b"GET /metrics HTTP/1.1\r\nHost: a\r\n\r\n", 0.1


def _costly(_: float) -> Pieces:
    """Whole bodies of the shape that takes most memory, one after the other."""
    while True:
        for paths in (1000, 10_000, 100_000, 2_500_000):
            yield _whole(paths), 0.2


def _bytewise(data: bytes, pause: float) -> Pieces:
    for at in range(len(data)):
        yield data[at : at + 1], pause


KINDS: Mapping[str, Callable[[float], Pieces]] = {
    "silent": _silent,
    "handshake": _handshake,
    "drip": _drip,
    "half": _half,
    "reader": _reader,
    "scraper": _scraper,
    "costly": _costly,
}


class _Client(threading.Thread):
    def __init__(self, port: int, pause: float, kind: str) -> None:
        super().__init__(daemon=True)
        self._port, self._pause = port, pause
        name, _, self._tls = kind.partition("-")
        self._pieces = KINDS[name]

    def run(self) -> None:
        over = threading.Event()
        while True:
            with contextlib.suppress(OSError), self._connection() as client:
                for piece, pause in self._pieces(self._pause):
                    client.sendall(piece)
                    over.wait(pause)
                _await_end(client)
            over.wait(AGAIN_SECONDS)

    def _connection(self) -> socket.socket:
        plain = socket.socket()
        plain.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)  # answers stay with the server
        plain.settimeout(30)
        plain.connect(("127.0.0.1", self._port))
        if not self._tls:
            return plain
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        return context.wrap_socket(plain)


def _await_end(client: socket.socket) -> None:
    """It is not read: what has come may stay."""
    poll = select.poll()
    poll.register(client, _CLOSED)
    while not poll.poll(LOOK_MILLISECONDS):
        pass


@contextlib.contextmanager
def attacking(port: int, pause: float, **kinds: int) -> Iterator[None]:
    """So many clients of each kind (`drip_tls=3`), for as long as the block."""
    wanted = [f"{kind.replace('_', '-')}={count}" for kind, count in kinds.items()]
    command = [sys.executable, "-m", "tests.slow_clients", str(port), str(pause), *wanted]
    with subprocess.Popen(command, stdin=subprocess.PIPE) as process:
        try:
            yield
        finally:
            process.kill()


def main(port: str, pause: str, kinds: Iterable[str]) -> None:
    """Attack until the end of the standard input."""
    os.nice(NICE)
    for kind, _, count in (text.partition("=") for text in kinds):
        for _ in range(int(count)):
            _Client(int(port), float(pause), kind).start()
    sys.stdin.read()


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], sys.argv[3:])
