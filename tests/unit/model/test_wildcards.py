"""Wildcards of AWS are matched as AWS does, in a time that no pattern can stretch."""

from __future__ import annotations

import time
from fnmatch import fnmatchcase

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alb_controller.model.wildcards import matches

HOSTILE_SECONDS = 0.25
"""Far above what 256 characters take, far below what backtracking does."""


def _defined(pattern: str, text: str) -> bool:
    """The definition, one character of the pattern after the other."""
    if not pattern:
        return not text
    if pattern[0] == "*":
        return _defined(pattern[1:], text) or (text != "" and _defined(pattern, text[1:]))
    is_escape = pattern[0] == "\\" and len(pattern) > 1
    part = pattern[:2] if is_escape else pattern[:1]
    is_right = text != "" and part in ("?", text[0], "\\" + text[0])
    return is_right and _defined(pattern[len(part) :], text[1:])


@given(st.text("ab*?\\", max_size=7), st.text("ab*\\\n", max_size=7))
def test_a_pattern_matches_what_its_definition_says(pattern: str, text: str) -> None:
    """`*` is any text, `?` any character, and a backslash takes the next one literally."""
    assert matches(pattern, text) is _defined(pattern, text)


@given(st.text("aA.*?", max_size=8), st.text("aA.\n", max_size=8))
def test_without_backslash_and_brackets_it_is_a_shell_pattern(pattern: str, text: str) -> None:
    """The standard library agrees where it knows the same wildcards."""
    assert matches(pattern, text) is fnmatchcase(text, pattern)


@pytest.mark.parametrize(
    "pattern,text",
    [
        ("[ab]c", "ac"),
        ("a.c", "abc"),
        ("(a|b)", "a"),
        ("a+", "aa"),
        ("a", "A"),
        ("^a$", "a"),
        (r"\*", "a"),
    ],
)
def test_nothing_else_is_a_wildcard(pattern: str, text: str) -> None:
    """What other languages of patterns give a meaning matches only itself."""
    assert not matches(pattern, text)
    assert matches(pattern, pattern.removeprefix("\\"))


@pytest.mark.parametrize(
    "pattern",
    [
        "*a" * 12 + "*b",
        "*a*?" * 60 + "b",
        "*" * 250 + "b",
        "*" + "a" * 120 + "b",
        "*aa?" * 60 + "*b",
    ],
    ids=["stars", "both", "only stars", "long tail", "steps"],
)
def test_no_pattern_takes_long(pattern: str) -> None:
    """The text looks right until its end, and no choice of a star is tried again for that."""
    began = time.thread_time()
    assert not matches(pattern, "a" * 256)
    assert time.thread_time() - began < HOSTILE_SECONDS
