"""The local AWS keeps AWS's rules about permissions of security groups."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from alb_controller.sandbox.aws.moto_patches import ACCOUNT
from tests.sandbox.aws.refusals.of_resources import permit
from tests.sandbox.aws.refusals.standing import filled
from tests.sandbox.aws.world import World, refused


@pytest.fixture
def group(world: World, ec2: Any) -> Iterator[str]:
    """A security group without permissions."""
    made = ec2.create_security_group(GroupName="permitted", Description="d", VpcId=world.ids["vpc"])
    yield made["GroupId"]
    ec2.delete_security_group(GroupId=made["GroupId"])


def _permit(ec2: Any, group: str, *blocks: str, **given: Any) -> None:
    ec2.authorize_security_group_ingress(**filled(permit(*blocks, **given), {"sg": group}))


def _blocks(ec2: Any, group: str) -> list[str]:
    shown = ec2.describe_security_groups(GroupIds=[group])["SecurityGroups"][0]["IpPermissions"]
    return sorted(
        [one["CidrIp"] for permission in shown for one in permission["IpRanges"]]
        + [one["CidrIpv6"] for permission in shown for one in permission["Ipv6Ranges"]]
    )


def test_canonicalize_blocks(ec2: Any, group: str) -> None:
    """Blocks are shown without the bits behind the prefix, and found by either form."""
    _permit(ec2, group, "100.68.0.18/18")
    _permit(ec2, group, "2001:DB8::1/32", kind="Ipv6Ranges")
    assert _blocks(ec2, group) == ["100.68.0.0/18", "2001:db8::/32"]
    with refused("InvalidPermission.Duplicate"):
        _permit(ec2, group, "100.68.0.19/18")
    ec2.revoke_security_group_ingress(**filled(permit("100.68.0.20/18"), {"sg": group}))
    assert _blocks(ec2, group) == ["2001:db8::/32"]


def test_refuse_repeated_permissions(ec2: Any, group: str) -> None:
    """A rule that is there refuses the whole request, whatever its description."""
    _permit(ec2, group, "10.0.0.0/8", Description="a")
    with refused("InvalidPermission.Duplicate"):
        _permit(ec2, group, "11.0.0.0/8", "10.0.0.0/8", Description="b")
    assert _blocks(ec2, group) == ["10.0.0.0/8"]


def test_count_blocks_apart(ec2: Any, group: str) -> None:
    """60 IPv4 blocks and 60 IPv6 blocks fit; one more of either does not, and nothing is done."""
    _permit(ec2, group, *(f"10.0.{number}.0/24" for number in range(60)))
    _permit(ec2, group, *(f"2001:db8:{number}::/48" for number in range(60)), kind="Ipv6Ranges")
    held = _blocks(ec2, group)
    with refused("RulesPerSecurityGroupLimitExceeded"):
        _permit(ec2, group, "10.1.0.0/24")
    with refused("RulesPerSecurityGroupLimitExceeded"):
        _permit(ec2, group, "2001:db9::/48", kind="Ipv6Ranges")
    assert _blocks(ec2, group) == held


def test_refuse_too_many_permissions(
    world: World, ec2: Any, group: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A prefix list counts as many as it may hold, a security group one in either family."""
    prefixes = [{"PrefixListId": world.ids["prefix-list"]}]  # it may hold five
    ports = {"IpProtocol": "tcp", "FromPort": 80, "ToPort": 80}
    listed = [{**ports, "PrefixListIds": prefixes}]
    monkeypatch.setitem(ACCOUNT, "rules-per-security-group", 4)
    with refused("RulesPerSecurityGroupLimitExceeded"):
        ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=listed)
    monkeypatch.setitem(ACCOUNT, "rules-per-security-group", 1)
    _permit(ec2, group, "10.0.0.0/8")
    other = [{"GroupId": world.ids["nodes-sg"]}]
    with refused("RulesPerSecurityGroupLimitExceeded"):
        ec2.authorize_security_group_ingress(
            GroupId=group, IpPermissions=[{**ports, "UserIdGroupPairs": other}]
        )


def test_refuse_too_many_groups_of_interface(
    world: World, ec2: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A network interface has so many security groups at most, from the start and later."""
    monkeypatch.setitem(ACCOUNT, "security-groups-per-network-interface", 1)
    two = [world.ids["edge-sg"], world.ids["office-sg"]]
    subnet, code = world.ids["private-a"], "SecurityGroupsPerInterfaceLimitExceeded"
    with refused(code):
        ec2.create_network_interface(SubnetId=subnet, Groups=two)
    card = ec2.create_network_interface(SubnetId=subnet, Groups=two[:1])["NetworkInterface"]
    found = {"NetworkInterfaceId": card["NetworkInterfaceId"]}
    with refused(code):
        ec2.modify_network_interface_attribute(**found, Groups=two)
    ec2.delete_network_interface(**found)


def test_refuse_security_group_names(
    world: World, ec2: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A Region has so many security groups at most."""
    monkeypatch.setitem(ACCOUNT, "security-groups-per-region", 1)
    with refused("SecurityGroupLimitExceeded"):
        ec2.create_security_group(GroupName="more", Description="d", VpcId=world.ids["vpc"])
