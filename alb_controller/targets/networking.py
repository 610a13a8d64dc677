"""Which ingress rules a binding needs on the security groups of its endpoints (spec 8.6)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Literal, TypeAlias

from alb_controller.model.ec2 import IngressRule
from alb_controller.objects.core import Pod
from alb_controller.objects.elbv2 import (
    NetworkingPeer,
    NetworkingPort,
    TargetGroupBindingNetworking,
)
from alb_controller.values import PortRef, Value, canonical_cidr, parse_cidr

SHARED_DESCRIPTION = "elbv2.k8s.aws/targetGroupBinding=shared"
"""Marks the rules that this controller, or LBC, may revoke."""

ALL_PORTS = (0, 65535)
Source: TypeAlias = tuple[Literal["cidr", "cidr_v6", "security_group"], str]
_PROTOCOLS = {None: "tcp", "TCP": "tcp", "UDP": "udp"}


class Permissions(Value, frozen=True, kw_only=True):
    """The rules that a binding's spec.networking asks for on one security group.

    `problems` says what could not be understood, one sentence each; the rest holds.
    """

    rules: frozenset[IngressRule] = frozenset()
    problems: tuple[str, ...] = ()


def permissions(networking: TargetGroupBindingNetworking, pods: Sequence[Pod]) -> Permissions:
    """Every rule by every peer by every port; a named port stands for the pods' container ports.

    `pods` are those on the security group; empty for targetType instance. A rule whose `ports`
    are empty gives nothing, as in LBC, although its documentation promises all of TCP
    (spec 12.3, defect 56): to open every port is not ours to start with.
    """
    rules: set[IngressRule] = set()
    problems: set[str] = set()
    for peer, port in _peers_and_ports(networking):
        try:
            kind, source = source_of(peer)
            ranges = _port_ranges(port.port, pods)
            rules.update(_rule(port.protocol, *bounds, (kind, source)) for bounds in ranges)
        except ValueError as error:
            problems.add(f"spec.networking: {error}")
    return Permissions(rules=frozenset(rules), problems=tuple(sorted(problems)))


def _rule(protocol: str | None, from_port: int, to_port: int, source: Source) -> IngressRule:
    return IngressRule(_PROTOCOLS[protocol], from_port, to_port, *source, SHARED_DESCRIPTION)


def _peers_and_ports(
    networking: TargetGroupBindingNetworking,
) -> Iterator[tuple[NetworkingPeer, NetworkingPort]]:
    for rule in networking.ingress:
        for peer in rule.from_:
            for port in rule.ports:
                yield peer, port


def source_of(peer: NetworkingPeer) -> Source:
    """The source of a peer's rules; a CIDR without host bits, as EC2 keeps it (IpPermission).

    Raises ValueError for a peer without source, or a CIDR that is none.
    """
    if peer.security_group is not None:
        return "security_group", peer.security_group.group_id
    if peer.ip_block is None:
        raise ValueError("a peer needs ipBlock or securityGroup")
    cidr = peer.ip_block.cidr
    return ("cidr_v6" if parse_cidr(cidr) == "ipv6" else "cidr"), canonical_cidr(cidr)


def _port_ranges(port: PortRef | None, pods: Sequence[Pod]) -> list[tuple[int, int]]:
    if port is None:
        return [ALL_PORTS]
    if isinstance(port, int):
        return [(port, port)]
    numbers = {
        p.container_port
        for pod in pods
        for c in pod.spec.running_containers
        for p in c.ports
        if p.name == port
    }
    if not numbers:
        where = "no pod has a container port of that name" if pods else "targetType is not ip"
        raise ValueError(f"port {port!r} cannot be resolved: {where}")
    return [(number, number) for number in sorted(numbers)]


def aggregate(wanted: Iterable[frozenset[IngressRule]], *, restricted: bool) -> set[IngressRule]:
    """What one security group needs for all bindings together.

    Restricted (the default): one rule from the lowest to the highest port for each source
    security group and protocol, which keeps a group below its quota of rules. CIDR rules stay as
    they are. Unrestricted: the union.
    """
    rules = frozenset[IngressRule]().union(*wanted)
    if not restricted:
        return set(rules)
    merged = {r for r in rules if r.source_kind != "security_group"}
    bounds: dict[tuple[str, str], tuple[int, int]] = {}
    for rule in rules - merged:
        place = rule.protocol, rule.source
        low, high = _bounds(rule)
        known_low, known_high = bounds.get(place, (low, high))
        bounds[place] = min(low, known_low), max(high, known_high)
    for (protocol, group), (low, high) in bounds.items():
        merged.add(IngressRule(protocol, low, high, "security_group", group, SHARED_DESCRIPTION))
    return merged


def _bounds(rule: IngressRule) -> tuple[int, int]:
    """LBC takes port 0 for all ports here."""
    bounds = rule.from_port, rule.to_port
    return ALL_PORTS if bounds == (0, 0) else bounds


def could_want(networking: TargetGroupBindingNetworking, rule: IngressRule) -> bool:
    """Whether a binding whose endpoints are not known yet might turn out to need a found rule."""
    return any(
        _is_source(peer, rule)
        and _PROTOCOLS[port.protocol] == rule.protocol
        and _covers(rule, port)
        for peer, port in _peers_and_ports(networking)
    )


def _is_source(peer: NetworkingPeer, rule: IngressRule) -> bool:
    try:
        return source_of(peer) == (rule.source_kind, rule.source)
    except ValueError:
        return False


def _covers(rule: IngressRule, port: NetworkingPort) -> bool:
    """A port without number, or by name, may turn out to be any."""
    return not isinstance(port.port, int) or rule.from_port <= port.port <= rule.to_port
