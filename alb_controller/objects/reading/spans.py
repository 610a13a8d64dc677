"""Where the values of a JSON text begin and end, however deep they nest (RFC 8259).

Decoders call themselves for each level and give up at some depth. Here brackets are counted:
nothing is decoded, and inside of a value nothing is checked but its end.
"""

from __future__ import annotations

import re

import msgspec

_BLANK = re.compile(rb"[ \t\r\n]*+")
_KEY = re.compile(rb'("(?:[^"\\]++|\\.)*+")[ \t\r\n]*+:[ \t\r\n]*+', re.DOTALL)
_SCALAR = re.compile(rb'"(?:[^"\\]++|\\.)*+"|[^\[\]{},:"\s]++', re.DOTALL)
_BRACKETS = re.compile(rb'(?:[^"\[\]{}]++|"(?:[^"\\]++|\\.)*+")*+([\[{]++|[\]}]++)', re.DOTALL)
"""What lies before a run of brackets, texts among it, and the run."""


def members(data: bytes) -> dict[bytes, bytes]:
    """An object's values by key, all as JSON texts; of two equal keys the last counts.

    Raises msgspec.DecodeError for what is no object.
    """
    found: dict[bytes, bytes] = {}
    at = _first(data, b"{", b"}")
    while at is not None:
        key = _KEY.match(data, at)
        if key is None:
            raise _malformed(at)
        end = _end(data, key.end())
        found[key[1]] = data[key.end() : end]
        at = _next(data, end, b"}")
    return found


def elements(data: bytes) -> list[bytes]:
    """An array's values as JSON texts. Raises msgspec.DecodeError for what is no array."""
    found: list[bytes] = []
    at = _first(data, b"[", b"]")
    while at is not None:
        end = _end(data, at)
        found.append(data[at:end])
        at = _next(data, end, b"]")
    return found


def _first(data: bytes, opening: bytes, closing: bytes) -> int | None:
    """Where the first key or value is; None where there is none."""
    at = _after_blank(data, 0)
    if data[at : at + 1] != opening:
        raise _malformed(at)
    at = _after_blank(data, at + 1)
    return None if _is_last(data, at, closing) else at


def _next(data: bytes, end: int, closing: bytes) -> int | None:
    """Where the next one is, behind a value."""
    at = _after_blank(data, end)
    if data[at : at + 1] == b",":
        return _after_blank(data, at + 1)
    if not _is_last(data, at, closing):
        raise _malformed(at)
    return None


def _is_last(data: bytes, at: int, closing: bytes) -> bool:
    """Whether that is the closing bracket; nothing may follow it."""
    if data[at : at + 1] != closing:
        return False
    if _after_blank(data, at + 1) != len(data):
        raise _malformed(at + 1)
    return True


def _end(data: bytes, start: int) -> int:
    """Where the value that begins there ends."""
    scalar = _SCALAR.match(data, start)
    if scalar is not None:
        return scalar.end()
    if data[start : start + 1] not in (b"[", b"{"):
        raise _malformed(start)
    at, depth = start, 0
    while (run := _BRACKETS.match(data, at)) is not None:
        at, brackets = run.end(), run[1]
        if brackets[0] in b"[{":
            depth += len(brackets)
        elif len(brackets) >= depth:
            return run.start(1) + depth
        else:
            depth -= len(brackets)
    raise _malformed(at)


def _after_blank(data: bytes, at: int) -> int:
    blank = _BLANK.match(data, at)
    return blank.end() if blank is not None else at


def _malformed(at: int) -> msgspec.DecodeError:
    return msgspec.DecodeError(f"JSON is malformed (byte {at})")
