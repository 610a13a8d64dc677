"""A front before moto: notes each call with its parameters, and fails those that a test names.

front.fail("CreateRule", code="Throttling", times=2)     # refused, nothing reaches moto
front.lose_answer("CreateLoadBalancer")                  # done by moto, the answer is cut off
front.hold("CreateListener")                             # waits until release()
front.delay_seconds = 0.05                               # for every call, as on the way to AWS
"""

from __future__ import annotations

import http.client
import socket
import threading
import time
import urllib.parse
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import ClassVar

import msgspec

from tests.waiting import until

READS = ("Describe", "Get", "List")


class Call(msgspec.Struct, frozen=True, kw_only=True):
    """One call as it was answered; `params` as AWS's query protocol writes them."""

    at: float
    """When it was answered; monotonic seconds."""
    began: float
    operation: str
    params: dict[str, str]
    status: int
    is_fault: bool = False
    """Refused on purpose; moto has not seen it."""

    @property
    def is_write(self) -> bool:
        return not self.operation.startswith(READS)

    @property
    def is_done(self) -> bool:
        return self.status == 200

    def values(self, prefix: str) -> list[str]:
        """The values of the parameters that begin so, in their order."""
        return [value for name, value in self.params.items() if name.startswith(prefix)]


class _Fault(msgspec.Struct, kw_only=True):
    operation: str
    left: int
    code: str = ""
    status: int = 400
    message: str = "as asked"
    kind: str = "answer"


class AwsFront:
    """Listens on loopback; one for any number of tests, which each `reset` it."""

    def __init__(self, backend: str) -> None:
        self.backend = urllib.parse.urlsplit(backend).netloc
        self.calls: list[Call] = []
        self.on_write: Callable[[Call], None] | None = None
        """Called after each write that took effect, before its answer is sent."""
        self.delay_seconds = 0.0
        self._lock = threading.Lock()
        self._faults: list[_Fault] = []
        self._released = threading.Event()
        self._under_way = 0
        self._http = ThreadingHTTPServer(
            ("127.0.0.1", 0), type("Handler", (_Handler,), {"owner": self})
        )
        self._http.daemon_threads = True

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._http.server_address[1]}"

    def reset(self) -> None:
        """No faults, no calls, none on its way either: a killed controller may have left some."""
        self.release()
        until(lambda: not self._under_way)
        self.on_write, self.delay_seconds = None, 0.0
        with self._lock:
            self.calls = []

    def fail(
        self, operation: str, *, code: str, status: int = 400, times: int = 1 << 30, text: str = ""
    ) -> None:
        """Answer such calls with an error; an operation may end in `*`."""
        self._add(operation, times, code=code, status=status, message=text or "as asked")

    def lose_answer(self, operation: str, *, times: int = 1) -> None:
        """Do it and cut the connection instead of answering."""
        self._add(operation, times, kind="lose")

    def hold(self, operation: str, *, times: int = 1) -> None:
        """Let such calls wait until `release`."""
        self._released.clear()
        self._add(operation, times, kind="hold")

    @property
    def is_holding(self) -> bool:
        """Whether a call waits, so that its caller waits for an answer."""
        with self._lock:
            return any(fault.kind == "hold" and not fault.left for fault in self._faults)

    def release(self) -> None:
        """No more faults; what is held goes on."""
        with self._lock:
            self._faults.clear()
        self._released.set()

    def writes(self, since: int = 0) -> list[Call]:
        """The calls that change something and took effect, from a position on."""
        return [call for call in self.calls[since:] if call.is_write and call.is_done]

    def operations(self, since: int = 0) -> list[str]:
        """What was asked for, reads and refused calls included."""
        return [call.operation for call in self.calls[since:]]

    def _add(self, operation: str, times: int, **fields: object) -> None:
        fault = msgspec.convert({"operation": operation, "left": times, **fields}, _Fault)
        with self._lock:
            self._faults.append(fault)

    # ---- for the server

    def meet(self, operation: str) -> _Fault | None:
        """The fault that this call meets."""
        with self._lock:
            for fault in self._faults:
                if fault.left and _fits(fault.operation, operation):
                    fault.left -= 1
                    return fault
        return None

    @contextmanager
    def passing(self) -> Iterator[None]:
        """A call is on its way for as long as the block."""
        with self._lock:
            self._under_way += 1
        try:
            yield
        finally:
            with self._lock:
                self._under_way -= 1

    def wait_for_release(self) -> None:
        """For at most a minute, so that no thread outlives its test for long."""
        self._released.wait(60)

    def note(self, call: Call) -> None:
        """Remember a call that was answered just now."""
        call = msgspec.structs.replace(call, at=time.monotonic())
        with self._lock:
            self.calls.append(call)
        if self.on_write is not None and call.is_write and call.is_done:
            self.on_write(call)

    @contextmanager
    def serving(self) -> Iterator[AwsFront]:
        """Serve for as long as the block."""
        thread = threading.Thread(target=self._http.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        try:
            yield self
        finally:
            self.release()
            self._http.shutdown()
            self._http.server_close()
            thread.join()


def _fits(pattern: str, operation: str) -> bool:
    if pattern.endswith("*"):
        return operation.startswith(pattern[:-1])
    return pattern == operation


class _Handler(BaseHTTPRequestHandler):
    """One connection; a subclass says whose."""

    protocol_version = "HTTP/1.1"
    owner: ClassVar[AwsFront]

    def do_POST(self) -> None:
        with self.owner.passing():
            self._serve()

    def _serve(self) -> None:
        began = time.monotonic()
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        params = dict(urllib.parse.parse_qsl(body.decode(), keep_blank_values=True))
        target = self.headers.get("X-Amz-Target", "")  # of services that speak JSON
        operation = params.pop("Action", target.rpartition(".")[2])
        call = Call(at=began, began=began, operation=operation, params=params, status=0)
        fault = self.owner.meet(operation)
        time.sleep(self.owner.delay_seconds)
        if fault is not None and fault.kind == "hold":
            self.owner.wait_for_release()
        if fault is not None and fault.kind == "answer":
            self.owner.note(msgspec.structs.replace(call, status=fault.status, is_fault=True))
            self._send(fault.status, _xml(fault, is_ec2="2016-11-15" in params.values()))
            return
        status, answer = self._forward(body)
        self.owner.note(msgspec.structs.replace(call, status=status))
        if fault is not None and fault.kind == "lose":
            self.close_connection = True
            self.connection.shutdown(socket.SHUT_RDWR)
        else:
            self._send(status, answer)

    def _forward(self, body: bytes) -> tuple[int, bytes]:
        kept = ("host", "connection", "content-length", "transfer-encoding", "expect")
        headers = {k: v for k, v in self.headers.items() if k.lower() not in kept}
        backend = http.client.HTTPConnection(self.owner.backend, timeout=30)
        backend.request("POST", self.path, body, headers)
        answer = backend.getresponse()
        data = answer.read()
        backend.close()
        return answer.status, data

    def _send(self, status: int, body: bytes) -> None:
        try:
            self.send_response(status)
            self.send_header("Content-Type", "text/xml")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)
        except OSError:
            self.close_connection = True  # the caller has gone

    def log_message(self, *_: object, **__: object) -> None:
        pass


def _xml(fault: _Fault, *, is_ec2: bool) -> bytes:
    error = f"<Error><Code>{fault.code}</Code><Message>{fault.message}</Message></Error>"
    if is_ec2:
        text = f"<Response><Errors>{error}</Errors><RequestID>request-1</RequestID></Response>"
    else:
        text = f"<ErrorResponse>{error}<RequestId>request-1</RequestId></ErrorResponse>"
    return text.encode()
