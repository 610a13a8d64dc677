"""The VPC around the load balancers: subnets, zones, routes, network interfaces, CIDRs.

Lookups filter instead of naming ids, for one id that is gone would fail the whole call; what does
not exist is absent from the answer. Errors are those of `Sender.call`.
Source: the Amazon EC2 API reference (2016-11-15).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import msgspec

from alb_controller.aws.batches import chunks
from alb_controller.aws.client import Sender, pages
from alb_controller.aws.codecs import ec2 as codec
from alb_controller.aws.codecs.ec2 import Interface
from alb_controller.aws.codecs.guards import Raw
from alb_controller.model.queries import Subnet

PERMISSIONS = frozenset(
    f"ec2:{operation}"
    for operation in (
        "DescribeAvailabilityZones",
        "DescribeInstances",
        "DescribeNetworkInterfaces",
        "DescribeRouteTables",
        "DescribeSubnets",
        "DescribeVpcs",
    )
)
"""IAM actions of the operations called here."""

FILTER_VALUES = 200
"""EC2's limit of values in one filter."""


class RouteTable(msgspec.Struct, frozen=True, kw_only=True):
    """A route table: the subnets it is named for, and whether a route leads to the internet."""

    is_main: bool
    subnets: frozenset[str]
    leads_to_internet: bool


class Network:
    """The network half of `Ec2`."""

    def __init__(self, sender: Sender, vpc_id: str) -> None:
        self._sender = sender
        self._vpc_id = vpc_id

    def subnets(self, zone_types: Mapping[str, str]) -> tuple[Subnet, ...]:
        """All subnets of the VPC; `zone_types` as `zone_types()` gives them."""
        found = self._describe("DescribeSubnets", {"vpc-id": [self._vpc_id]})
        return tuple(codec.decode_subnet(raw, zone_types) for raw in found)

    def subnets_by_id(
        self, ids: Iterable[str], zone_types: Mapping[str, str]
    ) -> tuple[Subnet, ...]:
        """Subnets in whatever VPC."""
        return tuple(
            codec.decode_subnet(raw, zone_types)
            for part in chunks(sorted(set(ids)), FILTER_VALUES)
            for raw in self._describe("DescribeSubnets", {"subnet-id": part})
        )

    def zone_types(self) -> dict[str, str]:
        """Enabled zones: name -> `availability-zone`, `local-zone` or `wavelength-zone`."""
        answer = self._call("DescribeAvailabilityZones")
        return {
            raw["ZoneName"]: raw.get("ZoneType", "availability-zone")
            for raw in answer.get("AvailabilityZones") or ()
        }

    def route_tables(self) -> tuple[RouteTable, ...]:
        """All route tables of the VPC."""
        found = self._describe("DescribeRouteTables", {"vpc-id": [self._vpc_id]})
        return tuple(_route_table(raw) for raw in found)

    def instances(self, ids: Iterable[str]) -> tuple[Interface, ...]:
        """The interfaces of instances, in whatever VPC."""
        return tuple(
            codec.decode_interface(interface, instance["InstanceId"])
            for part in chunks(sorted(set(ids)), FILTER_VALUES)
            for reservation in self._describe("DescribeInstances", {"instance-id": part})
            for instance in reservation.get("Instances") or ()
            for interface in instance.get("NetworkInterfaces") or ()
        )

    def interfaces_by_address(self, addresses: Iterable[str]) -> tuple[Interface, ...]:
        """The VPC's interfaces that have one of these IPv4 or IPv6 addresses."""
        wanted = sorted(set(addresses))
        by_filter = {
            "addresses.private-ip-address": [a for a in wanted if ":" not in a],
            "ipv6-addresses.ipv6-address": [a for a in wanted if ":" in a],
        }
        return tuple(
            codec.decode_interface(raw)
            for name, values in by_filter.items()
            for part in chunks(values, FILTER_VALUES)
            for raw in self._describe(
                "DescribeNetworkInterfaces", {"vpc-id": [self._vpc_id], name: part}
            )
        )

    def vpc_cidrs(self, vpc_id: str) -> tuple[str, ...]:
        """The CIDRs associated with a VPC. Raises NotFound where we cannot see such a VPC."""
        answer = self._call("DescribeVpcs", VpcIds=[vpc_id])
        return codec.decode_vpc_cidrs(answer["Vpcs"][0])

    # ---- one call and its answer

    def _call(self, operation: str, **params: Any) -> Raw:
        return self._sender.call("ec2", operation, **params)

    def _describe(self, operation: str, filters: Mapping[str, Sequence[str]]) -> list[Raw]:
        items = "Reservations" if operation == "DescribeInstances" else operation[len("Describe") :]
        asked = [{"Name": name, "Values": list(values)} for name, values in filters.items()]
        return pages(self._sender.call, "ec2", operation, items, Filters=asked)


def _route_table(raw: Raw) -> RouteTable:
    associations = raw.get("Associations") or ()
    return RouteTable(
        is_main=any(one.get("Main") for one in associations),
        subnets=frozenset(one["SubnetId"] for one in associations if one.get("SubnetId")),
        leads_to_internet=any(
            (route.get("GatewayId") or "").startswith("igw") for route in raw.get("Routes") or ()
        ),
    )
