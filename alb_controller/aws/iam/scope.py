"""Conditions by tags: what a role may touch, and what is another cluster's.

Sources: "Actions, resources, and condition keys" of each service in the Service Authorization
Reference; `…IfExists` and `Null` in "IAM JSON policy elements: Condition operators".
"""

from __future__ import annotations

import enum
from collections.abc import Mapping
from typing import Any

import msgspec

from alb_controller.model.ownership import CLUSTER_TAG

_REQUEST = f"aws:RequestTag/{CLUSTER_TAG}"
_RESOURCE = f"aws:ResourceTag/{CLUSTER_TAG}"


class Scope(msgspec.Struct, frozen=True):
    """Whose resources: `cluster` is a cluster's name or a policy variable; empty: any cluster's."""

    cluster: str = ""


ANY_CLUSTER = Scope()
"""LBC's scope: some cluster's tag must be there. Two clusters of an account are not kept
apart."""

POD_IDENTITY = Scope("${aws:PrincipalTag/eks-cluster-name}")
"""One policy for all clusters: EKS Pod Identity tags the session with the cluster's name ("Grant
Pods access to AWS resources based on tags", EKS user guide)."""


class Guard(enum.Enum):
    """What must hold of tags for a statement to allow."""

    NOTHING = "nothing"
    ASKS_FOR_OURS = "the request carries our tag"
    OURS = "the resource carries our tag"
    STAYS_OURS = "the resource carries our tag and the request leaves it"
    NOT_OTHERS = "the resource carries no other cluster's tag"

    def condition(self, scope: Scope) -> Mapping[str, Mapping[str, Any]]:
        """As it stands in a statement."""
        has = _has(_REQUEST if self is Guard.ASKS_FOR_OURS else _RESOURCE, scope)
        match self:
            case Guard.NOTHING:
                return {}
            case Guard.ASKS_FOR_OURS | Guard.OURS:
                return has
            case Guard.STAYS_OURS:
                return {**has, "Null": {_REQUEST: "true", **has.get("Null", {})}}
            case Guard.NOT_OTHERS:
                if not scope.cluster:
                    return {}
                return {"StringEqualsIfExists": {_RESOURCE: scope.cluster}}


def _has(key: str, scope: Scope) -> dict[str, Mapping[str, Any]]:
    if scope.cluster:
        return {"StringEquals": {key: scope.cluster}}
    return {"Null": {key: "false"}}
