"""The address at which tests change the states of targets: `POST /states`."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self

import msgspec

from alb_controller.routing.state import State
from alb_controller.sandbox.failures import SandboxError

Json = dict[str, Any]
_LARGEST = 1 << 20


class StatesServer:
    """Takes changes one after the other; answers when the data plane follows them."""

    def __init__(self, state: State, follow: Callable[[State], None]) -> None:
        self._state, self._follow = state, follow
        self._lock = threading.Lock()
        self._http = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self._take))
        self._http.daemon_threads = True

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self._http.server_address[1]}"

    def __enter__(self) -> Self:
        threading.Thread(target=self._http.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._http.shutdown()
        self._http.server_close()

    def _take(self, changes: list[Json]) -> None:
        with self._lock:
            state = self._state
            for change in changes:
                state = changed(state, change)
            self._follow(state)
            self._state = state


def changed(state: State, change: Json) -> State:
    """The state in which a target has another one; groups by name or ARN. Raises KeyError."""
    names = {one.resource.name: one.identity for one in state.observed.target_groups}
    group = str(names.get(change["target_group"], change["target_group"]))
    targets = tuple(
        msgspec.structs.replace(one, state=change["state"])
        if one.target.id == str(change["target"])
        else one
        for one in state.targets[group]
    )
    return msgspec.structs.replace(state, targets={**state.targets, group: targets})


def _handler(take: Callable[[list[Json]], None]) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            length = min(int(self.headers.get("Content-Length") or 0), _LARGEST)
            body = self.rfile.read(length)
            if self.path != "/states":
                return self._answer(404, "POST /states is all there is")
            try:
                take(json.loads(body))
            except (ValueError, KeyError, TypeError, AttributeError, SandboxError) as error:
                return self._answer(400, f"{type(error).__name__}: {error}")
            return self._answer(200, "done")

        def _answer(self, status: int, text: str) -> None:
            body = f"{text}\n".encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Nothing."""

    return Handler
