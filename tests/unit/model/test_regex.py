"""Expressions in RE2's syntax."""

from __future__ import annotations

import time

import pytest

from alb_controller.model.regex import BadExpression, Expression, compiled


@pytest.mark.parametrize(
    "text, value, expected",
    [
        ("b", "abc", "b"),
        ("", "abc", ""),
        ("^$", "", ""),
        ("a|ab", "ab", "a"),
        ("(?:ab|a)c?", "abc", "abc"),
        ("x|y|z", "az", "z"),
        ("a*", "aaab", "aaa"),
        ("a*?b", "aab", "aab"),
        ("a+?", "aaa", "a"),
        ("a??b", "ab", "ab"),
        ("a{2}", "aaa", "aa"),
        ("a{2,}", "aaaa", "aaaa"),
        ("a{1,2}?", "aa", "a"),
        ("a{0,2}b", "aab", "aab"),
        ("a{,2}", "a{,2}", "a{,2}"),
        ("a{x", "a{x", "a{x"),
        ("a{1", "a{1", "a{1"),
        (".+", "a\nb", "a"),
        ("(?s).+", "a\nb", "a\nb"),
        ("(?m)^b$", "a\nb\nc", "b"),
        ("(?i)AB", "xab", "ab"),
        ("(?i:a)B", "AB", "AB"),
        ("(?i)a(?-i)B", "AB", "AB"),
        ("((?i)a)b", "Ab", "Ab"),
        ("[a-c]+", "xabcd", "abc"),
        ("[^a-c]+", "abxyc", "xy"),
        ("[]a]+", "]a", "]a"),
        ("[a-]+", "-a-", "-a-"),
        (r"[\d.]+", "v1.2", "1.2"),
        (r"[\]x]+", "]x", "]x"),
        (r"[a-\x63]+", "abcd", "abc"),
        ("[[:alpha:]_]+", "1ab_2", "ab_"),
        ("[[^:]+", ":[^", ":[^"),
        (r"\d+\D", "ab12c", "12c"),
        (r"\w+\W\s\S", "a! b", "a! b"),
        (r"\bb\b", "ab b", "b"),
        (r"\Bb", "b ab", "b"),
        (r"\Aa\z", "a", "a"),
        (r"\.\/\-", "./-", "./-"),
        (r"\t\x41\x{42}", "\tAB", "\tAB"),
        ("(?P<n>a)(?<m>b)", "ab", "ab"),
        ("(a*)*b", "aab", "aab"),
        ("a{1001", "a{1001", "a{1001"),
    ],
)
def test_the_leftmost_match_is_found(text: str, value: str, expected: str) -> None:
    """Of the matches there, the preferred one, as in Perl."""
    found = Expression(text).search(value)
    assert found is not None
    assert found.group(0) == expected


@pytest.mark.parametrize(
    "text, value",
    [
        ("a", "A"),
        ("^b", "ab"),
        ("a$", "a\n"),
        (".", "\n"),
        ("[^a]", "a"),
        (r"\D", "12"),
        (r"\bb", "ab"),
        (r"\Bb", "b"),
        ("a{3}", "aa"),
        ("(?m)^a$", "ab"),
    ],
)
def test_what_does_not_match_is_not_found(text: str, value: str) -> None:
    """The end of the text is the end, not a line break before it."""
    assert Expression(text).search(value) is None


def test_letter_case_may_not_matter() -> None:
    """In sets as well, negated ones too."""
    assert Expression("[a-c]X", is_cased=False).search("BX") is not None
    assert Expression("[a-c]X", is_cased=False).search("Bx") is not None
    assert Expression("[^a]", is_cased=False).search("A") is None


def test_groups_are_remembered() -> None:
    """The last time that each took part; empty where it did not."""
    expression = Expression("(a)|((b)+)c")
    found = expression.search("xbbc")
    assert found is not None
    assert expression.groups == 3
    assert [found.group(number) for number in range(4)] == ["bbc", "", "bb", "b"]
    assert (found.span(1), found.span(3)) == (None, (2, 3))


@pytest.mark.parametrize(
    "text",
    [
        "(a",
        "a)",
        "*a",
        "a**",
        "a*{2}",
        "(?i)*",
        "[a",
        "[b-a]",
        r"[a-",
        "[[:odd:]]",
        "[[:a",
        "(?<a",
        "(?P<1>a)",
        "(?=a)",
        "(?i",
        r"\k",
        r"\1",
        "\\",
        r"\xzz",
        r"\x{110000}",
        "a{2,1}",
        "a{1001}",
        "(" * 102 + ")" * 102,
        "(?:a{1000}){1000}",
    ],
)
def test_what_is_no_expression_is_refused(text: str) -> None:
    """With the text and the place; a search for it is None."""
    with pytest.raises(BadExpression):
        Expression(text)
    assert compiled(text) is None


def test_no_expression_takes_long() -> None:
    """Those that make a backtracking engine hang grow with the text alone."""
    for text in ("(a+)+$", "(a|a)*b", "(a|aa)+c", "(.*)*x", "a{0,30}a{30}"):
        began = time.thread_time()
        Expression(text).search("a" * 300 + "!")
        assert time.thread_time() - began < 2
