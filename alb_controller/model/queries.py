"""Questions that a builder has about AWS, in AWS's nouns, and their answers.

However many calls answer a question is the AWS edge's business; answers are batched and cached.
"""

from __future__ import annotations

from typing import Literal, TypeAlias

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


class TargetGroupByName(msgspec.Struct, frozen=True, order=True, tag=True):
    """The target group of a name, whoever owns it."""

    name: str


class TargetGroupOfCluster(msgspec.Struct, frozen=True, order=True, tag=True):
    """The target group of an ARN, if it carries the cluster's tags."""

    arn: str


class IssuedCertificates(msgspec.Struct, frozen=True, order=True, tag=True):
    """Issued certificates that cover any of these hosts, with their domains."""

    hosts: tuple[str, ...]
    with_authorities: bool = False
    """Whether it matters which private CA has issued them."""


class TrustStoreByName(msgspec.Struct, frozen=True, order=True, tag=True):
    """The trust store of a name."""

    name: str


class WebAclByName(msgspec.Struct, frozen=True, order=True, tag=True):
    """The region's WAFv2 web ACL of a name."""

    name: str


class AddonOffered(msgspec.Struct, frozen=True, order=True, tag=True):
    """Whether the account or region has a service at all."""

    service: Literal["shield", "waf-regional"]


Query: TypeAlias = (
    AddonOffered
    | WebAclByName
    | IssuedCertificates
    | TrustStoreByName
    | TargetGroupByName
    | TargetGroupOfCluster
    | SubnetsByRole
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


class TargetGroupInfo(msgspec.Struct, frozen=True, kw_only=True):
    """A target group that a user named."""

    name: str
    arn: str
    tags: dict[str, str] = {}
    """Those of the cluster's own alone."""


class Certificate(msgspec.Struct, frozen=True, kw_only=True):
    """An issued certificate (ACM ListCertificates, DescribeCertificate)."""

    arn: str
    domains: tuple[str, ...]
    """All names that it is for; `*` may stand for the first label."""
    authority_arn: str = ""
    """Its private CA; empty for what Amazon or others have issued."""

    def covers(self, host: str) -> bool:
        """Whether one of its names is for the host."""
        return any(domain_covers(domain, host) for domain in self.domains)


def domain_covers(domain: str, host: str) -> bool:
    """Exact, or `*` for one label; a host that begins with `*` is like any other (spec 3.3)."""
    if not domain.startswith("*."):
        return domain == host
    return host.partition(".")[2] == domain[2:]


class BoundTargetGroup(msgspec.Struct, frozen=True, kw_only=True):
    """What a TargetGroupBinding must agree with; none of it can be changed at AWS (spec 8.2)."""

    arn: str
    target_type: str
    ip_address_type: str
    vpc_id: str
    protocol: str


class TrustStoreInfo(msgspec.Struct, frozen=True, kw_only=True):
    """A trust store that a user named."""

    name: str
    arn: str


class WebAclInfo(msgspec.Struct, frozen=True, kw_only=True):
    """A web ACL that a user named."""

    name: str
    arn: str


class Offer(msgspec.Struct, frozen=True, kw_only=True):
    """A service that the account or region has."""

    service: str


Answer: TypeAlias = (
    tuple[Subnet, ...]
    | tuple[SecurityGroupInfo, ...]
    | tuple[TargetGroupInfo, ...]
    | tuple[Certificate, ...]
    | tuple[TrustStoreInfo, ...]
    | tuple[WebAclInfo, ...]
    | tuple[Offer, ...]
)
