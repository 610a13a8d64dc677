"""EC2: security groups that are in use, addresses of interfaces, IPv6 blocks of subnets."""

from __future__ import annotations

import itertools
from typing import Any

from moto.core.responses import ActionResult
from moto.ec2.exceptions import DependencyViolationError
from moto.elbv2.models import elbv2_backends

from .patching import Moto, Patch
from .surface import Ec2, Interfaces, NetworkInterface, Subnet


def keep_groups_in_use(
    moto: Moto, self: Any, name: str | None = None, group_id: str | None = None
) -> Any:
    """DeleteSecurityGroup: DependencyViolation while a load balancer, a network interface or a
    rule of another group uses it.
    """
    if group_id and _is_used(self, group_id):
        raise DependencyViolationError(f"resource {group_id} has a dependent object")
    return moto(self, name=name, group_id=group_id)


def _is_used(backend: Any, group_id: str) -> bool:
    balancers = elbv2_backends[backend.account_id][backend.region_name].load_balancers
    if any(group_id in balancer.security_groups for balancer in balancers.values()):
        return True
    if any(group_id in [g.id for g in card.group_set] for card in backend.enis.values()):
        return True
    groups = itertools.chain.from_iterable(made.values() for made in backend.groups.values())
    return any(
        rule.source_group.get("GroupId") == group_id
        for group in groups
        if group.id != group_id
        for rule in (*group.ingress_rules, *group.egress_rules)
    )


def find_every_address(moto: Moto, self: Any, filter_name: str, *args: Any) -> Any:
    """DescribeNetworkInterfaces: the filter addresses.private-ip-address finds secondary addresses,
    ipv6-addresses.ipv6-address finds IPv6 ones.
    """
    if filter_name == "addresses.private-ip-address":
        return [address["PrivateIpAddress"] for address in self.private_ip_addresses]
    if filter_name == "ipv6-addresses.ipv6-address":
        return list(self.ipv6_addresses)
    return moto(self, filter_name, *args)


def delegate_ipv4_prefixes(moto: Moto, self: Any) -> Any:
    """AssignPrivateIpAddresses: prefixes are delegated to the interface, and shown with it."""
    return _delegate(moto, self, "Ipv4Prefix", "ipv4_prefixes")


def delegate_ipv6_prefixes(moto: Moto, self: Any) -> Any:
    """AssignIpv6Addresses: prefixes are delegated to the interface, and shown with it."""
    return _delegate(moto, self, "Ipv6Prefix", "ipv6_prefixes")


def _delegate(moto: Moto, response: Any, kind: str, attribute: str) -> Any:
    """moto shows what an interface has under an answer's member, in snake case."""
    prefixes = response._get_param(f"{kind}es", [])
    if not prefixes:
        return moto(response)
    interface_id = response._get_param("NetworkInterfaceId")
    card = response.ec2_backend.get_network_interface(interface_id)
    given = [{kind: prefix} for prefix in prefixes]
    setattr(card, attribute, [*getattr(card, attribute, []), *given])
    assigned = given if kind == "Ipv4Prefix" else prefixes
    return ActionResult({"NetworkInterfaceId": interface_id, f"Assigned{kind}es": assigned})


def report_state_of_ipv6_block(moto: Moto, self: Any) -> list[dict[str, Any]]:
    """SubnetIpv6CidrBlockAssociation: the state is a word, `associated`, not a structure."""
    shown = []
    for association in moto(self):
        state = association["ipv6CidrBlockState"]["state"]
        if isinstance(state, dict):
            state = state["State"]
        shown.append({**association, "ipv6CidrBlockState": {"state": state}})
    return shown


PATCHES = (
    Patch(Ec2, "delete_security_group", keep_groups_in_use, "DeleteSecurityGroup"),
    Patch(NetworkInterface, "get_filter_value", find_every_address, "DescribeNetworkInterfaces"),
    Patch(
        Interfaces,
        "assign_private_ip_addresses",
        delegate_ipv4_prefixes,
        "AssignPrivateIpAddresses",
    ),
    Patch(Interfaces, "assign_ipv6_addresses", delegate_ipv6_prefixes, "AssignIpv6Addresses"),
    Patch(
        Subnet,
        "ipv6_cidr_block_association_set",
        report_state_of_ipv6_block,
        "SubnetIpv6CidrBlockAssociation",
    ),
)
