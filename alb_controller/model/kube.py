"""Kubernetes objects that a stack makes: a TargetGroupBinding is a resource like any other."""

from __future__ import annotations

import msgspec

from alb_controller.model.origins import AskedBy
from alb_controller.model.refs import Reference, ResourceId
from alb_controller.objects.elbv2 import (
    NetworkingPeer,
    SecurityGroupPeer,
    TargetGroupBindingNetworking,
    TargetGroupBindingSpec,
)
from alb_controller.values import Tags

_OPEN_PEER = NetworkingPeer(security_group=SecurityGroupPeer())


class Binding(msgspec.Struct, frozen=True, kw_only=True):
    """A TargetGroupBinding of the stack; `spec` lacks the ARN, which `target_group` gives.

    `peer` is the security group that the targets admit, where that is made by the same stack;
    `with_peer` puts it into the spec, where peers are security groups without id, once it is known.
    """

    id: ResourceId
    """Named as the target group's id."""
    namespace: str
    name: str
    target_group: Reference
    spec: TargetGroupBindingSpec
    labels: Tags
    peer: Reference | None = None
    asked_by: AskedBy = {}

    def with_peer(self, group_id: str) -> Binding:
        """The binding with `group_id` for each security group that its networking leaves open."""
        networking = self.spec.networking
        if networking is None:
            return msgspec.structs.replace(self, peer=None)
        known = NetworkingPeer(security_group=SecurityGroupPeer(group_id=group_id))
        rules = [
            msgspec.structs.replace(
                rule, from_=[known if peer == _OPEN_PEER else peer for peer in rule.from_]
            )
            for rule in networking.ingress
        ]
        spec = msgspec.structs.replace(
            self.spec, networking=TargetGroupBindingNetworking(ingress=rules)
        )
        return msgspec.structs.replace(self, spec=spec, peer=None)
