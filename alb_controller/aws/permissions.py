"""The IAM policy of the controller's role, out of what the code calls: `iam/policy.json`.

    python -m alb_controller.aws.permissions > iam/policy.json

Each module declares the actions of its operations; the table below says on what, and under which
condition. Conditions are the reference's (spec 10.5): what we made carries our tag, and what does
not carry it cannot be changed.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from typing import Any

import msgspec

from alb_controller.aws import ec2, elbv2, elbv2_reads, metadata, network, tagging
from alb_controller.aws.addons import shield, wafregional, wafv2
from alb_controller.aws.certificates import acm, managed
from alb_controller.model.tags import CLUSTER_TAG

MODULES = (acm, ec2, elbv2, elbv2_reads, metadata, network, shield, tagging, wafregional, wafv2)
USED = frozenset().union(*(module.PERMISSIONS for module in MODULES))
"""Every action that the code needs."""

_READS = ("Describe", "Get", "List")
_ELB = "arn:{partition}:elasticloadbalancing:*:*:"
_GROUP = ("arn:{partition}:ec2:*:*:security-group/*",)
_BALANCER_OR_GROUP = (
    f"{_ELB}targetgroup/*/*",
    f"{_ELB}loadbalancer/app/*/*",
    f"{_ELB}loadbalancer/net/*/*",
)
_LISTENER_OR_RULE = tuple(
    f"{_ELB}{kind}/{family}"
    for kind, family in (
        ("listener", "app/*/*/*"),
        ("listener", "net/*/*/*"),
        ("listener-rule", "app/*/*/*"),
        ("listener-rule", "net/*/*/*"),
    )
)
_ASKS_FOR_OUR_TAG = {"Null": {f"aws:RequestTag/{CLUSTER_TAG}": "false"}}
_HAS_OUR_TAG = {"Null": {f"aws:ResourceTag/{CLUSTER_TAG}": "false"}}
_HAS_AND_KEEPS_OUR_TAG = {
    "Null": {f"aws:RequestTag/{CLUSTER_TAG}": "true", f"aws:ResourceTag/{CLUSTER_TAG}": "false"}
}


def _at_creation(*operations: str) -> dict[str, Any]:
    service = "ec2" if operations == ("CreateSecurityGroup",) else "elasticloadbalancing"
    by = {"StringEquals": {f"{service}:CreateAction": list(operations)}}
    return {**by, **_ASKS_FOR_OUR_TAG}


class Statement(msgspec.Struct, frozen=True):
    """Actions of one service on these resources, under one condition."""

    sid: str
    service: str
    operations: tuple[str, ...]
    resources: tuple[str, ...] = ("*",)
    condition: Mapping[str, Any] | None = None


_WRITES = (
    Statement("MakeSecurityGroups", "ec2", ("CreateSecurityGroup",)),
    Statement(
        "TagNewSecurityGroups", "ec2", ("CreateTags",), _GROUP, _at_creation("CreateSecurityGroup")
    ),
    Statement(
        "TagOurSecurityGroups",
        "ec2",
        ("CreateTags", "DeleteTags"),
        _GROUP,
        _HAS_AND_KEEPS_OUR_TAG,
    ),
    # also on the nodes' and pods' groups, which carry no tag of ours
    Statement(
        "OpenSecurityGroups",
        "ec2",
        ("AuthorizeSecurityGroupIngress", "RevokeSecurityGroupIngress"),
    ),
    Statement("DeleteOurSecurityGroups", "ec2", ("DeleteSecurityGroup",), condition=_HAS_OUR_TAG),
    Statement(
        "MakeBalancersAndTargetGroups",
        "elasticloadbalancing",
        ("CreateLoadBalancer", "CreateTargetGroup"),
        condition=_ASKS_FOR_OUR_TAG,
    ),
    Statement(
        "TagNewBalancersAndTargetGroups",
        "elasticloadbalancing",
        ("AddTags",),
        _BALANCER_OR_GROUP,
        _at_creation("CreateTargetGroup", "CreateLoadBalancer"),
    ),
    Statement(
        "TagOurBalancersAndTargetGroups",
        "elasticloadbalancing",
        ("AddTags", "RemoveTags"),
        _BALANCER_OR_GROUP,
        _HAS_AND_KEEPS_OUR_TAG,
    ),
    Statement(
        "TagListenersAndRules",
        "elasticloadbalancing",
        ("AddTags", "RemoveTags"),
        _LISTENER_OR_RULE,
    ),
    Statement(
        "ChangeOurBalancersAndTargetGroups",
        "elasticloadbalancing",
        (
            "DeleteLoadBalancer",
            "DeleteTargetGroup",
            "ModifyCapacityReservation",
            "ModifyIpPools",
            "ModifyListenerAttributes",
            "ModifyLoadBalancerAttributes",
            "ModifyTargetGroup",
            "ModifyTargetGroupAttributes",
            "SetIpAddressType",
            "SetSecurityGroups",
            "SetSubnets",
        ),
        condition=_HAS_OUR_TAG,
    ),
    # bindings that users write may name target groups of their own
    Statement(
        "RegisterTargets",
        "elasticloadbalancing",
        ("DeregisterTargets", "RegisterTargets"),
        (f"{_ELB}targetgroup/*/*",),
    ),
    # listeners and rules that were made without tags must stay ours to change
    Statement(
        "ChangeListenersAndRules",
        "elasticloadbalancing",
        (
            "AddListenerCertificates",
            "CreateListener",
            "CreateRule",
            "DeleteListener",
            "DeleteRule",
            "ModifyListener",
            "ModifyRule",
            "RemoveListenerCertificates",
            "SetRulePriorities",
        ),
    ),
    # a web ACL is the users', and a load balancer takes it by SetWebAcl
    Statement("TakeWebAcls", "elasticloadbalancing", ("SetWebAcl",)),
    Statement("AssociateWebAcls", "wafv2", ("AssociateWebACL", "DisassociateWebACL")),
    Statement("AssociateClassicWebAcls", "waf-regional", ("AssociateWebACL", "DisassociateWebACL")),
    Statement("Protect", "shield", ("CreateProtection", "DeleteProtection")),
)


def policy(partition: str = "aws") -> dict[str, Any]:
    """The policy document for a partition (`aws`, `aws-cn`, `aws-us-gov`).

    Raises ValueError if the code calls a write that no statement allows, or a statement allows
    what the code does not call.
    """
    reads = {action for action in USED if _is_read(action)}
    allowed = {f"{made.service}:{name}" for made in _WRITES for name in made.operations}
    if allowed != USED - reads:
        raise ValueError(f"these actions have no place: {sorted(allowed ^ (USED - reads))}")
    statements = [_service_linked_role(), _statement("Read", sorted(reads), ("*",), None)]
    for made in _WRITES:
        actions = [f"{made.service}:{name}" for name in sorted(made.operations)]
        resources = tuple(one.format(partition=partition) for one in made.resources)
        statements.append(_statement(made.sid, actions, resources, made.condition))
    return {"Version": "2012-10-17", "Statement": statements}


def certificate_policy(partition: str = "aws") -> dict[str, Any]:
    """What the gate EnableCertificateManagement needs beside the policy (spec 10.5)."""
    reads = sorted(a for a in managed.PERMISSIONS if _is_read(a))
    tagged = ["acm:AddTagsToCertificate", "acm:RequestCertificate"]
    zones = f"arn:{partition}:route53:::hostedzone/*"
    statements = [
        _statement("ReadCertificatesAndZones", reads, ("*",), None),
        _statement("RequestCertificates", tagged, ("*",), _ASKS_FOR_OUR_TAG),
        _statement("DeleteOurCertificates", ["acm:DeleteCertificate"], ("*",), _HAS_OUR_TAG),
        _statement("ValidateDomains", ["route53:ChangeResourceRecordSets"], (zones,), None),
    ]
    return {"Version": "2012-10-17", "Statement": statements}


def _is_read(action: str) -> bool:
    return action.partition(":")[2].startswith(_READS)


def _service_linked_role() -> dict[str, Any]:
    """AWS makes it at an account's first load balancer, on behalf of who creates that."""
    name = {"StringEquals": {"iam:AWSServiceName": "elasticloadbalancing.amazonaws.com"}}
    return _statement("MakeServiceLinkedRole", ["iam:CreateServiceLinkedRole"], ("*",), name)


def _statement(
    sid: str, actions: list[str], resources: tuple[str, ...], condition: Mapping[str, Any] | None
) -> dict[str, Any]:
    made: dict[str, Any] = {"Sid": sid, "Effect": "Allow", "Action": actions}
    made["Resource"] = resources[0] if len(resources) == 1 else list(resources)
    if condition:
        made["Condition"] = dict(condition)
    return made


def policy_json(partition: str = "aws") -> str:
    """The text of `iam/policy.json`."""
    return json.dumps(policy(partition), indent=2) + "\n"


def certificate_policy_json(partition: str = "aws") -> str:
    """The text of `iam/certificates.json`."""
    return json.dumps(certificate_policy(partition), indent=2) + "\n"


if __name__ == "__main__":
    sys.stdout.write(policy_json(*sys.argv[1:2]))
