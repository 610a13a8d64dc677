"""The in-memory AWS of `tests.world` as a reader sees it; it records what is read.

A listing shows neither attributes nor what other services know of a load balancer, as
DescribeLoadBalancers, DescribeTargetGroups and DescribeListeners do not.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, TypeVar

import msgspec

from alb_controller.aws.elbv2_reads import ListenersAndRules
from alb_controller.errors import ControllerError, Rejected
from alb_controller.model.actions import Transform
from alb_controller.model.addons import Addons
from alb_controller.model.ec2 import SecurityGroup
from alb_controller.model.elbv2 import (
    Action,
    Attributes,
    Condition,
    Listener,
    ListenerRule,
    LoadBalancer,
    Target,
    TargetGroup,
    TargetHealth,
)
from alb_controller.model.ownership import CLUSTER_TAG, LEGACY_CLUSTER_TAG
from alb_controller.model.queries import (
    Answer,
    Query,
    Subnet,
    SubnetsById,
    SubnetsByRole,
    TargetGroupInfo,
    TargetGroupOfCluster,
)
from alb_controller.model.stack import BalancerState, Found, FoundLoadBalancer, Resource
from tests.world import World, groups_of

T = TypeVar("T", bound=Resource)
F = TypeVar("F", bound=Found[Any])


class Account(World):
    """Implements what reconcilers read of Elastic Load Balancing, EC2 and their facts."""

    def __init__(self, subnets: Iterable[Subnet] = (), **limits: int) -> None:
        super().__init__(**limits)
        self.subnets = tuple(subnets)
        self.reads: list[str] = []
        self.health: dict[str, list[TargetHealth]] = {}
        """By target group: what its binding has registered there."""
        self.referencing: dict[str, list[str]] = {}
        """By security group of ours: foreign ones whose rules name it."""
        self.refusals: dict[str, list[ControllerError]] = {}
        self.refused_path = ""
        """A path that AWS does not take: of a rule's condition, or of a health check."""
        self.refused: list[str] = []
        """The calls that it did not take, for the path in them."""
        self.trust_stores: dict[str, str] = {}
        """Name -> ARN."""
        self.trust_stores_asked: list[list[str]] = []
        self.while_reading: Callable[[], None] = lambda: None
        """What happens once load balancers are listed, before the answer is there."""

    def refuse(self, operation: str, *errors: ControllerError) -> None:
        """Answer the next calls of a writing operation, or a read of health or attributes,
        with these errors."""
        self.refusals.setdefault(operation, []).extend(errors)

    def _write(self, name: str, effect: Callable[[], Any]) -> Any:
        if self.refusals.get(name):
            self.calls.append(name)
            raise self.refusals[name].pop(0)
        return super()._write(name, effect)

    def create_rule(self, rule: ListenerRule) -> Found[ListenerRule]:
        self._take("CreateRule", *_values(rule.conditions))
        return super().create_rule(rule)

    def modify_rule(
        self,
        arn: str,
        conditions: Sequence[Condition],
        actions: Sequence[Action],
        transforms: Sequence[Transform] = (),
    ) -> None:
        self._take("ModifyRule", *_values(conditions))
        super().modify_rule(arn, conditions, actions, transforms)

    def create_target_group(self, group: TargetGroup) -> Found[TargetGroup]:
        self._take("CreateTargetGroup", group.health_check.path or "")
        return super().create_target_group(group)

    def modify_target_group(self, arn: str, group: TargetGroup) -> None:
        self._take("ModifyTargetGroup", group.health_check.path or "")
        super().modify_target_group(arn, group)

    def _take(self, operation: str, *values: str) -> None:
        """Raises Rejected as AWS does for a value outside its pattern."""
        if self.refused_path and self.refused_path in values:
            self.refused.append(operation)
            message = f"The path {self.refused_path!r} is not valid"
            raise Rejected("elbv2", operation, "ValidationError", message)

    def create_load_balancer(self, balancer: LoadBalancer) -> FoundLoadBalancer:
        made = super().create_load_balancer(balancer)
        return msgspec.structs.replace(made, dns_name=_dns_name(balancer))

    # ---- listings

    def load_balancers(self) -> tuple[FoundLoadBalancer, ...]:
        self.reads.append("DescribeLoadBalancers")
        listed = tuple(map(_listed_balancer, self._found(LoadBalancer)))
        self.while_reading()
        return listed

    def target_groups(self) -> tuple[Found[TargetGroup], ...]:
        self.reads.append("DescribeTargetGroups")
        return tuple(map(_listed_group, self._found(TargetGroup)))

    def security_groups(self, cluster: str) -> tuple[Found[SecurityGroup], ...]:
        self.reads.append("DescribeSecurityGroups")
        keys = CLUSTER_TAG, LEGACY_CLUSTER_TAG
        found = self._found(SecurityGroup)
        return tuple(one for one in found if cluster in map(one.resource.tags.get, keys))

    def load_balancers_by_name(self, name: str) -> FoundLoadBalancer | None:
        return _named(name, self.load_balancers())

    def target_group_by_name(self, name: str) -> Found[TargetGroup] | None:
        return _named(name, self.target_groups())

    def trust_stores_by_name(self, names: Sequence[str]) -> dict[str, str]:
        self.trust_stores_asked.append(sorted(names))
        return {name: self.trust_stores[name] for name in names if name in self.trust_stores}

    def target_group_users(self, arn: str) -> tuple[str, ...]:
        self.reads.append("DescribeTargetGroups")
        rules = self.all(ListenerRule).values()
        return tuple(str(r.listener) for r in rules if arn in groups_of(r.actions))

    def security_group_users(self, group_id: str) -> tuple[str, ...]:
        self.reads.append("DescribeSecurityGroups")
        return tuple(self.referencing.get(group_id, ()))

    def security_group_by_name(self, group_name: str) -> Found[SecurityGroup] | None:
        self.reads.append("DescribeSecurityGroups")
        return _named(group_name, self._found(SecurityGroup))

    # ---- one resource

    def listeners_and_rules(self, balancer: FoundLoadBalancer) -> ListenersAndRules:
        self.reads.append("DescribeListeners")
        self._get(LoadBalancer, balancer.identity)
        listeners = self._of(Listener, balancer.identity, lambda one: one.load_balancer)
        self.reads.extend("DescribeRules" for _ in listeners)
        return ListenersAndRules(
            tuple(_without_attributes(one) for one in listeners),
            tuple(
                rule
                for above in listeners
                for rule in self._of(ListenerRule, above.identity, lambda one: one.listener)
            ),
        )

    def load_balancer_attributes(self, arn: str) -> Attributes:
        return self._attributes(LoadBalancer, arn)

    def target_group_attributes(self, arn: str) -> Attributes:
        return self._attributes(TargetGroup, arn)

    def listener_attributes(self, arn: str) -> Attributes:
        return self._attributes(Listener, arn)

    def capacity_units(self, arn: str) -> int:
        self.reads.append("DescribeCapacityReservation")
        return self._get(LoadBalancer, arn).capacity_units or 0

    def load_balancer_state(self, arn: str) -> BalancerState:
        self.reads.append("DescribeLoadBalancers")
        self._get(LoadBalancer, arn)
        return "provisioning" if arn in self.provisioning else "active"

    def target_health(self, arn: str) -> tuple[TargetHealth, ...]:
        self.reads.append("DescribeTargetHealth")
        if self.refusals.get("DescribeTargetHealth"):
            raise self.refusals["DescribeTargetHealth"].pop(0)
        targets = self._get(TargetGroup, arn).targets or ()
        return tuple(
            TargetHealth(target=Target(str(one.load_balancer), one.port), state="healthy")
            for one in targets
        ) + tuple(self.health.get(arn, ()))

    def read(self, load_balancer_arn: str, fields: Iterable[str]) -> Addons:
        """As `aws.addons.services`."""
        self.reads.extend(f"read {field}" for field in fields)
        now = self._get(LoadBalancer, load_balancer_arn).addons
        return Addons(**{field: getattr(now, field) for field in fields})

    def answer(self, queries: Iterable[Query]) -> Mapping[Query, Answer]:
        """As `aws.facts`: subnets are there, and what is in this world."""
        self.reads.append("DescribeSubnets")
        return {query: self._answer(query) for query in queries}

    def _answer(self, query: Query) -> Answer:
        match query:
            case SubnetsByRole():
                return self.subnets
            case TargetGroupOfCluster(arn=arn):
                return tuple(
                    TargetGroupInfo(name=one.resource.name, arn=arn, tags=dict(one.resource.tags))
                    for one in self._found(TargetGroup)
                    if one.identity == arn
                )
            case SubnetsById(ids=ids):
                return tuple(one for one in self.subnets if one.id in ids)
            case _:
                return ()

    def _attributes(self, kind: type[Any], arn: str) -> Attributes:
        self.reads.append(operation := f"Describe{kind.__name__}Attributes")
        if self.refusals.get(operation):
            raise self.refusals[operation].pop(0)
        found: Attributes = self._get(kind, arn).attributes or {}
        return found

    def _of(self, kind: type[T], above: str, parent: Callable[[T], object]) -> list[Found[T]]:
        return [one for one in self._found(kind) if parent(one.resource) == above]


def _values(conditions: Iterable[Condition]) -> list[str]:
    return [value for one in conditions for value in getattr(one, "values", ())]


def _dns_name(balancer: LoadBalancer) -> str:
    return f"{balancer.name}.elb.example"


def _listed_balancer(found: Found[LoadBalancer]) -> FoundLoadBalancer:
    listed = msgspec.structs.replace(
        found.resource, attributes=None, capacity_units=None, addons=Addons()
    )
    return FoundLoadBalancer(
        identity=found.identity, resource=listed, dns_name=_dns_name(found.resource)
    )


def _listed_group(found: Found[TargetGroup]) -> Found[TargetGroup]:
    listed = msgspec.structs.replace(found.resource, attributes=None, targets=None)
    return Found(identity=found.identity, resource=listed)


def _without_attributes(found: Found[Listener]) -> Found[Listener]:
    listed = msgspec.structs.replace(found.resource, attributes=None)
    return Found(identity=found.identity, resource=listed)


def _named(name: str, found: Iterable[F]) -> F | None:
    return next((one for one in found if one.resource.name == name), None)
