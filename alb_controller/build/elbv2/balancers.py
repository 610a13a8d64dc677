"""Load balancers of both families; what one family alone has is in the options (spec 6, 6.8)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import assert_never

import msgspec

from alb_controller.build.context import Context, Facts
from alb_controller.build.elbv2 import addons, security_groups, subnets
from alb_controller.build.elbv2.names import balancer_name
from alb_controller.build.elbv2.tags import resource_tags
from alb_controller.errors import Invalid
from alb_controller.intent import (
    ApplicationOptions,
    BalancerIntent,
    NetworkOptions,
    StackIntent,
    SubnetAddresses,
)
from alb_controller.model.elbv2 import LoadBalancer
from alb_controller.model.origins import renamed
from alb_controller.model.queries import Query
from alb_controller.model.refs import ResourceId

_FIELDS = {
    "explicit_name": "name",
    "security": "security_groups",
    "elastic_ips": "allocation_ids",
    "web_acl": "web_acl_arn",
    "shield": "protection",
}
"""Of an intent, where a load balancer has another name for them."""


def queries(balancer: BalancerIntent, context: Context, facts: Facts) -> Iterator[Query]:
    """What must be known of its subnets, security groups and add-ons."""
    yield from subnets.queries(balancer, context, facts)
    yield from security_groups.queries(balancer)
    if isinstance(balancer.options, ApplicationOptions):
        yield from addons.queries(balancer.options.addons, context)


def build_balancer(
    balancer: BalancerIntent, intent: StackIntent, context: Context, facts: Facts
) -> LoadBalancer:
    """A load balancer; raises Missing and Invalid as `build` does."""
    made = LoadBalancer(
        id=balancer_id(balancer.id),
        name=balancer_name(balancer),
        type=balancer.family,
        scheme=balancer.scheme,
        ip_address_type=balancer.ip_address_type,
        subnets=subnets.choose(balancer, context, facts),
        security_groups=security_groups.of_load_balancer(balancer, intent, context, facts),
        attributes=balancer.attributes or None,
        tags=resource_tags(balancer.tags, context.settings, intent.key, balancer.id),
        capacity_units=balancer.capacity_units,
        asked_by=renamed(balancer.asked_by, _FIELDS),
    )
    match balancer.options:
        case ApplicationOptions() as options:
            return msgspec.structs.replace(
                made,
                customer_owned_ipv4_pool=options.customer_owned_ipv4_pool,
                ipv4_ipam_pool_id=options.ipv4_ipam_pool_id,
                addons=addons.build_addons(options.addons, context, facts),
            )
        case NetworkOptions() as options:
            addresses = _elastic_ips(options.elastic_ips, made)
            return msgspec.structs.replace(made, allocation_ids=addresses)
        case _:
            assert_never(balancer.options)


def balancer_id(name: str) -> ResourceId:
    """The id that a balancer has in the stack."""
    return ResourceId("LoadBalancer", name)


def _elastic_ips(given: SubnetAddresses | None, balancer: LoadBalancer) -> tuple[str, ...]:
    """Raises Invalid where they do not fit: one a subnet, and on the internet."""
    if given is None:
        return ()
    origin, count = given.origin, len(balancer.subnets)
    if balancer.scheme != "internet-facing":
        problem = f"needs an internet-facing load balancer: this one is {balancer.scheme}"
        raise Invalid(origin.ref, origin.field, problem)
    if len(given.values) != count:
        problem = (
            f"names {len(given.values)} addresses for {count} subnets: allowed is one for each"
        )
        raise Invalid(origin.ref, origin.field, problem)
    return given.values
