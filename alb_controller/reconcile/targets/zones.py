"""Which Availability Zone a target is registered with (RegisterTargets, TargetDescription)."""

from __future__ import annotations

import msgspec

from alb_controller.clock import Clock
from alb_controller.errors import NotFound, Rejected
from alb_controller.model.elbv2 import Target
from alb_controller.objects.cluster import Cluster
from alb_controller.objects.core import Node, Pod
from alb_controller.objects.elbv2 import TargetGroupBinding
from alb_controller.reconcile.targets.endpoint_groups import Guards
from alb_controller.reconcile.targets.vpc_addresses import VpcAddresses
from alb_controller.targets.endpoints import Endpoint
from alb_controller.targets.watch import key_of
from alb_controller.values import BindingKey

ALL_ZONES = "all"
"""The zone of a target outside the VPC."""
ZONE_LABEL = "topology.kubernetes.io/zone"
"""A node's zone (Kubernetes docs, well-known labels)."""
HIDDEN_SECONDS = 300.0
"""For so long another account's VPC that cannot be seen is not looked for."""
NODE_ZONE_SECONDS = 3600.0
"""For so long a group that wanted zones gets those of the nodes at once."""


class Zones:
    """AWS finds the zone of an address in the group's VPC by itself, and of no other."""

    def __init__(
        self, addresses: VpcAddresses, cluster: Cluster, clock: Clock, *, vpc_id: str
    ) -> None:
        self._addresses, self._cluster, self._clock = addresses, cluster, clock
        self._vpc_id = vpc_id
        self._hidden: dict[str, float] = {}  # VPCs that may not be seen, and until when
        self._by_node: dict[BindingKey, float] = {}

    def place(self, binding: TargetGroupBinding, endpoint: Endpoint, guards: Guards) -> Target:
        """The endpoint as it is registered. Raises AwsError."""
        target = Target(endpoint.id, endpoint.port)
        if binding.spec.target_type == "instance":
            return target
        if self._by_node.get(key_of(binding), 0.0) > self._clock.monotonic():
            return msgspec.structs.replace(target, availability_zone=self._node_zone(endpoint))
        vpc_id = binding.spec.vpc_id or self._vpc_id
        guard = guards.by_endpoint.get(target.key)
        if (guard and guard.vpc_id == vpc_id) or self._contains(binding, vpc_id, target.id):
            return target
        return msgspec.structs.replace(target, availability_zone=ALL_ZONES)

    def takes_from_nodes(self, binding: TargetGroupBinding, error: Rejected) -> bool:
        """Whether AWS wants a zone named; from now on the binding's targets get their nodes'.

        Not in another account: a zone's name may mean another place there (EC2 user guide, zone
        names of accounts).
        """
        message = error.message.lower()
        is_asked = error.code == "ValidationError" and "availability zone" in message
        spec = binding.spec
        if is_asked and spec.target_type == "ip" and not spec.iam_role_arn_to_assume:
            self._by_node[key_of(binding)] = self._clock.monotonic() + NODE_ZONE_SECONDS
            return True
        return False

    def forget(self, key: BindingKey) -> None:
        """The binding is gone."""
        self._by_node.pop(key, None)

    def _contains(self, binding: TargetGroupBinding, vpc_id: str, address: str) -> bool:
        """A VPC of another account may be out of sight; then no address is known to be in it."""
        now = self._clock.monotonic()
        if self._hidden.get(vpc_id, 0.0) > now:
            return False
        try:
            return self._addresses.contains(vpc_id, address)
        except NotFound:
            if not binding.spec.iam_role_arn_to_assume:
                raise
            self._hidden[vpc_id] = now + HIDDEN_SECONDS
            return False

    def _node_zone(self, endpoint: Endpoint) -> str:
        if not isinstance(endpoint.backing, Pod):
            return ALL_ZONES
        node = self._cluster.get(Node, "", endpoint.backing.spec.node_name)
        labels = node.metadata.labels if node is not None else {}
        return labels.get(ZONE_LABEL) or ALL_ZONES
