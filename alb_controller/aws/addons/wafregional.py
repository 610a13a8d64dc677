"""Web ACLs of WAF Classic. Source: the AWS WAF Regional API reference (2016-11-28)."""

from __future__ import annotations

from alb_controller.aws.client import Sender
from alb_controller.errors import NotFound

_SERVICE = "waf-regional"
PERMISSIONS = frozenset(
    f"{_SERVICE}:{operation}"
    for operation in (
        "AssociateWebACL",
        "DisassociateWebACL",
        "GetWebACL",
        "GetWebACLForResource",
    )
)
"""IAM actions of the operations called here; GetWebACL is asked of whoever looks at one."""


class WafRegional:
    """Web ACLs of the sender's region, where that has the service at all."""

    def __init__(self, sender: Sender) -> None:
        self._sender = sender

    def is_offered(self) -> bool:
        """Whether the region has WAF Classic; newer regions have not."""
        return self._sender.is_offered(_SERVICE)

    def web_acl_of(self, load_balancer_arn: str) -> str:
        """The id of the load balancer's web ACL; empty for none."""
        try:
            answer = self._sender.call(
                _SERVICE, "GetWebACLForResource", ResourceArn=load_balancer_arn
            )
        except NotFound:
            return ""
        return str((answer.get("WebACLSummary") or {}).get("WebACLId") or "")

    def set_web_acl(self, load_balancer_arn: str, web_acl_id: str) -> None:
        """Associate it with a web ACL, in whose place it comes; with an empty id with none."""
        call = self._sender.call
        if not web_acl_id:
            call(_SERVICE, "DisassociateWebACL", ResourceArn=load_balancer_arn)
            return
        call(_SERVICE, "AssociateWebACL", WebACLId=web_acl_id, ResourceArn=load_balancer_arn)
