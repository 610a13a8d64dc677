"""Matches of routes as conditions of rules (ELBv2 API, RuleCondition)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import assert_never

from alb_controller.intent import (
    HeaderMatch,
    HostMatch,
    Match,
    MethodMatch,
    PathMatch,
    PathText,
    QueryMatch,
    Regex,
    SourceMatch,
    patterns_of,
)
from alb_controller.model.elbv2 import (
    Condition,
    HostHeader,
    HttpHeader,
    HttpRequestMethod,
    PathPattern,
    QueryString,
    QueryStringPair,
    SourceIp,
)

_EVERY_REQUEST = PathPattern(("/*",))
"""AWS has no rule without a condition."""


def build_conditions(matches: tuple[Match, ...]) -> tuple[Condition, ...]:
    """Sorted by field, as AWS returns them, stable within one field."""
    made = [_condition(match) for match in matches] or [_EVERY_REQUEST]
    return tuple(sorted(made, key=_field))


def _condition(wanted: Match) -> Condition:
    match wanted:
        case HostMatch(hosts=texts):
            return HostHeader(_values(texts), _regexes(texts))
        case PathMatch(paths=texts):
            return PathPattern(_values(texts), _regexes(texts))
        case HeaderMatch(name=name, values=texts):
            return HttpHeader(name, _values(texts), _regexes(texts))
        case MethodMatch(methods=methods):
            return HttpRequestMethod(methods)
        case QueryMatch(params=params):
            return QueryString(tuple(QueryStringPair(one.value.text, one.key) for one in params))
        case SourceMatch(cidrs=cidrs):
            return SourceIp(cidrs)
        case _:
            assert_never(wanted)


def _values(texts: Iterable[PathText]) -> tuple[str, ...]:
    """AWS takes `*` and `?` for wildcards in every value: an exact text must have none."""
    return tuple(
        pattern for text in texts if not isinstance(text, Regex) for pattern in patterns_of(text)
    )


def _regexes(texts: Iterable[PathText]) -> tuple[str, ...]:
    return tuple(text.text for text in texts if isinstance(text, Regex))


def _field(condition: Condition) -> str:
    return str(condition.__struct_config__.tag)
