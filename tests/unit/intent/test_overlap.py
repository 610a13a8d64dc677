"""Whether one request can match two routes: no is a proof, yes where it is uncertain."""

from __future__ import annotations

import pytest

from alb_controller.intent.overlap import may_overlap, requests_of
from alb_controller.intent.routing import (
    Exact,
    HeaderMatch,
    HostMatch,
    Match,
    MethodMatch,
    PathMatch,
    Pattern,
    Prefix,
    Regex,
    SourceMatch,
)


@pytest.mark.parametrize(
    "one, other, meets",
    [
        (HostMatch((Exact("a.example"),)), HostMatch((Pattern("*.EXAMPLE"),)), True),
        (HostMatch((Exact("a.example"),)), HostMatch((Exact("b.example"),)), False),
        (HostMatch((Exact("a"), Regex("b"))), HostMatch((Exact("c"),)), True),
        (PathMatch((Prefix("/a"),)), PathMatch((Exact("/a/b"),)), True),
        (PathMatch((Prefix("/a"),)), PathMatch((Exact("/A/b"),)), False),
        (PathMatch((Prefix("/a"),)), PathMatch((Prefix("/ab"),)), False),
        (MethodMatch(("GET",)), MethodMatch(("PUT",)), False),
        (MethodMatch(("GET",)), MethodMatch(("PUT", "GET")), True),
        (SourceMatch(("10.0.0.0/8",)), SourceMatch(("10.1.0.0/16",)), True),
        (SourceMatch(("10.0.0.0/8",)), SourceMatch(("fd00::/8",)), False),
        (HeaderMatch("x", (Exact("1"),)), HeaderMatch("x", (Exact("2"),)), True),
    ],
)
def test_two_matches(one: Match, other: Match, meets: bool) -> None:
    """A request has one host, path, method and address, and any number of headers."""
    ours, theirs = requests_of([one]), requests_of([other])
    assert may_overlap(ours, theirs) is may_overlap(theirs, ours) is meets
    assert may_overlap(ours, requests_of([]))
