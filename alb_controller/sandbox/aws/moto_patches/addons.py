"""ACM, WAF and Shield, as far as load balancers meet them."""

from __future__ import annotations

import json
from typing import Any

from moto.core.exceptions import AWSError
from moto.elbv2.models import elbv2_backends

from .patching import Moto, Patch
from .surface import Acm, Certificate, Shield, Wafv2


class CertificateInUseError(AWSError):
    """ACM's ResourceInUseException."""

    TYPE = "ResourceInUseException"


def list_alternative_names(moto: Moto, self: Any) -> dict[str, Any]:
    """ListCertificates: a certificate's summary has all its names, in
    SubjectAlternativeNameSummaries.
    """
    shown: dict[str, Any] = moto(self)
    names = shown["Certificate"].get("SubjectAlternativeNames") or []
    shown["Certificate"]["SubjectAlternativeNameSummaries"] = names
    shown["Certificate"]["HasAdditionalSubjectAlternativeNames"] = False
    return shown


def keep_certificate_in_use(moto: Moto, self: Any, arn: str) -> None:
    """DeleteCertificate: ResourceInUseException while a listener uses it."""
    balancers = elbv2_backends[self.account_id][self.region_name].load_balancers.values()
    for balancer in balancers:
        if any(arn in listener.certificates for listener in balancer.listeners.values()):
            raise CertificateInUseError(
                f"Certificate {arn} in account {self.account_id} is in use."
            )
    moto(self, arn)


def replace_association(moto: Moto, self: Any, web_acl_arn: str, resource_arn: str) -> None:
    """AssociateWebACL: a resource has one web ACL; a new association takes the old one's place."""
    if web_acl_arn in self.wacls:
        for web_acl in self.wacls.values():
            while resource_arn in web_acl.associated_resources:
                web_acl.associated_resources.remove(resource_arn)
    moto(self, web_acl_arn, resource_arn)


def report_subscription(_moto: Moto, _self: Any) -> str:
    """GetSubscriptionState: answers whether the account has Shield Advanced; this one has."""
    return json.dumps({"SubscriptionState": "ACTIVE"})


PATCHES = (
    Patch(Certificate, "describe", list_alternative_names, "CertificateSummary"),
    Patch(Acm, "delete_certificate", keep_certificate_in_use, "DeleteCertificate"),
    Patch(Wafv2, "associate_web_acl", replace_association, "AssociateWebACL"),
    Patch(Shield, "get_subscription_state", report_subscription, "GetSubscriptionState"),
)
