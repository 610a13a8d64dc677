"""WAFv2 web ACLs of load balancers. Source: the AWS WAFV2 API reference (2019-07-29)."""

from __future__ import annotations

from alb_controller.aws.client import Sender, pages
from alb_controller.errors import NotFound

PERMISSIONS = frozenset(
    {
        "wafv2:AssociateWebACL",
        "wafv2:DisassociateWebACL",
        "wafv2:GetWebACLForResource",
        "wafv2:ListWebACLs",
        # asked of whoever associates: what the call does to a load balancer
        "elasticloadbalancing:SetWebAcl",
        # asked of whoever looks: the web ACL itself
        "wafv2:GetWebACL",
    }
)
"""IAM actions of the operations called here."""


class Wafv2:
    """Web ACLs of the sender's region; a load balancer has one at most."""

    def __init__(self, sender: Sender) -> None:
        self._sender = sender

    def web_acl_of(self, load_balancer_arn: str) -> str:
        """The ARN of the load balancer's web ACL; empty for none."""
        try:
            answer = self._sender.call(
                "wafv2", "GetWebACLForResource", ResourceArn=load_balancer_arn
            )
        except NotFound:  # WAF has not heard of a load balancer that never had a web ACL
            return ""
        return str((answer.get("WebACL") or {}).get("ARN") or "")

    def web_acls_by_name(self) -> dict[str, str]:
        """Name -> ARN of all regional web ACLs."""
        found = pages(self._sender.call, "wafv2", "ListWebACLs", "WebACLs", Scope="REGIONAL")
        return {raw["Name"]: raw["ARN"] for raw in found}

    def set_web_acl(self, load_balancer_arn: str, web_acl_arn: str) -> None:
        """Associate it with a web ACL, in whose place it comes; with an empty ARN with none.

        Raises NotFound where the web ACL does not exist.
        """
        call = self._sender.call
        if not web_acl_arn:
            call("wafv2", "DisassociateWebACL", ResourceArn=load_balancer_arn)
            return
        call("wafv2", "AssociateWebACL", WebACLArn=web_acl_arn, ResourceArn=load_balancer_arn)
