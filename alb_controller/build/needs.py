"""What a builder has to ask AWS before it can build, in AWS's nouns (architecture.md)."""

from __future__ import annotations

from alb_controller.build.context import Context, Facts
from alb_controller.build.elbv2 import actions, addons, front, security_groups, subnets, tls
from alb_controller.intent import StackIntent
from alb_controller.model.queries import Query


def needs(intent: StackIntent, context: Context, facts: Facts) -> frozenset[Query]:
    """The questions that are still open; an answer may raise another one."""
    if intent.balancer is None:
        return frozenset()
    wanted = {
        *subnets.queries(intent.balancer, context, facts),
        *security_groups.queries(intent.balancer),
        *actions.queries(intent),
        *tls.queries(intent, context),
        *addons.queries(intent.balancer.addons, context),
    }
    if intent.front is not None:
        wanted |= set(front.queries(intent.front, context, facts))
    return frozenset(q for q in wanted if q not in facts)
