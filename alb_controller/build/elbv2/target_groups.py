"""Target groups and the bindings that fill them (spec 5)."""

from __future__ import annotations

from typing import assert_never

from alb_controller.build.context import Context
from alb_controller.build.elbv2 import security_groups
from alb_controller.build.elbv2.balancers import balancer_id
from alb_controller.build.elbv2.names import generated_name
from alb_controller.build.elbv2.tags import resource_tags
from alb_controller.errors import Invalid
from alb_controller.intent import (
    Access,
    BackendIntent,
    BalancerBackendIntent,
    BalancerPeer,
    CidrPeer,
    Peer,
    StackIntent,
)
from alb_controller.model.elbv2 import BalancerTarget, TargetGroup
from alb_controller.model.kube import Binding
from alb_controller.model.origins import renamed
from alb_controller.model.ownership import stack_labels
from alb_controller.model.refs import Ref, Reference, ResourceId
from alb_controller.objects.core import LabelSelector
from alb_controller.objects.elbv2 import (
    IpBlock,
    NetworkingIngressRule,
    NetworkingPeer,
    NetworkingPort,
    SecurityGroupPeer,
    TargetGroupBindingNetworking,
    TargetGroupBindingSpec,
)


def build_target_group(
    backend: BackendIntent, intent: StackIntent, context: Context
) -> TargetGroup:
    """A backend's target group; raises Invalid for an IPv6 Service behind an IPv4 balancer."""
    balancer = intent.balancer(backend.balancer)
    if backend.ip_family == "ipv6" and balancer.ip_address_type == "ipv4":
        problem = (
            f"Service {backend.namespace}/{backend.service.name} is of family IPv6, "
            "which needs ip-address-type dualstack"
        )
        raise Invalid(backend.origin.ref, "spec", problem)
    return TargetGroup(
        id=ResourceId("TargetGroup", backend.id),
        name=generated_name(backend.name),
        target_type=backend.target_type,
        port=backend.port,
        protocol=backend.protocol,
        protocol_version=backend.protocol_version,
        vpc_id=context.vpc_id,
        ip_address_type=backend.ip_family,
        health_check=backend.health_check,
        attributes=backend.attributes or None,
        tags=resource_tags(backend.tags, context.settings, intent.key, backend.id),
        target_control_port=backend.target_control_port,
        asked_by=backend.asked_by,
    )


def build_balancer_group(
    backend: BalancerBackendIntent, intent: StackIntent, context: Context
) -> TargetGroup:
    """The target group that holds a balancer: AWS has TCP alone for those, and no binding."""
    return TargetGroup(
        id=ResourceId("TargetGroup", backend.id),
        name=generated_name(backend.name),
        target_type="alb",
        port=backend.port,
        protocol="TCP",
        protocol_version=None,
        vpc_id=context.vpc_id,
        ip_address_type="ipv4",
        health_check=backend.health_check,
        tags=resource_tags(backend.tags, context.settings, intent.key, backend.id),
        targets=(BalancerTarget(Ref(balancer_id(backend.balancer)), backend.balancer_port),),
        asked_by=renamed(backend.asked_by, {"balancer_port": "targets"}),
    )


def build_binding(backend: BackendIntent, intent: StackIntent, context: Context) -> Binding:
    """The binding that registers a backend's targets, with who may reach them."""
    group = security_groups.of_targets(intent.balancer(backend.balancer), intent, context)
    labels = backend.node_labels
    spec = TargetGroupBindingSpec(
        target_type=backend.target_type,
        target_group_protocol=backend.protocol,
        service_ref=backend.service,
        networking=_networking(backend, group),
        node_selector=LabelSelector(match_labels=labels) if labels is not None else None,
        ip_address_type=backend.ip_family,
        vpc_id=context.vpc_id,
        multi_cluster_target_group=backend.multi_cluster,
    )
    return Binding(
        id=ResourceId("Binding", backend.id),
        namespace=backend.namespace,
        name=generated_name(backend.name),
        target_group=Ref(ResourceId("TargetGroup", backend.id)),
        spec=spec,
        labels=stack_labels(intent.key),
        asked_by=backend.asked_by,
        peer=group if isinstance(group, Ref) and _admits_balancer(backend) else None,
    )


def _networking(
    backend: BackendIntent, group: Reference | None
) -> TargetGroupBindingNetworking | None:
    """A rule for each access; none for the balancer's group where the user opens the targets.

    `group` is the one that the balancer's traffic comes from (spec 5.4, 6.4).
    """
    rules = [rule for access in backend.access if (rule := _rule(access, group)) is not None]
    return TargetGroupBindingNetworking(ingress=rules) if rules else None


def _admits_balancer(backend: BackendIntent) -> bool:
    return any(BalancerPeer() in access.peers for access in backend.access)


def _rule(access: Access, group: Reference | None) -> NetworkingIngressRule | None:
    peers = [made for peer in access.peers if (made := _peer(peer, group)) is not None]
    if not peers:
        return None
    port = NetworkingPort(protocol=access.protocol, port=access.port)
    return NetworkingIngressRule(from_=peers, ports=[port])


def _peer(peer: Peer, group: Reference | None) -> NetworkingPeer | None:
    """A group of the same stack has no id yet: `Binding.with_peer` fills it in."""
    match peer:
        case CidrPeer(cidr=cidr):
            return NetworkingPeer(ip_block=IpBlock(cidr=cidr))
        case BalancerPeer():
            if group is None:
                return None
            known = group if isinstance(group, str) else ""
            return NetworkingPeer(security_group=SecurityGroupPeer(group_id=known))
        case _:
            assert_never(peer)
