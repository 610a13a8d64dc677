"""One request, as a listener of a load balancer gets it."""

from __future__ import annotations

from typing import Protocol

import msgspec

HTTP_2 = "2"
_SCHEME = "://"


class Chance(Protocol):
    """What is not decided by request and state: chance and time, which a caller owns."""

    @property
    def seconds(self) -> int:
        """Since the epoch."""

    def fraction(self) -> float:
        """At least 0, less than 1."""

    def digits(self, count: int) -> str:
        """So many hexadecimal digits."""


class Request(msgspec.Struct, frozen=True, kw_only=True):
    """Header names and values as sent, the Host header among them; the target byte for byte."""

    listener: int
    method: str = "GET"
    target: str = "/"
    """What stands in the request line: path and query, or a whole URL."""
    headers: tuple[tuple[str, str], ...] = ()
    http_version: str = "1.1"
    scheme: str = ""
    """`http` or `https`; empty is the listener's own."""
    source: str = "127.0.0.1"
    source_port: int | None = None
    server_name: str | None = None
    """Of the TLS handshake."""
    client_certificate: str | None = None
    zone: str | None = None
    """Of the load balancer's node that is asked; None: any."""
    body_bytes: int = 0

    @property
    def authority(self) -> str:
        """Host and port of a target that is a whole URL; else empty."""
        before, found, rest = self.target.partition(_SCHEME)
        if not found or before.lower() not in ("http", "https"):
            return ""
        return rest[: _end_of_authority(rest)]

    @property
    def path_and_query(self) -> str:
        """What a target gets, unless it is transformed."""
        if not self.authority:
            return self.target
        rest = self.target.partition(_SCHEME)[2]
        rest = rest[_end_of_authority(rest) :]
        return rest if rest.startswith("/") else "/" + rest

    @property
    def path(self) -> str:
        """Without the query, as sent."""
        return self.path_and_query.partition("?")[0]

    @property
    def query(self) -> str | None:
        """Behind the first `?`, as sent; None without one."""
        _, found, query = self.path_and_query.partition("?")
        return query if found else None

    def values(self, name: str) -> list[str]:
        """The values of all headers of that name."""
        return [value for key, value in self.headers if key.lower() == name.lower()]

    def first(self, name: str) -> str | None:
        """The first of them."""
        return next(iter(self.values(name)), None)

    @property
    def is_http2(self) -> bool:
        return self.http_version == HTTP_2

    @property
    def is_grpc(self) -> bool:
        kind = self.first("content-type") or ""
        return self.is_http2 and kind.lower().startswith("application/grpc")


def _end_of_authority(rest: str) -> int:
    return min((rest.index(char) for char in "/?#" if char in rest), default=len(rest))


def name_of(host: str) -> str:
    """A host without its port, as sent; an IPv6 address keeps its brackets."""
    if host.startswith("["):
        return host.partition("]")[0] + "]"
    return host.partition(":")[0]


def port_of(host: str) -> str | None:
    """The port of a host, if there is one."""
    port = host[len(name_of(host)) :]
    return port.removeprefix(":") if port.startswith(":") else None


def cookies_of(request: Request) -> dict[str, str]:
    """The cookies of all Cookie headers; of two of one name the first counts."""
    found: dict[str, str] = {}
    for header in request.values("cookie"):
        for pair in header.split(";"):
            name, _, value = pair.strip().partition("=")
            found.setdefault(name, value)
    return found
