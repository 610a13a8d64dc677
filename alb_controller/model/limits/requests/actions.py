"""Actions of rules and listeners: their order, and redirects and forwards."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from .asking import (
    ACTION,
    CONFIGURATION,
    VALIDATION,
    Front,
    Params,
    Row,
    actions_of,
    admits,
    groups_of,
    refuse,
)

_ROUTING = ("forward", "redirect", "fixed-response")
_CONFIGS = {
    "redirect": "RedirectConfig",
    "fixed-response": "FixedResponseConfig",
    "authenticate-oidc": "AuthenticateOidcConfig",
    "authenticate-cognito": "AuthenticateCognitoConfig",
    "jwt-validation": "JwtValidationConfig",
}
Action = Mapping[str, Any]


def demand_action_structures(params: Params, _front: Front) -> None:
    """Action: has the structure of its type, or is InvalidLoadBalancerAction; a forward has a
    target group.
    """
    for action in actions_of(params):
        config = _CONFIGS.get(action["Type"])
        if config is not None and not action.get(config):
            refuse(
                ACTION,
                f"For actions of type '{action['Type']}', you must specify the following fields: "
                f"'{config}'",
            )
        if action["Type"] == "forward" and not [*groups_of(action)]:
            refuse(VALIDATION, "A target group ARN must be specified")


def refuse_order_of_actions(params: Params, _front: Front) -> None:
    """Action: exactly one forward, redirect or fixed-response, which comes last; more than one
    action need an order each. Words of the refusal are not documented.
    """
    actions = actions_of(params)
    if len(actions) > 1 and not all("Order" in action for action in actions):
        refuse(ACTION, "An order must be specified for each of several actions")
    ordered = sorted(actions, key=lambda action: action.get("Order", 1))
    routing = [action["Type"] for action in ordered if action["Type"] in _ROUTING]
    if ordered and (len(routing) != 1 or ordered[-1]["Type"] not in _ROUTING):
        refuse(ACTION, "The last action, and no other, must be forward, redirect or fixed-response")


def refuse_redirect_loop(params: Params, front: Front) -> None:
    """RedirectActionConfig: at least one of protocol, host, port and path must be other than the
    request's, or it is InvalidLoadBalancerAction: "The redirect configuration is not valid because
    it creates a loop." The request's protocol and port are the listener's.
    """
    protocol, port = front.protocol, front.port
    for config in _redirects(params):
        target = (
            config.get("Protocol", "#{protocol}").replace("#{protocol}", protocol),
            config.get("Port", "#{port}").replace("#{port}", port),
            config.get("Host", "#{host}"),
            config.get("Path", "/#{path}"),
        )
        if target == (protocol, port, "#{host}", "/#{path}"):
            refuse(
                ACTION,
                "The redirect configuration is not valid because it creates a loop.",
            )


def refuse_redirect_fields(params: Params, front: Front) -> None:
    """RedirectActionConfig: a port is 1 to 65535 or `#{port}`, a path begins with `/`, and HTTPS
    is not redirected to HTTP. Code and words of the refusal are not documented.
    """
    for config in _redirects(params):
        for part in ("Port", "Path"):
            if part in config and not admits(f"RedirectActionConfig.{part}", config[part]):
                refuse(VALIDATION, f"Redirect {part.lower()} '{config[part]}' is not valid")
        if front.protocol == "HTTPS" and config.get("Protocol") == "HTTP":
            refuse(ACTION, "HTTPS cannot be redirected to HTTP")


def _redirects(params: Params) -> Iterator[Action]:
    for action in actions_of(params):
        if action["Type"] == "redirect":
            yield action["RedirectConfig"]


def refuse_content_types(params: Params, _front: Front) -> None:
    """FixedResponseActionConfig: the content type is one of five."""
    for action in actions_of(params):
        kind = (action.get("FixedResponseConfig") or {}).get("ContentType")
        if kind and not admits("FixedResponseActionConfig.ContentType", kind):
            refuse(
                ACTION,
                "The ContentType must be one of:'text/html', 'application/json', "
                "'application/javascript', 'text/css', 'text/plain'",
            )


def refuse_forward_fields(params: Params, _front: Front) -> None:
    """TargetGroupTuple, TargetGroupStickinessConfig: a weight is 0 to 999; stickiness lasts 1 to
    604800 seconds, which must be said when it is enabled; TargetGroupArn beside ForwardConfig
    names the same group. The words about weights are not documented.
    """
    for action in actions_of(params):
        config = action.get("ForwardConfig") or {}
        for one in config.get("TargetGroups", ()):
            if not admits("TargetGroupTuple.Weight", one.get("Weight", 1)):
                refuse(VALIDATION, "Target group weight must be between 0 and 999")
        sticky = config.get("TargetGroupStickinessConfig") or {}
        duration = sticky.get("DurationSeconds", 0 if sticky.get("Enabled") else 1)
        if not admits("TargetGroupStickinessConfig.DurationSeconds", duration):
            refuse(
                VALIDATION,
                "Target group stickiness duration must be between 1 and 604800 seconds",
            )
        if action.get("TargetGroupArn") and len([*groups_of(action)]) > 1:
            refuse(VALIDATION, "TargetGroupArn and ForwardConfig name different target groups")


def demand_https_for_grpc(params: Params, front: Front) -> None:
    """A target group of protocol version gRPC is routed to by HTTPS listeners alone."""
    protocol = front.protocol
    for action in actions_of(params):
        for arn in groups_of(action):
            if front.group_version(arn) == "GRPC" and protocol != "HTTPS":
                refuse(
                    CONFIGURATION,
                    f"Listener protocol '{protocol}' is not supported with a target group with the "
                    "protocol-version 'GRPC'",
                )


CHECKS = (
    Row(demand_action_structures, "Action"),
    Row(refuse_order_of_actions, "Action"),
    Row(refuse_redirect_loop, "RedirectActionConfig"),
    Row(refuse_redirect_fields, "RedirectActionConfig"),
    Row(refuse_content_types, "FixedResponseActionConfig"),
    Row(refuse_forward_fields, "TargetGroupTuple"),
)
AFTER_GROUPS = (Row(demand_https_for_grpc, "Target groups for your Application Load Balancers"),)
"""Asked where it is known that the target groups are there."""
