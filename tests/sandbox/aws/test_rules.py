"""The local AWS keeps AWS's rules about listener rules."""

from __future__ import annotations

from typing import Any

import pytest

from tests.sandbox.aws.world import NOT_FOUND, World, path, refused


@pytest.fixture
def listener(world: World) -> str:
    """A listener without rules."""
    return world.listener(world.load_balancer())


def _priorities(elbv2: Any, listener: str) -> dict[str, str]:
    shown = elbv2.describe_rules(ListenerArn=listener)["Rules"]
    return {rule["RuleArn"]: rule["Priority"] for rule in shown if not rule["IsDefault"]}


def _set(elbv2: Any, **priorities: Any) -> None:
    pairs = [{"RuleArn": arn, "Priority": number} for arn, number in priorities["pairs"].items()]
    elbv2.set_rule_priorities(RulePriorities=pairs)


def test_set_priorities_at_once(world: World, elbv2: Any, listener: str) -> None:
    """Rules of a batch swap; a rule outside it is in the way, and then nothing moves."""
    one, two, three = (world.rule(listener, number) for number in (1, 2, 3))
    _set(elbv2, pairs={one: 2, two: 1})
    assert _priorities(elbv2, listener) == {two: "1", one: "2", three: "3"}
    with refused("PriorityInUse"):
        _set(elbv2, pairs={one: 10, two: 3})
    assert _priorities(elbv2, listener) == {two: "1", one: "2", three: "3"}
    _set(elbv2, pairs={one: 2})


def test_check_priority_range(world: World, listener: str) -> None:
    """50,001 is no priority; 50,000 is."""
    with refused("ValidationError"):
        world.rule(listener, 50_001)
    world.rule(listener, 50_000)


def test_sort_by_priority(world: World, elbv2: Any, listener: str) -> None:
    """Rules are shown by priority, whenever they were made, the default rule last."""
    for number in (30, 4, 200):
        world.rule(listener, number)
    shown = elbv2.describe_rules(ListenerArn=listener)["Rules"]
    assert [rule["Priority"] for rule in shown] == ["4", "30", "200", "default"]


def test_refuse_too_many_rules(world: World, listener: str) -> None:
    """The 101st rule of a load balancer is refused, on any of its listeners."""
    balancer = {
        "LoadBalancerArn": listener.replace(":listener/", ":loadbalancer/").rsplit("/", 1)[0]
    }
    other = world.listener(balancer, 81)
    for number in range(1, 51):
        world.rule(listener, number)
        world.rule(other, number)
    with refused("TooManyRules"):
        world.rule(other, 51)


@pytest.mark.parametrize(
    "values, fits",
    [
        (["/1", "/2", "/3", "/4", "/5"], True),
        (["/1", "/2", "/3", "/4", "/5", "/6"], False),
        (["/*/*/*/*/?"], True),
        (["/*/*/*", "/*/*/?"], False),
    ],
)
def test_limit_conditions(world: World, listener: str, values: list[str], fits: bool) -> None:
    """Five values and five wildcards, not more."""
    if fits:
        world.rule(listener, 1, Conditions=[path(*values)])
    else:
        with refused("ValidationError"):
            world.rule(listener, 1, Conditions=[path(*values)])


def test_limit_conditions_over_all_of_a_rule(world: World, elbv2: Any, listener: str) -> None:
    """The limit is on the rule, so two conditions share it, in a change as well."""
    hosts = ["a.example", "b.example", "c.example"]
    host = {"Field": "host-header", "HostHeaderConfig": {"Values": hosts}}
    arn = world.rule(listener, 1, Conditions=[host, path("/1", "/2")])
    with refused("ValidationError"):
        elbv2.modify_rule(RuleArn=arn, Conditions=[host, path("/1", "/2", "/3")])


@pytest.mark.parametrize(
    "field, config",
    [
        pytest.param("host-header", "HostHeaderConfig", id="take_regex_of_host"),
        pytest.param("path-pattern", "PathPatternConfig", id="take_regex_of_path"),
        pytest.param("http-header", "HttpHeaderConfig", id="take_regex_of_header"),
    ],
)
def test_take_regex(world: World, elbv2: Any, listener: str, field: str, config: str) -> None:
    """Regular expressions stand in for values, and are shown again."""
    regex = {"RegexValues": ["^/a[0-9]+$"]}
    if field == "http-header":
        regex["HttpHeaderName"] = "x-team"  # type: ignore[assignment]  # a text beside a list
    world.rule(listener, 1, Conditions=[{"Field": field, config: regex}])
    shown = elbv2.describe_rules(ListenerArn=listener)["Rules"][0]["Conditions"][0]
    assert shown[config]["RegexValues"] == ["^/a[0-9]+$"]


def test_take_jwt_validation(world: World, elbv2: Any) -> None:
    """jwt-validation is an action, before one that answers."""
    listener = world.secure_listener(world.load_balancer())
    jwt = {"JwksEndpoint": "https://idp.example/jwks", "Issuer": "https://idp.example"}
    first = {"Type": "jwt-validation", "Order": 1, "JwtValidationConfig": jwt}
    world.rule(listener, 1, Actions=[first, {**NOT_FOUND, "Order": 2}])
    shown = elbv2.describe_rules(ListenerArn=listener)["Rules"][0]["Actions"]
    assert [action["Type"] for action in shown] == ["jwt-validation", "fixed-response"]


_REWRITE = {
    "Type": "url-rewrite",
    "UrlRewriteConfig": {"Rewrites": [{"Regex": "^/a/", "Replace": "/"}]},
}


def test_keep_transforms(world: World, elbv2: Any, listener: str) -> None:
    """Transforms of a new rule are shown."""
    world.rule(listener, 1, Transforms=[_REWRITE])
    assert elbv2.describe_rules(ListenerArn=listener)["Rules"][0]["Transforms"] == [_REWRITE]


def test_change_transforms(world: World, elbv2: Any, listener: str) -> None:
    """Transforms alone can be set and reset; the conditions stay."""
    arn = world.rule(listener, 1)
    elbv2.modify_rule(RuleArn=arn, Transforms=[_REWRITE])
    assert elbv2.describe_rules(RuleArns=[arn])["Rules"][0]["Transforms"] == [_REWRITE]
    elbv2.modify_rule(RuleArn=arn, ResetTransforms=True)
    shown = elbv2.describe_rules(RuleArns=[arn])["Rules"][0]
    assert not shown.get("Transforms")
    assert shown["Conditions"][0]["PathPatternConfig"]["Values"] == ["/1"]


def test_refuse_unknown_and_default(world: World, elbv2: Any, listener: str) -> None:
    """A rule is deleted once; the default rule never."""
    arn = world.rule(listener, 1)
    elbv2.delete_rule(RuleArn=arn)
    with refused("RuleNotFound"):
        elbv2.delete_rule(RuleArn=arn)
    default = elbv2.describe_rules(ListenerArn=listener)["Rules"][0]["RuleArn"]
    with refused("OperationNotPermitted"):
        elbv2.delete_rule(RuleArn=default)
