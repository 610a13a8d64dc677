"""Security groups, subnets and network interfaces to and from EC2's shapes.

Sources: IpPermission, SecurityGroup, Subnet, NetworkInterface and InstanceNetworkInterface in the
EC2 API reference. Law: rules decode to what they were encoded from.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

import msgspec

from alb_controller.aws.codecs.elbv2 import decode_tags, encode_tags
from alb_controller.aws.codecs.guards import Raw
from alb_controller.model.ec2 import IngressRule, SecurityGroup
from alb_controller.model.ownership import SHARED_RESOURCE_TAG, resource_name
from alb_controller.model.queries import Subnet
from alb_controller.model.refs import ResourceId
from alb_controller.model.stack import Found

_ALL_PROTOCOLS = "-1"
_NO_PORT = -1

# kind of a source -> where a permission lists it, and the field that names it
_SOURCES = {
    "cidr": ("IpRanges", "CidrIp"),
    "cidr_v6": ("Ipv6Ranges", "CidrIpv6"),
    "security_group": ("UserIdGroupPairs", "GroupId"),
    "prefix_list": ("PrefixListIds", "PrefixListId"),
}


class Interface(msgspec.Struct, frozen=True, kw_only=True):
    """A network interface of an instance or a pod."""

    id: str
    instance_id: str = ""
    device_index: int | None = None
    """0 is the instance's primary interface; None: not attached."""
    vpc_id: str = ""
    security_groups: tuple[str, ...] = ()
    addresses: tuple[str, ...] = ()
    """IPv4 and IPv6 addresses."""
    prefixes: tuple[str, ...] = ()
    """CIDRs delegated to the interface, out of which pods get addresses."""


def encode_permissions(rules: Iterable[IngressRule]) -> list[Raw]:
    """IpPermissions, one for each protocol and port range, all sorted."""
    grouped: dict[tuple[str, int, int], Raw] = {}
    for rule in sorted(rules):
        ports = (rule.protocol, rule.from_port, rule.to_port)
        permission = grouped.setdefault(ports, _ports_of(rule))
        listed, named = _SOURCES[rule.source_kind]
        description = {"Description": rule.description} if rule.description else {}
        permission.setdefault(listed, []).append({named: rule.source, **description})
    return list(grouped.values())


def decode_permissions(raw: Iterable[Raw] | None) -> tuple[IngressRule, ...]:
    """Every source of every permission as a rule of its own, sorted."""
    return tuple(sorted(rule for permission in raw or () for rule in _rules_of(permission)))


def _ports_of(rule: IngressRule) -> Raw:
    if rule.protocol == _ALL_PROTOCOLS:
        return {"IpProtocol": rule.protocol}
    return {"IpProtocol": rule.protocol, "FromPort": rule.from_port, "ToPort": rule.to_port}


def _rules_of(permission: Raw) -> Iterator[IngressRule]:
    for kind, (listed, named) in _SOURCES.items():
        for source in permission.get(listed) or ():
            yield msgspec.convert(
                {
                    "protocol": permission.get("IpProtocol", _ALL_PROTOCOLS),
                    "from_port": permission.get("FromPort", _NO_PORT),
                    "to_port": permission.get("ToPort", _NO_PORT),
                    "source_kind": kind,
                    "source": source.get(named) or "",
                    "description": source.get("Description") or "",
                },
                IngressRule,
            )


def encode_security_group(group: SecurityGroup, vpc_id: str) -> Raw:
    """Fields of CreateSecurityGroup; rules are authorised by a call of their own."""
    fields: Raw = {"GroupName": group.name, "Description": group.description, "VpcId": vpc_id}
    if group.tags:
        tags = {"ResourceType": "security-group", "Tags": encode_tags(group.tags)}
        fields["TagSpecifications"] = [tags]
    return fields


def decode_security_group(raw: Raw) -> Found[SecurityGroup]:
    """One of DescribeSecurityGroups; the shared backend group's id is its own tag's value."""
    tags = decode_tags(raw.get("Tags"))
    name = resource_name(tags) or tags.get(SHARED_RESOURCE_TAG, "")
    return Found(
        identity=raw["GroupId"],
        resource=SecurityGroup(
            id=ResourceId("SecurityGroup", name),
            name=raw.get("GroupName", ""),
            description=raw.get("Description", ""),
            ingress=decode_permissions(raw.get("IpPermissions")),
            tags=tags,
        ),
    )


def decode_subnet(raw: Raw, zone_types: Mapping[str, str]) -> Subnet:
    """One of DescribeSubnets, with the types of zones by their names."""
    zone = raw.get("AvailabilityZone", "")
    ipv6 = raw.get("Ipv6CidrBlockAssociationSet") or ()
    return Subnet(
        id=raw["SubnetId"],
        vpc_id=raw.get("VpcId", ""),
        availability_zone=zone,
        zone_type="outpost" if raw.get("OutpostArn") else zone_types.get(zone, "availability-zone"),
        available_ip_addresses=raw.get("AvailableIpAddressCount", 0),
        has_ipv6=any(_is_associated(one, "Ipv6CidrBlockState") for one in ipv6),
        tags=decode_tags(raw.get("Tags")),
    )


def decode_vpc_cidrs(raw: Raw) -> tuple[str, ...]:
    """The associated CIDRs of a VPC, IPv4 first."""
    v4 = raw.get("CidrBlockAssociationSet") or ()
    v6 = raw.get("Ipv6CidrBlockAssociationSet") or ()
    return (
        *(one["CidrBlock"] for one in v4 if _is_associated(one, "CidrBlockState")),
        *(one["Ipv6CidrBlock"] for one in v6 if _is_associated(one, "Ipv6CidrBlockState")),
    )


def _is_associated(raw: Raw, state: str) -> bool:
    return (raw.get(state) or {}).get("State") == "associated"


def decode_interface(raw: Raw, instance_id: str = "") -> Interface:
    """One of DescribeNetworkInterfaces, or of an instance of DescribeInstances."""
    attachment = raw.get("Attachment") or {}
    return Interface(
        id=raw.get("NetworkInterfaceId", ""),
        instance_id=instance_id or attachment.get("InstanceId", ""),
        device_index=attachment.get("DeviceIndex"),
        vpc_id=raw.get("VpcId", ""),
        security_groups=tuple(group["GroupId"] for group in raw.get("Groups") or ()),
        addresses=(
            *(one["PrivateIpAddress"] for one in raw.get("PrivateIpAddresses") or ()),
            *(one["Ipv6Address"] for one in raw.get("Ipv6Addresses") or ()),
        ),
        prefixes=(
            *(one["Ipv4Prefix"] for one in raw.get("Ipv4Prefixes") or ()),
            *(one["Ipv6Prefix"] for one in raw.get("Ipv6Prefixes") or ()),
        ),
    )
