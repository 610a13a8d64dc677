"""An account that has whatever is named: subnets in two zones, groups, a certificate for each host.

It answers the builder's questions (`model.queries`); what it makes up has ids that say so.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TypeAlias, assert_never

from alb_controller.model.queries import (
    AddonOffered,
    Answer,
    Certificate,
    IssuedCertificates,
    Query,
    SecurityGroupInfo,
    SecurityGroupsById,
    SecurityGroupsByName,
    Subnet,
    SubnetsById,
    SubnetsByName,
    SubnetsByReachability,
    SubnetsByRole,
    SubnetsByTags,
    TargetGroupByName,
    TargetGroupInfo,
    TargetGroupOfCluster,
    TrustStoreByName,
    TrustStoreInfo,
    WebAclByName,
    WebAclInfo,
)
from alb_controller.model.stack import Observed, Stack
from alb_controller.values import StackKey

VPC = "vpc-offline"
_ZONES = ("a", "b", "c")
_LEAST = 2
_Named: TypeAlias = (
    SecurityGroupsById | SecurityGroupsByName | TargetGroupByName | TrustStoreByName | WebAclByName
)
_ARN = "arn:aws:elasticloadbalancing:us-west-2:000000000000"


class OfflineAccount:
    """The lookups of a pass, and what there is of its stack: nothing yet."""

    def __init__(self) -> None:
        self.certificates: dict[str, Certificate] = {}
        """Those that were asked for, by ARN."""

    def answer(self, queries: Iterable[Query]) -> Mapping[Query, Answer]:
        """To each question what it hopes for."""
        return {query: self._answer(query) for query in queries}

    def _answer(self, query: Query) -> Answer:
        match query:
            case SubnetsByRole() | SubnetsByTags() | SubnetsByReachability():
                return tuple(_subnets(f"subnet-{zone}" for zone in _ZONES[:_LEAST]))
            case SubnetsById(ids=ids):
                return tuple(_subnets(ids))
            case SubnetsByName(names=names):
                return tuple(_subnets((f"subnet-{name}" for name in names), names))
            case IssuedCertificates(hosts=hosts):
                return tuple(self._certificate(host) for host in hosts)
            case AddonOffered() | TargetGroupOfCluster():
                return ()
            case _:
                return _named(query)

    def _certificate(self, host: str) -> Certificate:
        arn = f"arn:aws:acm:us-west-2:000000000000:certificate/{host}"
        return self.certificates.setdefault(arn, Certificate(arn=arn, domains=(host,)))

    def observe(self, key: StackKey, remembered: Observed | None) -> Observed:
        """Nothing."""
        _ = key, remembered
        return Observed()

    def complete(self, stack: Stack, observed: Observed) -> Observed:
        """Nothing more."""
        _ = stack
        return observed

    def is_protected(self, arn: str) -> bool:
        """What is not there is not protected."""
        _ = arn
        return False

    def is_active(self, arn: str) -> bool:
        """Nobody waits for a load balancer here."""
        _ = arn
        return True

    def is_healthy(self, arn: str) -> bool:
        """Nobody waits for a target group here."""
        _ = arn
        return True

    def deregistration_seconds(self, arn: str) -> float:
        """Nobody waits for a target group here."""
        _ = arn
        return 0.0


def _named(query: _Named) -> Answer:
    match query:
        case SecurityGroupsById(ids=ids):
            return tuple(SecurityGroupInfo(id=one, name_tag="", tags={}) for one in ids)
        case SecurityGroupsByName(names=names):
            return tuple(SecurityGroupInfo(id=f"sg-{n}", name_tag=n, tags={}) for n in names)
        case TargetGroupByName(name=name):
            return (TargetGroupInfo(name=name, arn=f"{_ARN}:targetgroup/{name}/0"),)
        case TrustStoreByName(name=name):
            return (TrustStoreInfo(name=name, arn=f"{_ARN}:truststore/{name}/0"),)
        case WebAclByName(name=name):
            return (WebAclInfo(name=name, arn=f"arn:aws:wafv2:us-west-2:0:regional/webacl/{name}"),)
        case _:
            assert_never(query)


def _subnets(ids: Iterable[str], names: Iterable[str] = ()) -> Iterator[Subnet]:
    """Each in a zone of its own: more than a load balancer can use are no problem of routing."""
    tags = [*names]
    for number, one in enumerate(ids):
        yield Subnet(
            id=one,
            vpc_id=VPC,
            availability_zone=f"us-west-2{_ZONES[number % len(_ZONES)]}",
            zone_type="availability-zone",
            available_ip_addresses=4000,
            has_ipv6=True,
            tags={"Name": tags[number]} if tags else {},
        )
