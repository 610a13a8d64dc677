"""Requests that are refused, as their listener cannot make the login or token check (ADR 32)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from alb_controller.frontends.restrictions import is_refused
from alb_controller.intent import ListenerIntent
from alb_controller.objects.annotations import ingress_table as rows
from alb_controller.values import ObjectRef


def refused_requests(listeners: Iterable[ListenerIntent]) -> Mapping[ObjectRef, str]:
    """A sentence for each Ingress that has some."""
    ports: dict[ObjectRef, dict[int, None]] = {}
    for listener in listeners:
        refused = {one.origin for one in listener.routes if is_refused(one)}
        default = listener.default
        if is_refused(default) and default.origin is not None:
            refused.add(default.origin)
        for origin in refused:
            ports.setdefault(origin.ref, {})[listener.port] = None
    return {origin: _sentence(found) for origin, found in ports.items()}


def _sentence(ports: Iterable[int]) -> str:
    return (
        f"requests on port {', '.join(map(str, ports))} get 403: {rows.AUTH_TYPE.suffix} or "
        f"{rows.JWT_VALIDATION.suffix} is set, and HTTP listeners make no such check. Serve HTTPS "
        f"alone ({rows.LISTEN_PORTS.key}), redirect to it ({rows.SSL_REDIRECT.key}), or leave HTTP "
        f"open to everybody ({rows.ALLOW_OPEN_HTTP.key}: 'true')"
    )
