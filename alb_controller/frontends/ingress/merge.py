"""The members of a group become one stack: what they must agree on, and in whose order (spec 3.2).

A conflict is settled by age, so that the result depends on no history and no order of events:
the older member keeps its word, the younger is stopped whole.
"""

from __future__ import annotations

from collections.abc import Iterator

from alb_controller.frontends.ingress.addons.group import addon_claims, with_addons
from alb_controller.frontends.ingress.agreement import Agreement, Claim
from alb_controller.frontends.ingress.front.group import front_claims, merge_front
from alb_controller.frontends.ingress.group_listeners import (
    ClassDefaults,
    has_routes,
    listener_claims,
    merge_listeners,
)
from alb_controller.frontends.ingress.member import MemberIntent
from alb_controller.frontends.ingress.select import name_seed
from alb_controller.intent import (
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
from alb_controller.objects import annotations as rows
from alb_controller.settings import Settings
from alb_controller.values import StackKey

_TAG, _ATTRIBUTE = "tag ", "attribute "
_BACKEND_RULES = "backend rules"


def claims_of(member: MemberIntent, defaults: ClassDefaults) -> Iterator[Claim]:
    """Everything that a member says on behalf of the whole group."""
    yield from _balancer_claims(member)
    if member.manage_backend_rules is not None:
        said, binds = member.manage_backend_rules, defaults.names_security_groups
        yield Claim(_BACKEND_RULES, said, rows.MANAGE_BACKEND_RULES.key, binds=binds)
    for key, value in sorted(member.attributes.items()):
        binds = key not in defaults.attributes
        yield Claim(f"{_ATTRIBUTE}{key}", value, rows.LOAD_BALANCER_ATTRIBUTES.key, binds=binds)
    for key, value in sorted(member.tags.items()):
        yield Claim(f"{_TAG}{key}", value, rows.TAGS.key)
    for backend in member.backends:
        # `a-b` with Service `c` and `a` with Service `b-c` would be one target group (spec 5.1)
        owner = f"Service {backend.service.name} of {member.ref}"
        yield Claim(f"target group {backend.id}", owner, "spec.rules")
    yield from listener_claims(member, defaults)
    yield from addon_claims(member, defaults.first, named=defaults.names_a_web_acl)
    yield from front_claims(member, is_wanted=defaults.wants_front)


def _balancer_claims(member: MemberIntent) -> Iterator[Claim]:
    for subject, value, row in (
        ("scheme", member.scheme, rows.SCHEME),
        ("ip address type", member.ip_address_type, rows.IP_ADDRESS_TYPE),
        ("load balancer name", member.load_balancer_name, rows.LOAD_BALANCER_NAME),
        ("security groups", member.security_groups, rows.SECURITY_GROUPS),
        ("address pool", member.customer_owned_ipv4_pool, rows.CUSTOMER_OWNED_IPV4_POOL),
    ):
        if value is not None:
            yield Claim(subject, value, row.key)
    subnets = member.subnets
    if isinstance(subnets, NamedSubnets):
        # the order of the names does not matter, nor may one member name subnets by its class
        names = frozenset({f"{subnets.origin.field}:", *subnets.names})
        yield Claim("subnets", names, subnets.origin.field, subnets)
    elif subnets is not None:
        yield Claim("subnets", subnets.tags, subnets.origin.field, subnets)


def merge(
    key: StackKey, members: list[MemberIntent], agreed: Agreement, settings: Settings
) -> StackIntent:
    """One stack of members in group order, and of what they agreed on."""
    if not members:
        return StackIntent(key=key)
    backends = {b.id: b for m in members if has_routes(m, agreed) for b in m.backends}
    balancer = _balancer(key, members, agreed, settings)
    return StackIntent(
        key=key,
        balancer=with_addons(balancer, members[0], agreed, settings),
        front=merge_front(key, members, agreed, balancer, settings),
        listeners=merge_listeners(members, agreed, settings),
        backends=tuple(backends[id_] for id_ in sorted(backends)),
        certificates=tuple(m.certificate for m in members if m.certificate is not None),
    )


def _balancer(
    key: StackKey, members: list[MemberIntent], agreed: Agreement, settings: Settings
) -> BalancerIntent:
    scheme = agreed.value("scheme") or settings.default_load_balancer_scheme
    cluster = settings.cluster_name
    subnets: SubnetChoice = agreed.value("subnets") or DiscoveredSubnets()
    attributes = agreed.entries(_ATTRIBUTE) | members[0].params_attributes
    speaker = agreed.owner("ip address type") or members[0]
    return BalancerIntent(
        scheme=scheme,
        ip_address_type=agreed.value("ip address type") or "ipv4",
        explicit_name=agreed.value("load balancer name"),
        name=name_seed(key, cluster, scheme),
        subnets=subnets,
        security=_security(name_seed(key, cluster), agreed, settings),
        attributes=attributes,
        tags=agreed.entries(_TAG),
        customer_owned_ipv4_pool=agreed.value("address pool"),
        ip_address_type_origin=Origin(speaker.ref, rows.IP_ADDRESS_TYPE.key),
    )


def _security(name: NameSeed, agreed: Agreement, settings: Settings) -> SecurityChoice:
    owner, names = agreed.owner("security groups"), agreed.value("security groups")
    if owner is None or not names:
        return ManagedSecurityGroup(name)
    manage = agreed.value(_BACKEND_RULES)
    if manage is None:
        manage = settings.enable_manage_backend_security_group_rules
    return GivenSecurityGroups(names, manage, Origin(owner.ref, rows.SECURITY_GROUPS.key))
