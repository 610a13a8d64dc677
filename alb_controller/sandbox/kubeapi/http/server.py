"""The embedded Kubernetes API over HTTPS on loopback.

    with ApiServer() as server:
        server.write_kubeconfig(path)          # kubectl --kubeconfig PATH get ingress
        server.api.list(server.registry.named("Pod"))   # the same objects, in process

HTTPS, because kubectl sends a token over TLS only. A random bearer token is demanded of every
request; a Host that is not loopback is refused, so that no web page can reach the server by a
name of its own (DNS rebinding).
"""

from __future__ import annotations

import base64
import secrets
import socket
import ssl
import threading
from collections import deque
from dataclasses import dataclass
from http.server import ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import yaml

from alb_controller.sandbox.connections import CuttableServer
from alb_controller.sandbox.kubeapi.api import ResourceApi, start_cluster
from alb_controller.sandbox.kubeapi.faults import Faults
from alb_controller.sandbox.kubeapi.http.certificates import make_identity
from alb_controller.sandbox.kubeapi.http.handler import Handler
from alb_controller.sandbox.kubeapi.http.routes import Route
from alb_controller.sandbox.kubeapi.kinds import Registry
from alb_controller.sandbox.kubeapi.store import Store

HANDSHAKE_SECONDS = 5.0
REQUESTS_REMEMBERED = 10_000


@dataclass(frozen=True, slots=True)
class RequestSeen:
    """One request as an audit log has it, for tests that count."""

    verb: str
    resource: str
    path: str
    code: int


class ApiServer:
    """One embedded API: `start`, `stop`, and `start` again with the state, the port and the token
    as they were.
    """

    def __init__(self, *, port: int = 0, store: Store | None = None) -> None:
        self.store = store or Store()
        self.registry = Registry()
        self.api = ResourceApi(self.store, self.registry)
        self.faults = Faults()
        self.token = secrets.token_urlsafe(32)
        self.requests: deque[RequestSeen] = deque(maxlen=REQUESTS_REMEMBERED)
        self._identity = make_identity()
        self._port = port
        self._http: _HttpServer | None = None
        start_cluster(self.api)

    @property
    def url(self) -> str:
        """Where it listens; known once it was started."""
        return f"https://127.0.0.1:{self._port}"

    @property
    def is_serving(self) -> bool:
        """Whether it listens."""
        return self._http is not None

    @property
    def ca_certificate(self) -> bytes:
        """What a client must trust, as PEM."""
        return self._identity.ca_pem

    def start(self) -> Self:
        """Listen, in threads of its own. Raises OSError if the port is taken."""
        http = _HttpServer(self._port, self, self._identity.context)
        self._http, self._port = http, http.server_address[1]
        threading.Thread(
            target=http.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True
        ).start()
        return self

    def stop(self) -> None:
        """Refuse new connections, cut open ones, end all watches. The state stays."""
        http, self._http = self._http, None
        if http:
            http.shutdown()
            http.server_close()
            self.store.close_subscriptions()
            http.cut_connections()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.faults.release()
        self.stop()

    def remember(self, method: str, path: str, code: int, route: Route | None) -> None:
        """Called by the connections for each answer."""
        verb, resource = (route.verb, route.kind.resource) if route else (method.lower(), "")
        self.requests.append(RequestSeen(verb, resource, path, code))

    def kubeconfig(self) -> dict[str, Any]:
        """A kubeconfig for the one user there is."""
        name = "alb-controller-sandbox"
        ca = base64.b64encode(self.ca_certificate).decode()
        return {
            "apiVersion": "v1",
            "kind": "Config",
            "current-context": name,
            "clusters": [
                {"name": name, "cluster": {"server": self.url, "certificate-authority-data": ca}}
            ],
            "users": [{"name": name, "user": {"token": self.token}}],
            "contexts": [{"name": name, "context": {"cluster": name, "user": name}}],
        }

    def write_kubeconfig(self, path: Path) -> Path:
        """Write the kubeconfig, readable by its owner alone."""
        path.touch(mode=0o600)
        path.chmod(0o600)
        path.write_text(yaml.safe_dump(self.kubeconfig(), sort_keys=False))
        return path


class _HttpServer(CuttableServer, ThreadingHTTPServer):
    """A thread for each connection; the TLS handshake runs there too, so that a silent client
    blocks nobody.
    """

    daemon_threads = True
    block_on_close = False
    request_queue_size = 128

    def __init__(self, port: int, owner: ApiServer, context: ssl.SSLContext) -> None:
        self.owner, self.context = owner, context
        super().__init__(("127.0.0.1", port), Handler)

    def wrap(self, connection: socket.socket) -> socket.socket:
        """Leave the handshake to the connection's thread."""
        connection.settimeout(HANDSHAKE_SECONDS)
        return self.context.wrap_socket(connection, server_side=True, do_handshake_on_connect=False)
