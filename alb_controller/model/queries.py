"""Questions that a builder has about AWS, in AWS's nouns, and their answers.

However many calls answer a question is the AWS edge's business; answers are batched and cached.
"""

from __future__ import annotations

from typing import TypeAlias

import msgspec


class SubnetsByRole(msgspec.Struct, frozen=True, order=True, tag=True):
    """The VPC's subnets tagged for load balancers of a role: `elb` or `internal-elb` (spec 6.3)."""

    role: str


class SubnetsById(msgspec.Struct, frozen=True, order=True, tag=True):
    """Subnets by their ids."""

    ids: tuple[str, ...]


class SubnetsByName(msgspec.Struct, frozen=True, order=True, tag=True):
    """The VPC's subnets whose Name tag is one of these."""

    names: tuple[str, ...]


class SubnetsByTags(msgspec.Struct, frozen=True, order=True, tag=True):
    """The VPC's subnets that carry every key with one of its values."""

    tags: tuple[tuple[str, tuple[str, ...]], ...]


class SubnetsByReachability(msgspec.Struct, frozen=True, order=True, tag=True):
    """The VPC's subnets whose route table does (public) or does not lead to an internet gateway."""

    public: bool


class SecurityGroupsById(msgspec.Struct, frozen=True, order=True, tag=True):
    """Security groups by their ids."""

    ids: tuple[str, ...]


class SecurityGroupsByName(msgspec.Struct, frozen=True, order=True, tag=True):
    """The VPC's security groups whose Name tag is one of these."""

    names: tuple[str, ...]


Query: TypeAlias = (
    SubnetsByRole
    | SubnetsById
    | SubnetsByName
    | SubnetsByTags
    | SubnetsByReachability
    | SecurityGroupsById
    | SecurityGroupsByName
)


class Subnet(msgspec.Struct, frozen=True, kw_only=True):
    """A subnet with what choosing it takes (EC2 DescribeSubnets, DescribeAvailabilityZones)."""

    id: str
    vpc_id: str
    availability_zone: str
    zone_type: str
    """`availability-zone`, `local-zone`, `wavelength-zone`, or `outpost`."""
    available_ip_addresses: int
    has_ipv6: bool
    tags: dict[str, str]


class SecurityGroupInfo(msgspec.Struct, frozen=True, kw_only=True):
    """A security group that a user named."""

    id: str
    name_tag: str
    tags: dict[str, str]


Answer: TypeAlias = tuple[Subnet, ...] | tuple[SecurityGroupInfo, ...]
