"""Label and field selectors: read from the query string, matched against objects.

Source: Kubernetes docs, "Labels and Selectors", "Field Selectors".
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any

from alb_controller.sandbox.kubeapi.schemas import Json
from alb_controller.sandbox.kubeapi.statuses import bad_request

Matcher = Callable[[Json], bool]

_BOOLEANS = ("spec.unschedulable", "spec.hostNetwork")
_PART = re.compile(r",(?![^(]*\))")
_SET = re.compile(r"(\S+)\s+(in|notin)\s+\(([^)]*)\)")
_EQUALITY = re.compile(r"([^=!\s]+)\s*(==|=|!=)\s*(\S*)")
_EXISTS = re.compile(r"(!?)\s*([^\s=!,()]+)")


def parse_label_selector(text: str) -> Matcher:
    """A test of an object's labels; the empty selector takes all. Raises 400 for what cannot be
    read.
    """
    requirements = [_parse_requirement(part.strip()) for part in _PART.split(text) if part.strip()]

    def matches(obj: Json) -> bool:
        labels = obj["metadata"].get("labels") or {}
        return all(requirement(labels) for requirement in requirements)

    return matches


def _parse_requirement(part: str) -> Matcher:
    if found := _SET.fullmatch(part):
        key, operator, listed = found.groups()
        values = {value.strip() for value in listed.split(",")}
        if operator == "in":
            return lambda labels: labels.get(key) in values
        return lambda labels: labels.get(key) not in values
    if found := _EQUALITY.fullmatch(part):
        key, operator, value = found.groups()
        if operator == "!=":
            return lambda labels: labels.get(key) != value
        return lambda labels: labels.get(key) == value
    if found := _EXISTS.fullmatch(part):
        negated, key = found.groups()
        return lambda labels: (key in labels) != bool(negated)
    raise bad_request(f"unable to parse requirement: {part!r} is no label requirement")


def matches_label_selector(selector: Json, labels: Json) -> bool:
    """Whether labels fit a `LabelSelector` as objects hold it."""
    if any(labels.get(key) != value for key, value in selector.get("matchLabels", {}).items()):
        return False
    return all(_fits(expression, labels) for expression in selector.get("matchExpressions", ()))


def _fits(expression: Json, labels: Json) -> bool:
    value, values = labels.get(expression["key"]), expression.get("values", ())
    match expression["operator"]:
        case "In":
            return value in values
        case "NotIn":
            return value not in values
        case "Exists":
            return value is not None
        case _:
            return value is None


def parse_field_selector(text: str, known: Sequence[str], *, names_all: bool = True) -> Matcher:
    """A test of an object's fields; `known` are the paths that the kind supports beside name and
    namespace.

    Raises 400 for another field.
    """
    names = ["metadata.name", "metadata.namespace", *known]
    requirements: list[tuple[str, bool, str]] = []
    for part in filter(None, text.split(",")):
        found = re.fullmatch(r"([^=!]+)(==|=|!=)(.*)", part)
        if not found:
            raise bad_request(f"invalid selector: {part!r}; can't understand {part!r}")
        field, operator, value = found.groups()
        if field not in names and (known or not names_all):
            raise bad_request(f"field label not supported: {field}")
        if field not in names:
            listed = ", ".join(f'"{name}"' for name in names)
            raise bad_request(f'"{field}" is not a known field selector: only {listed}')
        requirements.append((field, operator != "!=", value))

    def matches(obj: Json) -> bool:
        return all((_field(obj, path) == value) == wanted for path, wanted, value in requirements)

    return matches


def _field(obj: Json, path: str) -> str:
    """The field as a selector sees it: absent is empty, booleans are words."""
    value: Any = obj
    for part in path.split("."):
        value = value.get(part) if isinstance(value, dict) else None
    if path == "source" and isinstance(value, dict):
        value = value.get("component") or obj.get("reportingComponent")
    if isinstance(value, bool) or path in _BOOLEANS:
        return "true" if value else "false"
    return "" if value is None else str(value)
