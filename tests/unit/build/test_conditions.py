"""Matches in neutral words become the conditions that AWS has for them."""

from __future__ import annotations

import pytest

from alb_controller.build.elbv2.conditions import build_conditions
from alb_controller.intent import (
    Exact,
    HeaderMatch,
    HostMatch,
    Match,
    MethodMatch,
    PathMatch,
    Pattern,
    Prefix,
    QueryMatch,
    QueryParam,
    Regex,
    SourceMatch,
)
from alb_controller.model.elbv2 import (
    Condition,
    HostHeader,
    HttpHeader,
    HttpRequestMethod,
    PathPattern,
    QueryString,
    QueryStringPair,
    SourceIp,
)


@pytest.mark.parametrize(
    "match, made",
    [
        (
            HostMatch((Exact("a"), Pattern("*.b"), Regex("^c"))),
            HostHeader(("a", "*.b"), ("^c",)),
        ),
        (PathMatch((Exact("/a"), Pattern("/b?"))), PathPattern(("/a", "/b?"))),
        (PathMatch((Regex("^/a"), Regex("b$"))), PathPattern((), ("^/a", "b$"))),
        (
            HeaderMatch("X", (Exact("a"), Pattern("b*"), Regex("^c"))),
            HttpHeader("X", ("a", "b*"), ("^c",)),
        ),
        (MethodMatch(("GET", "HEAD")), HttpRequestMethod(("GET", "HEAD"))),
        (
            QueryMatch((QueryParam(Exact("v"), "k"), QueryParam(Pattern("w*")))),
            QueryString((QueryStringPair("v", "k"), QueryStringPair("w*"))),
        ),
        (SourceMatch(("10.0.0.0/8",)), SourceIp(("10.0.0.0/8",))),
    ],
)
def test_each_match_has_its_condition(match: Match, made: Condition) -> None:
    """Values and regular expressions apart, each in their order."""
    assert build_conditions((match,)) == (made,)


@pytest.mark.parametrize(
    "prefix, patterns",
    [
        ("/", ("/*",)),
        ("/a", ("/a", "/a/*")),
        ("/a/", ("/a", "/a/*")),
        ("/a//", ("/a/", "/a//*")),
    ],
)
def test_a_prefix_is_its_path_and_all_below_it(prefix: str, patterns: tuple[str, ...]) -> None:
    """Spec 4.2: one trailing slash goes."""
    made = build_conditions((PathMatch((Exact("/x"), Prefix(prefix))),))
    assert made == (PathPattern(("/x", *patterns)),)


def test_conditions_are_sorted_by_field_as_aws_returns_them() -> None:
    """Stable within one field."""
    matches = (PathMatch((Exact("/z"),)), HostMatch((Exact("h"),)), PathMatch((Exact("/a"),)))
    assert build_conditions(matches) == (
        HostHeader(("h",)),
        PathPattern(("/z",)),
        PathPattern(("/a",)),
    )


def test_every_request_is_a_condition_too() -> None:
    """AWS wants at least one."""
    assert build_conditions(()) == (PathPattern(("/*",)),)
