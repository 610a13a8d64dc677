"""An AWS endpoint on loopback that fails as a test says, one instruction a request."""

from __future__ import annotations

import socket
import threading
import urllib.parse
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import ClassVar

import msgspec


class Answer(msgspec.Struct, frozen=True):
    """What to send back; `hang` sends nothing until the server stops, `cut` closes at once."""

    status: int = 200
    code: str = ""
    message: str = "as asked"
    body: str = ""
    fault: str = ""


OK = Answer()
THROTTLED = Answer(400, "Throttling", "Rate exceeded")
BROKEN = Answer(500, "InternalFailure", "sorry")
GATEWAY = Answer(502, body="<html>bad gateway</html>")
HANG = Answer(fault="hang")
CUT = Answer(fault="cut")


class FaultyServer:
    """Answers with `script` in turn, and with its last entry from then on."""

    def __init__(self, *script: Answer) -> None:
        self.script = list(script)
        self.operations: list[str] = []
        self.lock = threading.Lock()
        self.stopping = threading.Event()
        self.http = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self.http.daemon_threads = True

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.http.server_address[1]}"

    def take(self, operation: str) -> Answer:
        with self.lock:
            self.operations.append(operation)
            return self.script.pop(0) if len(self.script) > 1 else self.script[0]


@contextmanager
def serving(*script: Answer) -> Iterator[FaultyServer]:
    """A running server; it is shut, and hanging requests are let go, at the end."""
    server = FaultyServer(*script)
    thread = threading.Thread(target=server.http.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield server
    finally:
        server.stopping.set()
        server.http.shutdown()
        server.http.server_close()
        thread.join()


def _handler(server: FaultyServer) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True
        owner: ClassVar[FaultyServer] = server

        def do_POST(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            fields = urllib.parse.parse_qs(self.rfile.read(length).decode())
            self._answer(self.owner.take(fields["Action"][0]), fields["Action"][0])

        def _answer(self, answer: Answer, operation: str) -> None:
            if answer.fault:
                if answer.fault == "hang":
                    self.owner.stopping.wait(10)
                self.close_connection = True
                self.connection.shutdown(socket.SHUT_RDWR)
                return
            body = (answer.body or _xml(answer, operation)).encode()
            self.send_response(answer.status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object, **__: object) -> None:
            pass

    return Handler


def _xml(answer: Answer, operation: str) -> str:
    if answer.code:
        error = f"<Error><Code>{answer.code}</Code><Message>{answer.message}</Message></Error>"
        return f"<ErrorResponse>{error}<RequestId>request-1</RequestId></ErrorResponse>"
    result = f"<{operation}Result/><ResponseMetadata><RequestId>r</RequestId></ResponseMetadata>"
    return f"<{operation}Response>{result}</{operation}Response>"
