"""The group's network load balancer in front, of what its members set (spec 1.1, 6.8).

Differences from the reference, all of them its bugs (spec 12.1 #19): attributes are merged key by
key and need not be repeated on every member, equal success codes do not conflict, and default tags
are there beside `frontend-nlb-tags` too.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import msgspec

from alb_controller.frontends.conflicts import Agreement, Key, MapKeys, Setting
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
from alb_controller.model.elbv2 import HealthCheck, Scheme
from alb_controller.objects.annotations import ingress_table as rows
from alb_controller.settings import Settings
from alb_controller.values import StackKey

_NLB = "frontend NLB"
_WANTED = Key[bool](_NLB)
_SCHEME = Key[Scheme]("scheme", balancer=_NLB)
_SUBNETS = Key[SubnetChoice]("subnets", balancer=_NLB)
_GROUPS = Key[tuple[str, ...]]("security groups", balancer=_NLB)
_ADDRESSES = Key[tuple[str, ...]]("elastic IPs", balancer=_NLB)
_ATTRIBUTES = MapKeys[str]("attribute", balancer=_NLB)
_TAGS = MapKeys[str]("tag", balancer=_NLB)
PORTS = MapKeys[int](f"port behind {_NLB} port")
"""By port in front; the first to set an entry has the port."""
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


def front_settings(member: MemberIntent, *, is_wanted: bool) -> Iterator[Setting[object]]:
    """What a member sets; raises Invalid for what cannot be read, where it counts."""
    front = member.front
    if front.is_wanted is not None:
        yield _WANTED.setting(front.is_wanted, rows.ENABLE_FRONT.key)
    if not is_wanted:
        return
    if front.problems and not member.is_remembered:
        raise front.problems[0]
    if front.scheme is not None:
        yield _SCHEME.setting(front.scheme, rows.FRONT_SCHEME.key)
    if front.subnets is not None:
        origin, shown = Origin(member.ref, rows.FRONT_SUBNETS.key), ", ".join(front.subnets)
        choice, names = NamedSubnets(front.subnets, origin), frozenset(front.subnets)
        yield _SUBNETS.setting(choice, origin.field, compared=names, shown=shown)
    if front.security_groups is not None:
        yield _GROUPS.setting(front.security_groups, rows.FRONT_SECURITY_GROUPS.key)
    if front.elastic_ips is not None:
        ips, field = front.elastic_ips, rows.FRONT_ELASTIC_IPS.key
        yield _ADDRESSES.setting(ips, field, compared=frozenset(ips))
    yield from _map_settings(member)


def _map_settings(member: MemberIntent) -> Iterator[Setting[object]]:
    front = member.front
    for key, value in sorted(front.attributes.items()):
        yield _ATTRIBUTES.of(key).setting(value, rows.FRONT_ATTRIBUTES.key)
    for key, value in sorted(front.tags.items()):
        yield _TAGS.of(key).setting(value, rows.FRONT_TAGS.key)
    for port, behind in sorted(front.ports.items()):
        yield PORTS.of(str(port)).setting(behind, rows.FRONT_PORTS.key)
        for name, check in front.check.items():
            yield _check_keys(port).of(name).setting(check, CHECKS[name].key)


def _check_keys(port: int) -> MapKeys[object]:
    """By the name of the field."""
    return MapKeys("health check", port, _NLB)


def merge_front(
    key: StackKey,
    members: Sequence[MemberIntent],
    agreed: Agreement,
    behind: BalancerIntent,
    settings: Settings,
) -> FrontIntent | None:
    """The front of a balancer, or None where nobody asks for one."""
    if not agreed.get(_WANTED):
        return None
    ports = {int(front): port for front, port in agreed.entries(PORTS).items()}
    addresses = agreed.find(_ADDRESSES)
    has_tags = any(member.front.has_tags for member in members)
    return FrontIntent(
        balancer=BalancerIntent(
            family="network",
            scheme=agreed.get(_SCHEME) or settings.default_load_balancer_scheme,
            ip_address_type="ipv4" if behind.ip_address_type == "ipv4" else "dualstack",
            explicit_name=None,
            name=behind.name,
            subnets=agreed.get(_SUBNETS) or DiscoveredSubnets(),
            security=_security(agreed),
            attributes=agreed.entries(_ATTRIBUTES),
            tags=agreed.entries(_TAGS) if has_tags else behind.tags,
            elastic_ips=addresses.setting.value if addresses else (),
            elastic_ips_origin=(
                Origin(addresses.set_by, addresses.setting.field) if addresses else None
            ),
            ip_address_type_origin=behind.ip_address_type_origin,
        ),
        ports=tuple(_port(key, port, ports[port], agreed, settings) for port in sorted(ports)),
    )


def _security(agreed: Agreement) -> SecurityChoice:
    """An empty list is as none: then those of the balancer behind."""
    found = agreed.find(_GROUPS)
    if found is None or not found.setting.value:
        return SameSecurityGroups()
    origin = Origin(found.set_by, found.setting.field)
    return GivenSecurityGroups(found.setting.value, manage_backend_rules=False, origin=origin)


def _port(
    key: StackKey, port: int, behind: int, agreed: Agreement, settings: Settings
) -> FrontPort:
    check = _check(port, agreed)
    hashed = (str(port), "alb", "TCP", check.port, check.protocol)
    name = name_seed(key, settings.cluster_name, *hashed)
    return FrontPort(port=port, target_port=behind, health_check=check, name=name)


def _check(port: int, agreed: Agreement) -> HealthCheck:
    """What any member sets, field by field, and the default for the rest."""
    return msgspec.structs.replace(_DEFAULT_CHECK, **agreed.entries(_check_keys(port)))
