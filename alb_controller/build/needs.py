"""What a builder has to ask AWS before it can build, in AWS's nouns (architecture.md)."""

from __future__ import annotations

from alb_controller.build import tenants
from alb_controller.build.context import Context, Facts
from alb_controller.build.elbv2 import actions, balancers, tls
from alb_controller.intent import StackIntent
from alb_controller.model.queries import Query


def needs(intent: StackIntent, context: Context, facts: Facts) -> frozenset[Query]:
    """The questions that are still open; an answer may raise another one."""
    return frozenset(
        query
        for balancer in intent.balancers
        for query in (
            *balancers.queries(balancer, context, facts),
            *actions.queries(balancer),
            *tls.queries(balancer, context),
            *tenants.queries(balancer, facts),
        )
        if query not in facts
    )
