"""The small HTTP servers of the process: probes and metrics."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from http.server import BaseHTTPRequestHandler
from typing import ClassVar, NamedTuple, TypeAlias

import structlog
from prometheus_client import REGISTRY, CollectorRegistry
from prometheus_client.exposition import choose_encoder

from alb_controller.runtime.connections import Limits
from alb_controller.runtime.listening import Handler, HttpServer, Listener
from alb_controller.settings import BindAddress

PROBE_LIMITS = Limits(connections=64)
SCRAPE_LIMITS = Limits(connections=16)
"""Each may hold a whole answer, some MiB in a large cluster."""

_log = structlog.get_logger(__name__)


class Reply(NamedTuple):
    """What a path answers."""

    status: int
    text: str | bytes
    content_type: str = "text/plain; charset=utf-8"


Route: TypeAlias = Callable[[str], Reply]
"""From a request's Accept header to its reply; must be quick."""


def health_routes(
    *,
    not_ready: Callable[[], str],
    is_idle: Callable[[], bool],
    broken: Callable[[], str],
) -> dict[str, Route]:
    """/healthz, /readyz and /debug/idle.

    `not_ready` says why the process cannot do its work yet; `broken` why it never will, so that
    only a new process helps; each nothing when all is well.
    """

    def ok_without(reason_of: Callable[[], str]) -> Route:
        def route(_: str) -> Reply:
            reason = reason_of()
            return Reply(503, reason) if reason else Reply(200, "ok")

        return route

    def idle(_: str) -> Reply:
        return Reply(200, "idle") if is_idle() else Reply(503, "busy")

    return {
        "/healthz": ok_without(broken),
        "/readyz": ok_without(not_ready),
        "/debug/idle": idle,
    }


def metrics_routes(registry: CollectorRegistry = REGISTRY) -> dict[str, Route]:
    """/metrics, in the format that the scraper asks for; for one scraper at a time.

    All of it is computed in Python: many at once would hold up the probes.
    """
    turn = threading.Lock()

    def metrics(accept: str) -> Reply:
        encode, content_type = choose_encoder(accept)
        with turn:
            return Reply(200, encode(registry), content_type)

    return {"/metrics": metrics}


class Server(Listener):
    """Answers GET and HEAD on its paths."""

    def __init__(
        self,
        flag: str,
        address: BindAddress,
        routes: Mapping[str, Route],
        limits: Limits = PROBE_LIMITS,
    ) -> None:
        handler = type("Handler", (_Handler,), {"routes": dict(routes)})
        super().__init__(flag, address, lambda name: HttpServer(name, address, handler, limits))


class _Handler(Handler, BaseHTTPRequestHandler):
    routes: ClassVar[Mapping[str, Route]] = {}

    def do_GET(self) -> None:
        self._serve()

    def do_HEAD(self) -> None:
        self._serve()

    def _serve(self) -> None:
        self.client.work()
        reply = self._reply()
        body = reply.text.encode() if isinstance(reply.text, str) else reply.text
        self.answer(reply.status, body, reply.content_type)

    def _reply(self) -> Reply:
        route = self.routes.get(self.path.partition("?")[0])
        if route is None:
            return Reply(404, "not found")
        try:
            return route(self.headers.get("Accept", ""))
        except Exception:  # noqa: BLE001  # a probe must be answered whatever its check does
            _log.exception("http_reply_failed", path=self.path)
            return Reply(500, "internal error")
