"""The whole stack of Elastic Load Balancing, from an intent that is complete."""

from __future__ import annotations

from alb_controller.build.context import Context, Facts
from alb_controller.build.elbv2 import security_groups
from alb_controller.build.elbv2.balancers import build_balancer
from alb_controller.build.elbv2.listeners import build_listener, build_rules
from alb_controller.build.elbv2.target_groups import (
    build_balancer_group,
    build_binding,
    build_target_group,
)
from alb_controller.intent import StackIntent
from alb_controller.model.stack import Stack


def build(intent: StackIntent, context: Context, facts: Facts) -> Stack:
    """Intent, facts and the state of AWS become the desired stack; an empty one of no balancers.

    Raises Missing for an AWS resource that a user named and that `facts` do not have, and Invalid
    for what cannot be built; both carry the object at fault.
    """
    if not intent.balancers:
        return Stack(key=intent.key, deletion=intent.deletion, asked_by=intent.asked_by)
    listeners = [(listener, one) for one in intent.balancers for listener in one.listeners]
    return Stack(
        key=intent.key,
        load_balancers=tuple(build_balancer(b, intent, context, facts) for b in intent.balancers),
        security_groups=security_groups.managed(intent, context),
        target_groups=(
            *(build_target_group(b, intent, context) for b in intent.backends),
            *(build_balancer_group(b, intent, context) for b in intent.balancer_backends),
        ),
        listeners=tuple(build_listener(li, b, intent, context, facts) for li, b in listeners),
        rules=tuple(r for li, _ in listeners for r in build_rules(li, intent, context, facts)),
        bindings=tuple(build_binding(b, intent, context) for b in intent.backends),
        deletion=intent.deletion,
        asked_by=intent.asked_by,
    )
