"""The policies on what a controller really sends: enough, and nothing of another cluster's."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

from alb_controller.aws.iam import (
    ANY_CLUSTER,
    DEFAULT_FEATURES,
    POD_IDENTITY,
    PolicyWish,
    Scope,
    policy,
)
from alb_controller.aws.iam.policy import is_read
from alb_controller.model.tags import CLUSTER_TAG
from tests.conformance.aws_account import CLUSTER
from tests.conformance.embedded import embedded
from tests.iam.authorization import WITHOUT_TAGS, arn, swapped
from tests.iam.evaluator import Asked, is_allowed
from tests.iam.recorder import record

CASES = {
    "change-rules": {
        "CreateRule",
        "DeleteRule",
        "DeregisterTargets",
        "ModifyRule",
        "RegisterTargets",
    },
    "tags": {"AddTags", "CreateTags", "DeleteSecurityGroup", "DeleteTags", "RemoveTags"},
}
"""Case -> what it must ask for to be worth asking."""
WITHOUT_FEATURES = (
    "--enable-shield=false",
    "--enable-waf=false",
    "--enable-wafv2=false",
    "--feature-gates=LBCapacityReservation=false,SubnetDiscoveryByReachability=false",
)
RESOURCE_TAG = f"aws:ResourceTag/{CLUSTER_TAG}"
IN_POD = {"aws:PrincipalTag/eks-cluster-name": CLUSTER}
OURS = Scope(CLUSTER)
MAY_HAVE_NO_TAG = {
    "ec2:AuthorizeSecurityGroupIngress",
    "ec2:RevokeSecurityGroupIngress",
    "elasticloadbalancing:DeregisterTargets",
    "elasticloadbalancing:RegisterTargets",
    "ec2:CreateSecurityGroup",  # the VPC
    "shield:DeleteProtection",
}


@pytest.fixture(scope="module")
def kubeconfig(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """One embedded API for all cases."""
    with embedded(tmp_path_factory.mktemp("kube")) as (_, path):
        yield path


def denied(wish: PolicyWish, asked: Iterable[Asked]) -> list[Asked]:
    """What the policy does not allow."""
    document = policy(wish)
    return [one for one in asked if not is_allowed(document, one)]


@pytest.mark.parametrize("case", CASES)
def test_the_policies_fit_what_is_sent(case: str, kubeconfig: Path, tmp_path: Path) -> None:
    """Each recorded call is allowed, for this cluster alone; the least policy is enough for it."""
    asked = record(case, kubeconfig, tmp_path, WITHOUT_FEATURES)
    assert CASES[case] <= {one.action.partition(":")[2] for one in asked}
    for scope in (ANY_CLUSTER, OURS):
        assert denied(PolicyWish(scope=scope, features=frozenset()), asked) == []

    in_pod = [one._replace(context={**one.context, **IN_POD}) for one in asked]
    assert denied(PolicyWish(scope=POD_IDENTITY), in_pod) == []

    tagged = [one for one in asked if RESOURCE_TAG in one.context]
    others = [swapped(one, CLUSTER_TAG, "another") for one in tagged]
    assert denied(PolicyWish(scope=OURS), others) == others
    assert denied(PolicyWish(scope=POD_IDENTITY), tagged) == tagged  # no session tag, no writes

    untagged = {one.action for one in asked if not is_about_tags(one)}
    assert untagged <= WITHOUT_TAGS | MAY_HAVE_NO_TAG


def is_about_tags(asked: Asked) -> bool:
    """Reads, and writes that a tag decides about."""
    return is_read(asked.action) or any(key.startswith("aws:Re") for key in asked.context)


def test_a_feature_in_use_needs_its_actions(kubeconfig: Path, tmp_path: Path) -> None:
    """The default features allow Shield's calls; without that feature they are denied."""
    asked = record("shield", kubeconfig, tmp_path)
    assert denied(PolicyWish(scope=OURS), asked) == []
    without = PolicyWish(scope=OURS, features=DEFAULT_FEATURES - {"shield"})
    assert {one.action for one in denied(without, asked)} >= {
        "shield:CreateProtection",
        "shield:DeleteProtection",
    }


def test_targets_of_other_clusters_are_a_feature() -> None:
    """A target group that another cluster made takes our targets where that was asked for."""
    target_group = arn("elasticloadbalancing", "targetgroup/app/1")
    asked = Asked("elasticloadbalancing:RegisterTargets", target_group, {RESOURCE_TAG: "another"})
    shared = PolicyWish(scope=OURS, features=frozenset({"multi-cluster"}))
    assert denied(PolicyWish(scope=OURS), [asked]) == [asked]
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
    wish = PolicyWish(features=frozenset({"certificate-management"}))
    assert (denied(wish, [asked]) == []) is allowed
