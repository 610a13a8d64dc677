"""Law of the redirect optimizer: what it leaves out, nobody misses (spec 4.4)."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product
from typing import Any, NamedTuple

from hypothesis import given
from hypothesis import strategies as st

from alb_controller.build.elbv2.conditions import build_conditions
from alb_controller.frontends.ingress.routing.optimize import optimize
from alb_controller.intent import (
    HostMatch,
    Match,
    MethodMatch,
    Origin,
    PathMatch,
    Prefix,
    Regex,
    RouteIntent,
    text_of,
)
from alb_controller.model.actions import FixedResponseAction, RedirectAction
from alb_controller.routing.matching import Facts, failed
from alb_controller.routing.request import Request as Asked
from alb_controller.values import ObjectRef

WEB = ObjectRef("Ingress", "shop", "web")
PORT, PROTOCOL = 443, "HTTPS"


class Request(NamedTuple):
    """What a client asks the listener for."""

    host: str
    path: str
    method: str


REQUESTS = [
    Request(*parts)
    for parts in product(
        ("a.example", "b.example", "c.test"), ("/", "/a", "/a/b", "/b"), ("GET", "PUT")
    )
]
HOSTS = st.sampled_from(["a.example", "b.example", "*.example", "c.test"])
PATHS = st.sampled_from(["/*", "/a", "/a/*", "/b", "/"])


def some(values: st.SearchStrategy[Any]) -> st.SearchStrategy[tuple[Any, ...]]:
    """One to three of them."""
    return st.lists(values, min_size=1, max_size=3, unique=True).map(tuple)


MATCHES: list[st.SearchStrategy[Match]] = [
    st.builds(HostMatch, some(HOSTS.map(text_of))),
    st.builds(HostMatch, some(st.sampled_from([r"^a\.", r"test$"]).map(Regex))),
    st.builds(PathMatch, some(PATHS.map(text_of) | st.sampled_from(["/", "/a"]).map(Prefix))),
    st.builds(PathMatch, some(st.sampled_from(["^/a", "b$"]).map(Regex))),
    st.builds(MethodMatch, st.just(("GET",))),
]
REDIRECTS = st.builds(
    RedirectAction,
    st.just("HTTP_301"),
    host=st.none() | HOSTS,
    path=st.none() | PATHS,
    port=st.none() | st.sampled_from(["80", "443"]),
    protocol=st.none() | st.sampled_from(["HTTP", "HTTPS"]),
    query=st.none() | st.just("x=1"),
)
ANSWERS = st.builds(FixedResponseAction, st.sampled_from(["200", "404"]))


@st.composite
def listeners(draw: st.DrawFn) -> tuple[RouteIntent, ...]:
    """The routes of a listener; each is known by its origin."""
    number = draw(st.integers(1, 6))
    return tuple(
        RouteIntent(
            matches=tuple(draw(st.lists(st.one_of(MATCHES), max_size=3))),
            action=draw(REDIRECTS | ANSWERS),
            tags={},
            origin=Origin(WEB, str(at)),
        )
        for at in range(number)
    )


def fits(route: RouteIntent, request: Request) -> bool:
    """Whether a rule takes a request: its conditions, asked by the evaluator of `route`."""
    return fits_matches(route.matches, request)


def fits_matches(matches: tuple[Match, ...], request: Request) -> bool:
    """Whether it takes all matches."""
    asked = Asked(listener=PORT, method=request.method, target=request.path)
    return failed(build_conditions(matches), Facts(asked, request.host)) is None


def answer(routes: Sequence[RouteIntent], request: Request) -> str | None:
    """The rule that answers a request."""
    return next((r.origin.field for r in routes if fits(r, request)), None)


def loops(route: RouteIntent) -> bool:
    """Whether a redirect sends some request to where it came from, or in a circle in its rule."""
    redirect = route.action
    if not isinstance(redirect, RedirectAction):
        return False
    if redirect.query or redirect.port not in (None, str(PORT)):
        return False
    if redirect.protocol not in (None, PROTOCOL):
        return False
    taken = [request for request in REQUESTS if fits(route, request)]
    sent = (
        Request(redirect.host or one.host, redirect.path or one.path, one.method) for one in taken
    )
    return any(fits(route, one) for one in sent)


@given(listeners())
def test_only_loops_and_what_is_never_reached_are_left_out(routes: tuple[RouteIntent, ...]) -> None:
    """Every request is answered by the rule that answers it when loops alone are taken away."""
    kept = optimize(routes, PORT, PROTOCOL)
    names = {route.origin.field for route in kept}
    gone = [route for route in routes if route.origin.field not in names]
    without_loops = [r for r in routes if r.origin.field in names or not loops(r)]
    for request in REQUESTS:
        assert answer(kept, request) == answer(without_loops, request)
    assert all(isinstance(r.action, RedirectAction) or _is_unreachable(r, kept) for r in gone)


def _is_unreachable(route: RouteIntent, kept: Sequence[RouteIntent]) -> bool:
    earlier = [one for one in kept if int(one.origin.field) < int(route.origin.field)]
    taken = [request for request in REQUESTS if fits(route, request)]
    return all(answer(earlier, request) is not None for request in taken)


@given(listeners())
def test_the_order_stays_and_nothing_changes_twice(routes: tuple[RouteIntent, ...]) -> None:
    """What is kept is kept as it was; another pass leaves no more out."""
    kept = optimize(routes, PORT, PROTOCOL)
    places = [int(route.origin.field) for route in kept]
    assert places == sorted(places)
    assert all(route is routes[place] for route, place in zip(kept, places, strict=True))
    assert optimize(kept, PORT, PROTOCOL) == kept
