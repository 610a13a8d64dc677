"""The map from load balancers' DNS names to where their listeners are served, over HTTP."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

Places = Mapping[str, Mapping[str, str]]


class NamesServer:
    """Answers every GET with the map as it is now."""

    def __init__(self, places: Callable[[], Places], port: int = 0) -> None:
        """Raises OSError if the port is taken."""
        self._http = ThreadingHTTPServer(("127.0.0.1", port), _handler(places))
        self._http.daemon_threads = True
        self._thread = threading.Thread(
            target=self._http.serve_forever, args=(0.05,), name="names", daemon=True
        )

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self._http.server_address[1]}/"

    def start(self) -> None:
        """Answer, in threads of its own."""
        self._thread.start()

    def stop(self) -> None:
        """End."""
        if self._thread.ident is not None:
            self._http.shutdown()
        self._http.server_close()


def _handler(places: Callable[[], Places]) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        timeout = 30

        def do_GET(self) -> None:
            body = json.dumps(places()).encode() + b"\n"
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Nothing."""

    return Handler
