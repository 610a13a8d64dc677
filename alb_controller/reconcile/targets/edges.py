"""What the reconciler of bindings touches outside the pure core, and what is set for it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Protocol

import msgspec

from alb_controller.clock import Clock
from alb_controller.model.elbv2 import Target, TargetGroup, TargetHealth
from alb_controller.model.stack import Found
from alb_controller.objects.cluster import Cluster
from alb_controller.objects.core import KubeObject
from alb_controller.objects.elbv2 import TargetGroupBinding
from alb_controller.objects.kinds import Kind
from alb_controller.objects.writer import ObjectWriter
from alb_controller.reconcile.targets.endpoint_groups import EndpointGroups
from alb_controller.reconcile.targets.endpoint_rules import EndpointRules
from alb_controller.reconcile.targets.memory import TargetMemory
from alb_controller.reconcile.targets.vpc_addresses import VpcAddresses
from alb_controller.values import BindingKey, Tags, Value


class TargetApi(Protocol):
    """What is needed of `aws.elbv2.Elbv2`."""

    def target_health(self, arn: str, targets: Sequence[Target] = ()) -> tuple[TargetHealth, ...]:
        """Every target of a group, or these alone."""

    def register_targets(self, arn: str, targets: Iterable[Target]) -> None:
        """Register; raises Rejected for bad targets after the good ones are registered."""

    def deregister_targets(self, arn: str, targets: Iterable[Target]) -> None:
        """Deregister; what is not registered is fine."""

    def target_group_by_name(self, name: str) -> Found[TargetGroup] | None:
        """A target group of the account, or None."""


class LiveApi(Protocol):
    """What is needed of `kube.live.LiveReads`."""

    def get(self, kind: Kind, namespace: str, name: str) -> KubeObject | None:
        """One object as the API has it now."""

    def list(
        self, kind: Kind, namespace: str, labels: Mapping[str, str] | None = None
    ) -> Sequence[KubeObject]:
        """All objects as the API has them now."""


class BindingOptions(Value, frozen=True, kw_only=True):
    """What an operator has set that matters here."""

    vpc_id: str
    cluster_name: str
    max_targets: int = 0
    """Most targets of a target group; 0: no limit."""
    targets_quota: int = 0
    """What AWS takes in one, as the operator says; 0: not known."""
    fail_open: bool = True
    """The gate EndpointsFailOpen."""
    drains_pods: bool = False
    """Whether pods of nodes that are to go are deregistered before they are evicted."""
    purge_percent: int = 100
    """A change that takes away so many of two or more targets is confirmed first."""
    purge_hold_seconds: float = 0.0
    """For so long such a change waits although it is confirmed."""
    look_seconds: float = 15.0
    """The most between two looks at targets whose readiness gate is closed."""


class BindingEdges(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that a pass touches outside the pure core."""

    cluster: Cluster
    has_synced: Callable[[], bool]
    live: LiveApi
    elbv2: TargetApi
    assume: Callable[[str, str], TargetApi]
    """The target groups of a role's account, by role ARN and external id. Raises Refused."""
    group_tags: Callable[[TargetGroupBinding, str], Tags]
    """The tags of a binding's target group, by its ARN."""
    writer: ObjectWriter
    groups: EndpointGroups
    rules: EndpointRules
    addresses: VpcAddresses
    memory: TargetMemory
    clock: Clock
    enqueue_later: Callable[[BindingKey, float], None]
    """Makes a binding due after so many seconds, whatever becomes of the pass in hand."""
    enqueue_group: Callable[[str], None]
    """Makes a security group's key due, whose worker calls `reconcile_group`."""
