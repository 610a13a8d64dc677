"""EC2: security groups and their rules, in the model's values; the network is in `network`.

Errors are those of `Sender.call`. Source: the Amazon EC2 API reference (2016-11-15).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import msgspec

from alb_controller.aws.batches import chunks, for_each_part
from alb_controller.aws.codecs import ec2 as codec
from alb_controller.aws.codecs.elbv2 import encode_tags
from alb_controller.aws.network import FILTER_VALUES, Network
from alb_controller.errors import NotFound
from alb_controller.model.ec2 import IngressRule, SecurityGroup
from alb_controller.model.ownership import CLUSTER_TAG, LEGACY_CLUSTER_TAG
from alb_controller.model.stack import Found
from alb_controller.values import Tags

PERMISSIONS = frozenset(
    f"ec2:{operation}"
    for operation in (
        "AuthorizeSecurityGroupIngress",
        "CreateSecurityGroup",
        "CreateTags",
        "DeleteSecurityGroup",
        "DeleteTags",
        "DescribeNetworkInterfaces",
        "DescribeSecurityGroups",
        "RevokeSecurityGroupIngress",
    )
)
"""IAM actions of the operations called here."""


class Ec2(Network):
    """All operations, on the account and region of the sender; thread-safe as the sender is."""

    def security_groups(self, cluster: str) -> tuple[Found[SecurityGroup], ...]:
        """The VPC's groups that carry our cluster's tag, today's or the v1 controller's.

        One call for managed, shared and legacy ones: keys in one filter are alternatives.
        """
        found = self._security_groups({"tag-key": [CLUSTER_TAG, LEGACY_CLUSTER_TAG]})
        return tuple(
            group
            for group in found
            if cluster
            in (group.resource.tags.get(CLUSTER_TAG), group.resource.tags.get(LEGACY_CLUSTER_TAG))
        )

    def security_groups_by_id(self, ids: Iterable[str]) -> tuple[Found[SecurityGroup], ...]:
        """Groups with their rules and tags, in whatever VPC."""
        return tuple(
            codec.decode_security_group(raw)
            for part in chunks(sorted(set(ids)), FILTER_VALUES)
            for raw in self._describe("DescribeSecurityGroups", {"group-id": part})
        )

    def endpoint_security_groups(self, ids: Iterable[str]) -> tuple[Found[SecurityGroup], ...]:
        """The groups of nodes' and pods' interfaces, with their rules and tags."""
        return self.security_groups_by_id(ids)

    def security_groups_by_name_tag(self, names: Iterable[str]) -> tuple[Found[SecurityGroup], ...]:
        """The VPC's groups whose Name tag is one of these, letter by letter."""
        wanted = set(names)
        return tuple(
            group
            for part in chunks(sorted(wanted), FILTER_VALUES)
            for group in self._security_groups({"tag:Name": part})
            if group.resource.tags.get("Name") in wanted
        )

    def security_group_users(self, group_id: str) -> tuple[str, ...]:
        """The other groups whose rules name it, and the network interfaces that have it."""
        naming = self._describe("DescribeSecurityGroups", {"ip-permission.group-id": [group_id]})
        having = self._describe("DescribeNetworkInterfaces", {"group-id": [group_id]})
        groups = (one["GroupId"] for one in naming if one["GroupId"] != group_id)
        return (*groups, *(one["NetworkInterfaceId"] for one in having))

    def security_group_by_name(self, group_name: str) -> Found[SecurityGroup] | None:
        """The VPC's group of that group name."""
        found = self._security_groups({"group-name": [group_name]})
        return next((group for group in found if group.resource.name == group_name), None)

    def cluster_security_groups(self, cluster: str) -> tuple[Found[SecurityGroup], ...]:
        """The VPC's groups that are tagged as the cluster's own: `owned` or `shared`."""
        return self._security_groups({f"tag:kubernetes.io/cluster/{cluster}": ["owned", "shared"]})

    def create_security_group(self, group: SecurityGroup) -> Found[SecurityGroup]:
        """Make it with its tags and without rules. Raises AlreadyExists for a taken name."""
        fields = codec.encode_security_group(group, self._vpc_id)
        group_id = self._call("CreateSecurityGroup", **fields)["GroupId"]
        return Found(identity=group_id, resource=msgspec.structs.replace(group, ingress=()))

    def authorize_ingress(self, group_id: str, rules: Iterable[IngressRule]) -> None:
        """Add rules in one call; those that are there already count as added."""
        self._send_rules(
            "AuthorizeSecurityGroupIngress", group_id, rules, "InvalidPermission.Duplicate"
        )

    def revoke_ingress(self, group_id: str, rules: Iterable[IngressRule]) -> None:
        """Take rules away in one call; those that are gone already count as taken away."""
        self._send_rules(
            "RevokeSecurityGroupIngress", group_id, rules, "InvalidPermission.NotFound"
        )

    def delete_security_group(self, group_id: str) -> None:
        """Raises InUse while an interface has it or another group's rule names it."""
        try:
            self._call("DeleteSecurityGroup", GroupId=group_id)
        except NotFound:
            return

    def create_tags(self, ids: Iterable[str], tags: Tags) -> None:
        """Add or change tags."""
        self._call("CreateTags", Resources=sorted(ids), Tags=encode_tags(tags))

    def delete_tags(self, ids: Iterable[str], keys: Iterable[str]) -> None:
        """Remove tags by key, whatever their values are."""
        gone = [{"Key": key} for key in sorted(keys)]
        self._call("DeleteTags", Resources=sorted(ids), Tags=gone)

    def _security_groups(
        self, filters: Mapping[str, Sequence[str]]
    ) -> tuple[Found[SecurityGroup], ...]:
        found = self._describe("DescribeSecurityGroups", {"vpc-id": [self._vpc_id], **filters})
        return tuple(codec.decode_security_group(raw) for raw in found)

    def _send_rules(
        self, operation: str, group_id: str, rules: Iterable[IngressRule], done: str
    ) -> None:
        """`done` is the code that says: this was so already."""

        def send(part: Sequence[IngressRule]) -> None:
            permissions = codec.encode_permissions(part)
            self._call(operation, GroupId=group_id, IpPermissions=permissions)

        together = sorted(rules)
        if together:
            for_each_part(together, send, lambda error: error.code == done)
