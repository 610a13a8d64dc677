"""Validation rules of CRDs (`x-kubernetes-validations`), evaluated by a CEL library (ADR 5).

Kubernetes' own functions beside CEL's (`isURL`, `quantity`, `ip`, …) are not there;
`unsupported_rules` names rules that use them, and they are not evaluated.
Source: Kubernetes docs, "Common Expression Language in Kubernetes"; CRD docs, "Validation rules".
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import cache, lru_cache
from typing import Any

from alb_controller.sandbox.kubeapi.schemas import Json, Schema, child_path, child_schema
from alb_controller.sandbox.kubeapi.statuses import Cause, invalid_value

RULES = "x-kubernetes-validations"
_FUNCTIONS = frozenset(
    {"bool", "bytes", "contains", "double", "duration", "endsWith", "getDate", "getDayOfMonth"}
    | {"getDayOfWeek", "getDayOfYear", "getFullYear", "getHours", "getMilliseconds", "getMinutes"}
    | {"getMonth", "getSeconds", "int", "matches", "max", "min", "size", "startsWith", "string"}
    | {"timestamp", "type", "uint"}
)
"""Those of the CEL specification; macros are expanded, operators are not words."""
_RESERVED = frozenset(
    {"as", "break", "const", "continue", "else", "false", "for", "function", "if", "import", "in"}
    | {"let", "loop", "namespace", "null", "package", "return", "true", "var", "void", "while"}
)
_SIGNS = {"__": "__underscores__", ".": "__dot__", "-": "__dash__", "/": "__slash__"}

Evaluate = Callable[[Json], Any]


class Unsupported(Exception):
    """A rule that is not CEL, or that calls a function which is not there."""


@cache
def _compiler() -> Callable[[str], Any]:
    """Imported late: it takes 0.14 s, and most worlds have no rule."""
    from cel import compile as compile_cel  # noqa: PLC0415  # see above

    return compile_cel


@lru_cache(maxsize=512)
def compile_rule(rule: str) -> Evaluate:
    """The rule as a function of the variables `self` and `oldSelf`. Raises Unsupported."""
    try:
        program = _compiler()(rule)
    except ValueError as error:
        raise Unsupported(str(error)) from error
    missing = {name for name in program.functions() if name.isidentifier()} - _FUNCTIONS
    if missing:
        raise Unsupported(f"function {', '.join(sorted(missing))}")
    evaluate: Evaluate = program.execute
    return evaluate


def _escaped(value: Any, schema: Schema) -> Any:
    """With names of fields as rules write them: `__in__`, `a__dash__b`; keys of maps stay."""
    if isinstance(value, list):
        return [_escaped(item, schema.get("items") or {}) for item in value]
    if not isinstance(value, dict):
        return value
    known = schema.get("properties", {})
    return {
        _escaped_name(key) if key in known else key: _escaped(item, child_schema(schema, key) or {})
        for key, item in value.items()
    }


def _escaped_name(name: str) -> str:
    if name in _RESERVED:
        return f"__{name}__"
    return re.sub("__|[./-]", lambda sign: _SIGNS[sign[0]], name)


def _subschemas(schema: Schema) -> Iterator[Schema]:
    yield schema
    inner = [
        *schema.get("properties", {}).values(),
        schema.get("items"),
        schema.get("additionalProperties"),
    ]
    for sub in inner:
        if isinstance(sub, dict):
            yield from _subschemas(sub)


def unsupported_rules(schema: Schema) -> Iterator[str]:
    """The rules in a schema that are not evaluated here."""
    for sub in _subschemas(schema):
        for entry in sub.get(RULES, ()):
            try:
                compile_rule(entry["rule"])
            except Unsupported:
                yield entry["rule"]


def check_rules(value: Any, old: Any, schema: Schema, path: str = "") -> Iterator[Cause]:
    """Causes for every rule that the value, or its change from `old`, breaks."""
    for entry in schema.get(RULES, ()):
        if not _holds(entry["rule"], value, old, schema):
            yield _broken(entry, value, path)
    if isinstance(value, dict):
        before: Json = old if isinstance(old, dict) else {}
        for key, item in value.items():
            sub = child_schema(schema, key)
            if sub:
                yield from check_rules(item, before.get(key), sub, child_path(path, key))
    elif isinstance(value, list) and "items" in schema:
        for index, item in enumerate(
            value
        ):  # lists are not matched with their past: no transition rules
            yield from check_rules(item, None, schema["items"], f"{path}[{index}]")


def _broken(entry: Json, value: Any, path: str) -> Cause:
    message = entry.get("message") or f"failed rule: {entry['rule']}"
    if isinstance(value, dict | list):
        return Cause("FieldValueInvalid", f"Invalid value: {message}", path)
    return invalid_value(path, value, message)


def has_rules(schema: Schema) -> bool:
    """Whether there is any rule in the schema."""
    return any(RULES in sub for sub in _subschemas(schema))


def _holds(rule: str, value: Any, old: Any, schema: Schema) -> bool:
    if old is None and re.search(r"\boldSelf\b", rule):
        return True  # a transition rule says nothing of what is new
    try:
        evaluate = compile_rule(rule)
    except Unsupported:
        return True
    try:
        return bool(evaluate({"self": _escaped(value, schema), "oldSelf": _escaped(old, schema)}))
    except (LookupError, TypeError, RuntimeError, ValueError):
        return False  # an error in a rule is a breach
