"""Subnets, zones, routes and interfaces, read over HTTP."""

from __future__ import annotations

from typing import Any

import pytest

from alb_controller.aws.facts import NetworkFacts, NetworkQuery
from alb_controller.aws.metadata import InstanceMetadata, find_vpc_id
from alb_controller.clock import SystemClock
from alb_controller.errors import ControllerError, NotFound
from alb_controller.model.queries import (
    SecurityGroupsById,
    SecurityGroupsByName,
    SubnetsById,
    SubnetsByName,
    SubnetsByReachability,
    SubnetsByRole,
    SubnetsByTags,
)
from tests.moto.conftest import REGION, Account

IMAGE = "ami-12c6146b"
NO_METADATA = InstanceMetadata(disabled=True)


def test_questions_about_subnets_are_answered(account: Account) -> None:
    """By role, id, name, tags and reachability: the subnets that fit, sorted by id."""
    first, second = account.subnets
    by_role = SubnetsByRole("internal-elb")
    by_id = SubnetsById((second, first, "subnet-00000000"))
    by_name = SubnetsByName(("private-b", "missing"))
    by_tags = SubnetsByTags((("Name", ("private-*",)), ("kubernetes.io/role/internal-elb", ("1",))))
    private = SubnetsByReachability(public=False)
    asked: set[NetworkQuery] = {by_role, by_id, by_name, by_tags, private}
    answers: Any = NetworkFacts(account.ec2, SystemClock()).answer(asked)
    ids = {query: [subnet.id for subnet in answer] for query, answer in answers.items()}
    named = next(s.id for s in account.ec2.subnets({}) if s.tags["Name"] == "private-b")
    both = [first, second]
    assert ids == {by_role: both, by_id: both, by_name: [named], by_tags: both, private: both}


def test_a_subnet_says_what_choosing_it_takes(account: Account) -> None:
    """Zone, type of the zone, free addresses and VPC are AWS's."""
    subnet = account.ec2.subnets(account.ec2.zone_types())[0]
    assert subnet.availability_zone in (f"{REGION}a", f"{REGION}b")
    assert subnet.zone_type == "availability-zone"
    assert subnet.vpc_id == account.vpc_id
    assert subnet.available_ip_addresses == 251
    assert not subnet.has_ipv6


def test_a_route_to_an_internet_gateway_makes_subnets_public(account: Account) -> None:
    """The subnet whose own table leads out is public; the one with the main table is not."""
    call, (first, second) = account.sender.call, account.subnets
    gateway = call("ec2", "CreateInternetGateway")["InternetGateway"]["InternetGatewayId"]
    call("ec2", "AttachInternetGateway", InternetGatewayId=gateway, VpcId=account.vpc_id)
    table = call("ec2", "CreateRouteTable", VpcId=account.vpc_id)["RouteTable"]["RouteTableId"]
    route = {"DestinationCidrBlock": "0.0.0.0/0", "GatewayId": gateway}
    call("ec2", "CreateRoute", RouteTableId=table, **route)
    call("ec2", "AssociateRouteTable", RouteTableId=table, SubnetId=first)
    public, private = SubnetsByReachability(public=True), SubnetsByReachability(public=False)
    answers: Any = NetworkFacts(account.ec2, SystemClock()).answer({public, private})
    assert [s.id for s in answers[public]] == [first]
    assert [s.id for s in answers[private]] == [second]


def test_questions_about_groups_are_answered(account: Account) -> None:
    """By id and by Name tag; what does not exist is absent."""
    account.ec2.create_tags([account.security_group], {"Name": "web"})
    by_id = SecurityGroupsById((account.security_group, "sg-00000000"))
    by_name = SecurityGroupsByName(("web", "missing"))
    answers: Any = NetworkFacts(account.ec2, SystemClock()).answer({by_id, by_name})
    (found,) = answers[by_id]
    assert answers[by_name] == (found,)
    assert found.id == account.security_group


def test_interfaces_are_found_by_instance_and_by_address(account: Account) -> None:
    """An instance's interface shows its groups, addresses and place."""
    call = account.sender.call
    running = call(
        "ec2",
        "RunInstances",
        ImageId=IMAGE,
        MinCount=1,
        MaxCount=1,
        SubnetId=account.subnets[0],
        SecurityGroupIds=[account.security_group],
    )["Instances"][0]
    (interface,) = account.ec2.instances([running["InstanceId"], "i-00000000"])
    assert interface.instance_id == running["InstanceId"]
    assert interface.device_index == 0
    assert interface.security_groups == (account.security_group,)
    assert interface.addresses == (running["PrivateIpAddress"],)
    (by_address,) = account.ec2.interfaces_by_address([running["PrivateIpAddress"], "10.0.9.9"])
    assert by_address.id == interface.id
    assert by_address.security_groups == interface.security_groups


def test_delegated_prefixes_and_ipv6_addresses_are_read(account: Account) -> None:
    """As on EKS: prefix delegation on instances, and branch interfaces with IPv6 addresses."""
    call = account.sender.call
    made = call(
        "ec2",
        "CreateNetworkInterface",
        SubnetId=account.subnets[0],
        Groups=[account.security_group],
    )["NetworkInterface"]
    card = {"NetworkInterfaceId": made["NetworkInterfaceId"]}
    call("ec2", "AssignPrivateIpAddresses", Ipv4Prefixes=["10.0.0.64/28"], **card)
    call("ec2", "AssignIpv6Addresses", Ipv6Prefixes=["2001:db8::/80"], **card)
    call("ec2", "AssignIpv6Addresses", Ipv6Addresses=["2001:db8:1::5"], **card)
    (by_address,) = account.ec2.interfaces_by_address(["2001:db8:1::5"])
    assert by_address.prefixes == ("10.0.0.64/28", "2001:db8::/80")
    assert by_address.addresses == (made["PrivateIpAddress"], "2001:db8:1::5")
    running = call(
        "ec2",
        "RunInstances",
        ImageId=IMAGE,
        MinCount=1,
        MaxCount=1,
        NetworkInterfaces=[{**card, "DeviceIndex": 0}],
    )["Instances"][0]
    (on_instance,) = account.ec2.instances([running["InstanceId"]])
    assert on_instance.prefixes == by_address.prefixes


def test_the_cidrs_of_a_vpc_are_known(account: Account) -> None:
    """The associated ranges are listed; a VPC that we cannot see is NotFound."""
    assert account.ec2.vpc_cidrs(account.vpc_id) == ("10.0.0.0/16",)
    with pytest.raises(NotFound):
        account.ec2.vpc_cidrs("vpc-0000000000000000a")


def test_the_vpc_is_found_by_tags_or_by_the_node(account: Account) -> None:
    """One VPC must fit the tags; without tags, the node's instance tells."""
    sender = account.sender
    account.ec2.create_tags([account.vpc_id], {"env": "prod"})
    found = find_vpc_id(None, {"env": "prod"}, sender=sender, metadata=NO_METADATA)
    assert found == account.vpc_id
    with pytest.raises(ControllerError, match="env=dev must fit one VPC, but fit none"):
        find_vpc_id(None, {"env": "dev"}, sender=sender, metadata=NO_METADATA)
    run = {"ImageId": IMAGE, "MinCount": 1, "MaxCount": 1, "SubnetId": account.subnets[0]}
    node = sender.call("ec2", "RunInstances", **run)["Instances"][0]["InstanceId"]
    found = find_vpc_id(None, {}, sender=sender, metadata=NO_METADATA, node_name=node)
    assert found == account.vpc_id
