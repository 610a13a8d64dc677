"""The policies' decisions on what a controller asked for: enough, and nothing of others."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from alb_controller.aws.iam import DEFAULT_FEATURES, POD_IDENTITY, PolicyRequest, Scope, policy
from alb_controller.aws.iam.policy import is_read
from alb_controller.model.ownership import CLUSTER_TAG
from alb_controller.sandbox.aws.account import CLUSTER
from tests.iam.authorization import WITHOUT_TAGS, swapped
from tests.iam.evaluator import Asked, is_allowed

OURS = Scope(CLUSTER)
IN_POD = {"aws:PrincipalTag/eks-cluster-name": CLUSTER}
RESOURCE_TAG = f"aws:ResourceTag/{CLUSTER_TAG}"
MAY_HAVE_NO_TAG = {
    "acm:RequestCertificate",  # has no resource; the tag is in the request
    "ec2:AuthorizeSecurityGroupIngress",
    "ec2:CreateSecurityGroup",  # the VPC
    "ec2:RevokeSecurityGroupIngress",
    "elasticloadbalancing:DeregisterTargets",
    "elasticloadbalancing:RegisterTargets",
    "route53:ChangeResourceRecordSets",
    "shield:DeleteProtection",
    "sts:AssumeRole",
}
"""Writes on what users own too: target groups of their bindings, groups of their nodes."""
GATES = {
    "EnableCertificateManagement=true": "certificate-management",
    "EnableRGTAPI=true": "resource-groups",
    "read-aws-quotas=true": "account-quotas",
}


def denied(policy_request: PolicyRequest, asked: Iterable[Asked]) -> list[Asked]:
    """What a policy does not allow."""
    document = policy(policy_request)
    return [one for one in asked if not is_allowed(document, one)]


def features_of(flags: Sequence[str]) -> frozenset[str]:
    """The policy's features that a controller with these flags needs at most."""
    gates = {name for gate, name in GATES.items() if any(gate in flag for flag in flags)}
    return DEFAULT_FEATURES | gates


def faults_of(asked: Sequence[Asked], features: frozenset[str]) -> list[str]:
    """Where the policies are too small or too large for what was asked; empty where they fit.

    Ours allow each request, by the cluster's name or by the tag of a pod's session, and none of
    those on a resource that another cluster's tag is on.
    """
    ours, in_pod = (PolicyRequest(scope=scope, features=features) for scope in (OURS, POD_IDENTITY))
    of_pod = [one._replace(context={**one.context, **IN_POD}) for one in asked]
    tagged = [one for one in asked if RESOURCE_TAG in one.context]
    others = [swapped(one, CLUSTER_TAG, "another") for one in tagged]
    refused = denied(ours, others)
    bare = {one.action for one in asked if not is_about_tags(one)}
    return [
        *(f"denied: {one}" for one in denied(ours, asked)),
        *(f"denied in a pod: {one}" for one in denied(in_pod, of_pod)),
        *(f"allowed on another cluster's: {one}" for one in others if one not in refused),
        *(f"no tag decides about {one}" for one in sorted(bare - WITHOUT_TAGS - MAY_HAVE_NO_TAG)),
    ]


def is_about_tags(asked: Asked) -> bool:
    """Reads, and writes that a tag decides about."""
    return is_read(asked.action) or any(key.startswith("aws:Re") for key in asked.context)
