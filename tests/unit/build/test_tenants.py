"""Resources that the controller has made for one namespace, and that another one names."""

from __future__ import annotations

from typing import Any

import pytest

from alb_controller.build.context import Facts
from alb_controller.build.elbv2.actions import queries as action_queries
from alb_controller.build.tenants import queries, reached
from alb_controller.intent import (
    DefaultIntent,
    ForwardIntent,
    ForwardTarget,
    GivenSecurityGroups,
    Origin,
    StackIntent,
)
from alb_controller.model.actions import FixedResponseAction
from alb_controller.model.ownership import namespace_of
from alb_controller.model.queries import (
    SecurityGroupInfo,
    SecurityGroupsById,
    TargetGroupByName,
    TargetGroupInfo,
    TargetGroupOfCluster,
)
from alb_controller.values import Tags
from tests.unit.build.intents import KEY, WEB, balancer, context, listener, route

CLUSTER = "elbv2.k8s.aws/cluster"
STACK, RESOURCE = "ingress.k8s.aws/stack", "ingress.k8s.aws/resource"
THEIRS: dict[str, Tags] = {
    "alone": {CLUSTER: "prod", STACK: "other/web", RESOURCE: "other/web-app:80"},
    "in a group": {CLUSTER: "prod", STACK: "team", RESOURCE: "other/web-app:80"},
    "a service": {CLUSTER: "prod", "service.k8s.aws/stack": "other/app"},
    "of v1": {"ingress.k8s.aws/cluster": "prod", STACK: "other/web"},
}
NOT_THEIRS: dict[str, Tags] = {
    "own": {CLUSTER: "prod", STACK: "shop/api", RESOURCE: "shop/api-app:80"},
    "own in a group": {CLUSTER: "prod", STACK: "team", RESOURCE: "shop/web-app:80"},
    "of nobody": {"team": "edge"},
    "of another cluster": {CLUSTER: "test", STACK: "other/web"},
    "of no namespace": {CLUSTER: "prod", STACK: "team", RESOURCE: "LoadBalancer"},
    "of two": {CLUSTER: "prod", STACK: "other/web", "service.k8s.aws/stack": "other/app"},
}


def problems(facts: Facts, **fields: Any) -> list[str]:
    """What is wrong with a stack of these fields."""
    found = reached(StackIntent(key=KEY, balancers=(balancer(**fields),)), context(), facts)
    return [f"{one.problem.origin.path} {one.problem}" for one in found]


def forward(kind: Any, value: str) -> ForwardIntent:
    """All traffic to a target group of others."""
    return ForwardIntent((ForwardTarget(kind, value),))


@pytest.mark.parametrize("tags", THEIRS.values(), ids=THEIRS)
def test_a_target_group_of_another_namespace_is_named(tags: Tags) -> None:
    """By ARN or by name, of routes and of a default backend; each once for all listeners."""
    arn = TargetGroupOfCluster("arn:x")
    facts: Facts = {
        TargetGroupByName("x"): (TargetGroupInfo(name="x", arn="arn:x"),),
        arn: (TargetGroupInfo(name="x", arn="arn:x", tags=dict(tags)),),
    }
    asked = {"action": (Origin(WEB, "actions.x"),)}
    default = DefaultIntent(action=forward("name", "x"), origin=Origin(WEB, "spec.defaultBackend"))
    routes = (route(action=forward("arn", "arn:x"), asked_by=asked),)
    both = (listener(default=default, routes=routes), listener(81, routes=routes))
    reported = "target group 'x', which the controller made for namespace other"
    assert problems(facts, listeners=both) == [
        f"shop/web spec.defaultBackend: names {reported}",
        f"shop/web actions.x: names {reported.replace(chr(39) + 'x', chr(39) + 'arn:x')}",
    ]
    found = balancer(listeners=both)
    assert set(queries(found, facts)) == {arn}
    assert set(action_queries(found)) == {TargetGroupByName("x")}


@pytest.mark.parametrize("tags", NOT_THEIRS.values(), ids=NOT_THEIRS)
def test_what_is_own_or_not_of_this_cluster_is_free(tags: Tags) -> None:
    """Nor is anything said of a group that is not known."""
    facts: Facts = {
        TargetGroupOfCluster("arn:x"): (TargetGroupInfo(name="x", arn="arn:x", tags=dict(tags)),)
    }
    routes = (
        route(action=forward("arn", "arn:x")),
        route(action=forward("name", "unknown")),
        route(action=ForwardIntent.to_backend("a")),
        route(action=FixedResponseAction("200")),
    )
    default = DefaultIntent(action=forward("arn", "arn:x"))
    assert problems(facts, listeners=(listener(default=default, routes=routes),)) == []
    assert problems({}, listeners=(listener(routes=routes),)) == []
    assert namespace_of(tags, "prod") in (None, "shop")


def test_a_security_group_of_another_namespace_is_named() -> None:
    """Its tags are read anyway."""
    choice = GivenSecurityGroups(("sg-1", "sg-2"), False, Origin(WEB, "security-groups"))
    groups = (
        SecurityGroupInfo(id="sg-1", name_tag="", tags=dict(THEIRS["alone"])),
        SecurityGroupInfo(id="sg-2", name_tag="", tags={}),
    )
    facts: Facts = {SecurityGroupsById(("sg-1", "sg-2")): groups}
    (reported,) = problems(facts, security=choice)
    assert reported == (
        "shop/web security-groups: names security group 'sg-1', which the controller made for "
        "namespace other"
    )
