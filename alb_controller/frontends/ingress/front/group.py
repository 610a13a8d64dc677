"""The group's network load balancer in front, of what its members set (spec 1.1, 6.8).

Differences from LBC, all of them its bugs (spec 12.1 #19): attributes are merged key by
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
    FRONTEND_NLB,
    BalancerBackendIntent,
    BalancerIntent,
    DefaultIntent,
    DiscoveredSubnets,
    ForwardIntent,
    GivenSecurityGroups,
    InboundSources,
    ListenerIntent,
    NamedSubnets,
    NameSeed,
    NetworkOptions,
    Origin,
    SameSecurityGroups,
    SecurityChoice,
    SubnetAddresses,
    SubnetChoice,
)
from alb_controller.model.health import HealthCheck
from alb_controller.model.origins import AskedBy, Origins, asked_by, entries
from alb_controller.objects.annotations import ingress_table as rows
from alb_controller.settings import Settings
from alb_controller.values import Scheme, StackKey, Tags

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


def front_settings(
    member: MemberIntent, *, is_wanted: bool, replaced_unless: Scheme | None
) -> Iterator[Setting[object]]:
    """What a member sets; raises Invalid for what cannot be read, where it counts.

    `replaced_unless`: the scheme that a front which is there has where nobody decides on it.
    """
    front = member.front
    if front.is_wanted is not None:
        yield _WANTED.setting(front.is_wanted, rows.ENABLE_FRONT.key)
    if not is_wanted:
        return
    if front.problems and not member.is_remembered:
        raise front.problems[0]
    if front.scheme is not None:
        replaces = replaced_unless not in {None, front.scheme}
        yield _SCHEME.setting(front.scheme, rows.FRONT_SCHEME.key, replaces=replaces)
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
        yield PORTS.of(str(port)).setting(behind, front.ports_field)
        for name, check in front.check.items():
            yield _check_keys(port).of(name).setting(check, CHECKS[name].key)


def _check_keys(port: int) -> MapKeys[object]:
    """By the name of the field."""
    return MapKeys("health check", port, _NLB)


class Front(msgspec.Struct, frozen=True):
    """The balancer in front, and the ports of the one behind that it forwards to."""

    balancer: BalancerIntent
    backends: tuple[BalancerBackendIntent, ...]


def merge_front(
    key: StackKey,
    members: Sequence[MemberIntent],
    agreed: Agreement,
    behind: BalancerIntent,
    settings: Settings,
) -> Front | None:
    """The front of a balancer, or None where nobody asks for one."""
    if not agreed.get(_WANTED):
        return None
    has_tags = any(member.front.has_tags for member in members)
    tags = agreed.entries(_TAGS) if has_tags else behind.tags
    ports = sorted((int(port), behind_port) for port, behind_port in agreed.entries(PORTS).items())
    balancer = BalancerIntent(
        id=FRONTEND_NLB,
        options=NetworkOptions(elastic_ips=_elastic_ips(agreed)),
        scheme=agreed.get(_SCHEME) or settings.default_load_balancer_scheme,
        ip_address_type="ipv4" if behind.ip_address_type == "ipv4" else "dualstack",
        ip_address_type_origin=behind.ip_address_type_origin,
        explicit_name=behind.explicit_name,
        name=behind.name,
        name_suffix="-nlb",
        subnets=agreed.get(_SUBNETS) or DiscoveredSubnets(),
        security=_security(agreed, behind),
        attributes=agreed.entries(_ATTRIBUTES),
        tags=tags,
        listeners=tuple(_listener(port, tags, agreed) for port, _ in ports),
        asked_by=_asked_by(agreed),
    )
    checks = {port: _check(port, agreed) for port, _ in ports}
    return Front(
        balancer=balancer,
        backends=tuple(
            BalancerBackendIntent(
                id=_backend_id(port),
                balancer=behind.id,
                balancer_port=behind_port,
                name=_backend_name(key, port, checks[port], settings.cluster_name),
                port=port,
                health_check=checks[port],
                tags=tags,
                asked_by=_backend_asked_by(port, agreed),
            )
            for port, behind_port in ports
        ),
    )


def _listener(port: int, tags: Tags, agreed: Agreement) -> ListenerIntent:
    """Everything goes to the balancer behind; its security group says who may come in."""
    return ListenerIntent(
        id=f"{FRONTEND_NLB}-ls-TCP-{port}",
        port=port,
        protocol="TCP",
        inbound=InboundSources(),
        default=DefaultIntent(action=ForwardIntent.to_balancer(_backend_id(port))),
        routes=(),
        tags=tags,
        asked_by=asked_by(
            agreed.asked(_WANTED), {"port": _port_origins(port, agreed), **_tag_origins(agreed)}
        ),
    )


def _asked_by(agreed: Agreement) -> AskedBy:
    """Who asks for a front, and who for a setting of it."""
    return asked_by(
        agreed.asked(_WANTED),
        {
            "scheme": agreed.asked(_SCHEME),
            "subnets": agreed.asked(_SUBNETS),
            "security": agreed.asked(_GROUPS),
            "elastic_ips": agreed.asked(_ADDRESSES),
            **entries("attributes", agreed.asked_entries(_ATTRIBUTES)),
            **_tag_origins(agreed),
        },
    )


def _backend_asked_by(port: int, agreed: Agreement) -> AskedBy:
    checks = agreed.asked_entries(_check_keys(port))
    return asked_by(
        agreed.asked(_WANTED),
        {
            "port": _port_origins(port, agreed),
            "health_check": tuple(origin for origins in checks.values() for origin in origins),
            **entries("health_check", checks),
            **_tag_origins(agreed),
        },
    )


def _port_origins(port: int, agreed: Agreement) -> Origins:
    """Who has mapped it; a port that is as it is behind nobody has set."""
    asked = agreed.asked(PORTS.of(str(port)))
    return tuple(one for one in asked if one.field == rows.FRONT_PORTS.key)


def _tag_origins(agreed: Agreement) -> dict[str, Origins]:
    return entries("tags", agreed.asked_entries(_TAGS))


def _backend_id(port: int) -> str:
    return f"{FRONTEND_NLB}-tg-TCP-{port}"


def _backend_name(key: StackKey, port: int, check: HealthCheck, cluster: str) -> NameSeed:
    return name_seed(key, cluster, str(port), "alb", "TCP", check.port, check.protocol)


def _security(agreed: Agreement, behind: BalancerIntent) -> SecurityChoice:
    """An empty list is as none: then those of the balancer behind."""
    found = agreed.find(_GROUPS)
    if found is None or not found.setting.value:
        return SameSecurityGroups(behind.id)
    origin = Origin(found.set_by, found.setting.field)
    return GivenSecurityGroups(found.setting.value, manage_backend_rules=False, origin=origin)


def _elastic_ips(agreed: Agreement) -> SubnetAddresses | None:
    """An empty list is as none here too."""
    found = agreed.find(_ADDRESSES)
    if found is None or not found.setting.value:
        return None
    return SubnetAddresses(found.setting.value, Origin(found.set_by, found.setting.field))


def _check(port: int, agreed: Agreement) -> HealthCheck:
    """What any member sets, field by field, and the default for the rest."""
    return msgspec.structs.replace(_DEFAULT_CHECK, **agreed.entries(_check_keys(port)))
