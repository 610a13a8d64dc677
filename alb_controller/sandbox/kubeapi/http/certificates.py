"""A certificate authority and a server certificate for loopback, made anew for each server; keys
never leave memory.
"""

from __future__ import annotations

import ssl
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from alb_controller.webhooks.certificates.pairs import issue, server_context

VALIDITY = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class ServerIdentity:
    """The CA that clients trust (PEM), and the context that servers speak with."""

    ca_pem: bytes
    context: ssl.SSLContext


def make_identity() -> ServerIdentity:
    """A fresh CA, and a certificate of it for loopback."""
    made = issue("alb-controller sandbox", ["127.0.0.1", "localhost"], datetime.now(UTC), VALIDITY)
    return ServerIdentity(made.authority, server_context(made.pair))
