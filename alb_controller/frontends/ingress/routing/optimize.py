"""Redirects that would loop, and routes that a redirect before them takes, are left out (spec 4.4).

The old way to send HTTP to HTTPS is a redirect action on the first path of every listener: on the
HTTPS listener it would redirect to itself, on the HTTP listener nothing after it is ever reached.
"""

from __future__ import annotations

from collections.abc import Iterable

from alb_controller.intent import RouteIntent
from alb_controller.model.elbv2 import HostHeader, PathPattern, RedirectAction

_ANYTHING = "/*"


def optimize(routes: Iterable[RouteIntent], port: int, protocol: str) -> tuple[RouteIntent, ...]:
    """The routes of one listener that can ever answer a request, in their order."""
    kept: list[RouteIntent] = []
    for route in routes:
        if not _loops(route, port, protocol) and not any(_shadows(k, route) for k in kept):
            kept.append(route)
    return tuple(kept)


def _loops(route: RouteIntent, port: int, protocol: str) -> bool:
    """Whether a redirect leads to a URL that the same route takes.

    The reference's test looks at host and path alone; a route with other conditions is no loop, as
    the redirected request may lack what they ask for (spec 12.1 #8).
    """
    redirect = route.action
    if not isinstance(redirect, RedirectAction) or _has_other_conditions(route):
        return False
    paths = _paths(route)
    if paths is None:  # a regular expression: it may not fit the new path
        return False
    return (
        (redirect.host is None or redirect.host in (_hosts(route) or ()))
        and (redirect.path is None or redirect.path in paths)
        and redirect.port in (None, str(port))
        and redirect.protocol in (None, protocol)
        and redirect.query is None
    )


def _shadows(first: RouteIntent, later: RouteIntent) -> bool:
    """Whether a redirect takes every request that a later route could take."""
    if not isinstance(first.action, RedirectAction) or _has_other_conditions(first):
        return False
    return _covers(_hosts(first), _hosts(later)) and _covers(_paths(first), _paths(later))


def _covers(first: frozenset[str] | None, later: frozenset[str] | None) -> bool:
    """Whether values take in others; none are any, None says nothing of what fits."""
    if first is None:
        return False
    if not first or _ANYTHING in first:
        return True
    return bool(later and later <= first)


def _has_other_conditions(route: RouteIntent) -> bool:
    return any(not isinstance(c, HostHeader | PathPattern) for c in route.conditions)


def _hosts(route: RouteIntent) -> frozenset[str] | None:
    return _values(c for c in route.conditions if isinstance(c, HostHeader))


def _paths(route: RouteIntent) -> frozenset[str] | None:
    return _values(c for c in route.conditions if isinstance(c, PathPattern))


def _values(conditions: Iterable[HostHeader | PathPattern]) -> frozenset[str] | None:
    """The values of the one condition of its kind; None where they do not tell what fits."""
    found = list(conditions)
    if len(found) > 1 or any(c.regex_values for c in found):
        return None
    return frozenset(v for c in found for v in c.values)
