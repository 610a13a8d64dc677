"""Whether one rule takes all requests of another: yes is a proof, no where it is uncertain."""

from __future__ import annotations

import pytest

from alb_controller.intent.covering import Covering, Effort, covers
from alb_controller.intent.routing import (
    HeaderMatch,
    HostMatch,
    Match,
    MethodMatch,
    PathMatch,
    QueryMatch,
    QueryParam,
    Regex,
    SourceMatch,
    text_of,
)


def paths(*written: str) -> PathMatch:
    """Paths with wildcards."""
    return PathMatch(tuple(map(text_of, written)))


def regexes(*written: str) -> PathMatch:
    """Paths by regular expressions."""
    return PathMatch(tuple(map(Regex, written)))


def hosts(*written: str) -> HostMatch:
    """Hosts with wildcards."""
    return HostMatch(tuple(map(text_of, written)))


def header(name: str, *written: str) -> HeaderMatch:
    """Values of a header."""
    return HeaderMatch(name, tuple(map(text_of, written)))


def pairs(*of: tuple[str | None, str]) -> QueryMatch:
    """Keys and values of the query string."""
    return QueryMatch(tuple(QueryParam(text_of(value), key) for key, value in of))


@pytest.mark.parametrize(
    "one, other, does",
    [
        (paths("/a"), paths("/a"), True),
        (paths("/a"), paths("/A"), False),
        (paths("/a/*"), paths("/a/b"), True),
        (paths("/a/*"), paths("/a/b/*"), True),
        (paths("/a/b/*"), paths("/a/*"), False),
        (paths("/a"), paths("/a", "/a/*"), False),
        (paths("/a", "/a/*"), paths("/a/x"), True),
        (paths("/a?"), paths("/ab"), True),
        (paths("/a?"), paths("/a?"), True),
        (paths("/a?"), paths("/a*"), False),
        (paths("/ab"), paths("/a?"), False),
        (paths("/*x*y"), paths("/a*x?y"), True),
        (paths("/*"), paths("*.png"), True),
        (paths("/*"), regexes("^/a"), True),
        (paths("/a*"), regexes("^/a"), False),
        (regexes("^/a", "^/b"), regexes("^/a"), True),
        (regexes("^/a"), paths("/a"), False),
        (hosts("A.example"), hosts("a.EXAMPLE"), True),
        (hosts("*.example"), hosts("a.example"), True),
        (hosts("*.example"), hosts("*.a.example"), True),
        (hosts("a.example"), hosts("*.example"), False),
        (hosts("a.example"), paths("/a"), False),
        (MethodMatch(("GET", "PUT")), MethodMatch(("GET",)), True),
        (MethodMatch(("GET",)), MethodMatch(("GET", "PUT")), False),
        (header("X", "a*"), header("x", "ab"), True),
        (header("X", "a*"), header("y", "ab"), False),
        (pairs((None, "1")), pairs(("k", "1")), True),
        (pairs(("k", "1")), pairs((None, "1")), False),
        (pairs(("k", "1"), ("k", "2")), pairs(("k", "2")), True),
        (SourceMatch(("10.0.0.0/8",)), SourceMatch(("10.1.0.0/16", "10.2.3.4/32")), True),
        (SourceMatch(("10.0.0.0/8",)), SourceMatch(("10.1.0.0/16", "fd00::/8")), False),
        (SourceMatch(("fd00::/8",)), SourceMatch(("fd00:1::1/64",)), True),
    ],
)
def test_two_conditions(one: Match, other: Match, does: bool) -> None:
    """By themselves, and found among others."""
    assert covers((one,), (other,)) is does
    rules = Covering[str](Effort())
    rules.add((MethodMatch(("TRACE",)),), "none")
    rules.add((one,), "one")
    assert rules.first((other,)) == ("one" if does else None)


def test_every_condition_must_be_met() -> None:
    """What the other asks for besides does not matter; patterns that take all ask for nothing."""
    host, path = hosts("a.example"), paths("/a")
    assert covers((host,), (host, path))
    assert covers((path,), (host, path))
    assert not covers((host, path), (host,))
    assert covers((hosts("*"), paths("/*")), (MethodMatch(("GET",)),))
    assert covers((), (host,))


def test_the_first_that_covers_is_found() -> None:
    """In the order in which they were added, whatever they are filed under."""
    rules = Covering[str](Effort())
    assert rules.first(()) is None
    rules.add((paths("/a/b/*"),), "deep")
    rules.add((hosts("*.example"), paths("/a/*")), "wild")
    rules.add((paths("/a/*"),), "wide")
    rules.add((paths("/*"),), "all")
    host = hosts("x.example")
    assert rules.first((host, paths("/a/b/c"))) == "deep"
    assert rules.first((host, paths("/a/c"))) == "wild"
    assert rules.first((paths("/a/c"),)) == "wide"
    assert rules.first((host,)) == "all"
    assert rules.first((regexes("b$"),)) == "all"


def test_a_pattern_of_many_stars_is_decided_at_once() -> None:
    """Users write them: the time is bounded by the product of the lengths."""
    stars = paths("/" + "a*" * 60 + "b")
    assert not covers((stars,), (paths("/" + "a" * 120),))
    assert covers((stars,), (stars,))


def test_rules_that_differ_at_their_ends_are_not_compared() -> None:
    """A thousand cost no effort, whatever stands between: heads and tails tell them apart."""
    rules = Covering[int](Effort(left=0))
    for at in range(1000):
        rules.add((hosts(f"*.h{at}.example"), paths(f"/*/p{at}")), at)
    assert rules.first((hosts("*.h5.example"), paths("/*/p6"))) is None


def test_a_look_ends_when_its_effort_is_spent() -> None:
    """Then nothing is said to cover anything, which is no proof that nothing does."""
    effort = Effort(left=10_000)
    rules = Covering[int](effort)
    for at in range(1000):
        rules.add((header("X", f"v{at}"),), at)
    assert rules.first((header("X", "v3"),)) == 3
    assert rules.first((header("X", "v999"),)) is None
    assert rules.first((header("X", "v3"),)) is None
