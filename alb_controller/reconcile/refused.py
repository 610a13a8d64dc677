"""What an error of a step says: is it a refusal, may it be taken later, is something of ours gone?

A refusal is of what users ask for: AWS calls a value wrong, names something that is not there, or
has no room for it; Kubernetes refuses an object that is made for it. Credentials, throttling and
outages are none.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from alb_controller.errors import (
    ControllerError,
    KubeError,
    NotFound,
    QuotaExceeded,
    Rejected,
)
from alb_controller.model.elbv2 import (
    Action,
    ForwardAction,
    Listener,
    ListenerRule,
    LoadBalancer,
)
from alb_controller.model.stack import Observed
from alb_controller.plan import changes
from alb_controller.plan.changes import Step

_FOREIGN = re.compile(
    "^(AllocationId|AvailabilityZone|Certificate|SSLPolicy|Subnet|TrustStore)NotFound"
    r"|^Invalid(AllocationID|PrefixListI[dD]|Subnet(ID)?|IpamPoolId)\.NotFound"
    "|^WAFNonexistentItem"
)
"""Codes for what is never ours ("Errors" of each operation in the API references of Elastic Load
Balancing v2 and WAF; "Error codes" of EC2)."""
_GROUP, _TARGET_GROUP = "InvalidGroup.NotFound", "TargetGroupNotFound"
"""Codes for what is ours or somebody else's."""
_HEALED_ELSEWHERE = frozenset({"InvalidConfigurationRequest"})
"""Of a bucket whose policy shuts the load balancer out: correcting it changes no object."""

_NOT_WRITTEN = frozenset({403, 422})
"""RBAC, a ResourceQuota or a policy is against it; it is invalid."""
_DENIED = "admission webhook"
"""In an answer with whatever status the webhook has chosen (Kubernetes docs, "Dynamic Admission
Control", response)."""


def is_refusal(error: ControllerError, step: Step, observed: Observed) -> bool:
    """Whether it is for what somebody asks for that a step could not be done."""
    match error:
        case Rejected() | QuotaExceeded():
            return True
        case NotFound():
            return _is_foreign(error, step, observed)
        case _:
            return is_refused_object(error)


def is_refused_object(error: ControllerError) -> bool:
    """Whether Kubernetes refuses an object: what it is, or that it is written there.

    Rights can be missing in one namespace alone, so that lack too is reported where it shows.
    """
    if not isinstance(error, KubeError):
        return False
    is_denied = 400 <= error.status < 500 and _DENIED in error.message
    return is_denied or error.status in _NOT_WRITTEN


def may_heal(error: ControllerError) -> bool:
    """Whether the same may be taken later: limits are raised, what is missing is made."""
    match error:
        case QuotaExceeded() | NotFound() | KubeError():
            return True
        case Rejected(code=code):
            return code in _HEALED_ELSEWHERE
        case _:
            return False


def is_loss(error: ControllerError, step: Step | None, observed: Observed | None) -> bool:
    """Whether something of ours is gone, so that what is known of AWS is wrong."""
    if not isinstance(error, NotFound):
        return False
    if step is None or observed is None:
        return _FOREIGN.search(error.code) is None
    return not _is_foreign(error, step, observed)


def _is_foreign(error: NotFound, step: Step, observed: Observed) -> bool:
    """Of something that users name."""
    if error.code == _GROUP:
        return _writes_groups(step) and any(one.field for one in step.asked_by)
    if error.code == _TARGET_GROUP:
        ours = {one.identity for one in observed.target_groups}
        return bool(set(_forwarded(step)) - ours)
    return _FOREIGN.search(error.code) is not None


def _writes_groups(step: Step) -> bool:
    match step:
        case changes.SetSecurityGroups() | changes.Create(resource=LoadBalancer()):
            return True
        case _:
            return False


def _forwarded(step: Step) -> Iterator[str]:
    """The target groups that a step forwards to."""
    actions: tuple[Action, ...] = ()
    match step:
        case changes.Create(resource=Listener() as listener):
            actions = listener.default_actions
        case changes.ModifyListener(resource=listener):
            actions = listener.default_actions
        case changes.Create(resource=ListenerRule() as rule) | changes.ModifyRule(resource=rule):
            actions = rule.actions
    for action in actions:
        if isinstance(action, ForwardAction):
            yield from (str(one.target_group) for one in action.target_groups)
