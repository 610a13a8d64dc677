"""Tags and labels that make a resource ours, byte for byte LBC's (spec 2.3, 7)."""

from __future__ import annotations

import re
import typing

import pytest

from alb_controller.model.ownership import (
    OWNERSHIPS,
    TRACKING_KEYS,
    belongs_to,
    finalizer_of,
    is_claimed,
    is_shared_group,
    legacy_keys,
    owned_tags,
    resource_name,
    stack_labels,
    stack_of_labels,
    stack_of_tags,
    stack_tags,
    tracking_tags,
)
from alb_controller.values import Api, StackKey

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
    "api,prefix,finalizer",
    [
        ("ingress", "ingress.k8s.aws", "ingress.k8s.aws/resources"),
        ("service", "service.k8s.aws", "service.k8s.aws/resources"),
        ("gateway-alb", "gateway.k8s.aws.alb", "gateway.k8s.aws/alb"),
        ("gateway-nlb", "gateway.k8s.aws.nlb", "gateway.k8s.aws/nlb"),
        ("accelerator", "aga.k8s.aws", "aga.k8s.aws/resources"),
    ],
)
def test_each_api_has_its_own_marks(api: Api, prefix: str, finalizer: str) -> None:
    """As LBC's controllers write them (spec of the other APIs, A1, B1 and C1)."""
    key = StackKey(api, "shop", "web")
    assert tracking_tags("prod", key, "80") == {
        "elbv2.k8s.aws/cluster": "prod",
        f"{prefix}/stack": "shop/web",
        f"{prefix}/resource": "80",
    }
    assert stack_labels(key) == {
        f"{prefix}/stack-namespace": "shop",
        f"{prefix}/stack-name": "web",
    }
    assert finalizer_of(key) == finalizer
    assert set(OWNERSHIPS) == set(typing.get_args(Api))


def test_a_group_without_a_namespace_is_an_ingress_s_alone() -> None:
    """No other API has a finalizer for one."""
    assert finalizer_of(TEAM) == "group.ingress.k8s.aws/team"
    with pytest.raises(ValueError, match="a stack of service has a namespace: service team"):
        finalizer_of(StackKey("service", "", "team"))


def test_tags_of_others_never_say_who_owns_a_resource() -> None:
    """Another API's, or the shared group's, would give it to a stack that is not the user's."""
    claims = dict.fromkeys(TRACKING_KEYS, "stolen")
    assert owned_tags({**claims, "team": "a"}, "prod", WEB, "80") == {
        "team": "a",
        **tracking_tags("prod", WEB, "80"),
    }


@pytest.mark.parametrize(
    "tags,name,claimed",
    [
        ({}, "", False),
        ({"ingress.k8s.aws/resource": "80"}, "80", False),
        ({"service.k8s.aws/stack": "shop/web"}, "", True),
        ({"service.k8s.aws/stack": "shop/web", "service.k8s.aws/resource": "80"}, "80", True),
        (
            {
                "ingress.k8s.aws/resource": "left",
                "service.k8s.aws/stack": "shop/web",
                "service.k8s.aws/resource": "80",
            },
            "80",
            True,
        ),
    ],
)
def test_a_resource_is_named_by_the_api_that_claims_it(
    tags: dict[str, str], name: str, claimed: bool
) -> None:
    """Where it is claimed at all; a name alone claims nothing."""
    assert (resource_name(tags), is_claimed(tags)) == (name, claimed)


@pytest.mark.parametrize(
    "tags,ours",
    [
        ({"elbv2.k8s.aws/cluster": "prod", "ingress.k8s.aws/stack": "team"}, True),
        ({"ingress.k8s.aws/cluster": "prod", "ingress.k8s.aws/stack": "team"}, True),
        ({"elbv2.k8s.aws/cluster": "test", "ingress.k8s.aws/stack": "team"}, False),
        ({"elbv2.k8s.aws/cluster": "prod", "ingress.k8s.aws/stack": "other"}, False),
        ({"ingress.k8s.aws/stack": "team"}, False),
        ({"elbv2.k8s.aws/cluster": "prod"}, False),
        ({"elbv2.k8s.aws/cluster": "prod", "service.k8s.aws/stack": "team"}, False),
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


LONG_NAMES = (64 * "a", f"a{251 * '-'}b", f"{60 * 'a'}.{60 * '-'}{60 * 'b'}", 253 * "a")


@pytest.mark.parametrize("name", LONG_NAMES, ids=len)
def test_a_name_that_is_too_long_for_a_label_is_in_several(name: str) -> None:
    """Each is one that Kubernetes takes; LBC reads none, and the stack is found again."""
    key = StackKey("ingress", 63 * "n", name)
    labels = stack_labels(key)
    assert "ingress.k8s.aws/stack-name" not in labels
    assert all(_LABEL.fullmatch(value) and len(value) <= 63 for value in labels.values())
    assert stack_of_labels({**labels, "more": "labels"}) == key


def test_a_name_that_fits_a_label_is_in_one() -> None:
    """Byte for byte as LBC has it, up to 63 characters."""
    labels = stack_labels(StackKey("ingress", "shop", 63 * "a"))
    assert labels["ingress.k8s.aws/stack-name"] == 63 * "a"
    assert len(labels) == 2


def test_a_tag_has_an_id_that_fits_or_ends_in_its_digest() -> None:
    """AWS takes 256 characters; two ids that differ at their end alone stay two."""
    key, other = (StackKey("ingress", 63 * "n", 252 * "a" + end) for end in "ab")
    tags = tracking_tags("prod", key, 300 * "r")
    assert max(map(len, tags.values())) == 256
    assert belongs_to(tags, "prod", key)
    assert not belongs_to(tags, "prod", other)
    assert stack_tags("prod", StackKey("ingress", 63 * "n", 192 * "a")) == {
        "elbv2.k8s.aws/cluster": "prod",
        "ingress.k8s.aws/stack": f"{63 * 'n'}/{192 * 'a'}",
    }


_LABEL = re.compile(r"[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?")


def test_a_binding_that_a_user_made_is_of_no_stack() -> None:
    """It has none of our labels."""
    assert stack_of_labels({"app": "web"}) is None


@pytest.mark.parametrize(
    "tags, key",
    [
        ({"ingress.k8s.aws/stack": "shop/web"}, WEB),
        ({"ingress.k8s.aws/stack": "team", "owner": "us"}, TEAM),
        ({"service.k8s.aws/stack": "shop/web"}, StackKey("service", "shop", "web")),
        ({"owner": "us"}, None),
        ({"ingress.k8s.aws/stack": "shop/web", "service.k8s.aws/stack": "shop/web"}, None),
    ],
)
def test_tags_name_one_stack_or_none(tags: dict[str, str], key: StackKey | None) -> None:
    """The id after the API's prefix; tags of two APIs say nothing."""
    assert stack_of_tags(tags) == key
