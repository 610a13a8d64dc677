"""Conditions and transforms of rules."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from alb_controller.build.elbv2.limits.violations import Violation, check
from alb_controller.model.actions import Transform
from alb_controller.model.elbv2 import (
    Condition,
    HostHeader,
    HttpHeader,
    HttpRequestMethod,
    PathPattern,
    QueryString,
    SourceIp,
)
from alb_controller.model.limits import is_beyond_dialect, shown

_MATCHES, _TRANSFORMS = "matches", "transforms"
_DIALECT = (
    "must have no lookaround, backreference, atomic group, possessive quantifier, subroutine, "
    "recursion or Unicode class (AWS, Condition types for listener rules)"
)
_ONCE: dict[type[Condition], str] = {
    HostHeader: "host-header",
    PathPattern: "path-pattern",
    HttpRequestMethod: "http-request-method",
    SourceIp: "source-ip",
}


def condition_violations(conditions: Sequence[Condition]) -> Iterator[Violation]:
    """Of the conditions of one rule. Their number is a matter of quotas."""
    for kind, count in Counter(map(type, conditions)).items():
        if count > 1 and kind in _ONCE:
            problem = f"a rule has one {_ONCE[kind]} condition at most (AWS, RuleCondition)"
            yield Violation(problem, (_MATCHES, ""))
    for one in conditions:
        yield from _condition(one)


def _condition(one: Condition) -> Iterator[Violation]:
    match one:
        case HostHeader(values=values, regex_values=regexes):
            yield from _texts("HostHeaderConditionConfig.Values", "host", values, regexes)
        case PathPattern(values=values, regex_values=regexes):
            yield from _texts("PathPatternConditionConfig.Values", "path", values, regexes)
        case HttpHeader(name=name, values=values, regex_values=regexes):
            field = "HttpHeaderConditionConfig.HttpHeaderName"
            yield from check(field, name, "httpHeaderName", _MATCHES, "")
            yield from _texts("HttpHeaderConditionConfig.Values", "header value", values, regexes)
        case HttpRequestMethod(values=values):
            yield from _texts("HttpRequestMethodConditionConfig.Values", "method", values, ())
        case QueryString(values=pairs):
            for pair in pairs:
                yield from check("QueryStringKeyValuePair.Key", pair.key, "key", _MATCHES, "")
                yield from check("QueryStringKeyValuePair.Value", pair.value, "value", _MATCHES, "")


def _texts(
    field: str, what: str, values: Iterable[str], regexes: Iterable[str]
) -> Iterator[Violation]:
    for text in values:
        yield from check(field, text, what, f"{_MATCHES}.{text}", _MATCHES, "")
    for text in regexes:
        settings = (f"{_MATCHES}.{text}", _MATCHES, "")
        yield from _expression("RuleCondition.RegexValues", text, settings)


def _expression(field: str, text: str, settings: tuple[str, ...]) -> Iterator[Violation]:
    yield from check(field, text, "regular expression", *settings)
    if is_beyond_dialect(text):
        yield Violation(f"regular expression {shown(text)} {_DIALECT}", settings)


def transform_violations(transforms: Sequence[Transform]) -> Iterator[Violation]:
    """Of the transforms of one rule."""
    settings = (_TRANSFORMS, "")
    for kind, count in Counter(one.type for one in transforms).items():
        if count > 1:
            yield Violation(f"a rule has one {kind} at most (AWS, RuleTransform)", settings)
    for rewrite in (rewrite for one in transforms for rewrite in one.rewrites):
        yield from _expression("RewriteConfig.Regex", rewrite.regex, settings)
        yield from check("RewriteConfig.Replace", rewrite.replace, "replace", *settings)
