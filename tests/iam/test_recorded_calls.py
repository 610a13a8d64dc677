"""The policies where features are off, and where no case of the corpus goes."""

from __future__ import annotations

from pathlib import Path

import pytest

from alb_controller.aws.iam import DEFAULT_FEATURES, PolicyRequest
from tests.conformance.harness import Installation, Moto, run_case
from tests.iam.authorization import arn
from tests.iam.evaluations import OURS, RESOURCE_TAG, denied, faults_of
from tests.iam.evaluator import Asked

WITHOUT_FEATURES = (
    "--enable-shield=false",
    "--enable-waf=false",
    "--enable-wafv2=false",
    "--feature-gates=LBCapacityReservation=false,SubnetDiscoveryByReachability=false",
)


def test_the_least_policy_is_enough(kubeconfig: Path, moto: Moto, tmp_path: Path) -> None:
    """With every feature off that can be, no action of a feature is asked for."""
    least = Installation(kubeconfig, WITHOUT_FEATURES)
    outcomes = run_case("tags", kubeconfig, moto, tmp_path, under=least)
    asked = [one for outcome in outcomes for one in outcome.asked]
    assert faults_of(asked, frozenset()) == []
    assert {one.action.partition(":")[2] for one in asked} >= {
        "AddTags",
        "CreateTags",
        "DeleteSecurityGroup",
        "DeleteTags",
        "RemoveTags",
    }


def test_a_feature_in_use_needs_its_actions(kubeconfig: Path, moto: Moto, tmp_path: Path) -> None:
    """Shield's calls are denied where the policy was made without that feature."""
    outcomes = run_case("shield", kubeconfig, moto, tmp_path)
    asked = [one for outcome in outcomes for one in outcome.asked]
    without = PolicyRequest(scope=OURS, features=DEFAULT_FEATURES - {"shield"})
    assert {one.action for one in denied(without, asked)} >= {
        "shield:CreateProtection",
        "shield:DeleteProtection",
    }


def test_targets_of_other_clusters_are_a_feature() -> None:
    """A target group that another cluster made takes our targets where that was asked for."""
    target_group = arn("elasticloadbalancing", "targetgroup/app/1")
    asked = Asked("elasticloadbalancing:RegisterTargets", target_group, {RESOURCE_TAG: "another"})
    shared = PolicyRequest(scope=OURS, features=frozenset({"multi-cluster"}))
    assert denied(PolicyRequest(scope=OURS), [asked]) == [asked]
    assert denied(shared, [asked]) == []


@pytest.mark.parametrize(
    "name, kind, allowed",
    [("_a1.shop.example", "CNAME", True), ("www.shop.example", "CNAME", False), ("_a", "A", False)],
)
def test_dns_is_changed_for_proofs_alone(name: str, kind: str, allowed: bool) -> None:
    """Of a hosted zone's records, the policy for certificates reaches ACM's proofs."""
    key = "route53:ChangeResourceRecordSets"
    context = {f"{key}NormalizedRecordNames": [name], f"{key}RecordTypes": [kind]}
    asked = Asked(key, "arn:aws:route53:::hostedzone/Z1", context)
    policy_request = PolicyRequest(features=frozenset({"certificate-management"}))
    assert (denied(policy_request, [asked]) == []) is allowed
