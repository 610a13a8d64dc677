"""The network load balancer in front: TCP to the application load balancer behind (spec 6.8)."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from alb_controller.build.context import Context, Facts
from alb_controller.build.elbv2 import security_groups, subnets
from alb_controller.build.elbv2.names import generated_name
from alb_controller.build.elbv2.tags import resource_tags
from alb_controller.errors import Invalid
from alb_controller.intent import BalancerIntent, FrontIntent, FrontPort
from alb_controller.model.elbv2 import (
    BalancerTarget,
    ForwardAction,
    Listener,
    LoadBalancer,
    TargetGroup,
    WeightedTargetGroup,
)
from alb_controller.model.queries import Query
from alb_controller.model.refs import Ref, ResourceId
from alb_controller.model.stack import Stack
from alb_controller.values import StackKey, Value

FRONT = ResourceId("LoadBalancer", "FrontendNlb")
_SUFFIX = "-nlb"
_MOST_NAME_BYTES = 32


class Front(Value, frozen=True):
    """All that makes up the front."""

    load_balancer: LoadBalancer
    listeners: tuple[Listener, ...]
    target_groups: tuple[TargetGroup, ...]


def queries(front: FrontIntent, context: Context, facts: Facts) -> Iterator[Query]:
    """What must be known of its subnets and security groups."""
    yield from subnets.queries(front.balancer, context.for_front, facts)
    yield from security_groups.queries(front.balancer)


def build_front(
    front: FrontIntent, behind: LoadBalancer, key: StackKey, context: Context, facts: Facts
) -> Front:
    """The front of a load balancer; raises Missing and Invalid as `build` does."""
    made = _Builder(front.balancer, key, context)
    return Front(
        load_balancer=made.load_balancer(behind, facts),
        listeners=tuple(made.listener(port) for port in front.ports),
        target_groups=tuple(made.target_group(port, behind) for port in front.ports),
    )


def with_front(stack: Stack, front: Front) -> Stack:
    """The stack with its front."""
    return msgspec.structs.replace(
        stack,
        target_groups=(*stack.target_groups, *front.target_groups),
        load_balancers=(*stack.load_balancers, front.load_balancer),
        listeners=(*stack.listeners, *front.listeners),
    )


class _Builder:
    """Builds the parts; all carry the same users' tags."""

    def __init__(self, balancer: BalancerIntent, key: StackKey, context: Context) -> None:
        self._balancer, self._key, self._context = balancer, key, context

    def load_balancer(self, behind: LoadBalancer, facts: Facts) -> LoadBalancer:
        balancer, context = self._balancer, self._context.for_front
        chosen = subnets.choose(balancer, context, facts)
        return LoadBalancer(
            id=FRONT,
            name=behind.name[: _MOST_NAME_BYTES - len(_SUFFIX)] + _SUFFIX,
            type="network",
            scheme=balancer.scheme,
            ip_address_type=balancer.ip_address_type,
            subnets=chosen,
            security_groups=security_groups.of_load_balancer(
                balancer, context, facts, behind.security_groups
            ),
            attributes=balancer.attributes or None,
            tags=self._tags(FRONT.name),
            allocation_ids=_addresses(balancer, len(chosen)),
        )

    def listener(self, port: FrontPort) -> Listener:
        id_ = ResourceId("Listener", f"{FRONT.name}-ls-TCP-{port.port}")
        forward = ForwardAction((WeightedTargetGroup(Ref(_group_id(port))),))
        return Listener(
            id=id_,
            load_balancer=Ref(FRONT),
            port=port.port,
            protocol="TCP",
            default_actions=(forward,),
            tags=self._tags(id_.name),
        )

    def target_group(self, port: FrontPort, behind: LoadBalancer) -> TargetGroup:
        id_ = _group_id(port)
        return TargetGroup(
            id=id_,
            name=generated_name(port.name),
            target_type="alb",
            port=port.port,
            protocol="TCP",
            protocol_version=None,
            vpc_id=self._context.vpc_id,
            ip_address_type="ipv4",
            health_check=port.health_check,
            tags=self._tags(id_.name),
            targets=(BalancerTarget(Ref(behind.id), port.target_port),),
        )

    def _tags(self, resource: str) -> dict[str, str]:
        return resource_tags(self._balancer.tags, self._context.settings, self._key, resource)


def _group_id(port: FrontPort) -> ResourceId:
    return ResourceId("TargetGroup", f"{FRONT.name}-tg-TCP-{port.port}")


def _addresses(balancer: BalancerIntent, count: int) -> tuple[str, ...]:
    """Raises Invalid where they do not fit: one a subnet, and on the internet."""
    given, origin = balancer.elastic_ips, balancer.elastic_ips_origin
    if not given or origin is None:
        return ()
    if balancer.scheme != "internet-facing":
        problem = f"needs an internet-facing load balancer: this one is {balancer.scheme}"
        raise Invalid(origin.ref, origin.field, problem)
    if len(given) != count:
        problem = f"names {len(given)} addresses for {count} subnets: allowed is one for each"
        raise Invalid(origin.ref, origin.field, problem)
    return given
