"""EC2: permissions and names of security groups."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator, Mapping
from typing import Any

from moto.ec2.exceptions import (
    EC2ClientError,
    InvalidPermissionDuplicateError,
    InvalidSecurityGroupNotFoundError,
)

from alb_controller.model.limits import QUOTAS
from alb_controller.sandbox.aws.moto_patches.patching import Moto, Patch
from alb_controller.sandbox.aws.moto_patches.surface import Ec2, Interfaces, SecurityGroups

from .asking import admits
from .quotas import ACCOUNT

_RANGES = {"IpRanges": "CidrIp", "Ipv6Ranges": "CidrIpv6"}
_SOURCES = {**_RANGES, "UserIdGroupPairs": "GroupId", "PrefixListIds": "PrefixListId"}
_VALUE = "InvalidParameterValue"
Permission = Mapping[str, Any]
_Rule = tuple[str, str, str, str, str]
"""Protocol, ports, kind of source, source."""


def canonicalize_blocks(moto: Moto, self: Any) -> Any:
    """AuthorizeSecurityGroupIngress, RevokeSecurityGroupIngress: CIDR blocks are canonicalized,
    100.68.0.18/18 to 100.68.0.0/18, and shown so; what is no block is InvalidParameterValue:
    "CIDR block X is malformed".
    """
    for permission in self._get_param("IpPermissions", []):
        for kind, key in _RANGES.items():
            for one in permission.get(kind, ()):
                one[key] = _canonical(one[key])
    return moto(self)


def _canonical(text: str) -> str:
    try:
        return str(ipaddress.ip_network(text, strict=False))
    except ValueError:
        raise EC2ClientError(_VALUE, f"CIDR block {text} is malformed") from None


def refuse_repeated_permissions(moto: Moto, self: Any) -> Any:
    """AuthorizeSecurityGroupIngress: "The same permission must not appear multiple times" in a
    request, which is InvalidParameterValue; a rule that the group has is
    InvalidPermission.Duplicate. A description makes no other rule. Nothing of the request is
    done then.
    """
    asked = [*_rules(self._get_param("IpPermissions", []))]
    if len(set(asked)) < len(asked):
        raise EC2ClientError(_VALUE, "The same permission must not appear multiple times")
    if set(asked) & set(_held(_group(self))):
        raise InvalidPermissionDuplicateError
    return moto(self)


def refuse_rule_descriptions(moto: Moto, self: Any) -> Any:
    """AuthorizeSecurityGroupIngress: a description has 255 characters at most, of a-z, A-Z, 0-9,
    spaces and `._-:/()#,@[]+=&;{}!$*`; otherwise InvalidParameterValue.
    """
    for permission in self._get_param("IpPermissions", []):
        for kind in _SOURCES:
            for one in permission.get(kind, ()):
                if not admits("SecurityGroupRule.Description", one.get("Description", "")):
                    raise EC2ClientError(_VALUE, "Invalid rule description")
    return moto(self)


def refuse_too_many_permissions(moto: Moto, self: Any) -> Any:
    """AuthorizeSecurityGroupIngress: a security group has 60 inbound rules for IPv4, 60 for IPv6;
    a security group as source counts for both, a prefix list as many as it may hold. Then
    RulesPerSecurityGroupLimitExceeded, and nothing of the request is done.
    """
    name = "rules-per-security-group"
    rules = {*_held(_group(self)), *_rules(self._get_param("IpPermissions", []))}
    for other in _RANGES:
        counted = sum(
            _weight(self.ec2_backend, rule) for rule in rules if rule[3] in {*_SOURCES} - {other}
        )
        if counted > ACCOUNT[name]:
            raise EC2ClientError(
                QUOTAS[name].code,
                "The maximum number of rules per security group has been reached.",
            )
    return moto(self)


def count_blocks_apart(moto: Moto, self: Any, *args: Any, egress: bool = False) -> None:
    """AuthorizeSecurityGroupIngress: IPv4 and IPv6 rules are counted apart."""
    if egress:
        moto(self, *args, egress=True)


def _weight(backend: Any, rule: _Rule) -> int:
    prefixes = backend.managed_prefix_lists.get(rule[4])
    return int(prefixes.max_entries) if prefixes else 1


def _rules(permissions: list[Permission]) -> Iterator[_Rule]:
    for permission in permissions:
        protocol = str(permission.get("IpProtocol"))
        ports = ("", "") if protocol == "-1" else _ports(permission)
        for kind, key in _SOURCES.items():
            for one in permission.get(kind, ()):
                yield (protocol, *ports, kind, str(one.get(key) or one.get("GroupName")))


def _ports(permission: Permission) -> tuple[str, str]:
    return str(permission.get("FromPort")), str(permission.get("ToPort"))


def _held(group: Any) -> Iterator[_Rule]:
    for rule in group.ingress_rules:
        ports = ("", "") if rule.ip_protocol == "-1" else (str(rule.from_port), str(rule.to_port))
        for kind, source in (
            ("IpRanges", rule.ip_range.get("CidrIp")),
            ("Ipv6Ranges", rule.ip_range.get("CidrIpv6")),
            ("UserIdGroupPairs", rule.source_group.get("GroupId")),
            ("PrefixListIds", rule.prefix_list_id),
        ):
            if source:
                yield (rule.ip_protocol, *ports, kind, source)


def _group(response: Any) -> Any:
    asked = response._get_param("GroupId") or response._get_param("GroupName")
    found = response.ec2_backend.get_security_group_by_name_or_id(asked)
    if found is None:
        raise InvalidSecurityGroupNotFoundError(asked)
    return found


def refuse_security_group_names(moto: Moto, self: Any) -> Any:
    """CreateSecurityGroup: name and description have 255 characters at most, of a-z, A-Z, 0-9,
    spaces and `._-:/()#,@[]+=&;{}!$*`, and a name does not begin with `sg-`; otherwise
    InvalidParameterValue. 2,500 groups in a Region; then SecurityGroupLimitExceeded.
    """
    name, description = self._get_param("GroupName"), self._get_param("Description")
    if not admits("SecurityGroup.GroupName", name):
        raise EC2ClientError(_VALUE, f"Invalid group name '{name}'")
    if not admits("SecurityGroup.Description", description):
        raise EC2ClientError(_VALUE, f"Invalid group description '{description}'")
    held = sum(len(groups) for groups in self.ec2_backend.groups.values())
    if held >= ACCOUNT["security-groups-per-region"]:
        raise EC2ClientError(
            QUOTAS["security-groups-per-region"].code,
            "The maximum number of security groups has been reached.",
        )
    return moto(self)


def refuse_too_many_groups_of_interface(moto: Moto, self: Any) -> Any:
    """CreateNetworkInterface, ModifyNetworkInterfaceAttribute: five security groups on a network
    interface; then SecurityGroupsPerInterfaceLimitExceeded.
    """
    name = "security-groups-per-network-interface"
    asked = self._get_param("Groups", []) or self._get_param("SecurityGroupIds", [])
    if len(asked) > ACCOUNT[name]:
        raise EC2ClientError(
            QUOTAS[name].code,
            "The maximum number of security groups per interface has been reached.",
        )
    return moto(self)


_AUTHORIZE, _REVOKE = "authorize_security_group_ingress", "revoke_security_group_ingress"
_IP_RANGE, _VPC = "IpRange of the Amazon EC2 API reference", "Amazon VPC quotas"
PATCHES = (
    Patch(Ec2, "_verify_group_will_respect_rule_count_limit", count_blocks_apart, _VPC),
    Patch(SecurityGroups, _AUTHORIZE, refuse_too_many_permissions, _VPC),
    Patch(SecurityGroups, _AUTHORIZE, refuse_repeated_permissions, _IP_RANGE),
    Patch(SecurityGroups, _AUTHORIZE, refuse_rule_descriptions, _IP_RANGE),
    Patch(SecurityGroups, _AUTHORIZE, canonicalize_blocks, _IP_RANGE),
    Patch(SecurityGroups, _REVOKE, canonicalize_blocks, _IP_RANGE),
    *(
        Patch(Interfaces, method, refuse_too_many_groups_of_interface, _VPC)
        for method in ("create_network_interface", "modify_network_interface_attribute")
    ),
    Patch(
        SecurityGroups,
        "create_security_group",
        refuse_security_group_names,
        "CreateSecurityGroup of the Amazon EC2 API reference",
    ),
)
