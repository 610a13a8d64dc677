"""Ingress rules keep their meaning on the way to AWS and back; the network is read as it is."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alb_controller.aws.codecs import ec2 as codec
from alb_controller.aws.codecs.ec2 import Interface
from alb_controller.model.ec2 import IngressRule
from tests.unit.aws import samples

PORTS = st.integers(0, 65535)
SOURCES = st.sampled_from(["cidr", "cidr_v6", "security_group", "prefix_list"])
RULES = st.builds(
    IngressRule,
    protocol=st.sampled_from(["tcp", "udp", "icmp"]),
    from_port=PORTS,
    to_port=PORTS,
    source_kind=SOURCES,
    source=st.sampled_from(["a", "b", "c"]),
    description=st.sampled_from(["", "web"]),
) | st.builds(
    IngressRule,
    protocol=st.just("-1"),
    from_port=st.just(-1),
    to_port=st.just(-1),
    source_kind=SOURCES,
    source=st.just("a"),
)


@given(st.lists(RULES, max_size=6))
def test_rules_decode_to_what_was_encoded(rules: list[IngressRule]) -> None:
    """For every list of rules, sorted."""
    assert codec.decode_permissions(codec.encode_permissions(rules)) == tuple(sorted(rules))


def test_rules_of_one_port_are_one_permission() -> None:
    """Sources are grouped by protocol and ports, so that a request is short and stable."""
    rules = [
        IngressRule("tcp", 80, 80, "cidr", "10.0.0.0/8"),
        IngressRule("tcp", 80, 80, "cidr_v6", "::/0", "world"),
        IngressRule("tcp", 80, 80, "cidr", "0.0.0.0/0"),
        IngressRule("-1", -1, -1, "security_group", "sg-1"),
    ]
    assert codec.encode_permissions(rules) == [
        {"IpProtocol": "-1", "UserIdGroupPairs": [{"GroupId": "sg-1"}]},
        {
            "IpProtocol": "tcp",
            "FromPort": 80,
            "ToPort": 80,
            "IpRanges": [{"CidrIp": "0.0.0.0/0"}, {"CidrIp": "10.0.0.0/8"}],
            "Ipv6Ranges": [{"CidrIpv6": "::/0", "Description": "world"}],
        },
    ]


def test_a_group_is_asked_for_with_its_tags() -> None:
    """Tags go along with the create, so that no group is ever without its owner."""
    sent = codec.encode_security_group(samples.security_group(tags={"b": "2", "a": "1"}), "vpc-1")
    assert sent == {
        "GroupName": "k8s-shop-web-1",
        "Description": "[k8s] Managed SecurityGroup for LoadBalancer",
        "VpcId": "vpc-1",
        "TagSpecifications": [
            {
                "ResourceType": "security-group",
                "Tags": [{"Key": "a", "Value": "1"}, {"Key": "b", "Value": "2"}],
            }
        ],
    }


@pytest.mark.parametrize(
    "raw,zone_type",
    [
        ({"AvailabilityZone": "us-west-2a"}, "availability-zone"),
        ({"AvailabilityZone": "us-west-2-lax-1a"}, "local-zone"),
        ({"AvailabilityZone": "us-west-2a", "OutpostArn": "arn:o"}, "outpost"),
        ({"AvailabilityZone": "unheard-of"}, "availability-zone"),
    ],
    ids=["zone", "local", "outpost", "unknown"],
)
def test_the_locale_of_a_subnet_is_its_zones_or_the_outposts(
    raw: dict[str, Any], zone_type: str
) -> None:
    """An Outpost's subnet is in a zone, and still a locale of its own."""
    zone_types = {"us-west-2a": "availability-zone", "us-west-2-lax-1a": "local-zone"}
    assert codec.decode_subnet({"SubnetId": "s", **raw}, zone_types).zone_type == zone_type


@pytest.mark.parametrize("state,has_ipv6", [("associated", True), ("disassociated", False)])
def test_only_an_associated_range_counts_as_ipv6(state: str, has_ipv6: bool) -> None:
    """A range that is on its way in or out cannot be used."""
    block = {"Ipv6CidrBlock": "2001:db8::/64", "Ipv6CidrBlockState": {"State": state}}
    raw = {"SubnetId": "s", "Ipv6CidrBlockAssociationSet": [block]}
    assert codec.decode_subnet(raw, {}).has_ipv6 is has_ipv6


def test_the_ranges_of_a_vpc_are_the_associated_ones() -> None:
    """IPv4 and IPv6 ranges, without those that are failing or leaving."""
    raw = {
        "CidrBlockAssociationSet": [
            {"CidrBlock": "10.0.0.0/16", "CidrBlockState": {"State": "associated"}},
            {"CidrBlock": "10.1.0.0/16", "CidrBlockState": {"State": "failed"}},
        ],
        "Ipv6CidrBlockAssociationSet": [
            {"Ipv6CidrBlock": "2001:db8::/56", "Ipv6CidrBlockState": {"State": "associated"}}
        ],
    }
    assert codec.decode_vpc_cidrs(raw) == ("10.0.0.0/16", "2001:db8::/56")


def test_an_interface_shows_addresses_and_delegated_prefixes() -> None:
    """Pods have an address of the interface, or one out of a prefix delegated to it."""
    raw = {
        "NetworkInterfaceId": "eni-1",
        "Attachment": {"DeviceIndex": 1, "InstanceId": "i-1"},
        "Groups": [{"GroupId": "sg-2"}, {"GroupId": "sg-1"}],
        "PrivateIpAddresses": [{"PrivateIpAddress": "10.0.0.1"}, {"PrivateIpAddress": "10.0.0.2"}],
        "Ipv6Addresses": [{"Ipv6Address": "2001:db8::1"}],
        "Ipv4Prefixes": [{"Ipv4Prefix": "10.0.1.0/28"}],
        "Ipv6Prefixes": [{"Ipv6Prefix": "2001:db8:1::/80"}],
    }
    assert codec.decode_interface(raw) == Interface(
        id="eni-1",
        instance_id="i-1",
        device_index=1,
        security_groups=("sg-2", "sg-1"),
        addresses=("10.0.0.1", "10.0.0.2", "2001:db8::1"),
        prefixes=("10.0.1.0/28", "2001:db8:1::/80"),
    )
    assert codec.decode_interface({"NetworkInterfaceId": "eni-2"}).device_index is None
