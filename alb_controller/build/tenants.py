"""What an object names of AWS that the controller has made for another namespace (ADR 34)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple, TypeAlias, cast

from alb_controller.build.context import Context, Facts
from alb_controller.build.elbv2.actions import named_groups
from alb_controller.build.elbv2.security_groups import given_groups
from alb_controller.errors import Invalid
from alb_controller.intent import (
    BalancerIntent,
    DefaultIntent,
    ForwardIntent,
    ForwardTarget,
    GivenSecurityGroups,
    Origin,
    RouteIntent,
    StackIntent,
)
from alb_controller.model.ownership import namespace_of
from alb_controller.model.queries import Query, TargetGroupInfo, TargetGroupOfCluster
from alb_controller.values import Tags

_Named: TypeAlias = tuple[Origin, ForwardTarget]


def queries(balancer: BalancerIntent, facts: Facts) -> Iterator[Query]:
    """What must be known of target groups that are forwarded to."""
    for _, target in _named_targets(balancer):
        for arn in named_groups(target, facts):
            yield TargetGroupOfCluster(arn)


class Reached(NamedTuple):
    """A resource of another namespace that an object names."""

    what: str
    tags: Tags
    """Whose it is."""
    problem: Invalid


def reached(intent: StackIntent, context: Context, facts: Facts) -> Iterator[Reached]:
    """Each once for each field that names it."""
    cluster = context.settings.cluster_name
    found: dict[tuple[Origin, str], Reached] = {}
    for balancer in intent.balancers:
        for origin, what, tags in (*_targets(balancer, facts), *_groups(balancer, facts)):
            namespace = namespace_of(tags, cluster)
            if namespace is not None and namespace != origin.ref.namespace:
                problem = f"names {what}, which the controller made for namespace {namespace}"
                found[origin, what] = Reached(
                    what, tags, Invalid(origin.ref, origin.field, problem)
                )
    yield from found.values()


def _targets(balancer: BalancerIntent, facts: Facts) -> Iterator[tuple[Origin, str, Tags]]:
    for origin, target in _named_targets(balancer):
        for arn in named_groups(target, facts):
            answer = facts.get(TargetGroupOfCluster(arn), ())
            for info in cast("tuple[TargetGroupInfo, ...]", answer):
                yield origin, f"target group {target.value!r}", info.tags


def _groups(balancer: BalancerIntent, facts: Facts) -> Iterator[tuple[Origin, str, Tags]]:
    choice = balancer.security
    if isinstance(choice, GivenSecurityGroups):
        for info in given_groups(choice, facts):
            yield choice.origin, f"security group {info.id!r}", info.tags


def _named_targets(balancer: BalancerIntent) -> Iterator[_Named]:
    for listener in balancer.listeners:
        actions: list[RouteIntent | DefaultIntent] = [listener.default, *listener.routes]
        for one in actions:
            action, origin = one.action, _origin(one)
            if origin is not None and isinstance(action, ForwardIntent):
                yield from ((origin, t) for t in action.targets if t.kind in ("arn", "name"))


def _origin(one: RouteIntent | DefaultIntent) -> Origin | None:
    """Who named it, by the annotation where it is known."""
    asked = one.asked_by.get("action", ()) if isinstance(one, RouteIntent) else ()
    return asked[0] if asked else one.origin
