"""Which addresses lie in a VPC: targets outside it are registered for all zones (spec 8.3)."""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from typing import Protocol, TypeAlias

from alb_controller.aws.caches import VPC_CIDRS, Expiring
from alb_controller.clock import Clock

_Networks: TypeAlias = tuple[ipaddress.IPv4Network | ipaddress.IPv6Network, ...]


class VpcApi(Protocol):
    """What is needed of `aws.ec2.Ec2`."""

    def vpc_cidrs(self, vpc_id: str) -> tuple[str, ...]:
        """The CIDRs associated with a VPC."""


class VpcAddresses:
    """Knows VPCs by their CIDRs; asks EC2 again only about addresses that seem to be outside."""

    def __init__(self, ec2: VpcApi, clock: Clock) -> None:
        self._ec2 = ec2
        self._fresh = Expiring[str, _Networks](VPC_CIDRS, clock)
        self._seen: dict[str, _Networks] = {}

    def contains(self, vpc_id: str, address: str) -> bool:
        """Whether the address lies in one of the VPC's CIDRs. Raises AwsError."""
        ip = ipaddress.ip_address(address)
        if any(ip in network for network in self._seen.get(vpc_id, ())):
            return True
        return any(ip in network for network in self._fresh.get_many([vpc_id], self._read)[vpc_id])

    def _read(self, vpc_ids: Sequence[str]) -> dict[str, _Networks]:
        found = {
            vpc_id: tuple(ipaddress.ip_network(cidr) for cidr in self._ec2.vpc_cidrs(vpc_id))
            for vpc_id in vpc_ids
        }
        self._seen.update(found)
        return found
