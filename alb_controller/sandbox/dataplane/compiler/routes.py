"""The rules of a listener as a route configuration of Envoy."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from alb_controller.model.elbv2 import Listener, ListenerRule
from alb_controller.sandbox.dataplane.compiler.actions import Groups, on_match
from alb_controller.sandbox.dataplane.compiler.matching import header_is, predicate

Json = dict[str, Any]
_TYPE = "type.googleapis.com/envoy.config.route.v3.RouteConfiguration"


def route_configuration(
    name: str, listener: Listener, rules: Sequence[ListenerRule], groups: Groups
) -> Json:
    """Rules in the order in which they are tried; what none takes the default actions take."""
    matchers = [
        {
            "predicate": predicate(rule.conditions),
            "on_match": on_match(rule.actions, rule.transforms, groups),
        }
        for rule in rules
    ]
    default = on_match(listener.default_actions, (), groups)
    # a matcher needs a list
    matchers = matchers or [{"predicate": header_is(":method", "\\C*"), "on_match": default}]
    matcher = {"matcher_list": {"matchers": matchers}, "on_no_match": default}
    host = {"name": "all", "domains": ["*"], "matcher": matcher}
    return {"@type": _TYPE, "name": name, "virtual_hosts": [host]}
