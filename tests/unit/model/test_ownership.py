"""Tags and labels that make a resource ours, byte for byte the reference's (spec 2.3, 7)."""

from __future__ import annotations

import pytest

from alb_controller.model.ownership import (
    TRACKING_KEYS,
    belongs_to,
    is_shared_group,
    legacy_keys,
    stack_labels,
    stack_of_labels,
    stack_tags,
    tracking_tags,
)
from alb_controller.values import StackKey

TEAM, WEB = StackKey("ingress", "", "team"), StackKey("ingress", "shop", "web")


def test_every_resource_carries_cluster_stack_and_its_own_name() -> None:
    """Three tags on each resource; two of them are the filter for a stack (spec 7.1)."""
    tags = {
        "elbv2.k8s.aws/cluster": "prod",
        "ingress.k8s.aws/stack": "shop/web",
        "ingress.k8s.aws/resource": "80:1",
    }
    assert tracking_tags("prod", WEB, "80:1") == tags
    assert stack_tags("prod", WEB).items() < tags.items()
    assert tags.keys() < TRACKING_KEYS


@pytest.mark.parametrize(
    "tags,ours",
    [
        ({"elbv2.k8s.aws/cluster": "prod", "ingress.k8s.aws/stack": "team"}, True),
        ({"ingress.k8s.aws/cluster": "prod", "ingress.k8s.aws/stack": "team"}, True),
        ({"elbv2.k8s.aws/cluster": "test", "ingress.k8s.aws/stack": "team"}, False),
        ({"elbv2.k8s.aws/cluster": "prod", "ingress.k8s.aws/stack": "other"}, False),
        ({"ingress.k8s.aws/stack": "team"}, False),
        ({"elbv2.k8s.aws/cluster": "prod"}, False),
        ({}, False),
    ],
)
def test_a_resource_is_ours_by_cluster_and_stack(tags: dict[str, str], ours: bool) -> None:
    """Both must be right; the v1 controller's cluster tag counts too (spec 7.4)."""
    assert belongs_to(tags, "prod", TEAM) is ours


def test_the_tags_of_the_first_controller_are_left_alone() -> None:
    """The cluster's own name is in one of the keys (spec 7.3)."""
    assert "kubernetes.io/cluster/prod" in legacy_keys("prod")
    assert "ingress.k8s.aws/cluster" in legacy_keys("prod")
    assert len(legacy_keys("prod")) == 7


@pytest.mark.parametrize(
    "kind,cluster,ours",
    [("backend-sg", "prod", True), ("backend-sg", "test", False), ("other", "prod", False)],
)
def test_the_shared_group_is_the_clusters(kind: str, cluster: str, ours: bool) -> None:
    """By its two tags (spec 6.5)."""
    tags = {"elbv2.k8s.aws/resource": kind, "elbv2.k8s.aws/cluster": cluster}
    assert is_shared_group(tags, "prod") is ours


@pytest.mark.parametrize(
    "key,labels",
    [
        (StackKey("ingress", "", "team"), {"ingress.k8s.aws/stack": "team"}),
        (
            StackKey("ingress", "shop", "web"),
            {"ingress.k8s.aws/stack-namespace": "shop", "ingress.k8s.aws/stack-name": "web"},
        ),
    ],
)
def test_a_binding_is_labelled_with_its_stack(key: StackKey, labels: dict[str, str]) -> None:
    """And the stack is found again by the labels (spec 2.3)."""
    assert stack_labels(key) == labels
    assert stack_of_labels({**labels, "more": "labels"}) == key


def test_a_binding_that_a_user_made_is_of_no_stack() -> None:
    """It has none of our labels."""
    assert stack_of_labels({"app": "web"}) is None
