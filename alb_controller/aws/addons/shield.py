"""Shield Advanced protections of load balancers. Source: the AWS Shield API reference."""

from __future__ import annotations

import msgspec

from alb_controller.aws.client import Sender
from alb_controller.errors import AlreadyExists, NotFound
from alb_controller.model.addons import Protection

_OURS = "managed by aws-load-balancer-controller"
_NAMES = frozenset({_OURS, "managed by aws-alb-ingress-controller"})
"""Names of protections that are ours to delete; the second is the v1 controller's (spec 6.7)."""
PERMISSIONS = frozenset(
    f"shield:{operation}"
    for operation in (
        "CreateProtection",
        "DeleteProtection",
        "DescribeProtection",
        "GetSubscriptionState",
    )
)
"""IAM actions of the operations called here."""


class _Known(msgspec.Struct, frozen=True):
    id: str
    name: str


class Shield:
    """Protections; Shield is one service for all regions."""

    def __init__(self, sender: Sender) -> None:
        self._sender = sender

    def is_subscribed(self) -> bool:
        """Whether the account pays for Shield Advanced."""
        answer = self._sender.call("shield", "GetSubscriptionState")
        return answer.get("SubscriptionState") == "ACTIVE"

    def protection_of(self, load_balancer_arn: str) -> Protection:
        """Whether a load balancer is protected, and whether by us."""
        known = self._describe(load_balancer_arn)
        if known is None:
            return "off"
        return "on" if known.name in _NAMES else "foreign"

    def set_protection(self, load_balancer_arn: str, *, protected: bool) -> None:
        """Protect it, unless it is protected; or delete the protection that is ours."""
        if protected:
            self._protect(load_balancer_arn)
            return
        known = self._describe(load_balancer_arn)
        if known is not None and known.name in _NAMES:
            self._delete(known.id)

    def _protect(self, arn: str) -> None:
        try:
            self._sender.call("shield", "CreateProtection", Name=_OURS, ResourceArn=arn)
        except AlreadyExists:
            return

    def _delete(self, protection_id: str) -> None:
        try:
            self._sender.call("shield", "DeleteProtection", ProtectionId=protection_id)
        except NotFound:
            return

    def _describe(self, arn: str) -> _Known | None:
        try:
            answer = self._sender.call("shield", "DescribeProtection", ResourceArn=arn)
        except NotFound:
            return None
        raw = answer.get("Protection") or {}
        return _Known(raw.get("Id", ""), raw.get("Name", ""))
