"""Actions: forwards by Service, ARN or name, and the guard before them (spec 1.2, 4.3)."""

from __future__ import annotations

from typing import Any

import pytest

from alb_controller.build.context import Facts
from alb_controller.build.elbv2.actions import build_actions, queries
from alb_controller.errors import Missing
from alb_controller.intent import DefaultIntent, ForwardIntent, ForwardTarget, Origin
from alb_controller.model.actions import FixedResponseAction, JwtValidationAction
from alb_controller.model.elbv2 import Action, ForwardAction, WeightedTargetGroup
from alb_controller.model.queries import TargetGroupByName, TargetGroupInfo
from alb_controller.model.refs import Ref, ResourceId
from tests.unit.build.intents import WEB, balancer, listener, route

A, B = (ResourceId("TargetGroup", name) for name in "ab")
NAMED = ForwardIntent((ForwardTarget("name", "mine"),))
GUARD = JwtValidationAction(jwks_endpoint="https://j", issuer="i")


def backends(*weights: tuple[str, int | None]) -> ForwardIntent:
    """A forward to backends."""
    return ForwardIntent(tuple(ForwardTarget("backend", id_, weight) for id_, weight in weights))


def built(action: Any, **fields: Any) -> tuple[Action, ...]:
    """The actions of a route; AWS has the target group mine."""
    facts: Facts = {TargetGroupByName("mine"): (TargetGroupInfo(name="mine", arn="arn:mine"),)}
    return build_actions(route(action=action, **fields), facts)


@pytest.mark.parametrize(
    "wanted,made",
    [
        (backends(("a", None)), ForwardAction((WeightedTargetGroup(Ref(A), None),))),
        (backends(("a", 7)), ForwardAction((WeightedTargetGroup(Ref(A), 7),))),
        (
            backends(("a", 1), ("b", 9)),
            ForwardAction((WeightedTargetGroup(Ref(A), 1), WeightedTargetGroup(Ref(B), 9))),
        ),
        (
            ForwardIntent((ForwardTarget("arn", "arn:x"),), True, 60),
            ForwardAction((WeightedTargetGroup("arn:x"),), True, 60),
        ),
        (ForwardIntent.to_balancer("b"), ForwardAction((WeightedTargetGroup(Ref(B)),))),
        (NAMED, ForwardAction((WeightedTargetGroup("arn:mine"),))),
        (FixedResponseAction("503"), FixedResponseAction("503")),
    ],
)
def test_a_forward_names_target_groups(wanted: object, made: Action) -> None:
    """With the weights that were given, a single one's too (spec 3.7); other actions stay."""
    assert built(wanted) == (made,)


def test_a_guard_stands_before_the_action() -> None:
    """It is never left out: which listeners can have one is the front end's to say."""
    answer = FixedResponseAction("200")
    assert built(answer, guard=GUARD) == (GUARD, answer)
    assert built(answer) == (answer,)


def test_target_groups_by_name_are_asked_for() -> None:
    """Of routes and default actions; ARNs and backends are known."""
    of = listener(default=DefaultIntent(action=NAMED), routes=(route(action=backends(("a", 1))),))
    other = listener(81, routes=(route(action=ForwardIntent((ForwardTarget("name", "two"),))),))
    found = set(queries(balancer(listeners=(of, other))))
    assert found == {TargetGroupByName("mine"), TargetGroupByName("two")}


@pytest.mark.parametrize("facts", [{}, {TargetGroupByName("mine"): ()}])
def test_a_target_group_that_does_not_exist_is_named(facts: Any) -> None:
    """The object and field that named it are in the error."""
    wanted = DefaultIntent(action=NAMED, origin=Origin(WEB, "spec.defaultBackend"))
    with pytest.raises(Missing) as raised:
        build_actions(wanted, facts)
    assert raised.value.origin == WEB
    assert str(raised.value) == (
        "spec.defaultBackend: names target group 'mine', which does not exist"
    )
