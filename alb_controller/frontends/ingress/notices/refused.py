"""Requests that are refused, as their listener cannot make the login or token check (ADR 28)."""

from __future__ import annotations

from collections.abc import Iterator

from alb_controller.frontends.ingress.notices.reach import Reach, on_ports
from alb_controller.objects.annotations import ingress_table as rows
from alb_controller.values import ObjectRef


def refused_requests(origin: ObjectRef, reach: Reach) -> Iterator[str]:
    """A sentence, where some of an Ingress are."""
    if origin in reach.refused:
        yield (
            f"requests {on_ports(reach.refused[origin])} get 403: {rows.AUTH_TYPE.suffix} or "
            f"{rows.JWT_VALIDATION.suffix} is set, and HTTP listeners make no such check. Serve "
            f"HTTPS alone ({rows.LISTEN_PORTS.key}), redirect to it ({rows.SSL_REDIRECT.key}), or "
            f"leave HTTP open to everybody ({rows.ALLOW_OPEN_HTTP.key}: 'true')"
        )
