"""Listeners and rules: the intent's order becomes priorities (spec 3.5, 4.5)."""

from __future__ import annotations

from alb_controller.build.elbv2.listeners import build_listener, build_rules
from alb_controller.intent import Exact, HostMatch, ListenerIntent, RouteIntent
from alb_controller.model.actions import FixedResponseAction, Rewrite, Transform
from alb_controller.model.elbv2 import HostHeader, Listener, ListenerRule, PathPattern
from alb_controller.model.refs import Ref, ResourceId
from tests.unit.build.intents import MAIN, balancer, context, listener, route, stack_intent


def built(wanted: ListenerIntent) -> Listener:
    """The listener of the load balancer."""
    return build_listener(wanted, balancer(), stack_intent(), context(), {})


def rules(*routes: RouteIntent) -> list[ListenerRule]:
    """The rules of a listener with routes."""
    return list(build_rules(listener(80, routes=routes), stack_intent(), context(), {}))


def test_a_listener_is_its_port() -> None:
    """Its id is the port in decimal, its default action the intent's."""
    made = built(listener(8080, tags={"a": "b"}))
    assert (made.id, made.port, made.protocol) == (ResourceId("Listener", "8080"), 8080, "HTTP")
    assert made.load_balancer == Ref(ResourceId("LoadBalancer", MAIN))
    assert made.default_actions == (FixedResponseAction("404", "text/plain"),)
    assert made.tags["a"] == "b"
    assert made.tags["ingress.k8s.aws/resource"] == "8080"


def test_a_plain_listener_has_nothing_of_a_secure_one() -> None:
    """And undeclared attributes are None, which leaves AWS's own alone."""
    made = built(listener(80))
    assert (made.certificates, made.ssl_policy, made.mutual_authentication) == ((), None, None)
    assert made.attributes is None


def test_routes_become_rules_from_priority_one() -> None:
    """In the order of the intent; id and tag say port and priority."""
    made = rules(route("/a", tags={"of": "a"}), route("/b"))
    assert [(r.priority, r.id.name, r.tags["ingress.k8s.aws/resource"]) for r in made] == [
        (1, "80:1", "80:1"),
        (2, "80:2", "80:2"),
    ]
    assert [r.tags.get("of") for r in made] == ["a", None]
    assert [r.conditions for r in made] == [(PathPattern(("/a",)),), (PathPattern(("/b",)),)]


def test_a_rule_has_the_conditions_and_transforms_of_its_route() -> None:
    """Transforms are as they were said."""
    transforms = (Transform("url-rewrite", (Rewrite("a", "b"),)),)
    (rule,) = rules(route(matches=(HostMatch((Exact("h"),)),), transforms=transforms))
    assert rule.conditions == (HostHeader(("h",)),)
    assert rule.transforms == transforms
