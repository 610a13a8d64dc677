"""Load balancers, target groups, listeners and rules in LBC's model JSON."""

from __future__ import annotations

from typing import Any

from alb_controller.model.document.actions import action
from alb_controller.model.document.conditions import condition, transform
from alb_controller.model.document.references import pairs, reference, without_empty
from alb_controller.model.elbv2 import (
    Listener,
    ListenerRule,
    LoadBalancer,
    MutualAuthentication,
    TargetGroup,
)
from alb_controller.model.health import HealthCheck

Document = dict[str, Any]


def load_balancer(balancer: LoadBalancer) -> Document:
    """A LoadBalancerSpec."""
    units = balancer.capacity_units
    return without_empty(
        name=balancer.name,
        type=balancer.type,
        scheme=balancer.scheme,
        ipAddressType=balancer.ip_address_type,
        subnetMapping=_subnets(balancer),
        securityGroups=[reference(one) for one in balancer.security_groups],
        customerOwnedIPv4Pool=balancer.customer_owned_ipv4_pool,
        loadBalancerAttributes=pairs(balancer.attributes),
        minimumLoadBalancerCapacity=None if units is None else {"capacityUnits": units},
        tags=dict(balancer.tags),
        ipv4IPAMPool=balancer.ipv4_ipam_pool_id,
    )


def _subnets(balancer: LoadBalancer) -> list[Document]:
    addresses = balancer.allocation_ids or ("",) * len(balancer.subnets)
    return [
        without_empty(allocationID=address, subnetID=subnet)
        for subnet, address in zip(balancer.subnets, addresses, strict=True)
    ]


def target_group(group: TargetGroup) -> Document:
    """A TargetGroupSpec."""
    return without_empty(
        name=group.name,
        targetType=group.target_type,
        port=group.port,
        protocol=group.protocol,
        protocolVersion=group.protocol_version,
        ipAddressType=group.ip_address_type,
        healthCheckConfig=_health_check(group.health_check, group.protocol_version),
        targetGroupAttributes=pairs(group.attributes),
        tags=dict(group.tags),
        targetControlPort=group.target_control_port,
    )


def _health_check(check: HealthCheck, version: str | None) -> Document:
    code = "grpcCode" if version == "GRPC" else "httpCode"
    return without_empty(
        port=int(check.port) if check.port.isdigit() else check.port,
        protocol=check.protocol,
        path=check.path,
        matcher={code: check.matcher} if check.matcher else None,
        intervalSeconds=check.interval_seconds,
        timeoutSeconds=check.timeout_seconds,
        healthyThresholdCount=check.healthy_threshold,
        unhealthyThresholdCount=check.unhealthy_threshold,
    )


def listener(made: Listener) -> Document:
    """A ListenerSpec."""
    return without_empty(
        loadBalancerARN=reference(made.load_balancer),
        port=made.port,
        protocol=made.protocol,
        defaultActions=[action(one) for one in made.default_actions],
        certificates=[{"certificateARN": arn} for arn in made.certificates],
        sslPolicy=made.ssl_policy,
        mutualAuthentication=_mutual_authentication(made.mutual_authentication),
        tags=dict(made.tags),
        listenerAttributes=pairs(made.attributes),
    )


def _mutual_authentication(wanted: MutualAuthentication | None) -> Document | None:
    if wanted is None:
        return None
    return without_empty(
        mode=wanted.mode,
        trustStoreArn=wanted.trust_store_arn,
        ignoreClientCertificateExpiry=wanted.ignore_client_certificate_expiry,
        advertiseTrustStoreCaNames=wanted.advertise_trust_store_ca_names,
    )


def rule(made: ListenerRule) -> Document:
    """A ListenerRuleSpec."""
    return without_empty(
        listenerARN=reference(made.listener),
        priority=made.priority,
        actions=[action(one) for one in made.actions],
        conditions=[condition(one) for one in made.conditions],
        transforms=[transform(one) for one in made.transforms],
        tags=dict(made.tags),
    )
