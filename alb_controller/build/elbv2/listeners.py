"""Listeners and their rules; the intent's order becomes priorities 1..n (spec 3.5, 4.5)."""

from __future__ import annotations

from collections.abc import Iterator

from alb_controller.build.context import Context, Facts
from alb_controller.build.elbv2.actions import build_actions
from alb_controller.build.elbv2.balancers import balancer_id
from alb_controller.build.elbv2.conditions import build_conditions
from alb_controller.build.elbv2.splitting import split_conditions
from alb_controller.build.elbv2.tags import resource_tags
from alb_controller.build.elbv2.tls import choose_certificates, choose_mutual_authentication
from alb_controller.intent import BalancerIntent, ListenerIntent, StackIntent
from alb_controller.model.elbv2 import Listener, ListenerRule
from alb_controller.model.origins import WHOLE, entries, renamed
from alb_controller.model.refs import Ref, ResourceId

_FIELDS = {"default": "default_actions", "policy": "ssl_policy", "mutual": "mutual_authentication"}
"""Of an intent, where a listener has another name for them."""
_RULE_FIELDS = {"matches": "conditions", "action": "actions"}


def build_listener(
    listener: ListenerIntent,
    balancer: BalancerIntent,
    intent: StackIntent,
    context: Context,
    facts: Facts,
) -> Listener:
    """One port of the load balancer."""
    id_ = listener_id(listener)
    certificates = choose_certificates(listener, balancer, context, facts)
    return Listener(
        id=id_,
        load_balancer=Ref(balancer_id(balancer.id)),
        port=listener.port,
        protocol=listener.protocol,
        default_actions=build_actions(listener.default, facts),
        certificates=tuple(certificates),
        ssl_policy=listener.tls.policy if listener.tls else None,
        mutual_authentication=choose_mutual_authentication(listener, context, facts),
        attributes=listener.attributes or None,
        tags=resource_tags(listener.tags, context.settings, intent.key, id_.name),
        asked_by={**renamed(listener.asked_by, _FIELDS), **entries("certificates", certificates)},
    )


def build_rules(
    listener: ListenerIntent, intent: StackIntent, context: Context, facts: Facts
) -> Iterator[ListenerRule]:
    """The listener's rules in order of priority; one of too many condition values is several."""
    wanted = (
        (route, conditions)
        for route in listener.routes
        for conditions in split_conditions(build_conditions(route.matches), context.quotas)
    )
    for priority, (route, conditions) in enumerate(wanted, start=1):
        id_ = ResourceId("ListenerRule", f"{listener.id}:{priority}")
        yield ListenerRule(
            id=id_,
            listener=Ref(listener_id(listener)),
            priority=priority,
            conditions=conditions,
            actions=build_actions(route, facts),
            transforms=route.transforms,
            tags=resource_tags(route.tags, context.settings, intent.key, id_.name),
            asked_by={WHOLE: (route.origin,), **renamed(route.asked_by, _RULE_FIELDS)},
        )


def listener_id(listener: ListenerIntent) -> ResourceId:
    """The id that a listener has in the stack."""
    return ResourceId("Listener", listener.id)
