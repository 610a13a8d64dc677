"""Whether a policy allows a request: the part of IAM's logic that our policies use.

moto's own IAM looks neither at conditions nor at resources. Source: "Policy evaluation logic" and
"IAM JSON policy elements: Condition operators" in the IAM user guide. Unknown operators are errors.
"""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Mapping
from typing import Any, NamedTuple

Context = Mapping[str, str | list[str]]
Document = Mapping[str, Any]


class Asked(NamedTuple):
    """One action on one resource, with the condition keys that AWS knows of it."""

    action: str
    resource: str
    context: Context


class NoValue(Exception):
    """A policy variable names a key that the request does not have: no match."""


def is_allowed(document: Document, asked: Asked) -> bool:
    """True where a statement allows it; our policies deny nothing expressly."""
    return any(_allows(statement, asked) for statement in document["Statement"])


def _allows(statement: Document, asked: Asked) -> bool:
    assert statement["Effect"] == "Allow"
    return (
        asked.action in statement["Action"]
        and any(_is_like(asked.resource, arn) for arn in _listed(statement["Resource"]))
        and all(
            _holds(operator, key, _listed(wanted), asked.context)
            for operator, keys in statement.get("Condition", {}).items()
            for key, wanted in keys.items()
        )
    )


def _holds(operator: str, key: str, wanted: list[str], context: Context) -> bool:
    for_all = operator.startswith("ForAllValues:")
    name = operator.removeprefix("ForAllValues:")
    if name == "Null":
        return [str(key not in context).lower()] == wanted
    if key not in context:
        return for_all or name.endswith("IfExists")
    matches = {"StringEquals": str.__eq__, "StringLike": _is_like}[name.removesuffix("IfExists")]
    try:
        values = [_filled(text, context) for text in wanted]
    except NoValue:
        return False
    given = _listed(context[key])
    assert for_all or len(given) == 1
    return all(any(matches(one, value) for value in values) for one in given)


def _filled(text: str, context: Context) -> str:
    def value(found: re.Match[str]) -> str:
        if found[1] not in context:
            raise NoValue(found[1])
        return str(context[found[1]])

    return re.sub(r"\$\{([^}]+)\}", value, text)


def _is_like(text: str, pattern: str) -> bool:
    return fnmatch.fnmatchcase(text, pattern.replace("[", "[[]"))


def _listed(value: str | list[str]) -> list[str]:
    return [value] if isinstance(value, str) else value
