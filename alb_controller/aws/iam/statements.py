"""The writes: on which resources each may be done, and under which condition (spec 10.5).

Where LBC says nothing of a resource or a tag and AWS can look at one, we say it. AWS
cannot for `SetWebAcl` and `CreateProtection`; WAF looks at no tag of the load balancer.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from alb_controller.aws.iam.scope import Guard

_ELB = "arn:{partition}:elasticloadbalancing:*:*:"
_SECURITY_GROUP = "arn:{partition}:ec2:*:*:security-group/*"
_TARGET_GROUP = f"{_ELB}targetgroup/*"
_BALANCER = f"{_ELB}loadbalancer/*"
_ALB = f"{_ELB}loadbalancer/app/*"
_CERTIFICATE = ("arn:{partition}:acm:*:*:certificate/*",)
_SERVICE_ROLE = (
    "arn:{partition}:iam::*:role/aws-service-role/elasticloadbalancing.amazonaws.com/*",
)


class Statement(msgspec.Struct, frozen=True):
    """Actions on these resources, under one guard and what else is asked."""

    sid: str
    actions: tuple[str, ...]
    resources: tuple[str, ...] = ("*",)
    guard: Guard = Guard.NOTHING
    more: Mapping[str, Mapping[str, Any]] = {}
    unguarded_with: str = ""
    """The feature that has no use for the guard."""


def _elbv2(*operations: str) -> tuple[str, ...]:
    return tuple(f"elasticloadbalancing:{operation}" for operation in operations)


def _ec2(*operations: str) -> tuple[str, ...]:
    return tuple(f"ec2:{operation}" for operation in operations)


# One guard, one statement: an action means nothing for kinds of resource that it does not know, and
# a managed policy has room for 6,144 characters.
TAGGED = (
    Statement(
        "MakeOurs",
        (
            *_ec2("CreateSecurityGroup"),
            *_elbv2("CreateLoadBalancer", "CreateTargetGroup"),
        ),
        (_SECURITY_GROUP, _BALANCER, _TARGET_GROUP),
        Guard.ASKS_FOR_OURS,
    ),
    Statement("MakeInVpcs", _ec2("CreateSecurityGroup"), ("arn:{partition}:ec2:*:*:vpc/*",)),
    Statement(
        "TagNewSecurityGroups",
        _ec2("CreateTags"),
        (_SECURITY_GROUP,),
        Guard.ASKS_FOR_OURS,
        {"StringEquals": {"ec2:CreateAction": "CreateSecurityGroup"}},
    ),
    Statement(
        "TagNewBalancersAndTargetGroups",
        _elbv2("AddTags"),
        (_BALANCER, _TARGET_GROUP),
        Guard.ASKS_FOR_OURS,
        {
            "StringEquals": {
                "elasticloadbalancing:CreateAction": ["CreateTargetGroup", "CreateLoadBalancer"]
            }
        },
    ),
    Statement(
        "TagOurs",
        (*_ec2("CreateTags", "DeleteTags"), *_elbv2("AddTags", "RemoveTags")),
        (_SECURITY_GROUP, _BALANCER, _TARGET_GROUP),
        Guard.STAYS_OURS,
    ),
    Statement(
        "ChangeOurs",
        (
            *_ec2("DeleteSecurityGroup"),
            *_elbv2(
                "CreateListener",
                "DeleteLoadBalancer",
                "DeleteTargetGroup",
                "ModifyCapacityReservation",
                "ModifyIpPools",
                "ModifyLoadBalancerAttributes",
                "ModifyTargetGroup",
                "ModifyTargetGroupAttributes",
                "SetIpAddressType",
                "SetSecurityGroups",
                "SetSubnets",
            ),
        ),
        (_SECURITY_GROUP, _BALANCER, _TARGET_GROUP),
        Guard.OURS,
    ),
    # bindings that users write may name target groups of their own
    Statement(
        "RegisterTargets",
        _elbv2("DeregisterTargets", "RegisterTargets"),
        (_TARGET_GROUP,),
        Guard.NOT_OTHERS,
        unguarded_with="multi-cluster",
    ),
    # listeners and rules that were made without tags must stay ours to change; and the groups of
    # nodes and pods carry no tag of ours
    Statement(
        "ChangeWhatMayHaveNoTag",
        (
            *_ec2("AuthorizeSecurityGroupIngress", "RevokeSecurityGroupIngress"),
            *_elbv2(
                "AddListenerCertificates",
                "AddTags",
                "CreateRule",
                "DeleteListener",
                "DeleteRule",
                "ModifyListener",
                "ModifyListenerAttributes",
                "ModifyRule",
                "RemoveListenerCertificates",
                "RemoveTags",
                "SetRulePriorities",
            ),
        ),
        (
            _SECURITY_GROUP,
            "arn:{partition}:ec2:*:*:security-group-rule/*",
            f"{_ELB}listener/*",
            f"{_ELB}listener-rule/*",
        ),
        Guard.NOT_OTHERS,
    ),
)

ADDONS = (
    # a web ACL is the users', and a load balancer takes it by SetWebAcl
    Statement("TakeWebAcls", _elbv2("SetWebAcl")),
    Statement(
        "AssociateWebAcls",
        ("wafv2:AssociateWebACL", "wafv2:DisassociateWebACL"),
        ("arn:{partition}:wafv2:*:*:regional/webacl/*/*", _ALB),
    ),
    Statement(
        "AssociateClassicWebAcls",
        ("waf-regional:AssociateWebACL", "waf-regional:DisassociateWebACL"),
        ("arn:{partition}:waf-regional:*:*:webacl/*", _ALB),
    ),
    Statement("Protect", ("shield:CreateProtection",)),
    Statement(
        "Unprotect", ("shield:DeleteProtection",), ("arn:{partition}:shield::*:protection/*",)
    ),
)

CERTIFICATES = (
    Statement("RequestCertificates", ("acm:RequestCertificate",), guard=Guard.ASKS_FOR_OURS),
    Statement(
        "TagNewCertificates", ("acm:AddTagsToCertificate",), _CERTIFICATE, Guard.ASKS_FOR_OURS
    ),
    Statement("DeleteOurCertificates", ("acm:DeleteCertificate",), _CERTIFICATE, Guard.OURS),
    # ACM's proofs alone: CNAMEs whose names begin with an underscore
    Statement(
        "ValidateDomains",
        ("route53:ChangeResourceRecordSets",),
        ("arn:{partition}:route53:::hostedzone/*",),
        more={
            "ForAllValues:StringEquals": {"route53:ChangeResourceRecordSetsRecordTypes": ["CNAME"]},
            "ForAllValues:StringLike": {
                "route53:ChangeResourceRecordSetsNormalizedRecordNames": ["_*"]
            },
        },
    ),
)

SERVICE_ROLE = (
    Statement(
        "MakeServiceLinkedRole",
        ("iam:CreateServiceLinkedRole",),
        _SERVICE_ROLE,
        more={"StringEquals": {"iam:AWSServiceName": "elasticloadbalancing.amazonaws.com"}},
    ),
)

WRITES = (*SERVICE_ROLE, *TAGGED, *ADDONS, *CERTIFICATES)
