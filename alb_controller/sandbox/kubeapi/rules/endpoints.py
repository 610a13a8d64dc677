"""The rules of an EndpointSlice. Source: pkg/apis/discovery/validation of Kubernetes 1.35."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator

from alb_controller.sandbox.kubeapi.rules.names import NOT_AN_ADDRESS, dns_label, dns_subdomain
from alb_controller.sandbox.kubeapi.schemas import Json
from alb_controller.sandbox.kubeapi.statuses import (
    Cause,
    duplicate,
    immutable,
    invalid_value,
    required,
    too_many,
    unsupported,
)
from alb_controller.sandbox.kubeapi.writes import Write

ADDRESS_TYPES = ["FQDN", "IPv4", "IPv6"]
MAX_ENDPOINTS = 1000
MAX_ADDRESSES = 100


def prepare_endpoint_slice(write: Write) -> None:
    """The lists that Go always writes, absent or not."""
    write.new.setdefault("endpoints", None)
    write.new.setdefault("ports", None)


def check_endpoint_slice(write: Write) -> Iterator[Cause]:
    """Causes for the address type, the ports and the endpoints."""
    new, old = write.new, write.old
    family = new.get("addressType")
    if not family:
        yield required("addressType")
    elif family not in ADDRESS_TYPES:
        yield unsupported("addressType", family, ADDRESS_TYPES)
    yield from _check_ports(new["ports"] or [])
    if old is None or old.get("endpoints") != new["endpoints"]:
        yield from _check_endpoints(new["endpoints"] or [], family)
    if old and old.get("addressType") != family:
        yield immutable("addressType", family)


def _check_ports(ports: list[Json]) -> Iterator[Cause]:
    names: list[str] = []
    for index, port in enumerate(ports):
        name, path = port["name"], f"ports[{index}].name"
        if name and (wrong := dns_label(name)):
            yield invalid_value(path, name, wrong)
        if name in names:
            yield duplicate(path, name)
        names.append(name)


def _check_endpoints(endpoints: list[Json], family: str | None) -> Iterator[Cause]:
    if len(endpoints) > MAX_ENDPOINTS:
        yield too_many("endpoints", len(endpoints), MAX_ENDPOINTS)
        return
    for index, endpoint in enumerate(endpoints):
        path, addresses = f"endpoints[{index}].addresses", endpoint.get("addresses") or []
        if not addresses:
            yield required(path, "must contain at least 1 address")
        elif len(addresses) > MAX_ADDRESSES:
            yield too_many(path, len(addresses), MAX_ADDRESSES)
        for place, address in enumerate(addresses):
            yield from _check_address(address, family, path, place)


def _check_address(address: str, family: str | None, path: str, place: int) -> Iterator[Cause]:
    item = f"{path}[{place}]"
    if family == "FQDN":
        if wrong := dns_subdomain(address):
            yield invalid_value(item, address, wrong)
        return
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        yield invalid_value(item, address, NOT_AN_ADDRESS)
        return
    if f"IPv{parsed.version}" != family:
        yield invalid_value(path, address, f"must be an {family} address")
    ranges = {
        "is_unspecified": "may not be unspecified (0.0.0.0, ::)",
        "is_loopback": "may not be in the loopback range (127.0.0.0/8, ::1/128)",
        "is_link_local": "may not be in the link-local range (169.254.0.0/16, fe80::/10)",
        "is_multicast": "may not be in the multicast range (224.0.0.0/4, ff00::/10)",
    }
    for attribute, why in ranges.items():
        if getattr(parsed, attribute):
            yield invalid_value(item, address, why)
