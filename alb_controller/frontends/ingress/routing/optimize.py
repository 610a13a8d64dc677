"""Redirects that would loop, and routes that a redirect before them takes, are left out (spec 4.4).

The old way to send HTTP to HTTPS is a redirect action on the first path of every listener: on the
HTTPS listener it would redirect to itself, on the HTTP listener nothing after it is ever reached.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeAlias

from alb_controller.intent import (
    ActionIntent,
    HostMatch,
    PathMatch,
    PathText,
    Regex,
    RouteIntent,
    patterns_of,
)
from alb_controller.model.actions import RedirectAction

Expected: TypeAlias = tuple[bool, str]
"""A pattern, or (True) a regular expression."""
_ANYTHING: Expected = (False, "/*")


def optimize(routes: Iterable[RouteIntent], port: int, protocol: str) -> tuple[RouteIntent, ...]:
    """The routes of one listener that can ever answer a request, in their order."""
    kept: list[RouteIntent] = []
    for route in routes:
        if not loops(route, port, protocol) and not any(_shadows(k, route) for k in kept):
            kept.append(route)
    return tuple(kept)


def loops(route: RouteIntent, port: int, protocol: str) -> bool:
    """Whether a redirect leads to a URL that the same route takes.

    LBC's test looks at host and path alone; a route with other conditions is no loop, as
    the redirected request may lack what they ask for (spec 12.1 #8). One that changes nothing is.
    """
    redirect = route.action
    if not isinstance(redirect, RedirectAction) or not _stays(redirect, port, protocol):
        return False
    if changes_nothing(redirect, port, protocol):
        return True
    redirect, paths = redirect.canonical, _paths(route)
    # a regular expression may not fit the new path
    if _has_other_matches(route) or any(is_regex for is_regex, _ in paths):
        return False
    is_same_host = redirect.host is None or (False, redirect.host) in _hosts(route)
    return is_same_host and (redirect.path is None or (False, redirect.path) in paths)


def changes_nothing(action: ActionIntent, port: int, protocol: str) -> bool:
    """Whether it is a redirect to the URL of the request, which AWS refuses as a loop."""
    if not isinstance(action, RedirectAction) or not _stays(action, port, protocol):
        return False
    redirect = action.canonical
    return redirect.host is None and redirect.path is None


def _stays(redirect: RedirectAction, port: int, protocol: str) -> bool:
    """Whether it leads back to the listener, with the query that the request had."""
    redirect = redirect.canonical
    return (
        redirect.port in (None, str(port))
        and redirect.protocol in (None, protocol)
        and redirect.query is None
    )


def _shadows(first: RouteIntent, later: RouteIntent) -> bool:
    """Whether a redirect takes every request that a later route could take."""
    if not isinstance(first.action, RedirectAction) or _has_other_matches(first):
        return False
    return _covers(_hosts(first), _hosts(later)) and _covers(_paths(first), _paths(later))


def _covers(first: frozenset[Expected], later: frozenset[Expected]) -> bool:
    """Whether what is expected first takes in the other; nothing expected takes in all."""
    if not first or _ANYTHING in first:
        return True
    return bool(later) and later <= first


def _has_other_matches(route: RouteIntent) -> bool:
    """Whether more decides than one match of the host and one of the path."""
    kinds = [type(match) for match in route.matches]
    return not {HostMatch, PathMatch}.issuperset(kinds) or len(set(kinds)) < len(kinds)


def _hosts(route: RouteIntent) -> frozenset[Expected]:
    return _expected(h for m in route.matches if isinstance(m, HostMatch) for h in m.hosts)


def _paths(route: RouteIntent) -> frozenset[Expected]:
    return _expected(p for m in route.matches if isinstance(m, PathMatch) for p in m.paths)


def _expected(texts: Iterable[PathText]) -> frozenset[Expected]:
    """What the one match of its kind takes in, if there is one."""
    return frozenset(
        expected
        for text in texts
        for expected in (
            [(True, text.text)]
            if isinstance(text, Regex)
            else [(False, pattern) for pattern in patterns_of(text)]
        )
    )
