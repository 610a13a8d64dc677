"""Conditions, actions, transforms and rules of a document, checked and then decoded by the codecs.

The codecs read what AWS sends and drop what they do not know; a person's document gets an error.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from typing import Any

from alb_controller.aws.codecs.guards import Raw
from alb_controller.aws.codecs.rules import decode_actions, decode_conditions, decode_transforms
from alb_controller.model.actions import Transform
from alb_controller.model.elbv2 import Action, Condition
from alb_controller.state.guards import read_guard
from alb_controller.state.nodes import Node

_CONFIGS = {
    "host-header": "HostHeaderConfig",
    "path-pattern": "PathPatternConfig",
    "http-header": "HttpHeaderConfig",
    "http-request-method": "HttpRequestMethodConfig",
    "query-string": "QueryStringConfig",
    "source-ip": "SourceIpConfig",
}
_ACTIONS = {
    "forward": "ForwardConfig",
    "redirect": "RedirectConfig",
    "fixed-response": "FixedResponseConfig",
    "authenticate-cognito": "AuthenticateCognitoConfig",
    "authenticate-oidc": "AuthenticateOidcConfig",
    "jwt-validation": "JwtValidationConfig",
}
_STATUSES = {
    "redirect": (re.compile("HTTP_30[12]"), "HTTP_301 or HTTP_302"),
    "fixed-response": (re.compile("[245][0-9][0-9]"), "a status of 2XX, 4XX or 5XX"),
}
_TRANSFORMS = {
    "url-rewrite": "UrlRewriteConfig",
    "host-header-rewrite": "HostHeaderRewriteConfig",
}


def read_conditions(node: Node) -> tuple[Condition, ...]:
    """The conditions of a rule."""
    return decode_conditions([_condition(one) for one in node.entries()])


def _condition(node: Node) -> Raw:
    field = node["Field"].one_of(_CONFIGS)
    config = _config(node, _CONFIGS[field])
    raw: dict[str, Any] = {}
    if field == "http-header":
        raw["HttpHeaderName"] = config["HttpHeaderName"].text()
    if field == "query-string":
        raw["Values"] = [
            {name: pair.get(name).text() for name in ("Key", "Value") if name in pair}
            for pair in config["Values"].entries()
        ]
    else:
        raw["Values"] = list(config.get("Values", ()).texts())
        raw["RegexValues"] = list(config.get("RegexValues", ()).texts())
    return {"Field": field, _CONFIGS[field]: raw}


def _config(node: Node, name: str) -> Node:
    """The field's structure; rules made long ago have values at the top level only."""
    if name in node:
        return node[name]
    return node


def read_actions(node: Node, groups: Collection[str] | None) -> tuple[Action, ...]:
    """The actions of a rule; where `groups` is given they forward to some of these alone."""
    return decode_actions([_action(one, groups) for one in node.entries()])


def _action(node: Node, groups: Collection[str] | None) -> Raw:
    kind = node["Type"].one_of(_ACTIONS)
    raw: dict[str, Any] = {"Type": kind, "Order": node.get("Order", 0).number()}
    if kind == "forward":
        return raw | _forward(node, groups)
    config = node[_ACTIONS[kind]]
    if kind not in _STATUSES:
        return raw | {_ACTIONS[kind]: read_guard(kind, config)}
    status = config["StatusCode"]
    expression, allowed = _STATUSES[kind]
    if not expression.fullmatch(status.text()):
        raise status.refuse(allowed)
    return raw | {_ACTIONS[kind]: {n: one.text() for n, one in config.items() if _is_set(one)}}


def _is_set(node: Node) -> bool:
    return node.value is not None


def _forward(node: Node, groups: Collection[str] | None) -> Raw:
    config = node.get("ForwardConfig", {})
    if "TargetGroups" not in config:
        return {"TargetGroupArn": _group(node["TargetGroupArn"], groups)}
    tuples = []
    for one in config["TargetGroups"].entries():
        weight = {"Weight": one["Weight"].number()} if "Weight" in one else {}
        tuples.append({"TargetGroupArn": _group(one["TargetGroupArn"], groups), **weight})
    if not tuples:
        raise config["TargetGroups"].refuse("a list of one target group or more")
    raw: dict[str, Any] = {"TargetGroups": tuples}
    sticky = config.get("TargetGroupStickinessConfig", {})
    if sticky.get("Enabled", False).flag():
        duration = sticky.get("DurationSeconds", 3600).number()
        raw["TargetGroupStickinessConfig"] = {"Enabled": True, "DurationSeconds": duration}
    return {"ForwardConfig": raw}


def _group(node: Node, groups: Collection[str] | None) -> str:
    name = node.text()
    if groups is not None and name not in groups:
        raise node.refuse("one of target_groups")
    return name


def read_transforms(node: Node) -> tuple[Transform, ...]:
    """The transforms of a rule."""
    raw: Sequence[Raw] = [_transform(one) for one in node.entries()]
    return decode_transforms(raw)


def _transform(node: Node) -> Raw:
    kind = node["Type"].one_of(_TRANSFORMS)
    rewrites = [
        {"Regex": one["Regex"].text(), "Replace": one.get("Replace", "").text()}
        for one in node[_TRANSFORMS[kind]]["Rewrites"].entries()
    ]
    return {"Type": kind, _TRANSFORMS[kind]: {"Rewrites": rewrites}}
