"""A stack: the resources made for one key; references between them; and what was found of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Generic, Literal, TypeAlias, TypeVar

import msgspec

from alb_controller.model.ec2 import SecurityGroup
from alb_controller.model.elbv2 import Listener, ListenerRule, LoadBalancer, TargetGroup
from alb_controller.model.kube import Binding
from alb_controller.model.origins import Origins
from alb_controller.model.protection import DeletionChoice
from alb_controller.model.refs import ResourceId
from alb_controller.values import StackKey

Resource: TypeAlias = SecurityGroup | TargetGroup | LoadBalancer | Listener | ListenerRule | Binding
BalancerState: TypeAlias = Literal["active", "provisioning", "active_impaired", "failed"]
R = TypeVar("R", SecurityGroup, TargetGroup, LoadBalancer, Listener, ListenerRule, Binding)
R_co = TypeVar("R_co", bound=Resource, covariant=True)


class Stack(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that should exist for one key; resources refer to each other by Ref."""

    key: StackKey
    security_groups: tuple[SecurityGroup, ...] = ()
    target_groups: tuple[TargetGroup, ...] = ()
    load_balancers: tuple[LoadBalancer, ...] = ()
    listeners: tuple[Listener, ...] = ()
    rules: tuple[ListenerRule, ...] = ()
    bindings: tuple[Binding, ...] = ()
    deletion: Mapping[str, DeletionChoice] = {}
    """What is said of deletion protection, by the name in a load balancer's id."""
    asked_by: Origins = ()
    """Every object that it is made for; of one that goes, was made for."""


class Found(msgspec.Struct, Generic[R_co], frozen=True, kw_only=True):
    """A resource as it was found, with its identity.

    `identity` is the ARN, the security group id, or `namespace/name` of a binding. `resource.id` is
    empty where no tag gives it.
    """

    identity: str
    resource: R_co


class FoundLoadBalancer(Found[LoadBalancer], frozen=True, kw_only=True):
    """A load balancer with what AWS chose for it."""

    dns_name: str = ""
    state: BalancerState = "active"


class Observed(msgspec.Struct, frozen=True, kw_only=True):
    """The stack found: what carries our stack's tags, and what sits below it.

    Listeners name their load balancer, rules their listener, by identity. Rules include those on
    our listeners that carry no tags of ours: not ours to change, but they take up priorities.
    """

    security_groups: tuple[Found[SecurityGroup], ...] = ()
    target_groups: tuple[Found[TargetGroup], ...] = ()
    load_balancers: tuple[FoundLoadBalancer, ...] = ()
    listeners: tuple[Found[Listener], ...] = ()
    rules: tuple[Found[ListenerRule], ...] = ()
    bindings: tuple[Found[Binding], ...] = ()

    def identities(self) -> dict[ResourceId, str]:
        """Resource id -> identity, for everything found that has an id."""
        found: list[Found[Resource]] = [
            *self.security_groups,
            *self.target_groups,
            *self.load_balancers,
            *self.listeners,
            *self.rules,
            *self.bindings,
        ]
        return {f.resource.id: f.identity for f in reversed(found) if f.resource.id.name}
