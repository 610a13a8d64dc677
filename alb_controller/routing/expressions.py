"""Regular expressions of conditions and transforms.

AWS does not name its engine; its dialect is RE2's (no lookaround, backreference, …). An expression
is searched, not anchored.

Source: "Condition types for listener rules" and "Transforms for listener rules".
"""

from __future__ import annotations

import re

from alb_controller.model.regex import Found, compiled

_REFERENCE = re.compile(r"\$(?:(\d)|\{(\d{1,2})\})")


def found_in(text: str, value: str, *, is_cased: bool) -> bool:
    """Whether the expression fits somewhere in the value; what is none fits nothing."""
    expression = compiled(text, is_cased=is_cased)
    return expression is not None and expression.search(value) is not None


def replaced(text: str, replacement: str, value: str) -> str | None:
    """The value with the first match replaced; `$1` is a group. None without a match."""
    expression = compiled(text)
    found = None if expression is None else expression.search(value)
    if expression is None or found is None:
        return None
    first, last = found.slots[:2]
    new = _REFERENCE.sub(lambda one: _group(found, expression.groups, one), replacement)
    return value[:first] + new + value[last:]


def _group(found: Found, groups: int, reference: re.Match[str]) -> str:
    number = int(reference[1] or reference[2])
    return reference[0] if number > groups else found.group(number)
