"""How annotation values are read: LBC's scanners, token for token (spec 0).

Every parser takes the raw value and raises ValueError with the rest of the sentence
`KEY: VALUE …`, which says what is allowed.
"""

from __future__ import annotations

import re
from collections.abc import Callable

import msgspec

from alb_controller.objects.reading import decode
from alb_controller.values import parse_cidr

_TRUE = frozenset({"1", "t", "T", "TRUE", "true", "True"})
_FALSE = frozenset({"0", "f", "F", "FALSE", "false", "False"})
_INTEGER = re.compile(r"[+-]?[0-9]+")
_MAX_INT32 = 2**31 - 1
_MAX_INT64 = 2**63 - 1
LISTENER_PROTOCOLS = ("HTTP", "HTTPS")


def string(raw: str) -> str:
    """The raw value, not trimmed."""
    return raw


def non_empty_string(raw: str) -> str:
    """The raw value, which must have a character."""
    if not raw:
        raise ValueError("must not be empty")
    return raw


def string_up_to(limit: int) -> Callable[[str], str]:
    """A string of at most `limit` bytes."""

    def parse(raw: str) -> str:
        if len(raw.encode()) > limit:
            raise ValueError(f"cannot be longer than {limit} characters")
        return raw

    return parse


def one_of(*allowed: str) -> Callable[[str], str]:
    """One of the given words, exactly."""

    def parse(raw: str) -> str:
        if raw not in allowed:
            raise ValueError(f"must be one of {', '.join(allowed)}")
        return raw

    return parse


def boolean(raw: str) -> bool:
    """Go `strconv.ParseBool`."""
    if raw in _TRUE:
        return True
    if raw in _FALSE:
        return False
    raise ValueError("must be true or false")


def _integer(raw: str, low: int, high: int) -> int:
    if _INTEGER.fullmatch(raw) and len(raw) < 40 and low <= int(raw) <= high:
        return int(raw)
    raise ValueError(f"must be a whole number from {low} to {high}")


def int32(raw: str) -> int:
    """Base 10, optional sign, no blanks or underscores, 32 bits."""
    return _integer(raw, -_MAX_INT32 - 1, _MAX_INT32)


def int64(raw: str) -> int:
    """As int32, with 64 bits."""
    return _integer(raw, -_MAX_INT64 - 1, _MAX_INT64)


def int32_between(low: int, high: int) -> Callable[[str], int]:
    """An int32 within bounds, both included."""
    return lambda raw: _integer(raw, low, high)


def string_list(raw: str) -> tuple[str, ...]:
    """Split at commas, parts trimmed, empty ones dropped; an empty value is an empty list."""
    return tuple(part for part in (p.strip() for p in raw.split(",")) if part)


def source_list(raw: str) -> tuple[str, ...]:
    """A string list of those who may connect: an empty one would let everybody in."""
    found = string_list(raw)
    if not found:
        raise ValueError("names nobody: it must have an entry, and without the key all may connect")
    return found


def cidr_list(raw: str) -> tuple[str, ...]:
    """A string list of CIDRs, of which there must be one."""
    found = source_list(raw)
    for cidr in found:
        try:
            parse_cidr(cidr)
        except ValueError as error:
            raise ValueError(f"is not a list of CIDRs: {error}") from None
    return found


def string_map(raw: str) -> dict[str, str]:
    """`k=v,k2=v2`; a backslash takes the next character literally; the last duplicate wins."""
    result: dict[str, str] = {}
    for item in _map_items(raw):
        key, equals, value = item.partition("=")
        if not equals or not key.strip():
            raise ValueError("must be a list of key=value separated by commas")
        result[key.strip()] = value.strip()
    return result


def _map_items(raw: str) -> list[str]:
    """The items of a map: a comma ends one only if what follows can be an item (spec 0)."""
    items: list[str] = []
    item: list[str] = []
    end, last_equals = len(raw.rstrip()), raw.rfind("=")
    at = 0
    while at < len(raw):
        char = raw[at]
        at += 1
        if char == "\\" and at < len(raw):
            item.append(raw[at])
            at += 1
        elif char != "," or at >= end:
            item.append(char)
        else:
            items.append("".join(item).strip())
            item = []
            if last_equals < at:
                return [*items, raw[at:].strip()]
    return [*items, "".join(item).strip()] if raw else items


def listen_ports(raw: str) -> dict[int, str]:
    """Port -> protocol from `[{"HTTP": 80}, {"HTTPS": 443}]`; of one port twice the last counts."""
    allowed = 'must be a list such as [{"HTTP": 80}, {"HTTPS": 443}]'
    if not raw.strip():
        raise ValueError(f"is empty: it {allowed}")
    try:
        entries = decode(raw, list[dict[str, int]])
    except (msgspec.DecodeError, ValueError) as error:
        raise ValueError(f"{allowed}: {error}") from None
    ports: dict[int, str] = {}
    for protocol, port in (pair for entry in entries for pair in entry.items()):
        if protocol not in LISTENER_PROTOCOLS:
            raise ValueError(f"names protocol {protocol!r}: allowed are HTTP and HTTPS")
        if not 1 <= port <= 65535:
            raise ValueError(f"names port {port}: allowed are 1 to 65535")
        ports[port] = protocol
    if not ports:
        raise ValueError("names no port: " + allowed)
    return ports


def capacity_units(raw: str) -> int | None:
    """The units of `CapacityUnits=N`; 0 gives back what is reserved, an empty map says nothing."""
    allowed = "must be CapacityUnits=N, where N is a whole number from 0"
    mapping = string_map(raw)
    if set(mapping) - {"CapacityUnits"}:
        raise ValueError(allowed)
    if not mapping:
        return None
    try:
        return _integer(mapping["CapacityUnits"], 0, _MAX_INT32)
    except ValueError:
        raise ValueError(allowed) from None


def none_or(raw: str) -> str:
    """A name or id; the word `none` is an empty one."""
    return "" if raw == "none" else raw


def port_mapping(raw: str) -> dict[int, int]:
    """`port in front=port behind`, separated by commas."""
    try:
        pairs = {_port(front): _port(behind) for front, behind in string_map(raw).items()}
    except ValueError:
        allowed = "must be pairs of ports from 1 to 65535, such as 80=8080,443=8443"
        raise ValueError(allowed) from None
    return pairs


def _port(raw: str) -> int:
    return _integer(raw, 1, 65535)


def traffic_port(raw: str) -> str:
    """`traffic-port` or a port's number."""
    if raw == "traffic-port":
        return raw
    try:
        return str(_port(raw))
    except ValueError:
        raise ValueError("must be traffic-port or a number from 1 to 65535") from None


ROUTING_POLICIES = (
    "any_availability_zone",
    "availability_zone_affinity",
    "partial_availability_zone_affinity",
)
_ROUTING_POLICY = "dns_record.client_routing_policy"


def network_attributes(raw: str) -> dict[str, str]:
    """Attributes of a network load balancer."""
    mapping = string_map(raw)
    if mapping.get(_ROUTING_POLICY, ROUTING_POLICIES[0]) not in ROUTING_POLICIES:
        raise ValueError(f"{_ROUTING_POLICY} must be one of {', '.join(ROUTING_POLICIES)}")
    return mapping
