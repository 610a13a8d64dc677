"""A local AWS over HTTP on loopback: moto, made truthful, in threads of this process.

    with AwsServer() as aws:
        aws.url                      # for AWS_ENDPOINT_URL
        aws.calls                    # what was asked
        aws.faults.throttle("CreateRule")

moto keeps its state in this process: two servers show the same account. Calls are answered one
after the other, since moto's backends are not thread-safe and AWS's answers are consistent.
"""

from __future__ import annotations

import io
import os
import socket
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable
from types import TracebackType
from typing import Any, Self

os.environ.setdefault("MOTO_ACM_VALIDATION_WAIT", "0")  # certificates are issued at once

from moto import backends
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import ThreadedWSGIServer, WSGIRequestHandler

from alb_controller.sandbox.connections import CuttableServer

from . import moto_patches, waf_classic
from .calls import Call, Operation, read_operation
from .errors import Refusal, refuse
from .faults import Faults, Kind
from .keeping import KeptState, empty
from .reading import read_document

_SERVICES = tuple(backends.list_of_moto_modules())
backends.list_of_moto_modules = lambda: _SERVICES  # moto reads its folder for each request
CALLS_REMEMBERED = 20_000
_INTERNAL = "/moto-api"
_KEEP, _BRING_BACK = "/local-aws/keep", "/local-aws/bring-back"


class AwsServer:
    """One local AWS. The state outlives `stop`; `reset` empties it."""

    def __init__(
        self, *, port: int = 0, observe: Callable[[Call], None] = lambda _call: None
    ) -> None:
        """`observe` is called for each call when it is answered."""
        moto_patches.apply_patches()
        self._observe = observe
        self.calls: deque[Call] = deque(maxlen=CALLS_REMEMBERED)
        self.faults = Faults()
        self._port = port
        self._lock = threading.Lock()
        self._moto = DomainDispatcherApplication(_create_application)
        self._kept: KeptState | None = None
        self._http: _HttpServer | None = None
        self._thread: threading.Thread | None = None

    @property
    def url(self) -> str:
        """Where it listens; known once it was started."""
        return f"http://127.0.0.1:{self._port}"

    def start(self) -> Self:
        """Listen, in threads of its own. Raises OSError if the port is taken."""
        http = _HttpServer(self._port, self._answer)
        self._http, self._port = http, http.port
        self._thread = threading.Thread(
            target=http.serve_forever, kwargs={"poll_interval": 0.02}, name="aws", daemon=True
        )
        self._thread.start()
        return self

    @property
    def is_serving(self) -> bool:
        """Whether it listens."""
        return self._thread is not None and self._thread.is_alive()

    def stop(self) -> None:
        """Refuse new connections and cut open ones."""
        http, self._http = self._http, None
        if http:
            self.faults.release()
            http.shutdown()
            http.server_close()
            http.cut_connections()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stop()

    def reset(self) -> None:
        """Empty every account, forget the calls, and number ids from the start again."""
        with self._lock:
            empty()
            self._kept = None
            self.calls.clear()

    def keep(self) -> bool:
        """Remember the state as it is now, for `bring_back`; always True."""
        with self._lock:
            self._kept = KeptState()
            return True

    def bring_back(self) -> bool:
        """Make the state what it was at `keep`; False if nothing was kept."""
        with self._lock:
            if self._kept is None:
                return False
            self._kept.bring_back()
            self.calls.clear()
            return True

    def read_document(self) -> dict[str, Any]:
        """What load balancers there are, as a state document; no call is counted."""
        with self._lock:
            return read_document()

    # ------------------------------------------------------------ answering

    def _answer(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        length = int(environ.get("CONTENT_LENGTH") or 0)
        body = environ["wsgi.input"].read(length)
        if len(body) < length:  # the client died while it sent: AWS never saw a call
            raise ConnectionAbortedError
        environ["wsgi.input"] = io.BytesIO(body)
        operation, path = read_operation(environ, body), environ.get("PATH_INFO", "")
        if path in (_KEEP, _BRING_BACK):
            answer = _Answer.of(self._keep_or_bring_back(path))
        elif path.startswith(_INTERNAL):
            answer = self._ask_moto(environ, operation)
        else:
            answer = self._answer_call(environ, operation)
        start_response(answer.status, answer.headers)
        return [answer.body]

    def _keep_or_bring_back(self, path: str) -> Refusal:
        done = self.bring_back() if path == _BRING_BACK else self.keep()
        return Refusal(200 if done else 409, "text/plain", b"")

    def _answer_call(self, environ: dict[str, Any], operation: Operation) -> _Answer:
        began = time.monotonic()
        fault = self.faults.meet(operation.name)
        if fault is not None and fault.kind is Kind.REFUSED:
            text = "an error that was asked for"
            answer = _Answer.of(refuse(operation, fault.status, fault.code, text))
        else:
            answer = self._ask_moto(environ, operation)
        lost = fault is not None and fault.kind is Kind.ANSWER_LOST
        status = 0 if lost else int(answer.status[:3])
        seconds = time.monotonic() - began
        agent = str(environ.get("HTTP_USER_AGENT", ""))
        call = Call(operation.service, operation.name, operation.params, status, seconds, agent)
        self.calls.append(call)
        self._observe(call)
        if lost:
            environ["werkzeug.socket"].shutdown(socket.SHUT_RDWR)
            raise ConnectionAbortedError
        return answer

    def _ask_moto(self, environ: dict[str, Any], operation: Operation) -> _Answer:
        """moto's answer; what it lacks or breaks on is an error of AWS's form, not a web page."""
        answer = _Answer()
        with self._lock:
            if operation.service == waf_classic.SERVICE:
                return _Answer.of(waf_classic.answer(operation))
            try:
                answer.body = b"".join(self._moto(environ, answer.begin))
            except NotImplementedError as error:
                return _Answer.of(refuse(operation, 501, "NotImplemented", str(error)))
            except Exception as error:  # noqa: BLE001  # moto's bugs are of every class
                text = f"the local AWS broke: {type(error).__name__}: {error}"
                return _Answer.of(refuse(operation, 500, "InternalFailure", text))
        return answer


def _create_application(service: Any) -> Any:
    application = create_backend_app(service)
    application.config["PROPAGATE_EXCEPTIONS"] = True
    return application


class _Answer:
    """A WSGI answer, kept until it may be sent."""

    def __init__(self) -> None:
        self.status = ""
        self.headers: list[tuple[str, str]] = []
        self.body = b""

    def begin(self, status: str, headers: list[tuple[str, str]], _exc_info: Any = None) -> Any:
        self.status, self.headers = status, headers
        return lambda _data: None

    @classmethod
    def of(cls, refusal: Refusal) -> Self:
        """An error as an answer."""
        answer = cls()
        length = str(len(refusal.body))
        answer.begin(
            f"{refusal.status} Refused",
            [("Content-Type", refusal.content_type), ("Content-Length", length)],
        )
        answer.body = refusal.body
        return answer


class _Handler(WSGIRequestHandler):
    protocol_version = "HTTP/1.1"

    def log(self, *_: object) -> None:
        """Nothing: `calls` says it."""


class _HttpServer(CuttableServer, ThreadedWSGIServer):
    """A thread for each connection."""

    def __init__(self, port: int, application: Any) -> None:
        # bound here: werkzeug ends the process if the port is taken
        with socket.create_server(("127.0.0.1", port), backlog=128) as bound:
            super().__init__("127.0.0.1", port, application, handler=_Handler, fd=bound.fileno())
