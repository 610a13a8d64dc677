"""The load balancer's security groups: managed or given, and the shared one (spec 6.4)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal, assert_never, cast

from alb_controller.build.context import Context, Facts
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
from alb_controller.model.ownership import BACKEND_SECURITY_GROUP, CLUSTER_TAG, SHARED_RESOURCE_TAG
from alb_controller.model.queries import (
    Query,
    SecurityGroupInfo,
    SecurityGroupsById,
    SecurityGroupsByName,
)
from alb_controller.model.refs import Ref, Reference, ResourceId
from alb_controller.settings import Settings

MANAGED = ResourceId("SecurityGroup", "ManagedLBSecurityGroup")
BACKEND = ResourceId("SecurityGroup", BACKEND_SECURITY_GROUP)
_MANAGED_DESCRIPTION = "[k8s] Managed SecurityGroup for LoadBalancer"
_BACKEND_DESCRIPTION = "[k8s] Shared Backend SecurityGroup for LoadBalancer"


def queries(balancer: BalancerIntent) -> Iterator[Query]:
    """What must be known of the user's groups."""
    if isinstance(balancer.security, GivenSecurityGroups):
        yield from _given_queries(balancer.security.names)


def managed(intent: StackIntent, context: Context) -> tuple[SecurityGroup, ...]:
    """The group made for this load balancer, open to its listeners' sources; none if given."""
    balancer = intent.balancer
    if balancer is None or not isinstance(balancer.security, ManagedSecurityGroup):
        return ()
    return (
        SecurityGroup(
            id=MANAGED,
            name=generated_name(balancer.security.name),
            description=_MANAGED_DESCRIPTION,
            ingress=_inbound(intent, balancer),
            tags=resource_tags(balancer.tags, context.settings, intent.key, MANAGED.name),
        ),
    )


def of_load_balancer(
    balancer: BalancerIntent, context: Context, facts: Facts, behind: tuple[Reference, ...] = ()
) -> tuple[Reference, ...]:
    """The load balancer's groups, in order; raises Missing for a name that finds none.

    `behind` are those of the load balancer behind, for one in front.
    """
    groups: list[Reference] = []
    match balancer.security:
        case ManagedSecurityGroup():
            groups.append(Ref(MANAGED))
        case GivenSecurityGroups():
            groups.extend(_given(balancer.security, facts))
        case SameSecurityGroups():
            groups.extend(behind)
        case _:
            assert_never(balancer.security)
    if context.backend_security_group is not None:
        groups.append(context.backend_security_group)
    return tuple(groups)


def of_targets(balancer: BalancerIntent, context: Context) -> Reference | None:
    """The group that the targets must admit; None if the user opens them (spec 6.4)."""
    if context.backend_security_group is not None:
        return context.backend_security_group
    return Ref(MANAGED) if isinstance(balancer.security, ManagedSecurityGroup) else None


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


def _inbound(intent: StackIntent, balancer: BalancerIntent) -> tuple[IngressRule, ...]:
    """For each listener port its sources; IPv6 only where the load balancer has it."""
    rules: list[IngressRule] = []
    for listener in intent.listeners:
        sources: list[tuple[Literal["cidr", "cidr_v6", "prefix_list"], str]] = [
            *(("cidr", c) for c in listener.inbound.cidrs_v4),
            *(("prefix_list", p) for p in listener.inbound.prefix_lists),
        ]
        if balancer.ip_address_type != "ipv4":
            sources += [("cidr_v6", c) for c in listener.inbound.cidrs_v6]
        port = listener.port
        rules += [IngressRule("tcp", port, port, kind, source) for kind, source in sources]
    return tuple(sorted(rules))


def _is_id(name: str) -> bool:
    return name.startswith("sg-")


def _given_queries(names: tuple[str, ...]) -> Iterator[Query]:
    ids = tuple(sorted({n for n in names if _is_id(n)}))
    others = tuple(sorted({n for n in names if not _is_id(n)}))
    if ids:
        yield SecurityGroupsById(ids)
    if others:
        yield SecurityGroupsByName(others)


def _given(choice: GivenSecurityGroups, facts: Facts) -> list[str]:
    """Ids in the user's order, then every group that carries one of the names."""
    known = [
        info
        for query in _given_queries(choice.names)
        for info in cast("tuple[SecurityGroupInfo, ...]", facts.get(query, ()))
    ]
    by_id = {info.id for info in known}
    by_name = {info.name_tag for info in known}
    for name in choice.names:
        if name not in (by_id if _is_id(name) else by_name):
            problem = f"names security group {name!r}, which does not exist"
            raise Missing(choice.origin.ref, choice.origin.field, problem)
    named = sorted(i.id for i in known if i.name_tag in choice.names)
    return list(dict.fromkeys([n for n in choice.names if _is_id(n)] + named))
