"""A webhook server over real HTTPS on loopback, and its clients."""

from __future__ import annotations

import contextlib
import http.client
import json
import ssl
from datetime import UTC, datetime, timedelta
from typing import Any

from alb_controller.frontends.review import ALLOWED, AdmissionResponse
from alb_controller.runtime.connections import Limits
from alb_controller.settings import BindAddress
from alb_controller.webhooks.certificates.pairs import Issued, issue, server_context
from alb_controller.webhooks.reviews import Request
from alb_controller.webhooks.server import LIMITS, Hook, WebhookServer

LOOPBACK = BindAddress("127.0.0.1", 0)
JSON = {"Content-Type": "application/json"}


class Process:
    """A server whose review, readiness and certificate a test can change."""

    def __init__(self, limits: Limits = LIMITS) -> None:
        self.made: Issued = issue("test", ["127.0.0.1"], datetime.now(UTC), timedelta(hours=1))
        self.context: ssl.SSLContext | None = server_context(self.made.pair)
        self.reason = ""
        self.failures: list[str] = []
        self.respond: Any = lambda _: ALLOWED
        hook = Hook(self._review, self.failures.append)
        self.server = WebhookServer(
            "--webhook-bind-port",
            LOOPBACK,
            {"/review": hook},
            context=lambda: self.context,
            not_ready=lambda: self.reason,
            limits=limits,
        )

    def _review(self, request: Request) -> AdmissionResponse:
        response: AdmissionResponse = self.respond(request)
        return response

    def trust(self) -> ssl.SSLContext:
        """A client's context."""
        context = ssl.create_default_context(cadata=self.made.authority.decode())
        context.verify_flags |= ssl.VERIFY_X509_STRICT  # newer Pythons do by default
        return context

    def connection(self) -> http.client.HTTPSConnection:
        """A client."""
        return http.client.HTTPSConnection(
            "127.0.0.1", self.server.port, timeout=20, context=self.trust()
        )

    def send(
        self, body: bytes, path: str = "/review", headers: dict[str, str] | None = None
    ) -> tuple[int, bytes]:
        """One POST; status and body."""
        with contextlib.closing(self.connection()) as connection:
            connection.request("POST", path, body, JSON if headers is None else headers)
            answer = connection.getresponse()
            return answer.status, answer.read()

    def review(self, **request: Any) -> dict[str, Any]:
        """The response to a review."""
        status, body = self.send(review(**request))
        assert status == 200, body
        return dict(json.loads(body)["response"])


def review(**request: Any) -> bytes:
    """A review's body."""
    return json.dumps(
        {
            "apiVersion": "admission.k8s.io/v1",
            "kind": "AdmissionReview",
            "request": {"uid": "u-1", "operation": "CREATE", **request},
        }
    ).encode()
