"""How it is found out whether a target works."""

from __future__ import annotations

import msgspec


class HealthCheck(msgspec.Struct, frozen=True, kw_only=True):
    """Health check settings; seconds where a field says so."""

    port: str
    """`traffic-port` or a number."""
    protocol: str
    path: str | None
    interval_seconds: int
    timeout_seconds: int
    healthy_threshold: int
    unhealthy_threshold: int
    matcher: str | None
    """HttpCode, or GrpcCode where the group's protocol version is GRPC."""
