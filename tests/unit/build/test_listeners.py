"""Listeners and rules: the intent's order becomes priorities (spec 3.5, 4.5)."""

from __future__ import annotations

import pytest

from alb_controller.build.elbv2.listeners import build_listener, build_rules
from alb_controller.build.elbv2.stack import LOAD_BALANCER
from alb_controller.intent import ForwardIntent, ForwardTarget
from alb_controller.model.elbv2 import (
    FixedResponseAction,
    ForwardAction,
    HostHeader,
    PathPattern,
    Rewrite,
    Transform,
    WeightedTargetGroup,
)
from alb_controller.model.refs import Ref, ResourceId
from tests.unit.build.intents import context, listener, route, stack_intent

A, B = (ResourceId("TargetGroup", name) for name in "ab")


def to(*weighted: tuple[str, int | None]) -> ForwardIntent:
    """A forward to backends with weights."""
    return ForwardIntent(tuple(ForwardTarget("backend", id_, w) for id_, w in weighted))


def test_a_listener_is_its_port() -> None:
    """Its id is the port in decimal, its default action the intent's."""
    made = build_listener(listener(8080, tags={"a": "b"}), LOAD_BALANCER, stack_intent(), context())
    assert (made.id, made.port, made.protocol) == (ResourceId("Listener", "8080"), 8080, "HTTP")
    assert made.default_actions == (FixedResponseAction("404", "text/plain"),)
    assert made.tags["a"] == "b"
    assert made.tags["ingress.k8s.aws/resource"] == "8080"


def test_routes_become_rules_from_priority_one() -> None:
    """In the order of the intent; id and tag say port and priority."""
    routes = (route("/a", tags={"of": "a"}), route("/b"))
    rules = list(build_rules(listener(80, routes=routes), stack_intent(), context()))
    assert [(r.priority, r.id.name, r.tags["ingress.k8s.aws/resource"]) for r in rules] == [
        (1, "80:1", "80:1"),
        (2, "80:2", "80:2"),
    ]
    assert [r.tags.get("of") for r in rules] == ["a", None]
    assert [r.conditions for r in rules] == [(PathPattern(("/a",)),), (PathPattern(("/b",)),)]


def test_conditions_are_sorted_by_field_as_aws_returns_them() -> None:
    """Stable within one field."""
    conditions = (PathPattern(("/z",)), HostHeader(("h",)), PathPattern(("/a",)))
    routes = (route(conditions=conditions),)
    (rule,) = build_rules(listener(routes=routes), stack_intent(), context())
    assert rule.conditions == (HostHeader(("h",)), PathPattern(("/z",)), PathPattern(("/a",)))


@pytest.mark.parametrize(
    "wanted,made",
    [
        (to(("a", None)), ForwardAction((WeightedTargetGroup(Ref(A), None),))),
        (to(("a", 7)), ForwardAction((WeightedTargetGroup(Ref(A), None),))),
        (
            to(("a", 1), ("b", 9)),
            ForwardAction((WeightedTargetGroup(Ref(A), 1), WeightedTargetGroup(Ref(B), 9))),
        ),
        (FixedResponseAction("503"), FixedResponseAction("503")),
    ],
)
def test_a_forward_names_target_groups(wanted: ForwardIntent, made: ForwardAction) -> None:
    """The weight of a single one has no effect, so it is not there; other actions stay."""
    transforms = (Transform("url-rewrite", (Rewrite("a", "b"),)),)
    routes = (route(action=wanted, transforms=transforms),)
    (rule,) = build_rules(listener(routes=routes), stack_intent(), context())
    assert (rule.actions, rule.transforms) == ((made,), transforms)
