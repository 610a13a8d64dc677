"""Regular expressions: what the dialect of Application Load Balancers lacks.

Source: "Condition types for listener rules". Whether the rest is an expression AWS alone can say.
"""

from __future__ import annotations

import re

_ESCAPES = re.compile(r"\\[1-9kpP]")
"""Backreferences and Unicode classes."""
_ESCAPED = re.compile(r"\\.")
_CLASS = re.compile(r"\[[^\]]*\]?")
_GROUPS = re.compile(r"\(\?(?:[=!>R&0-9+]|<[=!]|P[=>])|[*+?}]\+")
"""Lookarounds, atomic groups, subroutines, recursion; possessive quantifiers."""


def is_beyond_dialect(text: str) -> bool:
    """Whether it has a lookaround, an atomic group, a possessive quantifier, a subroutine,
    recursion, a backreference or a Unicode class.
    """
    bare = _CLASS.sub("x", _ESCAPED.sub("x", text))
    return _has_escape(text) or _GROUPS.search(bare) is not None


def _has_escape(text: str) -> bool:
    """Whether an escape that the dialect lacks stands there, not behind an escaped backslash."""
    return any(_ESCAPES.fullmatch(found) for found in _ESCAPED.findall(text))
