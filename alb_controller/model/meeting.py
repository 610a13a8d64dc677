"""Whether one request can fit two patterns, or come from two networks.

False is a proof that none can; True is the answer where that is uncertain.
Source: "Condition types for listener rules" of the Application Load Balancer guide.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable
from itertools import product

_WILDCARD = re.compile(r"[*?]")


def patterns_meet(some: Iterable[str], others: Iterable[str]) -> bool:
    """Whether a text can fit one of some patterns and one of others; letter case counts."""
    return any(_pattern_meets(one, other) for one, other in product(some, others))


def networks_meet(some: Iterable[str], others: Iterable[str]) -> bool:
    """Whether an address can be in one of some networks and in one of others."""
    return any(_network_meets(one, other) for one, other in product(some, others))


def head_of(pattern: str) -> str:
    """What stands before the first wildcard: every text that fits begins with it."""
    return _WILDCARD.split(pattern, maxsplit=1)[0]


def tail_of(pattern: str) -> str:
    """What stands behind the last wildcard: every text that fits ends with it."""
    return _WILDCARD.split(pattern)[-1]


def _pattern_meets(one: str, other: str) -> bool:
    """By what stands before the first and after the last wildcard."""
    if not _WILDCARD.search(one):
        return _fits(one, other)
    if not _WILDCARD.search(other):
        return _fits(other, one)
    head, tail = head_of(one), tail_of(one)
    other_head, other_tail = head_of(other), tail_of(other)
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


def _network_meets(one: str, other: str) -> bool:
    ours = ipaddress.ip_network(one, strict=False)
    theirs = ipaddress.ip_network(other, strict=False)
    return ours.version == theirs.version and ours.overlaps(theirs)
