"""The members of a group become one stack: what they must agree on, and in whose order (spec 3.2).

Conflicts are settled by `frontends.agreement`.
"""

from __future__ import annotations

from collections.abc import Iterator

from alb_controller.frontends.conflicts import Agreement, Key, MapKeys, Setting
from alb_controller.frontends.ingress.addons.group import (
    addon_origins,
    addon_settings,
    application_options,
    capacity_units,
)
from alb_controller.frontends.ingress.addons.member import PARAMS
from alb_controller.frontends.ingress.front.group import front_settings, merge_front
from alb_controller.frontends.ingress.group_listeners import (
    TAGS,
    ClassDefaults,
    class_origins,
    listener_settings,
    merge_listeners,
    served_backends,
)
from alb_controller.frontends.ingress.member import MemberIntent
from alb_controller.frontends.ingress.select import name_seed
from alb_controller.intent import (
    LOAD_BALANCER,
    BalancerIntent,
    DiscoveredSubnets,
    GivenSecurityGroups,
    ManagedSecurityGroup,
    NamedSubnets,
    NameSeed,
    Origin,
    SecurityChoice,
    StackIntent,
    SubnetChoice,
)
from alb_controller.model.origins import AskedBy, asked_by, entries
from alb_controller.objects.annotations import ingress_table as rows
from alb_controller.settings import Settings
from alb_controller.values import IpAddressType, Scheme, StackKey

_SCHEME = Key[Scheme]("scheme")
_IP_ADDRESS_TYPE = Key[IpAddressType]("ip address type")
_NAME = Key[str]("load balancer name")
_SECURITY_GROUPS = Key[tuple[str, ...]]("security groups")
_ADDRESS_POOL = Key[str]("address pool")
_SUBNETS = Key[SubnetChoice]("subnets")
_BACKEND_RULES = Key[bool]("backend rules")
_TARGET_GROUPS = MapKeys[str]("target group")
_ATTRIBUTES = MapKeys[str]("attribute")


def settings_of(member: MemberIntent, defaults: ClassDefaults) -> Iterator[Setting[object]]:
    """Everything that a member sets for the whole group; raises Invalid for what it cannot set."""
    yield from _replacing_settings(member, defaults)
    yield from _balancer_settings(member)
    if member.manage_backend_rules is not None:
        value, is_exclusive = member.manage_backend_rules, defaults.names_security_groups
        field = rows.MANAGE_BACKEND_RULES.key
        yield _BACKEND_RULES.setting(value, field, is_exclusive=is_exclusive)
    for key, text in sorted(member.attributes.items()):
        is_exclusive, field = key not in defaults.attributes, rows.LOAD_BALANCER_ATTRIBUTES.key
        yield _ATTRIBUTES.of(key).setting(text, field, is_exclusive=is_exclusive)
    for key, text in sorted(member.tags.items()):
        yield TAGS.of(key).setting(text, rows.TAGS.key)
    for backend in member.backends:
        # `a-b` with Service `c` and `a` with Service `b-c` would be one target group (spec 5.1)
        owner = f"Service {backend.service.name} of {member.ref}"
        yield _TARGET_GROUPS.of(backend.id).setting(owner, "spec.rules")
    yield from listener_settings(member, defaults)
    yield from addon_settings(member, defaults.first, named=defaults.names_a_web_acl)
    yield from front_settings(
        member,
        is_wanted=defaults.wants_front,
        replaced_unless=defaults.scheme if defaults.has_front else None,
    )


def _replacing_settings(member: MemberIntent, defaults: ClassDefaults) -> Iterator[Setting[object]]:
    """AWS changes neither on a load balancer that is there. The class may ask for both."""
    if member.scheme is not None:
        of_class = rows.SCHEME.key in member.of_class
        field = f"{PARAMS}scheme" if of_class else rows.SCHEME.key
        replaces = not of_class and member.scheme != defaults.scheme
        yield _SCHEME.setting(member.scheme, field, replaces=replaces)
    if member.load_balancer_name is not None:
        of_class = rows.LOAD_BALANCER_NAME.key in member.of_class
        field = f"{PARAMS}loadBalancerName" if of_class else rows.LOAD_BALANCER_NAME.key
        yield _NAME.setting(member.load_balancer_name, field, replaces=not of_class)


def _balancer_settings(member: MemberIntent) -> Iterator[Setting[object]]:
    if member.ip_address_type is not None:
        yield _IP_ADDRESS_TYPE.setting(member.ip_address_type, rows.IP_ADDRESS_TYPE.key)
    if member.security_groups is not None:
        yield _SECURITY_GROUPS.setting(member.security_groups, rows.SECURITY_GROUPS.key)
    if member.customer_owned_ipv4_pool is not None:
        field = rows.CUSTOMER_OWNED_IPV4_POOL.key
        yield _ADDRESS_POOL.setting(member.customer_owned_ipv4_pool, field)
    subnets = member.subnets
    if isinstance(subnets, NamedSubnets):
        # the order of the names does not matter, nor may one member name subnets by its class
        field = subnets.origin.field
        names, shown = frozenset({f"{field}:", *subnets.names}), ", ".join(subnets.names)
        yield _SUBNETS.setting(subnets, field, compared=names, shown=shown)
    elif subnets is not None:
        yield _SUBNETS.setting(subnets, subnets.origin.field, compared=subnets.tags)


def merge(
    key: StackKey, members: list[MemberIntent], agreed: Agreement, settings: Settings
) -> StackIntent:
    """One stack of members in group order, and of what they agreed on."""
    if not members:
        return StackIntent(key=key)
    backends = {b.id: b for m in members for b in served_backends(m, agreed)}
    balancer = _balancer(key, members, agreed, settings)
    front = merge_front(key, members, agreed, balancer, settings)
    return StackIntent(
        key=key,
        balancers=(balancer, front.balancer) if front else (balancer,),
        backends=tuple(backends[id_] for id_ in sorted(backends)),
        balancer_backends=front.backends if front else (),
        certificates=tuple(m.certificate for m in members if m.certificate is not None),
    )


def _balancer(
    key: StackKey, members: list[MemberIntent], agreed: Agreement, settings: Settings
) -> BalancerIntent:
    scheme = agreed.get(_SCHEME) or settings.default_load_balancer_scheme
    cluster = settings.cluster_name
    subnets = agreed.get(_SUBNETS) or DiscoveredSubnets()
    attributes = agreed.entries(_ATTRIBUTES) | members[0].params_attributes
    set_by = agreed.set_by(_IP_ADDRESS_TYPE) or members[0].ref
    return BalancerIntent(
        id=LOAD_BALANCER,
        options=application_options(members[0], agreed, agreed.get(_ADDRESS_POOL)),
        scheme=scheme,
        ip_address_type=agreed.get(_IP_ADDRESS_TYPE) or "ipv4",
        explicit_name=agreed.get(_NAME),
        name=name_seed(key, cluster, scheme),
        subnets=subnets,
        security=_security(name_seed(key, cluster), agreed, settings),
        attributes=attributes,
        tags=agreed.entries(TAGS),
        capacity_units=capacity_units(members[0], agreed, settings),
        listeners=merge_listeners(members, agreed, settings),
        ip_address_type_origin=Origin(set_by, rows.IP_ADDRESS_TYPE.key),
        asked_by=_asked_by(members, agreed),
    )


def _asked_by(members: list[MemberIntent], agreed: Agreement) -> AskedBy:
    """Every member asks for the balancer, and some of them for a setting of it."""
    first = members[0]
    params = class_origins(
        first.params_attributes,
        ((one.ref, one.params_attributes) for one in members),
        f"{PARAMS}loadBalancerAttributes",
    )
    return asked_by(
        (Origin(member.ref) for member in members),
        {
            "scheme": agreed.asked(_SCHEME),
            "ip_address_type": agreed.asked(_IP_ADDRESS_TYPE),
            "explicit_name": agreed.asked(_NAME),
            "subnets": agreed.asked(_SUBNETS),
            "security": agreed.asked(_SECURITY_GROUPS),
            "customer_owned_ipv4_pool": agreed.asked(_ADDRESS_POOL),
            **addon_origins(members, agreed),
            **entries("attributes", agreed.asked_entries(_ATTRIBUTES) | params),
            **entries("tags", agreed.asked_entries(TAGS)),
        },
    )


def _security(name: NameSeed, agreed: Agreement, settings: Settings) -> SecurityChoice:
    found = agreed.find(_SECURITY_GROUPS)
    if found is None or not found.setting.value:
        return ManagedSecurityGroup(name)
    manage = agreed.get(_BACKEND_RULES)
    if manage is None:
        manage = settings.enable_manage_backend_security_group_rules
    origin = Origin(found.set_by, rows.SECURITY_GROUPS.key)
    return GivenSecurityGroups(found.setting.value, manage, origin)
