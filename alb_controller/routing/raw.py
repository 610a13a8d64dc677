"""A request from the bytes that a client sends over HTTP/1."""

from __future__ import annotations

from typing import NamedTuple

from alb_controller.routing.rejections import Rejection
from alb_controller.routing.request import Request


class _Line(NamedTuple):
    method: str
    target: str
    version: str


def _parts(line: str) -> _Line | None:
    """Method, target and version; spaces in between are the target's."""
    method, _, rest = line.partition(" ")
    target, _, protocol = rest.rpartition(" ")
    if not method or not target or not protocol.startswith("HTTP/"):
        return None
    return _Line(method, target, protocol.removeprefix("HTTP/"))


def read_raw(text: str, request: Request) -> Request | Rejection:
    """The request with what the text says, or why it is none.

    A text without an empty line is never finished: the idle timeout ends it.
    """
    head, found, _ = text.partition("\r\n\r\n")
    line, *rest = head.split("\r\n")
    parts = _parts(line)
    if parts is None and (found or rest):
        return Rejection(400, f"{line[:60]!r} is no request line")
    if not found or parts is None:
        return Rejection(408, "the request is not finished before the idle timeout")
    headers = []
    for one in rest:
        name, colon, value = one.partition(":")
        if not colon:
            return Rejection(400, f"{one[:60]!r} is no header")
        headers.append((name, value.strip(" \t")))
    return Request(
        listener=request.listener,
        method=parts.method,
        target=parts.target,
        headers=tuple(headers),
        http_version=parts.version,
        source=request.source,
        source_port=request.source_port,
        zone=request.zone,
    )
