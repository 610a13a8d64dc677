"""Conditions of rules: their values, and what may stand together."""

from __future__ import annotations

import ipaddress
from collections import Counter
from collections.abc import Mapping
from typing import Any

from .asking import VALIDATION, Front, Params, Row, admits, refuse
from .transforms import check_expression

CONFIGS = {
    "host-header": "HostHeaderConfig",
    "path-pattern": "PathPatternConfig",
    "http-header": "HttpHeaderConfig",
    "http-request-method": "HttpRequestMethodConfig",
    "query-string": "QueryStringConfig",
    "source-ip": "SourceIpConfig",
}
_WITH_WILDCARDS = ("host-header", "path-pattern", "http-header", "query-string")
_ONCE = ("host-header", "http-request-method", "path-pattern", "source-ip")
_LENGTHS = {
    "host-header": 128,
    "path-pattern": 128,
    "http-header": 128,
    "http-request-method": 40,
}
_FIELDS = {
    "host-header": "HostHeaderConditionConfig.Values",
    "path-pattern": "PathPatternConditionConfig.Values",
    "http-header": "HttpHeaderConditionConfig.Values",
    "http-request-method": "HttpRequestMethodConditionConfig.Values",
}
_BROADCAST = "255.255.255.255/32"
Condition = Mapping[str, Any]


def demand_condition_values(params: Params, _front: Front) -> None:
    """CreateRule, ModifyRule: a condition has a field, the structure of that field or Values but
    not both, and at least one value, which is not empty.
    """
    for condition in params.get("Conditions", ()):
        field = condition.get("Field")
        if not field:
            refuse(VALIDATION, "A condition field must be specified")
        config = CONFIGS.get(field)
        if config in condition and condition.get("Values"):
            refuse(
                VALIDATION,
                f"You cannot provide both Values and '{config}' for a condition of type '{field}'",
            )
        values = [*_texts(condition), *_pairs(condition), *_expressions(condition)]
        if config is not None and (not values or "" in values):
            refuse(VALIDATION, "A condition value must be specified")


def refuse_repeated_conditions(params: Params, _front: Front) -> None:
    """CreateRule, ModifyRule: host-header, http-request-method, path-pattern and source-ip may
    each stand in a rule once. Code and words of the refusal are not documented.
    """
    counted = Counter(condition["Field"] for condition in params.get("Conditions", ()))
    for field in _ONCE:
        if counted[field] > 1:
            refuse(VALIDATION, f"A rule can only have one '{field}' condition")


def refuse_condition_values(params: Params, _front: Front) -> None:
    """CreateRule, ModifyRule: values have 128 characters at most, methods 40. Hosts are of
    letters, digits and `-_.*?`, with a dot and nothing but letters behind the last one; paths of
    letters, digits and `_-.$/~"'@:+&*?`; methods of A to Z, `-` and `_`. "Condition value
    'foo-bar' contains a character that is not valid" is the answer to a host in a public report.
    """
    for condition in params.get("Conditions", ()):
        field = condition["Field"]
        for value in _texts(condition) if field in _FIELDS else ():
            if len(value) > _LENGTHS[field]:
                refuse(
                    VALIDATION,
                    f"The '{field}' value is too long; the limit is '{_LENGTHS[field]}'",
                )
            if not admits(_FIELDS[field], value):
                refuse(
                    VALIDATION,
                    f"Condition value '{value}' contains a character that is not valid",
                )


def refuse_header_names(params: Params, _front: Front) -> None:
    """CreateRule, ModifyRule: a header's name is a token of RFC 7230 of 40 characters at most, and
    not `host`.
    """
    for condition in params.get("Conditions", ()):
        if condition["Field"] != "http-header":
            continue
        name = (condition.get("HttpHeaderConfig") or {}).get("HttpHeaderName", "")
        if len(name) > 40:
            refuse(VALIDATION, "The 'HttpHeaderName' value is too long; the limit is '40'")
        if not admits("HttpHeaderConditionConfig.HttpHeaderName", name) or name.lower() == "host":
            refuse(VALIDATION, f"The 'HttpHeaderName' value '{name}' is not valid")


def refuse_query_strings(params: Params, _front: Front) -> None:
    """CreateRule, ModifyRule: keys and values of query strings have 128 characters at most, of
    those that RFC 3986 allows; a key may be left out, a value may not.
    """
    for condition in params.get("Conditions", ()):
        for pair in (condition.get("QueryStringConfig") or {}).get("Values", ()):
            for part in ("Key", "Value"):
                text = pair.get(part, "")
                if len(text) > 128:
                    refuse(VALIDATION, f"The '{part}' value is too long; the limit is '128'")
                if (text or part == "Value") and not admits(
                    f"QueryStringKeyValuePair.{part}", text
                ):
                    refuse(
                        VALIDATION,
                        f"Condition value '{text}' contains a character that is not valid",
                    )


def refuse_source_addresses(params: Params, _front: Front) -> None:
    """CreateRule, ModifyRule: source addresses are CIDR blocks, IPv4 or IPv6, without wildcards;
    255.255.255.255/32 cannot be used. Whether bits behind the prefix are refused is not documented;
    they are taken here.
    """
    for condition in params.get("Conditions", ()):
        for value in _texts(condition) if condition["Field"] == "source-ip" else ():
            if not _is_block(value):
                refuse(VALIDATION, f"The 'source-ip' value '{value}' is not a valid CIDR block")


def refuse_regular_expressions(params: Params, _front: Front) -> None:
    """CreateRule, ModifyRule: hosts, paths and headers alone may be matched by regular
    expressions, in place of values; each has 128 characters at most, and no lookahead, lookbehind,
    backreference, atomic group, possessive quantifier, subroutine, recursion or Unicode class.
    Code and words of the refusal are not documented.
    """
    for condition in params.get("Conditions", ()):
        expressions = _expressions(condition)
        if expressions and condition["Field"] not in ("host-header", "path-pattern", "http-header"):
            refuse(VALIDATION, f"'RegexValues' is not compatible with '{condition['Field']}'")
        if expressions and _texts(condition):
            refuse(VALIDATION, "A condition has either 'Values' or 'RegexValues'")
        for expression in expressions:
            check_expression(expression, 128)


def _config(condition: Condition) -> Condition:
    return condition.get(CONFIGS.get(condition.get("Field", ""), "")) or condition


def _texts(condition: Condition) -> list[str]:
    """Values that are texts: all but those of query strings."""
    return [one for one in _config(condition).get("Values", ()) if isinstance(one, str)]


def _pairs(condition: Condition) -> list[str]:
    found = _config(condition).get("Values", ())
    return [one.get("Value", "") for one in found if isinstance(one, Mapping)]


def _expressions(condition: Condition) -> list[str]:
    return [*_config(condition).get("RegexValues", ())] or [*condition.get("RegexValues", ())]


def values_of(condition: Condition) -> list[str]:
    """All that count as condition values."""
    return [*_texts(condition), *_pairs(condition), *_expressions(condition)]


def wildcards_of(condition: Condition) -> int:
    """How many `*` and `?` stand in values, and in keys of query strings, as wildcards."""
    if condition["Field"] not in _WITH_WILDCARDS:
        return 0
    keys = [
        one.get("Key", "")
        for one in _config(condition).get("Values", ())
        if isinstance(one, Mapping)
    ]
    texts = "".join((*_texts(condition), *_pairs(condition), *keys))
    return texts.count("*") + texts.count("?")


def _is_block(text: str) -> bool:
    try:
        ipaddress.ip_network(text, strict=False)
    except ValueError:
        return False
    return "/" in text and text != _BROADCAST


CHECKS = (
    Row(demand_condition_values, "RuleCondition"),
    Row(refuse_repeated_conditions, "RuleCondition"),
    Row(refuse_condition_values, "RuleCondition"),
    Row(refuse_header_names, "HttpHeaderConditionConfig"),
    Row(refuse_query_strings, "QueryStringConditionConfig"),
    Row(refuse_source_addresses, "SourceIpConditionConfig"),
    Row(refuse_regular_expressions, "Condition types for listener rules"),
)
