"""The role's policy allows what the code calls, and nothing else."""

from __future__ import annotations

import json
from typing import Any

import pytest

from alb_controller.aws import permissions
from alb_controller.aws.iam import (
    FEATURES,
    PARTITIONS,
    POD_IDENTITY,
    PolicyRequest,
    Scope,
    actions_of,
    features,
    policy,
    policy_json,
)
from alb_controller.aws.iam.policy import is_read

CLUSTER_TAG = "elbv2.k8s.aws/cluster"
ALL = frozenset(feature.name for feature in FEATURES)
MANAGED = frozenset({"certificate-management"})


def allowed(policy_request: PolicyRequest) -> set[str]:
    """Every action of a policy."""
    return {action for made in policy(policy_request)["Statement"] for action in made["Action"]}


def conditions(policy_request: PolicyRequest, action: str) -> list[dict[str, Any]]:
    """Of each statement that names an action."""
    made = (found for found in policy(policy_request)["Statement"] if action in found["Action"])
    return [found.get("Condition", {}) for found in made]


def test_the_policy_allows_what_is_called_and_nothing_else() -> None:
    """With all features, the actions are those of all modules, and the service-linked role."""
    used = permissions.USED | permissions.MANAGED_CERTIFICATES | {permissions.SERVICE_LINKED_ROLE}
    assert allowed(PolicyRequest(features=ALL)) == used


@pytest.mark.parametrize("feature", sorted(ALL))
def test_a_feature_adds_its_actions_alone(feature: str) -> None:
    """Both ways: what a feature declares is in its policy, and without it is not."""
    (known,) = (found for found in FEATURES if found.name == feature)
    base = allowed(PolicyRequest(features=frozenset()))
    assert not base & known.actions
    assert allowed(PolicyRequest(features=frozenset({feature}))) == base | known.actions
    assert allowed(PolicyRequest(features=ALL - {feature})) >= base


def test_an_unknown_feature_is_refused_with_those_there_are() -> None:
    """A typing error does not make a policy that is too small."""
    with pytest.raises(ValueError, match=r"wav2: features are account-quotas, acm, .*wafv2"):
        actions_of({"wav2"})


def test_managed_certificates_need_a_policy_of_their_own() -> None:
    """Who does not switch the gate on gives no right to request certificates or change DNS."""
    assert not allowed(PolicyRequest()) & permissions.MANAGED_CERTIFICATES
    beside = PolicyRequest(features=MANAGED, with_base=False)
    assert allowed(beside) == permissions.MANAGED_CERTIFICATES


@pytest.mark.parametrize(
    "scope, operator, value",
    [
        (Scope(), "Null", "false"),
        (Scope("prod"), "StringEquals", "prod"),
        (POD_IDENTITY, "StringEquals", "${aws:PrincipalTag/eks-cluster-name}"),
    ],
)
def test_only_our_resources_can_be_changed(scope: Scope, operator: str, value: str) -> None:
    """Deleting and changing needs our tag on the resource, creating needs it in the request."""
    policy_request = PolicyRequest(scope=scope)
    ours = [{operator: {f"aws:ResourceTag/{CLUSTER_TAG}": value}}]
    asked = [{operator: {f"aws:RequestTag/{CLUSTER_TAG}": value}}]
    for operation in ("DeleteLoadBalancer", "DeleteTargetGroup", "SetSubnets", "CreateListener"):
        assert conditions(policy_request, f"elasticloadbalancing:{operation}") == ours
    assert conditions(policy_request, "ec2:DeleteSecurityGroup") == ours
    for operation in ("CreateLoadBalancer", "CreateTargetGroup"):
        assert conditions(policy_request, f"elasticloadbalancing:{operation}") == asked


def test_a_write_on_everything_is_one_that_aws_cannot_limit() -> None:
    """Of the writes, those on any resource are two without resource types, and a tagged request."""
    open_ = {
        action
        for made in policy(PolicyRequest(features=ALL))["Statement"]
        for action in made["Action"]
        if made["Resource"] == "*" and not is_read(action)
    }
    assert open_ == {
        "acm:RequestCertificate",
        "elasticloadbalancing:SetWebAcl",
        "shield:CreateProtection",
    }


def test_a_call_without_a_place_in_the_policy_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """A new write must be given its resources and condition by a person."""
    more = permissions.USED | {"elasticloadbalancing:CreateTrustStore"}
    monkeypatch.setattr(features, "USED", more)
    with pytest.raises(ValueError, match="elasticloadbalancing:CreateTrustStore"):
        policy()


@pytest.mark.parametrize("partition", PARTITIONS)
def test_partitions_have_their_own_arns(partition: str) -> None:
    """In China and GovCloud the ARNs begin otherwise; nothing else differs."""
    text = policy_json(PolicyRequest(partition=partition))
    assert f"arn:{partition}:elasticloadbalancing" in text
    assert text.replace(f"arn:{partition}:", "arn:aws:") == policy_json()


@pytest.mark.parametrize("scope", [Scope(), POD_IDENTITY, Scope("a-cluster-of-27-characters")])
def test_the_policy_fits_iam(scope: Scope) -> None:
    """A managed policy has 6,144 characters at most, white space not counted."""
    made = policy(PolicyRequest(partition="aws-us-gov", scope=scope))
    assert len(json.dumps(made, separators=(",", ":"))) <= 6144
