"""Whether one request can match two rules' conditions.

False is a proof that none can; True is the answer where that is uncertain.
"""

from __future__ import annotations

from itertools import product

from alb_controller.model.elbv2 import (
    Condition,
    HostHeader,
    HttpRequestMethod,
    PathPattern,
    SourceIp,
)
from alb_controller.model.meeting import networks_meet, patterns_meet


def may_overlap(one: tuple[Condition, ...], other: tuple[Condition, ...]) -> bool:
    """All conditions of a rule must hold, so two of one field that exclude each other settle it.

    A request has one host, path, method and source address. It may have several query strings, and
    a header several values: they exclude nothing.
    """
    return not any(_exclude(ours, theirs) for ours, theirs in product(one, other))


def _exclude(one: Condition, other: Condition) -> bool:
    match one, other:
        case (HostHeader(), HostHeader()):
            return not _patterns_meet(one, other)
        case (PathPattern(), PathPattern()):
            return not _patterns_meet(one, other)
        case HttpRequestMethod(), HttpRequestMethod():
            return not set(one.values) & set(other.values)
        case SourceIp(), SourceIp():
            return not networks_meet(one.values, other.values)
        case _:
            return False


def _patterns_meet(one: HostHeader | PathPattern, other: HostHeader | PathPattern) -> bool:
    """A regular expression may meet anything."""
    if one.regex_values or other.regex_values:
        return True
    return patterns_meet(_cased(one), _cased(other))


def _cased(condition: HostHeader | PathPattern) -> tuple[str, ...]:
    """Patterns whose letter case counts."""
    if isinstance(condition, PathPattern):
        return condition.values
    return tuple(value.lower() for value in condition.values)
