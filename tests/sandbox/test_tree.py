"""The tree says in a user's words what AWS holds; the savings are counted, not claimed."""

from __future__ import annotations

from typing import Any

import pytest

from alb_controller.sandbox.output import drawn
from alb_controller.sandbox.state import Listener, LoadBalancer, State, Target, TargetGroup
from alb_controller.sandbox.tree import Branch, grow, savings

ARN = "arn:tg"


def _group(*healths: str, name: str = "pods") -> TargetGroup:
    targets = tuple(Target(f"10.0.0.{n}", 80, health) for n, health in enumerate(healths))
    return TargetGroup(
        arn=ARN, name=name, kind="ip", backend="shop/web:80", targets=targets, is_in_use=True
    )


def _rule(priority: str, conditions: list[Any], *actions: dict[str, Any]) -> dict[str, Any]:
    return {
        "Priority": priority,
        "IsDefault": priority == "default",
        "Conditions": conditions,
        "Actions": list(actions),
    }


def _balancer(*rules: dict[str, Any], ingresses: int = 1, is_public: bool = True) -> LoadBalancer:
    return LoadBalancer(
        name="web",
        dns_name="web.example",
        is_public=is_public,
        zones=3,
        listeners=(Listener(80, "HTTP", rules),),
        ingresses=tuple(f"shop/{n}" for n in range(ingresses)),
    )


def _lines(*rules: dict[str, Any]) -> list[str]:
    state = State(load_balancers=(_balancer(*rules),), target_groups={ARN: _group("healthy")})
    (tree,) = grow(state)
    return [str(line) for line in drawn(tree)]


FORWARD = {"Type": "forward", "TargetGroupArn": ARN}


def test_a_tree_is_drawn_with_every_level() -> None:
    """Load balancer, name, Ingresses, listener, rules in order, groups, targets with health."""
    host = {"Field": "host-header", "HostHeaderConfig": {"Values": ["a.example", "b.example"]}}
    assert _lines(_rule("1", [host], FORWARD), _rule("default", [], FORWARD)) == [
        "ALB web  (internet-facing, 3 zones)",
        "├─ web.example",
        "├─ of shop/0",
        "└─ HTTP:80",
        "   ├─ 1  host a.example or b.example",
        "   │  └─ shop/web:80  target group pods, 1 target",
        "   │     └─ 10.0.0.0:80  healthy",
        "   └─ default",
        "      └─ shop/web:80  target group pods, 1 target, as above",
    ]


@pytest.mark.parametrize(
    "condition, texts",
    [
        ({"Field": "path-pattern", "PathPatternConfig": {"Values": ["/a"]}}, "path /a"),
        ({"Field": "path-pattern", "PathPatternConfig": {"RegexValues": ["^/a"]}}, "path ^/a"),
        ({"Field": "path-pattern", "Values": ["/old"]}, "path /old"),
        (
            {"Field": "http-request-method", "HttpRequestMethodConfig": {"Values": ["GET"]}},
            "method GET",
        ),
        ({"Field": "source-ip", "SourceIpConfig": {"Values": ["10.0.0.0/8"]}}, "source 10.0.0.0/8"),
        (
            {
                "Field": "http-header",
                "HttpHeaderConfig": {"HttpHeaderName": "x-a", "Values": ["1", "2"]},
            },
            "header x-a=1 or 2",
        ),
        (
            {"Field": "query-string", "QueryStringConfig": {"Values": [{"Value": "1"}]}},
            "query *=1",
        ),
    ],
)
def test_every_condition_has_a_text(condition: dict[str, Any], texts: str) -> None:
    """No condition of a rule is hidden."""
    assert f"   └─ 7  {texts}" in _lines(_rule("7", [condition], FORWARD))


@pytest.mark.parametrize(
    "action, texts",
    [
        (
            {
                "Type": "redirect",
                "RedirectConfig": {
                    "Protocol": "HTTPS",
                    "Port": "443",
                    "Host": "#{host}",
                    "Path": "/#{path}",
                    "StatusCode": "HTTP_301",
                },
            },
            "redirect to https, port 443 (301)",
        ),
        (
            {"Type": "redirect", "RedirectConfig": {"Path": "/new", "StatusCode": "HTTP_302"}},
            "redirect to path /new (302)",
        ),
        ({"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "404"}}, "answer 404"),
        ({"Type": "authenticate-oidc"}, "authenticate-oidc"),
    ],
)
def test_every_action_has_a_text(action: dict[str, Any], texts: str) -> None:
    """What a rule answers by itself is said on its line."""
    assert f"   └─ default  → {texts}" in _lines(_rule("default", [], action))


def test_weights_are_shown_where_there_is_a_choice() -> None:
    """Two groups of one rule say their share."""
    groups = [{"TargetGroupArn": ARN, "Weight": 9}, {"TargetGroupArn": "arn:gone", "Weight": 1}]
    action = {"Type": "forward", "ForwardConfig": {"TargetGroups": groups}}
    assert any("(weight 9)" in line for line in _lines(_rule("1", [], action)))


def test_savings_are_the_difference() -> None:
    """Three Ingresses on one public load balancer in three zones: two are saved."""
    first, second, _ = savings(State(load_balancers=(_balancer(ingresses=3),)))
    assert first == "One load balancer for each Ingress would be 3; there is 1."
    # 730 hours of 0.0225 and of three addresses at 0.005: 27.375, and three times that
    assert second == "Idle, that is $27.38 a month instead of $82.13: $54.75 less."


def test_nothing_made_saves_nothing() -> None:
    """No load balancer, no claim; one alone saves nothing, and costs what it costs."""
    assert savings(State()) == []
    alone = savings(State(load_balancers=(_balancer(is_public=False),)))[0]
    assert alone == "Nothing is shared here. Idle, that is $16.43 a month."


def test_drawing_keeps_every_line_of_a_branch() -> None:
    """Guides go on beside what stands below."""
    tree = Branch("a", branches=[Branch("b", branches=[Branch("c")]), Branch("d")])
    assert [str(line) for line in drawn(tree)] == ["a", "├─ b", "│  └─ c", "└─ d"]
