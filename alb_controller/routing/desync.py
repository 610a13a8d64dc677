"""Desync mitigation: how far a request departs from RFC 7230, and which are blocked.

Sources: "Desync mitigation mode" and "Classification reasons" (access logs) of the Application
Load Balancer guide; where the page is short, github.com/aws/http-desync-guardian, which is AWS's
own.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Literal, NamedTuple, TypeAlias

from alb_controller.routing.request import Request

Class: TypeAlias = Literal["acceptable", "ambiguous", "severe"]


class Finding(NamedTuple):
    """Why a request is not compliant, in the words of access logs."""

    severity: Class
    reason: str


_BLOCKED: dict[str, tuple[Class, ...]] = {
    "monitor": (),
    "defensive": ("severe",),
    "strictest": ("acceptable", "ambiguous", "severe"),
}
MODE = "routing.http.desync_mitigation_mode"
_TOKEN = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
_FRAMING = ("transfer-encoding", "content-length")
_LETTERS = re.compile(r"[^a-z]")
_BARE = tuple(_LETTERS.sub("", name) for name in _FRAMING)


def blocked(request: Request, mode: str) -> Finding | None:
    """Why the request is answered with 400 in that mode; None where it passes."""
    if request.is_http2:
        return None
    classes = _BLOCKED.get(mode, _BLOCKED["defensive"])
    return next((found for found in findings(request) if found.severity in classes), None)


def findings(request: Request) -> Iterator[Finding]:
    """All that is found, in no order of severity."""
    yield from _line(request)
    for name, value in request.headers:
        yield from _header(name, value)
    yield from _framing(request)


def _line(request: Request) -> Iterator[Finding]:
    if not _TOKEN.fullmatch(request.method):
        yield Finding("severe", "BadMethod")
    if request.http_version not in ("1.0", "1.1"):
        known = re.fullmatch(r"0\.9|1\.\d", request.http_version)
        yield (
            Finding("acceptable", "NonCompliantVersion")
            if known
            else Finding("severe", "BadVersion")
        )
    if "\0" in request.target or "\r" in request.target:
        yield Finding("severe", "BadUri")
    elif any(ord(char) < 32 or ord(char) == 127 for char in request.target):
        yield Finding("ambiguous", "AmbiguousUri")
    if " " in request.target:
        yield Finding("acceptable", "SpaceInUri")


def _header(name: str, value: str) -> Iterator[Finding]:
    text = name + value
    if not name.strip():
        yield Finding("ambiguous", "EmptyHeader")
    if "\0" in text or "\r" in text:
        yield Finding("severe", "BadHeader")
    elif not _TOKEN.fullmatch(name) or any(_is_odd(char) for char in value):
        yield Finding("acceptable", "NonCompliantHeader")
    bare = _LETTERS.sub("", name.lower())
    if bare in _BARE and name.lower() not in _FRAMING:
        yield Finding("ambiguous", "SuspiciousHeader")


def _is_odd(char: str) -> bool:
    return char != "\t" and not 32 <= ord(char) < 127


def _framing(request: Request) -> Iterator[Finding]:
    lengths = [one.strip() for one in request.values("content-length")]
    codings = [one for value in request.values("transfer-encoding") for one in value.split(",")]
    is_bodiless = request.method in ("GET", "HEAD")
    yield from _lengths(lengths)
    yield from _codings(codings)
    if codings and lengths:
        yield Finding("ambiguous", "BothTeClPresent")
    if codings and (is_bodiless or request.http_version == "1.0"):
        yield Finding("ambiguous", "UndefinedTransferEncodingSemantics")
    if is_bodiless and (any(one.strip("0") for one in lengths) or request.body_bytes):
        yield Finding("ambiguous", "UndefinedContentLengthSemantics")
    elif is_bodiless and lengths:
        yield Finding("acceptable", "GetHeadZeroContentLength")


def _lengths(lengths: list[str]) -> Iterator[Finding]:
    if not all(one.isascii() and one.isdigit() for one in lengths):
        yield Finding("severe", "BadContentLength")
        return
    numbers = {one.lstrip("0") for one in lengths}
    if len(numbers) > 1:
        yield Finding("severe", "MultipleContentLength")
    elif len(lengths) > 1:
        yield Finding("ambiguous", "DuplicateContentLength")


def _codings(codings: list[str]) -> Iterator[Finding]:
    if any(not _TOKEN.fullmatch(one.partition(";")[0].strip()) for one in codings):
        yield Finding("severe", "BadTransferEncoding")
    if sum(one.strip().lower() == "chunked" for one in codings) > 1:
        yield Finding("severe", "MultipleTransferEncodingChunked")
