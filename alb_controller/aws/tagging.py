"""The cluster's load balancers and target groups by their tags (the gate EnableRGTAPI, spec 7.4).

For accounts with many load balancers of others: two searches instead of a listing of everything.
The search is eventually consistent. What it does not show yet is found by its name when a create
is about to take that (`reconcile.owners`); what it still shows and is gone is left out. Others in
another VPC with the same cluster name are left out too, which LBC would take (12 #43).
Source: the Resource Groups Tagging API reference, GetResources.
"""

from __future__ import annotations

from alb_controller.aws.client import Sender, pages
from alb_controller.aws.codecs.elbv2 import decode_tags
from alb_controller.aws.elbv2_reads import Elbv2Reads
from alb_controller.model.elbv2 import TargetGroup
from alb_controller.model.ownership import CLUSTER_TAG, LEGACY_CLUSTER_TAG
from alb_controller.model.stack import Found, FoundLoadBalancer
from alb_controller.values import Tags

PERMISSIONS = frozenset({"tag:GetResources"})
"""IAM actions of the operations called here."""

_SERVICE = "resourcegroupstaggingapi"


class TaggedListing:
    """What `Elbv2Reads` lists, of one cluster alone; errors are those of `Sender.call`."""

    def __init__(self, sender: Sender, elbv2: Elbv2Reads, cluster: str) -> None:
        self._sender, self._elbv2, self._cluster = sender, elbv2, cluster

    def load_balancers(self) -> tuple[FoundLoadBalancer, ...]:
        """The cluster's application and network load balancers in our VPC."""
        return self._elbv2.load_balancers_of(self._tagged("elasticloadbalancing:loadbalancer"))

    def target_groups(self) -> tuple[Found[TargetGroup], ...]:
        """The cluster's target groups in our VPC."""
        return self._elbv2.target_groups_of(self._tagged("elasticloadbalancing:targetgroup"))

    def _tagged(self, resource_type: str) -> dict[str, Tags]:
        """ARN -> tags of what carries the cluster's tag, in today's form or the v1 controller's."""
        found: dict[str, Tags] = {}
        for key in (CLUSTER_TAG, LEGACY_CLUSTER_TAG):
            for raw in pages(
                self._sender.call,
                _SERVICE,
                "GetResources",
                "ResourceTagMappingList",
                TagFilters=[{"Key": key, "Values": [self._cluster]}],
                ResourceTypeFilters=[resource_type],
            ):
                found[raw["ResourceARN"]] = decode_tags(raw["Tags"])
        return found
