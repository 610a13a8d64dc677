"""What a load balancer answers by itself before any rule is tried.

Sources: "Troubleshoot your Application Load Balancers" (codes), "Quotas for your Application Load
Balancers" (HTTP headers), both of the Application Load Balancer guide.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from alb_controller.routing import desync
from alb_controller.routing.request import Request

_LINE_BYTES = 16 * 1024
_HEADER_BYTES = 16 * 1024
_HEADERS_BYTES = 64 * 1024
_MOST_ADDRESSES = 30
_CODINGS = ("chunked", "identity")


class Rejection(NamedTuple):
    """The status, and why."""

    status: int
    why: str


def rejection(request: Request, attributes: Mapping[str, str], protocol: str) -> Rejection | None:
    """The first reason to answer a request without a look at the rules."""
    return next(_reasons(request, attributes, protocol), None)


def _reasons(request: Request, attributes: Mapping[str, str], protocol: str) -> Iterator[Rejection]:
    if request.scheme == "http" and protocol == "HTTPS":
        yield Rejection(400, "a plain HTTP request to an HTTPS listener")
    if request.is_http2 and protocol == "HTTP":
        yield Rejection(400, "HTTP/2 needs an HTTPS listener")
    yield from _sizes(request)
    found = desync.blocked(request, attributes.get(desync.MODE, "defensive"))
    if found is not None:
        yield Rejection(400, f"desync mitigation: {found.reason} is {found.severity}")
    if request.method == "TRACE":
        yield Rejection(405, "the method TRACE is not supported")
    if not request.authority and request.first("host") is None and request.http_version != "1.0":
        yield Rejection(400, "no Host header")
    codings = [c for value in request.values("transfer-encoding") for c in value.split(",")]
    if any(one.strip().lower() not in _CODINGS for one in codings):
        yield Rejection(501, "Transfer-Encoding must be chunked or identity")
    addresses = [one for value in request.values("x-forwarded-for") for one in value.split(",")]
    if len(addresses) > _MOST_ADDRESSES:
        yield Rejection(463, f"X-Forwarded-For has {len(addresses)} addresses, 30 at most")


def _sizes(request: Request) -> Iterator[Rejection]:
    line = len(f"{request.method} {request.target} HTTP/{request.http_version}".encode())
    if line > _LINE_BYTES:
        yield Rejection(414, f"the request line has {line} bytes, {_LINE_BYTES} at most")
    sizes = [len(f"{name}: {value}".encode()) for name, value in request.headers]
    largest = max(sizes, default=0)
    if largest > _HEADER_BYTES:
        yield Rejection(400, f"a header has {largest} bytes, {_HEADER_BYTES} at most")
    if sum(sizes) > _HEADERS_BYTES:
        yield Rejection(400, f"the headers have {sum(sizes)} bytes, {_HEADERS_BYTES} at most")
