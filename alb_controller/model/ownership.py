"""Who owns what: the tags, labels and finalizers of each API, byte for byte LBC's.

Prefixes, tags and labels: LBC's `pkg/deploy/tracking/provider.go` and
`pkg/gateway/constants/controller_constants.go`; Ingress: spec 2.3, 7.1, 7.4; the other APIs:
their own spec, A1, B1 and C1. No other module may write one of these texts
(`tests/meta/test_ownership.py`).
"""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Collection, Iterator, Mapping
from types import MappingProxyType

from alb_controller.objects.core import Metadata
from alb_controller.values import Api, StackKey, Tags, Value

CLUSTER_TAG = "elbv2.k8s.aws/cluster"
SHARED_RESOURCE_TAG = "elbv2.k8s.aws/resource"
BACKEND_SECURITY_GROUP = "backend-sg"
LEGACY_CLUSTER_TAG = "ingress.k8s.aws/cluster"
_LONGEST_LABEL = 63
"""Characters of a label's value (Kubernetes docs, Labels and Selectors)."""
_LONGEST_TAG = 256
"""Characters of a tag's value (Elastic Load Balancing API reference, Tag)."""
_DIGITS = 16


class Ownership(Value, frozen=True):
    """How one API marks what is its own, in AWS and in Kubernetes."""

    api: Api
    prefix: str
    """Of tags and labels."""
    finalizer: str
    """On the object that a stack has its namespace and name from."""
    group_finalizer: str | None = None
    """What the name of a stack without a namespace follows; None: the API has no such stacks."""

    @property
    def stack_tag(self) -> str:
        """The tag, and for a stack without a namespace the label, with the stack's id."""
        return f"{self.prefix}/stack"

    @property
    def resource_tag(self) -> str:
        """The tag with the id of a resource within its stack."""
        return f"{self.prefix}/resource"

    @property
    def namespace_label(self) -> str:
        return f"{self.prefix}/stack-namespace"

    @property
    def name_label(self) -> str:
        return f"{self.prefix}/stack-name"

    def held_keys(self, meta: Metadata) -> list[StackKey]:
        """The stacks of this API whose finalizers an object carries."""
        keys = []
        for name in meta.finalizers:
            if name == self.finalizer:
                keys.append(StackKey(self.api, meta.namespace, meta.name))
            elif self.group_finalizer is not None and name.startswith(self.group_finalizer):
                keys.append(StackKey(self.api, "", name.removeprefix(self.group_finalizer)))
        return keys


INGRESS = Ownership(
    api="ingress",
    prefix="ingress.k8s.aws",
    finalizer="ingress.k8s.aws/resources",
    group_finalizer="group.ingress.k8s.aws/",
)
SERVICE = Ownership(api="service", prefix="service.k8s.aws", finalizer="service.k8s.aws/resources")
GATEWAY_ALB = Ownership(
    api="gateway-alb", prefix="gateway.k8s.aws.alb", finalizer="gateway.k8s.aws/alb"
)
GATEWAY_NLB = Ownership(
    api="gateway-nlb", prefix="gateway.k8s.aws.nlb", finalizer="gateway.k8s.aws/nlb"
)
ACCELERATOR = Ownership(api="accelerator", prefix="aga.k8s.aws", finalizer="aga.k8s.aws/resources")
OWNERSHIPS: Mapping[Api, Ownership] = MappingProxyType(
    {one.api: one for one in (INGRESS, SERVICE, GATEWAY_ALB, GATEWAY_NLB, ACCELERATOR)}
)
_STACK_TAGS = frozenset(one.stack_tag for one in OWNERSHIPS.values())
TRACKING_KEYS = frozenset(
    {CLUSTER_TAG, SHARED_RESOURCE_TAG, *_STACK_TAGS}
    | {one.resource_tag for one in OWNERSHIPS.values()}
)
"""Tags that say who owns a resource: nobody but the controller may set them."""


def ownership_of(key: StackKey) -> Ownership:
    """That of the stack's API."""
    return OWNERSHIPS[key.api]


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


def stack_tags(cluster: str, key: StackKey) -> dict[str, str]:
    """The tags that make a resource ours and this stack's."""
    return {CLUSTER_TAG: cluster, ownership_of(key).stack_tag: tag_value(key.id)}


def tracking_tags(cluster: str, key: StackKey, resource: str) -> dict[str, str]:
    """What every resource of a stack carries (spec 7.1)."""
    return {**stack_tags(cluster, key), ownership_of(key).resource_tag: tag_value(resource)}


def tag_value(id_: str) -> str:
    """An id as a tag has it: one too long for a tag ends in its digest.

    LBC cannot serve objects of names so long.
    """
    if len(id_) <= _LONGEST_TAG:
        return id_
    digest = hashlib.sha256(id_.encode()).hexdigest()[:_DIGITS]
    return f"{id_[: _LONGEST_TAG - _DIGITS - 1]}-{digest}"


def owned_tags(others: Tags, cluster: str, key: StackKey, resource: str) -> dict[str, str]:
    """A resource's tags: those of users and operators, without any that says who owns it, and ours.

    A user who could set another API's tag, or that of the shared group, would hand the resource
    to a stack that is not the user's.
    """
    free = {name: value for name, value in others.items() if name not in TRACKING_KEYS}
    return free | tracking_tags(cluster, key, resource)


def belongs_to(tags: Tags, cluster: str, key: StackKey) -> bool:
    """Whether tags are those of our stack, in the present or the v1 controller's form.

    What has the tags of two APIs is nobody's: whose it is cannot be known.
    """
    is_named = tags.get(ownership_of(key).stack_tag) == tag_value(key.id) and cluster in (
        tags.get(CLUSTER_TAG),
        tags.get(LEGACY_CLUSTER_TAG),
    )
    return is_named and len(_STACK_TAGS & tags.keys()) == 1


def is_claimed(tags: Tags) -> bool:
    """Whether a stack, of whatever API and cluster, has put its tag there."""
    return not _STACK_TAGS.isdisjoint(tags)


def resource_name(tags: Tags) -> str:
    """The id of a resource within its stack; empty where no tag gives it.

    Where several APIs have left a tag, the one whose stack tag is there counts.
    """
    found = [one for one in OWNERSHIPS.values() if tags.get(one.resource_tag)]
    found.sort(key=lambda one: one.stack_tag not in tags)
    return tags[found[0].resource_tag] if found else ""


def namespace_of(tags: Tags, cluster: str) -> str | None:
    """The namespace that a resource of the cluster was made for; None where its tags say none.

    Of a stack without a namespace its target groups are named after their owners' (spec 5.1).
    """
    found = [tags[one.stack_tag] for one in OWNERSHIPS.values() if one.stack_tag in tags]
    if len(found) != 1 or cluster not in (tags.get(CLUSTER_TAG), tags.get(LEGACY_CLUSTER_TAG)):
        return None
    for name in (found[0], resource_name(tags)):
        namespace, slash, _ = name.partition("/")
        if slash:
            return namespace
    return None


def stack_of_tags(tags: Tags) -> StackKey | None:
    """The stack that a resource's tags name; None where they name none, or those of two APIs.

    An id that was too long for a tag names a stack that is not there.
    """
    found = [(one.api, tags[one.stack_tag]) for one in OWNERSHIPS.values() if one.stack_tag in tags]
    if len(found) != 1:
        return None
    api, id_ = found[0]
    namespace, slash, name = id_.partition("/")
    return StackKey(api, namespace, name) if slash else StackKey(api, "", id_)


def is_shared_group(tags: Tags, cluster: str) -> bool:
    """Whether tags are those of the cluster's shared backend security group (spec 6.5)."""
    kind, owner = tags.get(SHARED_RESOURCE_TAG), tags.get(CLUSTER_TAG)
    return kind == BACKEND_SECURITY_GROUP and owner == cluster


def stack_labels(key: StackKey) -> dict[str, str]:
    """The labels on a stack's bindings (spec 2.3).

    A name that is too long for a label, which LBC cannot serve, is in several: none of
    them is one that LBC reads, which would take the binding for another stack's.
    """
    own = ownership_of(key)
    if not key.namespace:
        return {own.stack_tag: key.name}
    labels = {own.namespace_label: key.namespace}
    if len(key.name) <= _LONGEST_LABEL:
        return labels | {own.name_label: key.name}
    size = _LONGEST_LABEL - 2 * len(_EDGE)
    parts = [key.name[at : at + size] for at in range(0, len(key.name), size)]
    return labels | {
        _part_label(own, number): f"{_EDGE}{part}{_EDGE}" for number, part in enumerate(parts)
    }


_EDGE = "0"
"""Around a part of a name: a label's value begins and ends with a letter or digit."""


def _part_label(own: Ownership, number: int) -> str:
    return f"{own.name_label}.{number}"


def stack_of_labels(labels: Mapping[str, str]) -> StackKey | None:
    """The stack that a binding's labels name.

    None for a binding that a user made, and for one with the labels of two APIs.
    """
    found = [key for own in OWNERSHIPS.values() if (key := _key_of_labels(own, labels))]
    return found[0] if len(found) == 1 else None


def _key_of_labels(own: Ownership, labels: Mapping[str, str]) -> StackKey | None:
    if labels.get(own.stack_tag):
        return StackKey(own.api, "", labels[own.stack_tag])
    if labels.get(own.name_label):
        return StackKey(own.api, labels.get(own.namespace_label, ""), labels[own.name_label])
    parts = itertools.takewhile(bool, (labels.get(_part_label(own, n)) for n in itertools.count()))
    name = "".join(part[len(_EDGE) : -len(_EDGE)] for part in parts if part)
    return StackKey(own.api, labels.get(own.namespace_label, ""), name) if name else None


def finalizer_of(key: StackKey) -> str:
    """The finalizer that a stack puts on its members.

    Raises ValueError for a stack without a namespace where its API has none such.
    """
    own = ownership_of(key)
    if key.namespace:
        return own.finalizer
    if own.group_finalizer is None:
        raise ValueError(f"a stack of {key.api} has a namespace: {key}")
    return own.group_finalizer + key.name
