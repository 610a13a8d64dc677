"""Which targets of a group may get a request: by health, zone and stickiness.

Sources: "Health checks for Application Load Balancer target groups", "Target group health",
"Deregistration delay", "Sticky sessions", "Target groups" (cross-zone), all of the Application
Load Balancer guide.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import msgspec

from alb_controller.model.elbv2 import Attributes
from alb_controller.routing.forwarding.cookies import (
    APPLICATION,
    TARGET,
    TARGET_CORS,
    encoded,
    named,
)
from alb_controller.routing.request import Chance
from alb_controller.routing.state import ServedTarget

_CROSS_ZONE = "load_balancing.cross_zone.enabled"
_MINIMUM = "target_group_health.unhealthy_state_routing.minimum_healthy_targets"
_OUT = ("draining", "unhealthy.draining", "unused")
_WELL = ("healthy", "unavailable")
"""Unavailable is a target of a group without health checks (TargetHealth, API reference)."""
_EVERY_ZONE = "all"


class Group(msgspec.Struct, frozen=True):
    """A target group, as the choice of a target needs it."""

    identity: str
    attributes: Attributes
    targets: tuple[ServedTarget, ...]
    is_cross_zone: bool = True
    """Of the load balancer."""


class Chosen(msgspec.Struct, frozen=True):
    """The targets that may get a request, the one that does, and whether health counted."""

    eligible: tuple[ServedTarget, ...]
    target: ServedTarget | None
    is_open: bool = False
    """Too few are healthy: the unhealthy ones get requests, too (fail open)."""
    cookies: Mapping[str, str] = {}


def choose_target(
    group: Group, zone: str | None, cookies: Mapping[str, str], chance: Chance
) -> Chosen:
    """A target for the request. Without eligible targets there is none."""
    eligible, is_open = _eligible(group, zone)
    if not eligible:
        return Chosen((), None, is_open)
    stays = _remembered(group, eligible, cookies)
    target = stays or eligible[int(chance.fraction() * len(eligible))]
    return Chosen(
        (stays,) if stays else eligible, target, is_open, _set(group, target, stays is not None)
    )


def _eligible(group: Group, zone: str | None) -> tuple[tuple[ServedTarget, ...], bool]:
    """A node without a zone is any: what any of them may choose."""
    if _crosses_zones(group):
        return by_health(group.targets, group.attributes)
    zones = sorted({_zone(one) for one in group.targets} - {_EVERY_ZONE} or {""})
    parts = [
        by_health(_of_zone(group.targets, one), group.attributes)
        for one in (zones if zone is None else [zone])
    ]
    eligible = {id(one) for part, _ in parts for one in part}
    chosen = tuple(one for one in group.targets if id(one) in eligible)
    return chosen, any(is_open for _, is_open in parts)


def _crosses_zones(group: Group) -> bool:
    setting = group.attributes.get(_CROSS_ZONE, "use_load_balancer_configuration")
    return group.is_cross_zone if setting.startswith("use_") else setting != "false"


def _zone(target: ServedTarget) -> str:
    return target.target.availability_zone or _EVERY_ZONE


def _of_zone(targets: Iterable[ServedTarget], zone: str) -> tuple[ServedTarget, ...]:
    return tuple(one for one in targets if _zone(one) in (zone, _EVERY_ZONE))


def by_health(
    targets: Sequence[ServedTarget], attributes: Attributes
) -> tuple[tuple[ServedTarget, ...], bool]:
    """The healthy ones, or below the minimum all but those that are new; never those that leave.

    The second part of the answer is whether health did not count (fail open).
    """
    registered = [one for one in targets if one.state not in _OUT]
    healthy = tuple(one for one in registered if one.state in _WELL)
    if not _is_below(len(healthy), len(registered), attributes):
        return healthy, False
    return tuple(one for one in registered if one.state != "initial"), bool(registered)


def _is_below(healthy: int, registered: int, attributes: Attributes) -> bool:
    count = attributes.get(f"{_MINIMUM}.count", "1")
    percentage = attributes.get(f"{_MINIMUM}.percentage", "off")
    return (_is_number(count) and healthy < int(count)) or (
        _is_number(percentage) and healthy * 100 < int(percentage) * registered
    )


def _is_number(setting: str) -> bool:
    """Whether it is one that AWS allows: hundreds of targets at most."""
    return setting.isascii() and setting.isdigit() and len(setting) < 10


# ---- stickiness


def _kind(attributes: Attributes) -> str:
    if attributes.get("stickiness.enabled") != "true":
        return ""
    return attributes.get("stickiness.type", "lb_cookie")


def _remembered(
    group: Group, eligible: Iterable[ServedTarget], cookies: Mapping[str, str]
) -> ServedTarget | None:
    found = _named(group.attributes, cookies)
    if found is None or found[0] != group.identity:
        return None
    return next((one for one in eligible if _parts(one) == found[1:]), None)


def _named(attributes: Attributes, cookies: Mapping[str, str]) -> tuple[str, ...] | None:
    """What a cookie says; an application's counts beside the application's own alone."""
    match _kind(attributes):
        case "lb_cookie":
            return named(cookies, TARGET, TARGET_CORS)
        case "app_cookie" if attributes.get("stickiness.app_cookie.cookie_name") in cookies:
            return named(cookies, APPLICATION)
    return None


def _set(group: Group, target: ServedTarget, stays: bool) -> dict[str, str]:
    """Whether a target sets the application's cookie is not known: it is renewed, not begun."""
    value = encoded(group.identity, *_parts(target))
    match _kind(group.attributes):
        case "lb_cookie":
            return {TARGET: value, TARGET_CORS: value}
        case "app_cookie" if stays:
            return {APPLICATION: value}
    return {}


def _parts(target: ServedTarget) -> tuple[str, ...]:
    return target.target.id, str(target.target.port)
