"""The load balancer's security groups: managed or given, and the shared one (spec 6.4)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal, assert_never, cast

from alb_controller.build.context import Context, Facts, joins_backend_group
from alb_controller.build.elbv2.names import backend_security_group_name, generated_name
from alb_controller.build.elbv2.tags import resource_tags
from alb_controller.errors import Missing
from alb_controller.intent import (
    BalancerIntent,
    GivenSecurityGroups,
    ManagedSecurityGroup,
    SameSecurityGroups,
    StackIntent,
)
from alb_controller.model.ec2 import IngressRule, SecurityGroup
from alb_controller.model.origins import AskedBy, origins_of
from alb_controller.model.ownership import BACKEND_SECURITY_GROUP, CLUSTER_TAG, SHARED_RESOURCE_TAG
from alb_controller.model.queries import (
    Query,
    SecurityGroupInfo,
    SecurityGroupsById,
    SecurityGroupsByName,
)
from alb_controller.model.refs import Ref, Reference, ResourceId
from alb_controller.settings import Settings

BACKEND = ResourceId("SecurityGroup", BACKEND_SECURITY_GROUP)
_MANAGED_DESCRIPTION = "[k8s] Managed SecurityGroup for LoadBalancer"
_BACKEND_DESCRIPTION = "[k8s] Shared Backend SecurityGroup for LoadBalancer"


def queries(balancer: BalancerIntent) -> Iterator[Query]:
    """What must be known of the user's groups."""
    if isinstance(balancer.security, GivenSecurityGroups):
        yield from _given_queries(balancer.security.names)


def managed(intent: StackIntent, context: Context) -> tuple[SecurityGroup, ...]:
    """The groups made for load balancers, open to their listeners' sources; none if given."""
    return tuple(
        SecurityGroup(
            id=_managed_id(choice),
            name=generated_name(choice.name),
            description=_MANAGED_DESCRIPTION,
            ingress=_inbound(balancer),
            tags=resource_tags(balancer.tags, context.settings, intent.key, choice.id),
            asked_by={**balancer.asked_by, **_inbound_origins(balancer)},
        )
        for balancer in intent.balancers
        if isinstance(choice := balancer.security, ManagedSecurityGroup)
    )


def of_load_balancer(
    balancer: BalancerIntent, intent: StackIntent, context: Context, facts: Facts
) -> tuple[Reference, ...]:
    """The load balancer's groups, in order; raises Missing for a name that finds none."""
    choice = balancer.security
    groups: list[Reference] = []
    match choice:
        case ManagedSecurityGroup():
            groups.append(Ref(_managed_id(choice)))
        case GivenSecurityGroups():
            groups.extend(_given(choice, facts))
        case SameSecurityGroups(balancer=other):
            return of_load_balancer(intent.balancer(other), intent, context, facts)
        case _:
            assert_never(choice)
    if joins_backend_group(choice) and context.backend_security_group is not None:
        groups.append(context.backend_security_group)
    return tuple(groups)


def of_targets(balancer: BalancerIntent, intent: StackIntent, context: Context) -> Reference | None:
    """The group that the targets must admit; None if the user opens them (spec 6.4)."""
    choice = balancer.security
    if isinstance(choice, SameSecurityGroups):
        return of_targets(intent.balancer(choice.balancer), intent, context)
    if joins_backend_group(choice) and context.backend_security_group is not None:
        return context.backend_security_group
    return Ref(_managed_id(choice)) if isinstance(choice, ManagedSecurityGroup) else None


def shared_backend(settings: Settings) -> SecurityGroup:
    """The cluster's backend group; others keep no rules on it, it is only a source (spec 6.5)."""
    return SecurityGroup(
        id=BACKEND,
        name=backend_security_group_name(settings.cluster_name),
        description=_BACKEND_DESCRIPTION,
        ingress=None,
        tags={
            **dict(sorted(settings.default_tags.items())),
            CLUSTER_TAG: settings.cluster_name,
            SHARED_RESOURCE_TAG: BACKEND_SECURITY_GROUP,
        },
    )


def _managed_id(choice: ManagedSecurityGroup) -> ResourceId:
    return ResourceId("SecurityGroup", choice.id)


def _inbound(balancer: BalancerIntent) -> tuple[IngressRule, ...]:
    """For each listener port its sources; IPv6 only where the load balancer has it."""
    rules: list[IngressRule] = []
    for listener in balancer.listeners:
        sources: list[tuple[Literal["cidr", "cidr_v6", "prefix_list"], str]] = [
            *(("cidr", c) for c in listener.inbound.cidrs_v4),
            *(("prefix_list", p) for p in listener.inbound.prefix_lists),
        ]
        if balancer.ip_address_type != "ipv4":
            sources += [("cidr_v6", c) for c in listener.inbound.cidrs_v6]
        port = listener.port
        rules += [
            IngressRule(protocol.lower(), port, port, kind, source)
            for protocol in listener.inbound.protocols
            for kind, source in sources
        ]
    return tuple(sorted(rules))


def _inbound_origins(balancer: BalancerIntent) -> AskedBy:
    return {
        f"ingress.{one.port}": origins_of(one.asked_by, ("inbound",)) for one in balancer.listeners
    }


def _is_id(name: str) -> bool:
    return name.startswith("sg-")


def _given_queries(names: tuple[str, ...]) -> Iterator[Query]:
    ids = tuple(sorted({n for n in names if _is_id(n)}))
    others = tuple(sorted({n for n in names if not _is_id(n)}))
    if ids:
        yield SecurityGroupsById(ids)
    if others:
        yield SecurityGroupsByName(others)


def given_groups(choice: GivenSecurityGroups, facts: Facts) -> list[SecurityGroupInfo]:
    """What is known of the user's groups."""
    return [
        info
        for query in _given_queries(choice.names)
        for info in cast("tuple[SecurityGroupInfo, ...]", facts.get(query, ()))
    ]


def _given(choice: GivenSecurityGroups, facts: Facts) -> list[str]:
    """Ids in the user's order, then every group that carries one of the names."""
    known = given_groups(choice, facts)
    by_id = {info.id for info in known}
    by_name = {info.name_tag for info in known}
    for name in choice.names:
        if name not in (by_id if _is_id(name) else by_name):
            problem = f"names security group {name!r}, which does not exist"
            raise Missing(choice.origin.ref, choice.origin.field, problem)
    named = sorted(i.id for i in known if i.name_tag in choice.names)
    return list(dict.fromkeys([n for n in choice.names if _is_id(n)] + named))
