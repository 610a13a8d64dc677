"""Target groups and the bindings that fill them (spec 5)."""

from __future__ import annotations

from alb_controller.build.context import Context
from alb_controller.build.elbv2.names import generated_name
from alb_controller.build.elbv2.tags import resource_tags
from alb_controller.errors import Invalid
from alb_controller.intent import BackendIntent, BalancerIntent, StackIntent
from alb_controller.model.elbv2 import TargetGroup
from alb_controller.model.kube import Binding
from alb_controller.model.ownership import stack_labels
from alb_controller.model.refs import Ref, Reference, ResourceId
from alb_controller.objects.core import LabelSelector
from alb_controller.objects.elbv2 import (
    NetworkingIngressRule,
    NetworkingPeer,
    NetworkingPort,
    SecurityGroupPeer,
    TargetGroupBindingNetworking,
    TargetGroupBindingSpec,
)


def build_target_group(
    backend: BackendIntent, balancer: BalancerIntent, intent: StackIntent, context: Context
) -> TargetGroup:
    """A backend's target group; raises Invalid for an IPv6 Service behind an IPv4 balancer."""
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
    )


def build_binding(
    backend: BackendIntent, intent: StackIntent, context: Context, peer: Reference | None
) -> Binding:
    """The binding that registers a backend's targets; `peer` is who may reach them."""
    labels = backend.node_labels
    spec = TargetGroupBindingSpec(
        target_type=backend.target_type,
        target_group_protocol=backend.protocol,
        service_ref=backend.service,
        networking=_networking(backend, peer),
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
        peer=peer if isinstance(peer, Ref) else None,
    )


def _networking(
    backend: BackendIntent, peer: Reference | None
) -> TargetGroupBindingNetworking | None:
    """One rule for each port that the load balancer must reach (spec 5.4)."""
    if peer is None:
        return None
    group = SecurityGroupPeer(group_id=peer if isinstance(peer, str) else "")
    return TargetGroupBindingNetworking(
        ingress=[
            NetworkingIngressRule(
                from_=[NetworkingPeer(security_group=group)],
                ports=[NetworkingPort(protocol="TCP", port=port)],
            )
            for port in backend.network_ports
        ]
    )
