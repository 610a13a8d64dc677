"""Kubernetes objects that a stack makes: a TargetGroupBinding is a resource like any other."""

from __future__ import annotations

import msgspec

from alb_controller.model.refs import Reference, ResourceId
from alb_controller.objects.elbv2 import (
    NetworkingPeer,
    SecurityGroupPeer,
    TargetGroupBindingNetworking,
    TargetGroupBindingSpec,
)
from alb_controller.values import Tags


class Binding(msgspec.Struct, frozen=True, kw_only=True):
    """A TargetGroupBinding of the stack; `spec` lacks the ARN, which `target_group` gives.

    `peer` is the security group that the targets admit, where that is made by the same stack;
    `with_peer` puts it into the spec once it is known.
    """

    id: ResourceId
    """Named as the target group's id."""
    namespace: str
    name: str
    target_group: Reference
    spec: TargetGroupBindingSpec
    labels: Tags
    peer: Reference | None = None

    def with_peer(self, group_id: str) -> Binding:
        """The binding with every security group peer of its networking set to `group_id`."""
        networking = self.spec.networking
        if networking is None:
            return msgspec.structs.replace(self, peer=None)
        peers = [NetworkingPeer(security_group=SecurityGroupPeer(group_id=group_id))]
        rules = [msgspec.structs.replace(r, from_=peers) for r in networking.ingress]
        spec = msgspec.structs.replace(
            self.spec, networking=TargetGroupBindingNetworking(ingress=rules)
        )
        return msgspec.structs.replace(self, spec=spec, peer=None)
