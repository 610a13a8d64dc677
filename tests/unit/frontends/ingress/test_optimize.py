"""Redirects that would loop, and routes that nothing reaches, are left out (spec 4.4)."""

from __future__ import annotations

from typing import Any

import pytest

from alb_controller.frontends.ingress.routing.optimize import optimize
from alb_controller.intent import (
    HostMatch,
    Match,
    Origin,
    PathMatch,
    Prefix,
    Regex,
    RouteIntent,
    SourceMatch,
    text_of,
)
from alb_controller.model.actions import FixedResponseAction, RedirectAction
from alb_controller.values import ObjectRef

TO_HTTPS = RedirectAction("HTTP_301", port="443", protocol="HTTPS")
SAME = RedirectAction("HTTP_301")
ANSWER = FixedResponseAction("200")
EVERYTHING = PathMatch((Prefix("/"),))


def hosts(*names: str) -> HostMatch:
    """Any of these hosts."""
    return HostMatch(tuple(map(text_of, names)))


def paths(*texts: str) -> PathMatch:
    """Any of these paths."""
    return PathMatch(tuple(map(text_of, texts)))


def regexes(*texts: str) -> PathMatch:
    """Paths that fit any of these."""
    return PathMatch(tuple(map(Regex, texts)))


A, B, HOST_REGEX = hosts("a"), hosts("b"), HostMatch((Regex("^a"),))


def route(action: Any, *matches: Match) -> RouteIntent:
    """A route with an action and matches."""
    return RouteIntent(
        matches=matches,
        action=action,
        tags={},
        origin=Origin(ObjectRef("Ingress", "shop", "web")),
    )


def kept(*routes: RouteIntent, port: int = 80, protocol: str = "HTTP") -> list[int]:
    """The places of the routes that are left."""
    left = optimize(routes, port, protocol)
    return [at for at, one in enumerate(routes) if any(one is other for other in left)]


def test_the_old_way_to_https_works_on_both_listeners() -> None:
    """On HTTP the redirect is all there is, on HTTPS it is not there."""
    routes = (route(TO_HTTPS, EVERYTHING), route(ANSWER, paths("/a")))
    assert kept(*routes) == [0]
    assert kept(*routes, port=443, protocol="HTTPS") == [1]


@pytest.mark.parametrize(
    "redirect,loops",
    [
        (SAME, True),
        (RedirectAction("HTTP_301", host="a"), True),
        (RedirectAction("HTTP_301", host="x"), False),
        (RedirectAction("HTTP_301", path="/b"), True),
        (RedirectAction("HTTP_301", path="/x"), False),
        (RedirectAction("HTTP_301", port="80", protocol="HTTP"), True),
        (RedirectAction("HTTP_301", port="81"), False),
        (RedirectAction("HTTP_301", protocol="HTTPS"), False),
        (RedirectAction("HTTP_301", query="x"), False),
        (RedirectAction("HTTP_301", "#{host}", "/#{path}", "#{port}", "#{protocol}"), True),
    ],
)
def test_a_redirect_to_what_it_takes_itself_is_a_loop(
    redirect: RedirectAction, loops: bool
) -> None:
    """Every part must be the same, or one of the route's own values."""
    of = route(redirect, hosts("a", "b"), paths("/a", "/b"))
    assert kept(of) == ([] if loops else [0])


@pytest.mark.parametrize(
    "matches",
    [(regexes("^/a"),), (EVERYTHING, SourceMatch(("10.0.0.0/8",)))],
    ids=["regex", "another match"],
)
def test_what_may_not_loop_stays(matches: tuple[Match, ...]) -> None:
    """A regular expression, or a match that the redirected request may not meet."""
    assert kept(route(RedirectAction("HTTP_301", host="a"), A, *matches)) == [0]


@pytest.mark.parametrize(
    "matches",
    [(regexes("^/a"),), (EVERYTHING, SourceMatch(("10.0.0.0/8",)))],
    ids=["regex", "another match"],
)
def test_a_redirect_that_changes_nothing_is_always_a_loop(matches: tuple[Match, ...]) -> None:
    """AWS refuses it whatever the matches are (ELBv2 API, RedirectActionConfig)."""
    assert kept(route(SAME, *matches)) == []


def test_a_redirect_to_a_host_is_no_loop_of_a_host_expression() -> None:
    """Nobody knows whether it fits."""
    regex = HOST_REGEX
    assert kept(route(RedirectAction("HTTP_301", host="a"), regex, EVERYTHING)) == [0]


@pytest.mark.parametrize(
    "first,later,shadowed",
    [
        ((EVERYTHING,), (A, paths("/a")), True),
        ((EVERYTHING,), (A,), True),
        ((paths("/*"),), (A,), True),
        ((), (A, paths("/a")), True),
        ((A,), (), False),
        ((PathMatch((Prefix("/a"),)),), (paths("/a", "/a/*"),), True),
        ((PathMatch((Prefix("/a"),)),), (PathMatch((Prefix("/a/"),)),), True),
        ((paths("/a"),), (PathMatch((Prefix("/a"),)),), False),
        ((EVERYTHING,), (regexes("^/a"),), True),
        ((A,), (A, EVERYTHING), True),
        ((A, EVERYTHING), (A, paths("/a")), True),
        ((A, EVERYTHING), (B, paths("/a")), False),
        ((A, EVERYTHING), (paths("/a"),), False),
        ((hosts("a", "b"), EVERYTHING), (B, EVERYTHING), True),
        ((paths("/a", "/b"),), (paths("/b"),), True),
        ((paths("/a"),), (paths("/a", "/b"),), False),
        ((paths("/a"),), (A,), False),
        ((paths("/a"),), (regexes("/a"),), False),
        ((HOST_REGEX, EVERYTHING), (A, EVERYTHING), False),
        ((regexes("^/"),), (paths("/a"),), False),
        ((regexes("^/a", "^/b"),), (regexes("^/b"),), True),
        ((HOST_REGEX,), (HOST_REGEX, EVERYTHING), True),
        ((EVERYTHING, SourceMatch(("10.0.0.0/8",))), (paths("/a"),), False),
    ],
)
def test_nothing_is_behind_a_redirect_that_takes_it_all(
    first: tuple[Match, ...], later: tuple[Match, ...], shadowed: bool
) -> None:
    """By hosts and paths; a regular expression takes in for sure what is the same one."""
    assert kept(route(TO_HTTPS, *first), route(ANSWER, *later)) == ([0] if shadowed else [0, 1])


def test_only_redirects_shadow() -> None:
    """A forward that takes it all is the user's own order."""
    assert kept(route(ANSWER, EVERYTHING), route(ANSWER, EVERYTHING)) == [0, 1]


def test_a_loop_shadows_nothing() -> None:
    """It is not there."""
    assert kept(route(SAME, EVERYTHING), route(ANSWER, EVERYTHING)) == [1]
