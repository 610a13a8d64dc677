"""Conditions of rules as predicates of Envoy's matcher: all of them RE2 or CIDR, none a program.

A route table matches on request headers alone. What a condition sees that is no header as Envoy
has it, `before.lua` puts into one: the host without its port, the source address, and each of the
values of a header that comes more than once.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any

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

Json = dict[str, Any]

MARK = "x-dataplane-"
"""Begins the names of the headers that live between the filters alone."""
HOST, WHOLE_HOST, SOURCE = f"{MARK}host", f"{MARK}whole-host", f"{MARK}source"
PATH = f"{MARK}path"
REPEATS = 8
"""So many values of a repeated header are looked at."""
_TYPES = "type.googleapis.com/"
_ANYTHING = r"\C*"
_BACKSLASH = re.compile(r"\\(?![*?])")


def occurrence(name: str, number: int) -> str:
    """The header that holds the number-th value of a header."""
    return f"{MARK}v{number}-{name.lower()}"


def headers_asked(conditions: Iterable[Condition]) -> set[str]:
    """Names of the headers that conditions ask for."""
    return {one.name.lower() for one in conditions if isinstance(one, HttpHeader)}


def predicate(conditions: Sequence[Condition]) -> Json:
    """Holds when all the conditions hold."""
    return _joined("and_matcher", [_predicate(one) for one in conditions])


def _joined(kind: str, parts: list[Json]) -> Json:
    return parts[0] if len(parts) == 1 else {kind: {"predicate": parts}}


def _predicate(condition: Condition) -> Json:
    match condition:
        case HostHeader():
            found = [_header(HOST, _any_of(condition.values, fold=True))] * bool(condition.values)
            found += [_header(WHOLE_HOST, _search(one, "(?i)")) for one in condition.regex_values]
            return _joined("or_matcher", found)
        case PathPattern():
            found = [_header(PATH, _any_of(condition.values))] * bool(condition.values)
            found += [_header(PATH, _search(one)) for one in condition.regex_values]
            return _joined("or_matcher", found)
        case HttpHeader():
            return _joined("or_matcher", _http_header(condition))
        case HttpRequestMethod():
            return _header(":method", "|".join(map(re.escape, condition.values)))
        case QueryString():
            return _header(":path", _query(condition.values))
        case SourceIp():
            return _source(condition.values)


def _http_header(condition: HttpHeader) -> list[Json]:
    expressions = [_any_of(condition.values, fold=True)] * bool(condition.values)
    expressions += [_search(one, "(?i)") for one in condition.regex_values]
    return [
        _header(occurrence(condition.name, number), expression)
        for number in range(REPEATS)
        for expression in expressions
    ]


def header_is(name: str, expression: str) -> Json:
    """Holds when the expression fits the whole value of a header."""
    return _header(name, expression)


def _header(name: str, expression: str) -> Json:
    return _single(name, {"value_match": {"safe_regex": {"google_re2": {}, "regex": expression}}})


def _single(name: str, wanted: Json) -> Json:
    given = {
        "@type": f"{_TYPES}envoy.type.matcher.v3.HttpRequestHeaderMatchInput",
        "header_name": name,
    }
    return {"single_predicate": {"input": {"name": "header", "typed_config": given}, **wanted}}


def _source(blocks: Sequence[str]) -> Json:
    ranges = []
    for block in blocks:
        address, _, length = block.partition("/")
        ranges.append({"address_prefix": address, "prefix_len": int(length)})
    matcher = {
        "@type": f"{_TYPES}envoy.extensions.matching.input_matchers.ip.v3.Ip",
        "cidr_ranges": ranges,
        "stat_prefix": "source",
    }
    return _single(SOURCE, {"custom_match": {"name": "ip", "typed_config": matcher}})


def _any_of(patterns: Sequence[str], *, fold: bool = False) -> str:
    flags = "(?i)" if fold else ""
    # only queries know an escape: elsewhere a backslash is a character like any other
    return flags + "|".join(expression_of(one.replace("\\", "\\\\")) for one in patterns)


def _search(expression: str, flags: str = "") -> str:
    """Envoy wants the whole value matched; an expression of ALB may begin anywhere."""
    return f"{flags}{_ANYTHING}(?:{expression}){_ANYTHING}"


def _query(pairs: Sequence[QueryStringPair]) -> str:
    """Seen in the request target: any of its pairs is one of these, without case."""
    wanted = "|".join(_pair(pair) for pair in pairs)
    return rf"(?i)[^?]*\?(?:{_ANYTHING}&)?(?:{wanted})(?:&{_ANYTHING})?"


def _pair(pair: QueryStringPair) -> str:
    key = "[^&=]*" if pair.key is None else expression_of(_escaped(pair.key), "[^&=]")
    value = expression_of(_escaped(pair.value), "[^&]")
    if pair.value.strip("*"):
        return f"{key}={value}"
    alone = "[^&=]+" if pair.key is None or not pair.key.strip("*") else key
    return f"{key}={value}|{alone}"


def _escaped(pattern: str) -> str:
    r"""Only `\*` and `\?` are escapes; any other backslash is itself."""
    return _BACKSLASH.sub(r"\\\\", pattern)


def expression_of(pattern: str, character: str = "(?s:.)") -> str:
    r"""A pattern with `*`, `?` and `\` before what is meant literally, as an expression."""
    anything = _ANYTHING if character == "(?s:.)" else f"{character}*"
    made, at = [], 0
    while at < len(pattern):
        part = pattern[at]
        if part == "*":
            made.append(anything)
        elif part == "?":
            made.append(character)
        else:
            at += part == "\\" and at + 1 < len(pattern)
            made.append(re.escape(pattern[at]))
        at += 1
    return "".join(made)
