"""Validation rules of CRDs (`x-kubernetes-validations`): the part of CEL that simple rules use.

Understood: `self` and `oldSelf` with fields and indexes, `has()`, `size()`, `in`, comparisons,
`!`, `&&`, `||`, `?:`, the methods `startsWith`, `endsWith`, `contains`, `matches` and `size`,
literals and lists. Not: macros over lists (`all`, `exists`, `map`), arithmetic and the other
libraries; `unsupported_rules` names such rules, and they are not evaluated.
Source: Kubernetes docs, "Common Expression Language in Kubernetes"; CRD docs, "Validation rules".
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import Any

from alb_controller.sandbox.kubeapi.schemas import Json, Schema, child_path, child_schema
from alb_controller.sandbox.kubeapi.statuses import Cause, invalid_value

RULES = "x-kubernetes-validations"

Scope = dict[str, Any]
Expression = Callable[[Scope], Any]

_TOKEN = re.compile(
    r"""\s*(?:(?P<number>\d+(?:\.\d+)?)|(?P<string>'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*")"""
    r"""|(?P<name>[A-Za-z_]\w*)|(?P<mark>&&|\|\||[=!<>]=|[-!<>()\[\].,?:+*/%]))"""
)
_COMPARISONS: dict[str, Callable[[Any, Any], Any]] = {
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "in": lambda item, container: item in container,
}
_METHODS: dict[str, Callable[..., Any]] = {
    "startsWith": str.startswith,
    "endsWith": str.endswith,
    "contains": lambda text, part: part in text,
    "matches": lambda text, pattern: re.search(pattern, text) is not None,
    "size": len,
}
_WORDS = {"true": True, "false": False, "null": None}


class Unsupported(Exception):
    """A rule that uses more of CEL than is understood here."""


class _Parser:
    """A recursive descent over the tokens; each method returns a function of the scope."""

    def __init__(self, text: str) -> None:
        self.tokens = list(_tokens(text))
        self.place = 0

    def peek(self) -> str:
        return self.tokens[self.place] if self.place < len(self.tokens) else ""

    def take(self, expected: str = "") -> str:
        token = self.peek()
        if not token or (expected and token != expected):
            raise Unsupported(f"unexpected {token or 'end'!r}")
        self.place += 1
        return token

    def expression(self) -> Expression:
        condition = self.either()
        if self.peek() != "?":
            return condition
        self.take()
        yes = self.expression()
        self.take(":")
        no = self.expression()
        return lambda scope: yes(scope) if condition(scope) else no(scope)

    def either(self) -> Expression:
        left = self.both()
        while self.peek() == "||":
            self.take()
            left = _or(left, self.both())
        return left

    def both(self) -> Expression:
        left = self.comparison()
        while self.peek() == "&&":
            self.take()
            left = _and(left, self.comparison())
        return left

    def comparison(self) -> Expression:
        left = self.unary()
        if self.peek() in _COMPARISONS:
            compare, right = _COMPARISONS[self.take()], self.unary()
            return lambda scope: compare(left(scope), right(scope))
        return left

    def unary(self) -> Expression:
        if self.peek() == "!":
            self.take()
            inner = self.unary()
            return lambda scope: not inner(scope)
        return self.chain()

    def chain(self) -> Expression:
        value = self.primary()
        while self.peek() in (".", "["):
            value = self.index(value) if self.take() == "[" else self.field(value)
        return value

    def index(self, value: Expression) -> Expression:
        key = self.expression()
        self.take("]")
        return lambda scope: value(scope)[key(scope)]

    def field(self, value: Expression) -> Expression:
        name = self.take()
        if self.peek() != "(":
            return lambda scope: value(scope)[name]
        if name not in _METHODS:
            raise Unsupported(f"method {name}")
        method, arguments = _METHODS[name], self.arguments(")")
        return lambda scope: method(value(scope), *(argument(scope) for argument in arguments))

    def arguments(self, end: str) -> list[Expression]:
        self.take()
        found: list[Expression] = []
        while self.peek() != end:
            found.append(self.expression())
            if self.peek() == ",":
                self.take()
        self.take(end)
        return found

    def primary(self) -> Expression:
        match self.peek():
            case "(":
                (inner,) = self.arguments(")")
                return inner
            case "[":
                items = self.arguments("]")
                return lambda scope: [item(scope) for item in items]
        match self.take():
            case "has":
                return _has(self.arguments(")"))
            case "size":
                (measured,) = self.arguments(")")
                return lambda scope: len(measured(scope))
            case literal:
                return _literal(literal)


def _literal(token: str) -> Expression:
    if token in ("self", "oldSelf"):
        return lambda scope: scope[token]
    if token in _WORDS:
        return lambda _scope: _WORDS[token]
    if token[0] in "'\"":
        text = re.sub(r"\\(.)", r"\1", token[1:-1])
        return lambda _scope: text
    if token[0].isdigit():
        number = float(token) if "." in token else int(token)
        return lambda _scope: number
    raise Unsupported(f"{token!r}")


def _tokens(text: str) -> Iterator[str]:
    place = 0
    while text[place:].strip():
        found = _TOKEN.match(text, place)
        if found is None:
            raise Unsupported(f"{text[place:]!r}")
        yield found.group().strip()
        place = found.end()


def _or(left: Expression, right: Expression) -> Expression:
    return lambda scope: left(scope) or right(scope)


def _and(left: Expression, right: Expression) -> Expression:
    return lambda scope: left(scope) and right(scope)


def _has(arguments: list[Expression]) -> Expression:
    (path,) = arguments

    def present(scope: Scope) -> bool:
        try:
            path(scope)
        except (KeyError, TypeError, IndexError):
            return False
        return True

    return present


@lru_cache(maxsize=512)
def compile_rule(rule: str) -> Expression:
    """The rule as a function of `self` and `oldSelf`. Raises Unsupported."""
    parser = _Parser(rule)
    compiled = parser.expression()
    if parser.peek():
        raise Unsupported(f"{parser.peek()!r}")
    return compiled


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
            except (Unsupported, ValueError):
                yield entry["rule"]


def check_rules(value: Any, old: Any, schema: Schema, path: str = "") -> Iterator[Cause]:
    """Causes for every rule that the value, or its change from `old`, breaks."""
    for entry in schema.get(RULES, ()):
        if not _holds(entry["rule"], value, old):
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


def _holds(rule: str, value: Any, old: Any) -> bool:
    if old is None and re.search(r"\boldSelf\b", rule):
        return True  # a transition rule says nothing of what is new
    try:
        return bool(compile_rule(rule)({"self": value, "oldSelf": old}))
    except Unsupported:
        return True
    except (KeyError, TypeError, IndexError):
        return False  # CEL counts an error in a rule as a breach
