"""Load balancers, target groups, listeners, rules and targets to and from ELBv2's shapes.

Requests carry the fields that LBC sends (spec 3.6, 4.6, 5.3, 6.2); tags sorted by key.
Law: what AWS shows of a resource that was made as asked decodes to that resource, but for
attributes, which are read by calls of their own and are None here.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import cast

from alb_controller.aws.codecs.guards import Raw
from alb_controller.aws.codecs.rules import (
    decode_actions,
    decode_conditions,
    decode_transforms,
    encode_actions,
    encode_conditions,
    encode_transforms,
    identity_of,
    without_none,
)
from alb_controller.model.elbv2 import (
    Attributes,
    Listener,
    ListenerRule,
    LoadBalancer,
    MutualAuthentication,
    Target,
    TargetGroup,
    TargetHealth,
    TargetType,
)
from alb_controller.model.health import HealthCheck
from alb_controller.model.ownership import resource_name
from alb_controller.model.queries import BoundTargetGroup
from alb_controller.model.refs import ResourceId, ResourceKind
from alb_controller.model.stack import BalancerState, Found, FoundLoadBalancer
from alb_controller.values import IpAddressType, IpFamily, MutualTlsMode, Scheme, Tags

_STATES = ("active", "provisioning", "active_impaired", "failed")
SECURE_PROTOCOLS = ("HTTPS", "TLS", "QUIC")


def encode_tags(tags: Tags) -> list[Raw]:
    """Tags as AWS writes them, sorted by key."""
    return [{"Key": key, "Value": value} for key, value in sorted(tags.items())]


def decode_tags(raw: Iterable[Mapping[str, str]] | None) -> dict[str, str]:
    """Tags of an answer, from either service."""
    return {tag["Key"]: tag.get("Value") or "" for tag in raw or ()}


def encode_attributes(attributes: Mapping[str, str]) -> list[Raw]:
    """Attributes of a Modify…Attributes request, sorted by key."""
    return encode_tags(attributes)


def decode_attributes(answer: Raw) -> Attributes:
    """The answer of any Describe…Attributes or Modify…Attributes."""
    return {item["Key"]: item.get("Value") or "" for item in answer.get("Attributes") or ()}


def resource_id(kind: ResourceKind, tags: Tags) -> ResourceId:
    """The id that our tag gives; its name is empty where the tag is missing."""
    return ResourceId(kind, resource_name(tags))


# ---- load balancers


def encode_load_balancer(balancer: LoadBalancer) -> Raw:
    """Fields of CreateLoadBalancer."""
    pool = balancer.ipv4_ipam_pool_id
    return without_none(
        Name=balancer.name,
        Type=balancer.type,
        Scheme=balancer.scheme,
        IpAddressType=balancer.ip_address_type,
        SubnetMappings=encode_subnets(balancer.subnets, balancer.allocation_ids),
        SecurityGroups=[identity_of(group) for group in balancer.security_groups] or None,
        CustomerOwnedIpv4Pool=balancer.customer_owned_ipv4_pool,
        IpamPools=pool and {"Ipv4IpamPoolId": pool},
        Tags=encode_tags(balancer.tags) or None,
    )


def encode_subnets(subnets: Iterable[str], allocation_ids: Sequence[str] = ()) -> list[Raw]:
    """SubnetMappings of CreateLoadBalancer and SetSubnets; addresses go to subnets by place."""
    mappings: list[Raw] = [{"SubnetId": subnet} for subnet in subnets]
    for mapping, allocation_id in zip(mappings, allocation_ids, strict=False):
        mapping["AllocationId"] = allocation_id
    return mappings


def encode_capacity(units: int) -> Raw:
    """Fields of ModifyCapacityReservation; 0 gives back what is reserved."""
    if units == 0:
        return {"ResetCapacityReservation": True}
    return {"MinimumLoadBalancerCapacity": {"CapacityUnits": units}}


def decode_capacity(answer: Raw) -> int:
    """The units of DescribeCapacityReservation, 0 without any."""
    return int((answer.get("MinimumLoadBalancerCapacity") or {}).get("CapacityUnits") or 0)


def encode_ip_pools(ipv4_ipam_pool_id: str | None) -> Raw:
    """Fields of ModifyIpPools."""
    if ipv4_ipam_pool_id is None:
        return {"RemoveIpamPools": ["ipv4"]}
    return {"IpamPools": {"Ipv4IpamPoolId": ipv4_ipam_pool_id}}


def decode_state(raw: Raw) -> BalancerState:
    """The state of one of DescribeLoadBalancers."""
    state = (raw.get("State") or {}).get("Code")
    return cast(BalancerState, state) if state in _STATES else "active"


def decode_load_balancer(raw: Raw, tags: Tags) -> FoundLoadBalancer:
    """One of DescribeLoadBalancers or the answer of CreateLoadBalancer."""
    zones = raw.get("AvailabilityZones") or ()
    return FoundLoadBalancer(
        identity=raw["LoadBalancerArn"],
        dns_name=raw.get("DNSName", ""),
        state=decode_state(raw),
        resource=LoadBalancer(
            id=resource_id("LoadBalancer", tags),
            name=raw.get("LoadBalancerName", ""),
            type=raw.get("Type", "application"),
            scheme=cast(Scheme, raw.get("Scheme", "internet-facing")),
            ip_address_type=cast(IpAddressType, raw.get("IpAddressType", "ipv4")),
            subnets=tuple(sorted(zone["SubnetId"] for zone in zones if zone.get("SubnetId"))),
            security_groups=tuple(raw.get("SecurityGroups") or ()),
            tags=tags,
            customer_owned_ipv4_pool=raw.get("CustomerOwnedIpv4Pool") or None,
            ipv4_ipam_pool_id=(raw.get("IpamPools") or {}).get("Ipv4IpamPoolId") or None,
        ),
    )


# ---- target groups


def encode_target_group(group: TargetGroup) -> Raw:
    """Fields of CreateTargetGroup."""
    return without_none(
        Name=group.name,
        TargetType=group.target_type,
        Port=group.port,
        Protocol=group.protocol,
        ProtocolVersion=group.protocol_version,
        VpcId=group.vpc_id,
        TargetControlPort=group.target_control_port,
        IpAddressType=group.ip_address_type if group.ip_address_type != "ipv4" else None,
        **encode_health_check(group.health_check, group.protocol_version),
        Tags=encode_tags(group.tags) or None,
    )


def encode_health_check(check: HealthCheck, protocol_version: str | None) -> Raw:
    """The health check fields of CreateTargetGroup and ModifyTargetGroup, all of them."""
    code = "GrpcCode" if protocol_version == "GRPC" else "HttpCode"
    return without_none(
        HealthCheckEnabled=True,
        HealthCheckPort=check.port,
        HealthCheckProtocol=check.protocol,
        HealthCheckPath=check.path,
        HealthCheckIntervalSeconds=check.interval_seconds,
        HealthCheckTimeoutSeconds=check.timeout_seconds,
        HealthyThresholdCount=check.healthy_threshold,
        UnhealthyThresholdCount=check.unhealthy_threshold,
        Matcher=None if check.matcher is None else {code: check.matcher},
    )


def decode_target_group(raw: Raw, tags: Tags) -> Found[TargetGroup]:
    """One of DescribeTargetGroups or of the answer of CreateTargetGroup."""
    matcher = raw.get("Matcher") or {}
    return Found(
        identity=raw["TargetGroupArn"],
        resource=TargetGroup(
            id=resource_id("TargetGroup", tags),
            name=raw.get("TargetGroupName", ""),
            target_type=cast(TargetType, raw.get("TargetType", "instance")),
            port=raw.get("Port"),
            protocol=raw.get("Protocol", ""),
            protocol_version=raw.get("ProtocolVersion"),
            vpc_id=raw.get("VpcId", ""),
            ip_address_type=cast(IpFamily, raw.get("IpAddressType", "ipv4")),
            health_check=HealthCheck(
                port=raw.get("HealthCheckPort", "traffic-port"),
                protocol=raw.get("HealthCheckProtocol", ""),
                path=raw.get("HealthCheckPath"),
                interval_seconds=raw.get("HealthCheckIntervalSeconds", 0),
                timeout_seconds=raw.get("HealthCheckTimeoutSeconds", 0),
                healthy_threshold=raw.get("HealthyThresholdCount", 0),
                unhealthy_threshold=raw.get("UnhealthyThresholdCount", 0),
                matcher=matcher.get("GrpcCode") or matcher.get("HttpCode"),
            ),
            tags=tags,
            target_control_port=raw.get("TargetControlPort"),
        ),
    )


def decode_bound_target_group(raw: Raw) -> BoundTargetGroup:
    """One of DescribeTargetGroups, as a binding must know it."""
    return BoundTargetGroup(
        arn=raw["TargetGroupArn"],
        target_type=raw.get("TargetType", "instance"),
        ip_address_type=raw.get("IpAddressType", "ipv4"),
        vpc_id=raw.get("VpcId", ""),
        protocol=raw.get("Protocol", ""),
    )


# ---- listeners


def encode_listener(listener: Listener, *, is_weighted: bool = True) -> Raw:
    """Fields of CreateListener; `is_weighted` as for `encode_actions`."""
    return without_none(
        LoadBalancerArn=identity_of(listener.load_balancer),
        **encode_listener_settings(listener, is_weighted=is_weighted),
        Tags=encode_tags(listener.tags) or None,
    )


def encode_listener_settings(listener: Listener, *, is_weighted: bool = True) -> Raw:
    """What CreateListener and ModifyListener share: of the certificates, the first alone."""
    default = [{"CertificateArn": arn} for arn in listener.certificates[:1]]
    return without_none(
        Port=listener.port,
        Protocol=listener.protocol,
        DefaultActions=encode_actions(listener.default_actions, is_weighted=is_weighted),
        Certificates=default or None,
        SslPolicy=listener.ssl_policy,
        MutualAuthentication=encode_mutual_authentication(listener.mutual_authentication),
    )


def encode_mutual_authentication(wanted: MutualAuthentication | None) -> Raw | None:
    """A MutualAuthenticationAttributes; None leaves it as it is.

    Passing through names an empty trust store, as LBC does: so AWS keeps the same words.
    """
    if wanted is None:
        return None
    return without_none(
        Mode=wanted.mode,
        TrustStoreArn="" if wanted.mode == "passthrough" else wanted.trust_store_arn,
        IgnoreClientCertificateExpiry=wanted.ignore_client_certificate_expiry,
        AdvertiseTrustStoreCaNames=wanted.advertise_trust_store_ca_names,
    )


def decode_mutual_authentication(raw: Raw | None) -> MutualAuthentication | None:
    """None where it is off; AWS's own choices stand for options that it does not show."""
    mode = (raw or {}).get("Mode", "off")
    if raw is None or mode == "off":
        return None
    if mode == "passthrough":
        return MutualAuthentication("passthrough")
    return MutualAuthentication(
        mode=cast(MutualTlsMode, mode),
        trust_store_arn=raw.get("TrustStoreArn") or None,
        ignore_client_certificate_expiry=_is_true(raw.get("IgnoreClientCertificateExpiry")),
        advertise_trust_store_ca_names=raw.get("AdvertiseTrustStoreCaNames") or "off",
    )


def _is_true(value: object) -> bool:
    return str(value).lower() == "true"


def decode_listener(raw: Raw, tags: Tags, more_certificates: Iterable[str] = ()) -> Found[Listener]:
    """One of DescribeListeners; the other certificates come from DescribeListenerCertificates."""
    protocol = raw.get("Protocol", "")
    is_secure = protocol in SECURE_PROTOCOLS
    default = tuple(c["CertificateArn"] for c in raw.get("Certificates") or ())[:1]
    return Found(
        identity=raw["ListenerArn"],
        resource=Listener(
            id=resource_id("Listener", tags),
            load_balancer=raw.get("LoadBalancerArn", ""),
            port=raw.get("Port", 0),
            protocol=protocol,
            default_actions=decode_actions(raw.get("DefaultActions") or ()),
            certificates=default + tuple(sorted(set(more_certificates))),
            ssl_policy=(raw.get("SslPolicy") or None) if is_secure else None,
            mutual_authentication=decode_mutual_authentication(
                raw.get("MutualAuthentication") if is_secure else None
            ),
            tags=tags,
        ),
    )


# ---- rules


def encode_rule(rule: ListenerRule, *, is_weighted: bool = True) -> Raw:
    """Fields of CreateRule; `is_weighted` as for `encode_actions`."""
    return without_none(
        ListenerArn=identity_of(rule.listener),
        Priority=rule.priority,
        Conditions=encode_conditions(rule.conditions),
        Actions=encode_actions(rule.actions, is_weighted=is_weighted),
        Transforms=encode_transforms(rule.transforms) or None,
        Tags=encode_tags(rule.tags) or None,
    )


def decode_rule(raw: Raw, listener_arn: str, tags: Tags) -> Found[ListenerRule]:
    """One of DescribeRules that is not the default rule, which has no number as its priority."""
    return Found(
        identity=raw["RuleArn"],
        resource=ListenerRule(
            id=resource_id("ListenerRule", tags),
            listener=listener_arn,
            priority=int(raw["Priority"]),
            conditions=decode_conditions(raw.get("Conditions") or ()),
            actions=decode_actions(raw.get("Actions") or ()),
            transforms=decode_transforms(raw.get("Transforms") or ()),
            tags=tags,
        ),
    )


# ---- targets


def encode_target(target: Target) -> Raw:
    """A TargetDescription."""
    return without_none(
        Id=target.id, Port=target.port, AvailabilityZone=target.availability_zone or None
    )


def decode_target_health(raw: Raw) -> TargetHealth:
    """One of DescribeTargetHealth."""
    target, health = raw.get("Target", {}), raw.get("TargetHealth") or {}
    return TargetHealth(
        target=Target(
            id=target.get("Id", ""),
            port=target.get("Port", 0),
            availability_zone=target.get("AvailabilityZone") or None,
        ),
        state=health.get("State", "unavailable"),
        reason=health.get("Reason", ""),
        description=health.get("Description", ""),
    )
