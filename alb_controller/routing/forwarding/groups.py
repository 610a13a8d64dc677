"""Which target group of a forward action gets a request.

Source: "Forward actions" and "Target group stickiness" of the Application Load Balancer guide.
There is no failover: what is wrong in the group chosen changes nothing.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from alb_controller.model.elbv2 import ForwardAction
from alb_controller.routing.forwarding.cookies import GROUP, GROUP_CORS, encoded, named
from alb_controller.routing.request import Chance


class Choice(msgspec.Struct, frozen=True):
    """The group chosen, and between which groups by which weights."""

    chosen: str | None
    """None where all weights are 0: nothing gets the request."""
    weights: Mapping[str, int]
    cookies: Mapping[str, str] = {}


def choose_group(action: ForwardAction, cookies: Mapping[str, str], chance: Chance) -> Choice:
    """By the cookie where the action is sticky and it names one of its groups; else by weight."""
    weights = weights_of(action)
    stays = _remembered(action, cookies, weights)
    if stays is not None:
        return Choice(stays, {stays: 1}, _set(stays))
    chosen = _by_weight(weights, chance.fraction())
    if chosen is None or not action.stickiness_enabled:
        return Choice(chosen, weights)
    return Choice(chosen, weights, _set(chosen))


def weights_of(action: ForwardAction) -> dict[str, int]:
    """By identity; a group alone gets everything."""
    if len(action.target_groups) == 1:
        return {str(action.target_groups[0].target_group): 1}
    weights: dict[str, int] = {}
    for one in action.target_groups:
        name = str(one.target_group)
        weights[name] = weights.get(name, 0) + (1 if one.weight is None else one.weight)
    return weights


def _by_weight(weights: Mapping[str, int], fraction: float) -> str | None:
    left = fraction * sum(weights.values())
    for name, weight in weights.items():
        if left < weight:
            return name
        left -= weight
    return None


def _remembered(
    action: ForwardAction, cookies: Mapping[str, str], weights: Mapping[str, int]
) -> str | None:
    if not action.stickiness_enabled:
        return None
    found = named(cookies, GROUP, GROUP_CORS)
    return found[0] if found is not None and weights.get(found[0], 0) else None


def _set(group: str) -> dict[str, str]:
    value = encoded(group)
    return {GROUP: value, GROUP_CORS: value}
