"""Whether a request has what a rule's conditions ask for.

Sources: "Condition types for listener rules" of the Application Load Balancer guide,
RuleCondition and the structures of conditions in the API reference.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable, Iterator
from typing import assert_never

import msgspec

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
from alb_controller.model.wildcards import matches
from alb_controller.routing.expressions import found_in
from alb_controller.routing.request import Request, name_of

_ESCAPE = re.compile(r"\\(?![*?])")


class Facts(msgspec.Struct, frozen=True):
    """What conditions are asked about."""

    request: Request
    host: str
    """The Host header that counts, with its port."""


def failed(conditions: Iterable[Condition], facts: Facts) -> Condition | None:
    """The first condition that does not hold; None where all do."""
    return next((one for one in conditions if not holds(one, facts)), None)


def holds(condition: Condition, facts: Facts) -> bool:
    """Whether one of the condition's values fits."""
    request = facts.request
    match condition:
        case HostHeader():
            host = facts.host.lower()
            return _fits(condition.values, name_of(host), is_cased=False) or _found(
                condition.regex_values, host, is_cased=False
            )
        case PathPattern():
            return _fits(condition.values, request.path, is_cased=True) or _found(
                condition.regex_values, request.path, is_cased=True
            )
        case HttpHeader():
            return any(_header(condition, value) for value in request.values(condition.name))
        case HttpRequestMethod():
            return request.method in condition.values
        case QueryString():
            return any(_in_query(pair, request) for pair in condition.values)
        case SourceIp():
            return any(_contains(block, request.source) for block in condition.values)
        case _:
            assert_never(condition)


def _header(condition: HttpHeader, value: str) -> bool:
    return _fits(condition.values, value, is_cased=False) or _found(
        condition.regex_values, value, is_cased=False
    )


def _fits(patterns: Iterable[str], text: str, *, is_cased: bool) -> bool:
    """Only queries know an escape: elsewhere a backslash is a character like any other."""
    return any(_matches(one.replace("\\", "\\\\"), text, is_cased=is_cased) for one in patterns)


def _matches(pattern: str, text: str, *, is_cased: bool) -> bool:
    if is_cased:
        return matches(pattern, text)
    return matches(pattern.lower(), text.lower())


def _found(expressions: Iterable[str], text: str, *, is_cased: bool) -> bool:
    return any(found_in(one, text, is_cased=is_cased) for one in expressions)


def _in_query(wanted: QueryStringPair, request: Request) -> bool:
    key = None if wanted.key is None else _escaped(wanted.key)
    value = _escaped(wanted.value)
    return any(
        (key is None or _matches(key, name, is_cased=False))
        and _matches(value, text, is_cased=False)
        for name, text in _pairs(request.query or "")
    )


def _escaped(pattern: str) -> str:
    r"""Only `\*` and `\?` are escapes; any other backslash is itself."""
    return _ESCAPE.sub(r"\\\\", pattern)


def _pairs(query: str) -> Iterator[tuple[str, str]]:
    for part in query.split("&"):
        if part:
            key, _, value = part.partition("=")
            yield key, value


def _contains(block: str, source: str) -> bool:
    try:
        network = ipaddress.ip_network(block, strict=False)
        address = ipaddress.ip_address(source)
    except ValueError:
        return False
    return address in network
