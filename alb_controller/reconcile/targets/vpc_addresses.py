"""Which addresses lie in a VPC: targets outside it are registered for all zones (spec 8.3)."""

from __future__ import annotations

import ipaddress
import threading
from typing import Protocol, TypeAlias

import msgspec

from alb_controller.clock import Clock

FRESH_SECONDS = 600.0
"""CIDRs are added to a VPC now and then; they do not leave it while addresses are in use."""

_Network: TypeAlias = ipaddress.IPv4Network | ipaddress.IPv6Network


class VpcApi(Protocol):
    """What is needed of `aws.ec2.Ec2`."""

    def vpc_cidrs(self, vpc_id: str) -> tuple[str, ...]:
        """The CIDRs associated with a VPC."""


class _Known(msgspec.Struct, frozen=True):
    read_at: float
    networks: tuple[_Network, ...]


class VpcAddresses:
    """Knows VPCs by their CIDRs; asks EC2 again only about addresses that seem to be outside."""

    def __init__(self, ec2: VpcApi, clock: Clock) -> None:
        self._ec2, self._clock = ec2, clock
        self._lock = threading.Lock()
        self._known: dict[str, _Known] = {}

    def contains(self, vpc_id: str, address: str) -> bool:
        """Whether the address lies in one of the VPC's CIDRs. Raises AwsError."""
        ip = ipaddress.ip_address(address)
        with self._lock:
            known = self._known.get(vpc_id)
            if known is not None and any(ip in network for network in known.networks):
                return True
            now = self._clock.monotonic()
            if known is not None and now - known.read_at <= FRESH_SECONDS:
                return False
            networks = tuple(ipaddress.ip_network(c) for c in self._ec2.vpc_cidrs(vpc_id))
            self._known[vpc_id] = _Known(now, networks)
            return any(ip in network for network in networks)
