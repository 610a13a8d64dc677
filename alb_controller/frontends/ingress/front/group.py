"""The group's network load balancer in front, of what its members say (spec 1.1, 6.8).

Differences from the reference, all of them its bugs (spec 12.1 #19): attributes are merged key by
key and need not be repeated on every member, equal success codes do not conflict, and default tags
are there beside `frontend-nlb-tags` too.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from alb_controller.frontends.ingress.agreement import Agreement, Claim
from alb_controller.frontends.ingress.front.member import CHECKS
from alb_controller.frontends.ingress.member import MemberIntent
from alb_controller.frontends.ingress.select import name_seed
from alb_controller.intent import (
    BalancerIntent,
    DiscoveredSubnets,
    FrontIntent,
    FrontPort,
    GivenSecurityGroups,
    NamedSubnets,
    Origin,
    SameSecurityGroups,
    SecurityChoice,
    SubnetChoice,
)
from alb_controller.model.elbv2 import HealthCheck
from alb_controller.objects import annotations as rows
from alb_controller.settings import Settings
from alb_controller.values import StackKey

_WANTED, _SCHEME, _SUBNETS = "frontend NLB", "frontend NLB scheme", "frontend NLB subnets"
_GROUPS, _ADDRESSES = "frontend NLB security groups", "frontend NLB elastic IPs"
_ATTRIBUTE, _TAG = "frontend NLB attribute ", "frontend NLB tag "
_PORT, _CHECK = "port behind frontend NLB port ", "frontend NLB health check of port "
_DEFAULT_CHECK = HealthCheck(
    port="traffic-port",
    protocol="HTTP",
    path="/",
    interval_seconds=15,
    timeout_seconds=5,
    healthy_threshold=2,
    unhealthy_threshold=2,
    matcher="200",
)


def front_claims(member: MemberIntent, *, is_wanted: bool) -> Iterator[Claim]:
    """What a member says; raises Invalid for what cannot be read, where it counts."""
    front = member.front
    if front.is_wanted is not None:
        yield Claim(_WANTED, front.is_wanted, rows.ENABLE_FRONT.key)
    if not is_wanted:
        return
    if front.problems and not member.is_remembered:
        raise front.problems[0]
    if front.scheme is not None:
        yield Claim(_SCHEME, front.scheme, rows.FRONT_SCHEME.key)
    if front.subnets is not None:
        origin = Origin(member.ref, rows.FRONT_SUBNETS.key)
        said = NamedSubnets(front.subnets, origin)
        yield Claim(_SUBNETS, frozenset(front.subnets), origin.field, said)
    if front.security_groups is not None:
        yield Claim(_GROUPS, front.security_groups, rows.FRONT_SECURITY_GROUPS.key)
    if front.elastic_ips is not None:
        ips = front.elastic_ips
        yield Claim(_ADDRESSES, frozenset(ips), rows.FRONT_ELASTIC_IPS.key, ips)
    yield from _map_claims(member)


def _map_claims(member: MemberIntent) -> Iterator[Claim]:
    front = member.front
    for key, value in sorted(front.attributes.items()):
        yield Claim(_ATTRIBUTE + key, value, rows.FRONT_ATTRIBUTES.key)
    for key, value in sorted(front.tags.items()):
        yield Claim(_TAG + key, value, rows.FRONT_TAGS.key)
    for port, behind in sorted(front.ports.items()):
        yield Claim(f"{_PORT}{port}", behind, rows.FRONT_PORTS.key)
        for name, value in front.check.items():
            yield Claim(f"{_CHECK}{port}: {name}", value, CHECKS[name].key)


def merge_front(
    key: StackKey,
    members: Sequence[MemberIntent],
    agreed: Agreement,
    behind: BalancerIntent,
    settings: Settings,
) -> FrontIntent | None:
    """The front of a balancer, or None where nobody asks for one."""
    if not agreed.value(_WANTED):
        return None
    ports = {int(front): port for front, port in agreed.entries(_PORT).items()}
    has_tags = any(member.front.has_tags for member in members)
    return FrontIntent(
        balancer=BalancerIntent(
            family="network",
            scheme=agreed.value(_SCHEME) or settings.default_load_balancer_scheme,
            ip_address_type="ipv4" if behind.ip_address_type == "ipv4" else "dualstack",
            explicit_name=None,
            name=behind.name,
            subnets=_subnets(agreed),
            security=_security(agreed),
            attributes=agreed.entries(_ATTRIBUTE),
            tags=agreed.entries(_TAG) if has_tags else behind.tags,
            elastic_ips=agreed.value(_ADDRESSES) or (),
            elastic_ips_origin=_origin(agreed, _ADDRESSES, rows.FRONT_ELASTIC_IPS.key),
            ip_address_type_origin=behind.ip_address_type_origin,
        ),
        ports=tuple(_port(key, port, ports[port], agreed, settings) for port in sorted(ports)),
    )


def _subnets(agreed: Agreement) -> SubnetChoice:
    chosen: SubnetChoice | None = agreed.value(_SUBNETS)
    return chosen or DiscoveredSubnets()


def _security(agreed: Agreement) -> SecurityChoice:
    """An empty list is as none: then those of the balancer behind."""
    names = agreed.value(_GROUPS)
    origin = _origin(agreed, _GROUPS, rows.FRONT_SECURITY_GROUPS.key)
    if not names or origin is None:
        return SameSecurityGroups()
    return GivenSecurityGroups(names, manage_backend_rules=False, origin=origin)


def _origin(agreed: Agreement, subject: str, field: str) -> Origin | None:
    owner = agreed.owner(subject)
    return None if owner is None else Origin(owner.ref, field)


def _port(
    key: StackKey, port: int, behind: int, agreed: Agreement, settings: Settings
) -> FrontPort:
    check = _check(port, agreed)
    hashed = (str(port), "alb", "TCP", check.port, check.protocol)
    name = name_seed(key, settings.cluster_name, *hashed)
    return FrontPort(port=port, target_port=behind, health_check=check, name=name)


def _check(port: int, agreed: Agreement) -> HealthCheck:
    """What anybody says beats the default, field by field."""
    said = agreed.entries(f"{_CHECK}{port}: ")
    fields = {name: getattr(_DEFAULT_CHECK, name) for name in _DEFAULT_CHECK.__struct_fields__}
    return HealthCheck(**(fields | said))
