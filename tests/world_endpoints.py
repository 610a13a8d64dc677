"""The in-memory AWS as the loop of bindings sees it: targets, interfaces, and their groups.

Source: the Elastic Load Balancing v2 and EC2 API references.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

import msgspec

from alb_controller.aws.codecs.ec2 import Interface
from alb_controller.errors import ControllerError, NotFound
from alb_controller.model.ec2 import IngressRule, SecurityGroup
from alb_controller.model.elbv2 import Target, TargetGroup, TargetHealth
from alb_controller.model.refs import ResourceId
from alb_controller.model.stack import Found
from tests.resources import target_group
from tests.unit.targets.cluster import ARN
from tests.world_reads import Account

VPC, NODES_GROUP = "vpc-1", "sg-nodes"


class EndpointAccount(Account):
    """An account with target groups of pods and nodes; `calls` are reads and writes."""

    def __init__(self) -> None:
        """The target group ARN is there, without a target."""
        super().__init__(ingress_limit=1000)
        self.reads = self.calls
        self.registered: dict[str, dict[tuple[str, int], Target]] = {ARN: {}}
        """By target group: what is registered."""
        self.draining: set[tuple[str, int]] = set()
        self.ill: dict[tuple[str, int], str] = {}
        """Targets that are not healthy, and the reason why."""
        self.asked: list[list[str]] = []
        """The targets named in each look at health."""
        self.group_tags: dict[str, dict[str, str]] = {}
        self.interfaces: list[Interface] = []
        self.cidrs: dict[str, tuple[str, ...]] = {VPC: ("10.0.0.0/16",)}

    def counted(self) -> dict[str, int]:
        """Calls since the last look, by operation."""
        found = dict(Counter(self.calls))
        self.calls.clear()
        return found

    def has_targets(self, arn: str, *targets: Target) -> None:
        """A target group in which these are registered, by whomever."""
        self.registered[arn] = {target.key: target for target in targets}

    def has_group(self, arn: str, name: str) -> None:
        """A target group that is known by its name, too."""
        self.things[arn] = target_group(name=name)

    def add_group(self, group_id: str, *rules: IngressRule, **tags: str) -> None:
        """A security group of the VPC."""
        self.things[group_id] = SecurityGroup(
            id=ResourceId("SecurityGroup", ""),
            name=group_id,
            description="",
            ingress=tuple(sorted(rules)),
            tags={key.replace("__", "/"): value for key, value in tags.items()},
        )

    def tag(self, group_id: str, tags: dict[str, str]) -> None:
        """Somebody gives a security group these tags, and no others."""
        self._change(group_id, tags=tags)

    def set_rules(self, group_id: str, *rules: IngressRule) -> None:
        """Somebody changes the rules of a security group by hand."""
        self._change(group_id, ingress=tuple(sorted(rules)))

    def rules(self, group_id: str) -> set[IngressRule]:
        """Of a security group."""
        return set(self._get(SecurityGroup, group_id).ingress or ())

    def add_node(
        self, name: str, *addresses: str, groups: tuple[str, ...] = (NODES_GROUP,)
    ) -> None:
        """An instance with one interface; its id is `i-` and the name."""
        self.interfaces.append(
            Interface(
                id=f"eni-{name}",
                instance_id=f"i-{name}",
                device_index=0,
                vpc_id=VPC,
                security_groups=groups,
                addresses=addresses,
            )
        )

    # ---- Elastic Load Balancing

    def target_health(self, arn: str, targets: Sequence[Target] = ()) -> tuple[TargetHealth, ...]:
        self._read("DescribeTargetHealth")
        self.asked.append([t.id for t in targets])
        group = self._group(arn)
        return tuple(self._health(t, group) for t in targets or group.values())

    def _health(self, target: Target, group: dict[tuple[str, int], Target]) -> TargetHealth:
        state, reason = "healthy", self.ill.get(target.key, "")
        if target.key not in group:
            state, reason = "unused", "Target.NotRegistered"
        elif target.key in self.draining:
            state = "draining"
        elif reason:
            state = "initial" if reason.startswith("Elb.") else "unhealthy"
        return TargetHealth(target=target, state=state, reason=reason)

    def register_targets(self, arn: str, targets: Iterable[Target]) -> None:
        more = {target.key: target for target in targets}

        def effect() -> None:
            group = self._group(arn)
            self._refuse_over("targets", len({*group, *more}), "TooManyTargets")
            group.update(more)
            self.draining -= more.keys()

        self._write("RegisterTargets", effect)

    def deregister_targets(self, arn: str, targets: Iterable[Target]) -> None:
        gone = tuple(targets)

        def effect() -> None:
            group = self._group(arn)
            for target in gone:
                group.pop(target.key, None)

        self._write("DeregisterTargets", effect)

    def target_group_by_name(self, name: str) -> Found[TargetGroup] | None:
        self._refuse_read("DescribeTargetGroups")
        return super().target_group_by_name(name)

    def _group(self, arn: str) -> dict[tuple[str, int], Target]:
        if arn not in self.registered:
            raise NotFound("elbv2", "x", "TargetGroupNotFound", "no such target group")
        return self.registered[arn]

    # ---- EC2

    def instances(self, ids: Iterable[str]) -> tuple[Interface, ...]:
        self._read("DescribeInstances")
        wanted = set(ids)
        return tuple(i for i in self.interfaces if i.instance_id in wanted)

    def interfaces_by_address(self, addresses: Iterable[str]) -> tuple[Interface, ...]:
        self._read("DescribeNetworkInterfaces")
        wanted = set(addresses)
        return tuple(i for i in self.interfaces if wanted.intersection(i.addresses))

    def endpoint_security_groups(self, ids: Iterable[str]) -> tuple[Found[SecurityGroup], ...]:
        self._read("DescribeSecurityGroups")
        wanted = set(ids)
        return tuple(one for one in self._sorted_groups() if one.identity in wanted)

    def cluster_security_groups(self, cluster_name: str) -> tuple[Found[SecurityGroup], ...]:
        self._read("DescribeSecurityGroups")
        tag = f"kubernetes.io/cluster/{cluster_name}"
        found = self._sorted_groups()
        return tuple(one for one in found if one.resource.tags.get(tag) in ("owned", "shared"))

    def vpc_cidrs(self, vpc_id: str) -> tuple[str, ...]:
        self._read("DescribeVpcs")
        return self.cidrs[vpc_id]

    def _sorted_groups(self) -> list[Found[SecurityGroup]]:
        return sorted(self._found(SecurityGroup), key=lambda one: one.identity)

    def _change(self, group_id: str, **fields: Any) -> None:
        group = self._get(SecurityGroup, group_id)
        self.things[group_id] = msgspec.structs.replace(group, **fields)

    def _read(self, operation: str) -> None:
        self._refuse_read(operation)
        self.reads.append(operation)

    def _refuse_read(self, operation: str) -> None:
        if self.refusals.get(operation):
            self.reads.append(operation)
            error: ControllerError = self.refusals[operation].pop(0)
            raise error
