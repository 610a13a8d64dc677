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
    Forbidden,
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
"""Of a bucket whose policy does not let the load balancer write: mending it changes no object."""
_ADMISSION = ("admission webhook", "exceeded quota", "ValidatingAdmissionPolicy")
"""In a 403 that is no lack of rights of ours (Kubernetes docs, ResourceQuota and admission)."""


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
    """Whether Kubernetes refuses an object, and not the right to write any."""
    match error:
        case Forbidden(message=message):
            return any(word in message for word in _ADMISSION)
        case KubeError(status=status, message=message):
            return status == 422 or (status < 500 and _ADMISSION[0] in message)
        case _:
            return False


def may_heal(error: ControllerError) -> bool:
    """Whether the same may be taken later: limits are raised, what is missing is made."""
    match error:
        case QuotaExceeded() | NotFound() | Forbidden():
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
