"""Whether one request can match two rules' conditions.

False is a proof that none can; True is said where there is doubt.
Source: "Condition types for listener rules" of the Application Load Balancer guide.
"""

from __future__ import annotations

import ipaddress
import re
from itertools import product

from alb_controller.model.elbv2 import (
    Condition,
    HostHeader,
    HttpRequestMethod,
    PathPattern,
    SourceIp,
)

_WILDCARD = re.compile(r"[*?]")


def may_overlap(one: tuple[Condition, ...], other: tuple[Condition, ...]) -> bool:
    """All conditions of a rule must hold, so two of one field that exclude each other settle it.

    A request has one host, path, method and source address. It may have several query strings, and
    a header several values: they exclude nothing.
    """
    return not any(_exclude(ours, theirs) for ours, theirs in product(one, other))


def _exclude(one: Condition, other: Condition) -> bool:
    match one, other:
        case HostHeader(), HostHeader():
            return _no_pattern_meets(one, other, ignore_case=True)
        case PathPattern(), PathPattern():
            return _no_pattern_meets(one, other, ignore_case=False)
        case HttpRequestMethod(), HttpRequestMethod():
            return not set(one.values) & set(other.values)
        case SourceIp(), SourceIp():
            return not any(_networks_meet(a, b) for a, b in product(one.values, other.values))
        case _:
            return False


def _no_pattern_meets(
    one: HostHeader | PathPattern, other: HostHeader | PathPattern, *, ignore_case: bool
) -> bool:
    if one.regex_values or other.regex_values:
        return False
    return not any(
        _patterns_meet(a.lower(), b.lower()) if ignore_case else _patterns_meet(a, b)
        for a, b in product(one.values, other.values)
    )


def _patterns_meet(one: str, other: str) -> bool:
    """By what stands before the first and after the last wildcard."""
    if not _WILDCARD.search(one):
        return _fits(one, other)
    if not _WILDCARD.search(other):
        return _fits(other, one)
    head, tail = _WILDCARD.split(one)[0], _WILDCARD.split(one)[-1]
    other_head, other_tail = _WILDCARD.split(other)[0], _WILDCARD.split(other)[-1]
    return (head.startswith(other_head) or other_head.startswith(head)) and (
        tail.endswith(other_tail) or other_tail.endswith(tail)
    )


def _fits(text: str, pattern: str) -> bool:
    parts = _WILDCARD.split(pattern)
    if len(parts) == 1:
        return text == pattern
    return (
        len(text) >= len(parts[0]) + len(parts[-1])
        and text.startswith(parts[0])
        and text.endswith(parts[-1])
    )


def _networks_meet(one: str, other: str) -> bool:
    ours = ipaddress.ip_network(one, strict=False)
    theirs = ipaddress.ip_network(other, strict=False)
    return ours.version == theirs.version and ours.overlaps(theirs)
