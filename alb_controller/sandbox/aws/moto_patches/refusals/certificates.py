"""Certificates and security policies of listeners."""

from __future__ import annotations

from typing import Any

from moto.elbv2.ssl_policies import SSL_POLICIES

from alb_controller.sandbox.aws.moto_patches.listeners import SECURE
from alb_controller.sandbox.aws.moto_patches.patching import Moto, Patch
from alb_controller.sandbox.aws.moto_patches.surface import Response

from .asking import LISTENERS, VALIDATION, Params, asked_first, listener_of, refuse

_FIPS = ("1-3", "1-2", "1-2-Res", "1-2-Ext0", "1-2-Ext1", "1-2-Ext2", "1-1", "1-0")
POLICIES = {
    *SSL_POLICIES,
    *(
        f"ELBSecurityPolicy-TLS13-{name}-{edition}"
        for name in _FIPS
        for edition in ("FIPS-2023-04", "FIPS-PQ-2025-09")
    ),
    "ELBSecurityPolicy-FS-1-2-Res-2019-08",
    "ELBSecurityPolicy-FS-1-2-2019-08",
    "ELBSecurityPolicy-FS-1-1-2019-08",
    "ELBSecurityPolicy-FS-2018-06",
    "ELBSecurityPolicy-TLS-1-0-2015-04",
}
"""Those of moto, and the others that the pages name."""


def refuse_unknown_certificates(params: Params, backend: Any) -> None:
    """AddListenerCertificates, CreateListener, ModifyListener: a certificate that is not in ACM of
    the region, nor in IAM, is CertificateNotFound.
    """
    for certificate in params.get("Certificates", ()):
        arn = certificate["CertificateArn"]
        if not backend._certificate_exists(certificate_arn=arn):
            refuse("CertificateNotFound", f"Certificate '{arn}' not found")


def demand_one_certificate(params: Params, _backend: Any) -> None:
    """AddListenerCertificates, CreateListener, ModifyListener: one certificate in a call, without
    IsDefault. Words of the refusal are not documented.
    """
    certificates = params.get("Certificates", ())
    if len(certificates) > 1:
        refuse(VALIDATION, "You can specify only one certificate")
    if any("IsDefault" in certificate for certificate in certificates):
        refuse(VALIDATION, "You cannot set the isDefault parameter for a certificate")


def refuse_security_policies(params: Params, backend: Any) -> None:
    """CreateListener, ModifyListener: an unknown security policy is SSLPolicyNotFound; one for a
    listener without TLS is a ValidationError.
    """
    policy, listener = params.get("SslPolicy"), listener_of(params, backend)
    protocol = params.get("Protocol", listener.protocol if listener else None)
    if policy is None:
        return
    if policy not in POLICIES:
        refuse("SSLPolicyNotFound", f"SSL policy '{policy}' not found")
    if protocol not in SECURE:
        refuse(VALIDATION, f"An SSL policy cannot be specified for {protocol} listeners")


def take_security_policies(moto: Moto, self: Any) -> Any:
    """ModifyListener: every security policy can be set."""
    policy = self.params.get("SslPolicy")
    if policy is None or policy in SSL_POLICIES:
        return moto(self)
    self.params = {name: value for name, value in self.params.items() if name != "SslPolicy"}
    answer = moto(self)
    listener_of(self.params, self.elbv2_backend).ssl_policy = policy
    return answer


PATCHES = (
    Patch(Response, "modify_listener", take_security_policies, "ModifyListener"),
    *asked_first(
        refuse_security_policies, "Security policies for your Application Load Balancer", *LISTENERS
    ),
    *asked_first(
        refuse_unknown_certificates,
        "AddListenerCertificates",
        "add_listener_certificates",
        *LISTENERS,
    ),
    *asked_first(
        demand_one_certificate, "AddListenerCertificates", "add_listener_certificates", *LISTENERS
    ),
)
