"""One connection to the embedded API: HTTP in, verbs on the store, JSON out."""

from __future__ import annotations

import hmac
import re
import select
import ssl
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler
from typing import TYPE_CHECKING, Any

from alb_controller.sandbox.kubeapi.faults import InjectedError
from alb_controller.sandbox.kubeapi.http.bodies import MAX_BODY_BYTES, read_body, too_large
from alb_controller.sandbox.kubeapi.http.dispatch import (
    as_table,
    check_media_type,
    check_route,
    describe_server,
    dispatch,
    is_health_check,
    wants_table,
)
from alb_controller.sandbox.kubeapi.http.routes import Route, find_route, split_target
from alb_controller.sandbox.kubeapi.http.tables import table
from alb_controller.sandbox.kubeapi.schemas import encode_json
from alb_controller.sandbox.kubeapi.statuses import StatusError
from alb_controller.sandbox.kubeapi.watching import WatchEvent, watch

if TYPE_CHECKING:
    from alb_controller.sandbox.kubeapi.http.server import ApiServer

IDLE_SECONDS = 300.0
DISCARDED_BYTES = 16 * 1024 * 1024
TICK_SECONDS = 0.25  # how long an ended connection, or a fault, may go unseen by a quiet watch
_LOOPBACK = re.compile(r"(127\.0\.0\.1|localhost|\[::1\])(:\d+)?")
_TEXT = "text/plain; charset=utf-8"


class Handler(BaseHTTPRequestHandler):
    """Serves one connection; refusals of any kind become a `Status`."""

    protocol_version = "HTTP/1.1"
    timeout = IDLE_SECONDS
    server: Any
    route: Route | None = None
    code = 0

    @property
    def owner(self) -> ApiServer:
        """The server that this connection belongs to."""
        owner: ApiServer = self.server.owner
        return owner

    def setup(self) -> None:
        """Shake hands within the handshake's own time, then allow idling."""
        if isinstance(self.request, ssl.SSLSocket):
            self.request.do_handshake()
        super().setup()

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class names it so
        """No access log."""

    def do_GET(self) -> None:
        """Every method goes the same way."""
        self.route, self.code = None, 0
        try:
            content = self._read_content()
            self._check_caller()
            self._answer(content)
        except InjectedError as error:
            wait = {} if error.retry_after is None else {"Retry-After": str(error.retry_after)}
            self._send_json(error.code, error.body(), wait)
        except StatusError as error:
            self._send_json(error.code, error.body())
        except OSError:  # the client is gone
            self.close_connection = True
        except Exception as error:  # noqa: BLE001 - a bug of ours: the client learns of it, and the server lives
            body = StatusError(500, "InternalError", f"Internal error occurred: {error!r}").body()
            self._send_json(500, body)

    do_POST = do_PUT = do_PATCH = do_DELETE = do_GET  # noqa: N815 - the base class calls them so

    # ------------------------------------------------------------ the request

    def _read_content(self) -> bytes:
        length = int(self.headers.get("Content-Length") or 0)
        if length > MAX_BODY_BYTES:
            self.close_connection = True
            self._discard(min(length, DISCARDED_BYTES))
            raise too_large()
        content = self.rfile.read(length) if length else b""
        if len(content) < length:
            raise ConnectionAbortedError("the client died while it sent its request")
        return content

    def _discard(self, length: int) -> None:
        """Read on, so that a client that still writes comes to read the refusal."""
        while length > 0 and (part := self.rfile.read(min(length, 65536))):
            length -= len(part)

    def _check_caller(self) -> None:
        if not _LOOPBACK.fullmatch(self.headers.get("Host", "")):
            self.close_connection = True
            message = "this API answers to loopback names only"
            raise StatusError(421, "MisdirectedRequest", message)
        given = self.headers.get("Authorization", "")
        if not hmac.compare_digest(given.encode(), f"Bearer {self.owner.token}".encode()):
            raise StatusError(401, "Unauthorized", "Unauthorized")

    def _answer(self, content: bytes) -> None:
        registry, address = self.owner.registry, split_target(self.path)
        if is_health_check(address):
            self._send(200, b"ok", _TEXT)
            return
        about = describe_server(registry, address, self.headers.get("Host", ""))
        route = find_route(registry, self.command, address) if about is None else None
        if about is not None:
            self._send_json(200, about)
        elif route is None:
            self._send(404, b"404 page not found\n", _TEXT)
        else:
            self.route = route
            self._answer_route(route, content)

    def _answer_route(self, route: Route, content: bytes) -> None:
        self.owner.faults.meet(route.verb, route.kind.resource)
        check_route(route)
        if route.verb == "watch":
            self._watch(route)
            return
        media_type = (
            (self.headers.get("Content-Type") or "application/json").partition(";")[0].strip()
        )

        def read() -> Any:
            if not content:
                return {}
            check_media_type(route, media_type)
            return read_body(content, media_type, self.owner.registry, route.kind.name)

        answer = dispatch(self.owner.api, route, read, media_type)
        body = as_table(route, answer.body) if self._wants_table() else answer.body
        warnings = ", ".join(f'299 - "{_quoted(text)}"' for text in answer.warnings)
        self._send_json(answer.code, body, {"Warning": warnings} if warnings else {})

    def _wants_table(self) -> bool:
        return self.command == "GET" and wants_table(self.headers.get("Accept", ""))

    # ------------------------------------------------------------ the answer

    def _send_json(self, code: int, body: Any, headers: dict[str, str] | None = None) -> None:
        self._send(code, encode_json(body), "application/json", headers)

    def _send(
        self, code: int, body: bytes, media_type: str, headers: dict[str, str] | None = None
    ) -> None:
        self._send_head(
            code,
            {"Content-Type": media_type, "Content-Length": str(len(body)), **(headers or {})},
            body,
        )

    def _send_head(self, code: int, headers: dict[str, str], body: bytes = b"") -> None:
        """Status line, headers and what follows, in one write."""
        if self.close_connection:
            headers["Connection"] = "close"
        self.owner.remember(self.command, self.path, code, self.route)
        lines = [f"HTTP/1.1 {code} {self.responses.get(code, ('',))[0]}"]
        lines += [f"{name}: {value}" for name, value in headers.items()]
        self.wfile.write("\r\n".join([*lines, "", ""]).encode() + body)

    # ------------------------------------------------------------ watches

    def _watch(self, route: Route) -> None:
        """Stream events as chunks until the watch ends, the client goes, or a fault ends it."""
        options = route.watch_options()
        events = watch(
            self.owner.store, route.kind, route.namespace, options, tick_seconds=TICK_SECONDS
        )
        self._send_head(200, {"Content-Type": "application/json", "Transfer-Encoding": "chunked"})
        try:
            for frame in self._frames(route, events):
                self.wfile.write(b"%x\r\n%s\r\n" % (len(frame), frame))
            self.wfile.write(b"0\r\n\r\n")
        except OSError:  # the client is gone
            self.close_connection = True
        finally:
            events.close()

    def _frames(self, route: Route, events: Any) -> Iterator[bytes]:
        faults, resource = self.owner.faults, route.kind.resource
        epoch, as_rows = faults.watch_epoch, self._wants_table()
        for event in events:
            while faults.is_silent(resource) and not self._client_left():
                faults.wait_for_release(TICK_SECONDS)
            if faults.watch_epoch != epoch:
                error = faults.last_watch_error
                if error:
                    yield _frame("ERROR", encode_json(error.body()))
                return
            if event is not None:
                faults.wait_before_event()
                yield self._event_frame(route, event, as_rows=as_rows)
            elif self._client_left():
                self.close_connection = True
                return

    def _event_frame(self, route: Route, event: WatchEvent, *, as_rows: bool) -> bytes:
        if as_rows and event.type != "ERROR":
            bare = event.type == "BOOKMARK"
            rows = table(
                route.kind,
                [] if bare else [event.object],
                {"resourceVersion": event.object["metadata"]["resourceVersion"]},
                include_object=route.query.get("includeObject", "Metadata"),
            )
            return _frame(event.type, encode_json(rows))
        if event.change:
            return _frame(event.type, event.change.encoded(route.kind.api_version))
        return _frame(event.type, encode_json(event.object))

    def _client_left(self) -> bool:
        """A client says nothing during a watch; if its socket can be read, it is closing."""
        return bool(select.select([self.connection], [], [], 0)[0])


def _frame(kind: str, body: bytes) -> bytes:
    return b'{"type":"%s","object":%s}\n' % (kind.encode(), body)


def _quoted(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"')
