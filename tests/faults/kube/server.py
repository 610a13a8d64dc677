"""A small Kubernetes API over real HTTP on loopback, which fails as a test tells it to.

It keeps objects by path as JSON, with versions, and answers list, watch, get, create, update,
merge patch and delete; enough for reflectors, the writer and the Lease. A script of faults says
what happens to requests instead.
"""

from __future__ import annotations

import contextlib
import json
import queue
import socket
import threading
import uuid
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple
from urllib.parse import parse_qsl, urlsplit

HANG = "hang"
"""Take the request and never answer."""
CUT = "cut"
"""Close the connection without an answer."""
DONE = "done"
"""As a watch's line: end the watch properly."""


class Request(NamedTuple):
    """What arrived."""

    method: str
    path: str
    query: dict[str, str]
    body: Any
    content_type: str
    token: str

    @property
    def is_watch(self) -> bool:
        return "watch" in self.query


class Answer(NamedTuple):
    """A fixed answer instead of the real one."""

    status: int
    body: bytes


Fault = Callable[[Request], "Answer | str | None"]
"""What happens to a request: an Answer, HANG, CUT, or None for the real answer."""


def status(code: int, reason: str, message: str = "") -> Answer:
    """A Status as the API sends it."""
    body = {"kind": "Status", "status": "Failure", "code": code, "reason": reason}
    return Answer(code, json.dumps(body | {"message": message or reason}).encode())


class ApiServer:
    """The server; `requests` is what arrived, `fault` decides about each, watches are fed live."""

    def __init__(self) -> None:
        self.objects: dict[str, dict[str, Any]] = {}
        self.requests: list[Request] = []
        self.clients: set[tuple[str, int]] = set()
        self.fault: Fault = lambda _: None
        self.watches: list[Watch] = []
        self.version = 100
        self.released = threading.Event()
        self.lock = threading.RLock()
        self._connections: list[socket.socket] = []
        self._start(0)

    def _start(self, port: int) -> None:
        handler = type("Handler", (_Handler,), {"api": self})
        self._server = ThreadingHTTPServer(("127.0.0.1", port), handler)
        self._server.daemon_threads = True
        self._server.block_on_close = False
        self.port = self._server.server_address[1]
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def stop(self) -> None:
        """Refuse connections from now on, and break those that are open."""
        self._server.shutdown()
        self._server.server_close()
        self.released.set()
        for watch in list(self.watches):
            watch.cut()
        for connection in self._connections:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def restart(self) -> None:
        """Serve again on the same port."""
        self._connections = []
        self.released = threading.Event()
        self._start(self.port)

    def keep(self, connection: socket.socket) -> None:
        self._connections.append(connection)

    def count(self, method: str = "GET", *, watch: bool | None = None) -> int:
        """How many requests of that sort arrived."""
        return len(
            [
                r
                for r in list(self.requests)
                if r.method == method and (watch is None or r.is_watch == watch)
            ]
        )

    def put(self, path: str, obj: dict[str, Any]) -> dict[str, Any]:
        """Store an object as somebody else would, and tell the watches."""
        with self.lock:
            known = self.objects.get(path)
            self.version += 1
            metadata = dict(obj.get("metadata", {}))
            metadata.setdefault("name", path.rsplit("/", 1)[1])
            parts = path.split("/")
            if "namespaces" in parts[:-2]:
                metadata.setdefault("namespace", parts[parts.index("namespaces") + 1])
            metadata["uid"] = known["metadata"]["uid"] if known else str(uuid.uuid4())
            metadata["resourceVersion"] = str(self.version)
            stored = {**obj, "metadata": metadata}
            self.objects[path] = stored
            self.report("MODIFIED" if known else "ADDED", stored)
            return stored

    def remove(self, path: str) -> dict[str, Any]:
        """Delete an object, and tell the watches."""
        with self.lock:
            self.version += 1
            gone = self.objects.pop(path)
            gone = {**gone, "metadata": gone["metadata"] | {"resourceVersion": str(self.version)}}
            self.report("DELETED", gone)
            return gone

    def report(self, type_: str, obj: dict[str, Any]) -> None:
        """Send one event on every open watch."""
        for watch in list(self.watches):
            watch.send({"type": type_, "object": obj})


class Watch:
    """One open watch, and the request that opened it."""

    def __init__(self, request: Request) -> None:
        self.request = request
        self._lines: queue.Queue[bytes | str] = queue.Queue()

    def send(self, event: dict[str, Any] | bytes) -> None:
        """One event, or a line as it is."""
        self._lines.put(event if isinstance(event, bytes) else json.dumps(event).encode())

    def end(self) -> None:
        """End properly, as when timeoutSeconds are over."""
        self._lines.put(DONE)

    def cut(self) -> None:
        """Break the connection in the middle."""
        self._lines.put(CUT)

    def __iter__(self) -> Iterator[bytes | str]:
        return iter(self._lines.get, None)


class _Handler(BaseHTTPRequestHandler):
    api: ApiServer
    protocol_version = "HTTP/1.1"
    timeout = 30

    def do_GET(self) -> None:
        self._serve()

    def do_POST(self) -> None:
        self._serve()

    def do_PUT(self) -> None:
        self._serve()

    def do_PATCH(self) -> None:
        self._serve()

    def do_DELETE(self) -> None:
        self._serve()

    def _serve(self) -> None:
        api = self.api
        api.keep(self.connection)
        api.clients.add(self.client_address)
        parts = urlsplit(self.path)
        data = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        request = Request(
            self.command,
            parts.path,
            dict(parse_qsl(parts.query)),
            json.loads(data) if data else None,
            self.headers.get("Content-Type", ""),
            self.headers.get("Authorization", "").removeprefix("Bearer "),
        )
        api.requests.append(request)
        injected = api.fault(request)
        if isinstance(injected, str):
            if injected == HANG:
                api.released.wait(30)
            self.close_connection = True
        elif injected is not None:
            self._send(injected)
        elif request.is_watch:
            self._watch(request)
        else:
            with api.lock:
                answer = _REAL[request.method](api, request)
            self._send(answer)

    def _send(self, answer: Answer) -> None:
        self.send_response(answer.status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(answer.body)))
        self.end_headers()
        self.wfile.write(answer.body)

    def _watch(self, request: Request) -> None:
        watch = Watch(request)
        self.api.watches.append(watch)  # before the answer: who has it may feed the watch
        self.send_response(200)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        try:
            for line in watch:
                if isinstance(line, str):
                    break
                self.wfile.write(b"%x\r\n%s\n\r\n" % (len(line) + 1, line))
            if line == DONE:
                self.wfile.write(b"0\r\n\r\n")
        except OSError:
            pass
        finally:
            self.api.watches.remove(watch)
            self.close_connection = True

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  # the base's name
        pass


def _json(obj: dict[str, Any], code: int = 200) -> Answer:
    return Answer(code, json.dumps(obj).encode())


def _get(api: ApiServer, request: Request) -> Answer:
    if request.path in api.objects:
        return _json(api.objects[request.path])
    items = [o for p, o in sorted(api.objects.items()) if p.rsplit("/", 1)[0] == request.path]
    if not items and "limit" not in request.query:
        return status(404, "NotFound")
    offset = int(request.query.get("continue", 0))
    limit = int(request.query.get("limit", 10**6))
    metadata = {"resourceVersion": str(api.version)}
    if offset + limit < len(items):
        metadata["continue"] = str(offset + limit)
    return _json({"kind": "List", "metadata": metadata, "items": items[offset : offset + limit]})


def _post(api: ApiServer, request: Request) -> Answer:
    path = f"{request.path}/{request.body['metadata']['name']}"
    if path in api.objects:
        return status(409, "AlreadyExists", f"{path} already exists")
    return _json(api.put(path, request.body), 201)


def _put(api: ApiServer, request: Request) -> Answer:
    known = api.objects.get(request.path)
    if known is None:
        return status(404, "NotFound")
    if request.body["metadata"].get("resourceVersion") != known["metadata"]["resourceVersion"]:
        return status(409, "Conflict", "the object has been modified")
    return _json(api.put(request.path, request.body))


def _patch(api: ApiServer, request: Request) -> Answer:
    path = request.path.removesuffix("/status")
    known = api.objects.get(path)
    if known is None:
        return status(404, "NotFound")
    wanted = request.body.get("metadata", {})
    version = wanted.get("resourceVersion", known["metadata"]["resourceVersion"])
    if version != known["metadata"]["resourceVersion"]:
        return status(409, "Conflict", "the object has been modified")
    if wanted.get("uid", known["metadata"]["uid"]) != known["metadata"]["uid"]:
        return status(409, "Conflict", "Precondition failed: UID in precondition")
    stored = api.put(path, _merge(known, request.body))
    if "deletionTimestamp" in stored["metadata"] and not stored["metadata"].get("finalizers"):
        api.remove(path)
    return _json(stored)


def _delete(api: ApiServer, request: Request) -> Answer:
    known = api.objects.get(request.path)
    if known is None:
        return status(404, "NotFound")
    uid = (request.body or {}).get("preconditions", {}).get("uid")
    if uid is not None and uid != known["metadata"]["uid"]:
        return status(409, "Conflict", "Precondition failed: UID in precondition")
    if known["metadata"].get("finalizers"):
        deleting = {"metadata": {"deletionTimestamp": "2026-01-01T00:00:00Z"}}
        return _json(api.put(request.path, _merge(known, deleting)))
    api.remove(request.path)
    return _json({"kind": "Status", "status": "Success"})


def _merge(old: Any, patch: Any) -> Any:
    """RFC 7386."""
    if not isinstance(patch, dict) or not isinstance(old, dict):
        return patch
    merged = {**old}
    for key, value in patch.items():
        if value is None:
            merged.pop(key, None)
        else:
            merged[key] = _merge(merged.get(key), value)
    return merged


_REAL: dict[str, Callable[[ApiServer, Request], Answer]] = {
    "GET": _get,
    "POST": _post,
    "PUT": _put,
    "PATCH": _patch,
    "DELETE": _delete,
}
