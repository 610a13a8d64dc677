"""The whole stack of an application load balancer, from an intent that is complete."""

from __future__ import annotations

from alb_controller.build.context import Context, Facts
from alb_controller.build.elbv2 import security_groups, subnets
from alb_controller.build.elbv2.addons import build_addons
from alb_controller.build.elbv2.front import build_front, with_front
from alb_controller.build.elbv2.listeners import LOAD_BALANCER, build_listener, build_rules
from alb_controller.build.elbv2.names import generated_name
from alb_controller.build.elbv2.tags import resource_tags
from alb_controller.build.elbv2.target_groups import build_binding, build_target_group
from alb_controller.intent import BalancerIntent, StackIntent
from alb_controller.model.elbv2 import LoadBalancer
from alb_controller.model.stack import Stack


def build(intent: StackIntent, context: Context, facts: Facts) -> Stack:
    """Intent, facts and what is kept become the desired stack; an empty one without a balancer.

    Raises Missing for an AWS resource that a user named and that `facts` do not have, and Invalid
    for what cannot be built; both carry the object at fault.
    """
    balancer = intent.balancer
    if balancer is None:
        return Stack(key=intent.key)
    peer = security_groups.of_targets(balancer, context)
    load_balancer = _load_balancer(balancer, intent, context, facts)
    stack = Stack(
        key=intent.key,
        load_balancers=(load_balancer,),
        security_groups=security_groups.managed(intent, context),
        target_groups=tuple(
            build_target_group(b, balancer, intent, context) for b in intent.backends
        ),
        listeners=tuple(
            build_listener(listener, intent, context, facts) for listener in intent.listeners
        ),
        rules=tuple(r for li in intent.listeners for r in build_rules(li, intent, context, facts)),
        bindings=tuple(build_binding(b, intent, context, peer) for b in intent.backends),
    )
    if intent.front is None:
        return stack
    return with_front(stack, build_front(intent.front, load_balancer, intent.key, context, facts))


def _load_balancer(
    balancer: BalancerIntent, intent: StackIntent, context: Context, facts: Facts
) -> LoadBalancer:
    return LoadBalancer(
        id=LOAD_BALANCER,
        name=balancer.explicit_name or generated_name(balancer.name),
        scheme=balancer.scheme,
        ip_address_type=balancer.ip_address_type,
        subnets=subnets.choose(balancer, context, facts),
        security_groups=security_groups.of_load_balancer(balancer, context, facts),
        attributes=balancer.attributes or None,
        tags=resource_tags(balancer.tags, context.settings, intent.key, LOAD_BALANCER.name),
        customer_owned_ipv4_pool=balancer.customer_owned_ipv4_pool,
        ipv4_ipam_pool_id=balancer.ipv4_ipam_pool_id,
        capacity_units=balancer.capacity_units,
        addons=build_addons(balancer.addons, context, facts),
    )
