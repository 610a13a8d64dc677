"""A moto server that logs every AWS call it receives as a JSON line, with moto's gaps mended.

    python -m tests.conformance.moto_server LOGFILE        prints its URL and serves

A line: {"t": seconds, "svc": service, "op": operation, "status": HTTP status}. It listens on a free
port of loopback.
"""

from __future__ import annotations

import io
import json
import os
import sys
import threading
import time
import urllib.parse
from collections.abc import Iterable
from pathlib import Path
from typing import IO, Any

os.environ.setdefault("MOTO_ACM_VALIDATION_WAIT", "0")  # certificates are issued at once

from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import WSGIRequestHandler, make_server

from tests.conformance import moto_truth

Environ = dict[str, Any]
INTERNAL = "/moto-api"


class Recorder:
    """A WSGI application round moto's that writes down what was asked."""

    def __init__(self, log: IO[str]) -> None:
        self.moto = DomainDispatcherApplication(create_backend_app)
        self.log, self.lock, self.started = log, threading.Lock(), time.monotonic()

    def __call__(self, environ: Environ, start_response: Any) -> Iterable[bytes]:
        """Answer as moto does; a missing operation is 501 instead of a broken connection."""
        statuses: list[str] = []

        def note(status: str, *more: Any) -> Any:
            statuses.append(status)
            return start_response(status, *more)

        operation = _operation(environ)
        try:
            answer: Iterable[bytes] = self.moto(environ, note)
        except NotImplementedError as error:
            note("501 Not Implemented", [("Content-Type", "application/x-amz-json-1.1")])
            answer = [json.dumps({"__type": "NotImplemented", "message": str(error)}).encode()]
        if not environ.get("PATH_INFO", "").startswith(INTERNAL):
            self._write(_service(environ), operation, statuses[-1][:3] if statuses else "")
        return answer

    def _write(self, service: str, operation: str, status: str) -> None:
        seconds = round(time.monotonic() - self.started, 3)
        line = {"t": seconds, "svc": service, "op": operation, "status": status}
        with self.lock:
            self.log.write(json.dumps(line) + "\n")


def _service(environ: Environ) -> str:
    parts = environ.get("HTTP_AUTHORIZATION", "").partition("Credential=")[2].split("/")
    return str(parts[3] if len(parts) > 3 else environ.get("HTTP_HOST", ""))


def _operation(environ: Environ) -> str:
    """The AWS operation, from the JSON protocol's header or the query protocol's body."""
    target = environ.get("HTTP_X_AMZ_TARGET")
    if target:
        return str(target.rpartition(".")[2])
    body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
    environ["wsgi.input"] = io.BytesIO(body)
    fields = urllib.parse.parse_qs(body.decode(errors="replace"))
    rest = f"{environ.get('REQUEST_METHOD')} {environ.get('PATH_INFO')}"
    return str(fields.get("Action", [rest])[0])


class _Quiet(WSGIRequestHandler):
    def log(self, type: str, message: str, *args: object) -> None:  # noqa: A002  # werkzeug's name
        """Nothing: the log file says it."""


def main() -> None:
    """Serve until the process is ended."""
    moto_truth.mend()
    with Path(sys.argv[1]).open("a", buffering=1) as log:
        server = make_server("127.0.0.1", 0, Recorder(log), threaded=True, request_handler=_Quiet)
        print(f"http://127.0.0.1:{server.server_port}", flush=True)
        server.serve_forever()


if __name__ == "__main__":
    main()
