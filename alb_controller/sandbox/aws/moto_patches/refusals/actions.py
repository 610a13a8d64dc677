"""Actions of rules and listeners: their order, and redirects and forwards."""

from __future__ import annotations

from typing import Any

from alb_controller.model.limits.requests.actions import AFTER_GROUPS, CHECKS
from alb_controller.model.limits.requests.asking import actions_of, groups_of

from .asking import LISTENERS, RULES, Params, asked_first, balancer_of, refuse, rows_first


def refuse_unknown_groups(params: Params, backend: Any) -> None:
    """CreateListener, ModifyListener, CreateRule, ModifyRule: a target group that does not exist
    is TargetGroupNotFound.
    """
    for action in actions_of(params):
        for arn in groups_of(action):
            if arn not in backend.target_groups:
                refuse("TargetGroupNotFound", f"Target group '{arn}' not found")


def refuse_protocols_of_groups(params: Params, backend: Any) -> None:
    """CreateTargetGroup: an Application Load Balancer routes to target groups of HTTP and HTTPS
    and to Lambda functions, a Network Load Balancer to those of the other protocols. Of the codes
    of the API reference IncompatibleProtocols fits best; its words are not documented.
    """
    kind = balancer_of(params, backend).type
    for action in actions_of(params):
        for arn in groups_of(action):
            group = backend.target_groups[arn]
            of_http = group.target_type == "lambda" or group.protocol in ("HTTP", "HTTPS")
            if of_http != (kind == "application"):
                refuse(
                    "IncompatibleProtocols",
                    f"The protocol '{group.protocol}' of target group '{arn}' cannot be used with "
                    f"load balancers of type '{kind}'",
                )


_BOTH = (*LISTENERS, *RULES)
PATCHES = (
    *rows_first(AFTER_GROUPS, *_BOTH),
    *asked_first(refuse_protocols_of_groups, "CreateTargetGroup", *_BOTH),
    *asked_first(refuse_unknown_groups, "CreateRule", *_BOTH),
    *rows_first(CHECKS, *_BOTH),
)
