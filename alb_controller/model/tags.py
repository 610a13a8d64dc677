"""Ownership tags and labels, byte for byte the reference's (spec 2.3, 7.1, 7.4)."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping

from alb_controller.objects.elbv2 import STACK_LABEL, STACK_NAME_LABEL, STACK_NAMESPACE_LABEL
from alb_controller.values import StackKey, Tags

CLUSTER_TAG = "elbv2.k8s.aws/cluster"
STACK_TAG = "ingress.k8s.aws/stack"
RESOURCE_TAG = "ingress.k8s.aws/resource"
SHARED_RESOURCE_TAG = "elbv2.k8s.aws/resource"
BACKEND_SECURITY_GROUP = "backend-sg"

LEGACY_CLUSTER_TAG = "ingress.k8s.aws/cluster"
TRACKING_KEYS = frozenset({CLUSTER_TAG, STACK_TAG, RESOURCE_TAG, SHARED_RESOURCE_TAG})


def legacy_keys(cluster: str) -> frozenset[str]:
    """Tags of the v1 controller: never added, changed or removed on LB, TG and SG (spec 7.3)."""
    return frozenset(
        {
            f"kubernetes.io/cluster/{cluster}",
            "kubernetes.io/cluster-name",
            "kubernetes.io/namespace",
            "kubernetes.io/ingress-name",
            "kubernetes.io/service-name",
            "kubernetes.io/service-port",
            LEGACY_CLUSTER_TAG,
        }
    )


def problems_of_keys(tags: Tags, managed: Collection[str]) -> Iterator[str]:
    """A sentence for each tag of a user that `--external-managed-tags` leaves to others."""
    for key in sorted(set(tags) & set(managed)):
        yield f"tag {key!r} is managed by others (--external-managed-tags)"


def stack_tags(cluster: str, stack: str) -> dict[str, str]:
    """The tags that make a resource ours and this stack's."""
    return {CLUSTER_TAG: cluster, STACK_TAG: stack}


def tracking_tags(cluster: str, stack: str, resource: str) -> dict[str, str]:
    """What every resource of a stack carries; wins over every other source (spec 7.1)."""
    return {CLUSTER_TAG: cluster, STACK_TAG: stack, RESOURCE_TAG: resource}


def belongs_to(tags: Tags, cluster: str, stack: str) -> bool:
    """Whether tags are those of our stack, in the present or the v1 controller's form."""
    return tags.get(STACK_TAG) == stack and cluster in (
        tags.get(CLUSTER_TAG),
        tags.get(LEGACY_CLUSTER_TAG),
    )


def is_shared_group(tags: Tags, cluster: str) -> bool:
    """Whether tags are those of the cluster's shared backend security group (spec 6.5)."""
    kind, owner = tags.get(SHARED_RESOURCE_TAG), tags.get(CLUSTER_TAG)
    return kind == BACKEND_SECURITY_GROUP and owner == cluster


def stack_labels(key: StackKey) -> dict[str, str]:
    """The labels on a stack's bindings (spec 2.3)."""
    if key.is_explicit:
        return {STACK_LABEL: key.name}
    return {STACK_NAMESPACE_LABEL: key.namespace, STACK_NAME_LABEL: key.name}


def stack_of_labels(labels: Mapping[str, str]) -> StackKey | None:
    """The stack that a binding's labels name, or None for a binding that a user made."""
    if labels.get(STACK_LABEL):
        return StackKey("", labels[STACK_LABEL])
    if labels.get(STACK_NAME_LABEL):
        return StackKey(labels.get(STACK_NAMESPACE_LABEL, ""), labels[STACK_NAME_LABEL])
    return None
