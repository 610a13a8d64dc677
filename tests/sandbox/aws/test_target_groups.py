"""The local AWS keeps AWS's rules about target groups."""

from __future__ import annotations

from typing import Any

from tests.sandbox.aws.world import NOT_FOUND, World, forward, refused, tags


def _load_balancers(elbv2: Any, group: str) -> list[str]:
    shown = elbv2.describe_target_groups(TargetGroupArns=[group])["TargetGroups"][0]
    return list(shown.get("LoadBalancerArns", []))


def test_hand_back_or_refuse_taken_group(world: World, elbv2: Any) -> None:
    """A name that is taken gives the same group for the same settings, else an error."""
    first = world.target_group(HealthCheckPath="/ready", Matcher={"HttpCode": "200-204"})
    again = world.target_group(HealthCheckPath="/ready", Matcher={"HttpCode": "200-204"})
    assert again == first
    for other in ({"Port": 81}, {"HealthCheckPath": "/live"}, {"Protocol": "HTTPS"}):
        with refused("DuplicateTargetGroupName"):
            world.target_group(**other)
    assert len(elbv2.describe_target_groups()["TargetGroups"]) == 1


def test_leave_no_group_behind(world: World, elbv2: Any) -> None:
    """50 tags are taken; with 51 no group is made."""
    world.target_group(Tags=tags(50))
    with refused("TooManyTags"):
        world.target_group("other", Tags=tags(51))
    assert len(elbv2.describe_target_groups()["TargetGroups"]) == 1


def test_delete_what_is_gone(world: World, elbv2: Any) -> None:
    """A group in use stays; one that is gone can be deleted again."""
    group = world.target_group()
    listener = world.listener(world.load_balancer(), DefaultActions=[forward(group)])
    with refused("ResourceInUse"):
        elbv2.delete_target_group(TargetGroupArn=group)
    elbv2.modify_listener(ListenerArn=listener, DefaultActions=[NOT_FOUND])
    elbv2.delete_target_group(TargetGroupArn=group)
    elbv2.delete_target_group(TargetGroupArn=group)


def test_load_balancers_of_rules(world: World, elbv2: Any) -> None:
    """A group shows its load balancer as long as one of its rules or defaults forwards there."""
    balancer, one, two = world.load_balancer(), world.target_group("one"), world.target_group("two")
    listener = world.listener(balancer, DefaultActions=[forward(one)])
    rule = world.rule(listener, 1, Actions=[forward(one)])
    assert _load_balancers(elbv2, one) == [balancer["LoadBalancerArn"]]
    elbv2.modify_rule(RuleArn=rule, Actions=[forward(two)])
    elbv2.modify_listener(ListenerArn=listener, DefaultActions=[NOT_FOUND])
    assert _load_balancers(elbv2, one) == []
    assert _load_balancers(elbv2, two) == [balancer["LoadBalancerArn"]]
    elbv2.delete_target_group(TargetGroupArn=one)
    elbv2.delete_load_balancer(LoadBalancerArn=balancer["LoadBalancerArn"])
    assert _load_balancers(elbv2, two) == []


def test_refuse_shared_in_listener(world: World) -> None:
    """A group of one load balancer cannot be the default of another's listener."""
    group = world.target_group()
    world.listener(world.load_balancer("one"), DefaultActions=[forward(group)])
    with refused("TargetGroupAssociationLimit"):
        world.listener(world.load_balancer("two"), DefaultActions=[forward(group)])


def test_refuse_shared_in_changed_listener(world: World, elbv2: Any) -> None:
    """Nor can it become one later."""
    group, two = world.target_group(), world.load_balancer("two")
    listener = world.listener(two)
    world.listener(world.load_balancer("one"), DefaultActions=[forward(group)])
    with refused("TargetGroupAssociationLimit"):
        elbv2.modify_listener(ListenerArn=listener, DefaultActions=[forward(group)])


def test_refuse_shared_in_rule(world: World) -> None:
    """A group of one load balancer cannot be in another's rule; in two rules of one it can."""
    group, one = world.target_group(), world.listener(world.load_balancer("one"))
    world.rule(one, 1, Actions=[forward(group)])
    world.rule(one, 2, Actions=[forward(group)])
    with refused("TargetGroupAssociationLimit"):
        world.rule(world.listener(world.load_balancer("two")), 1, Actions=[forward(group)])


def test_refuse_shared_in_changed_rule(world: World, elbv2: Any) -> None:
    """Nor can it get there by a change, until the first load balancer lets go of it."""
    group, one = world.target_group(), world.listener(world.load_balancer("one"))
    held = world.rule(one, 1, Actions=[forward(group)])
    rule = world.rule(world.listener(world.load_balancer("two")), 1)
    with refused("TargetGroupAssociationLimit"):
        elbv2.modify_rule(RuleArn=rule, Actions=[forward(group)])
    elbv2.delete_rule(RuleArn=held)
    elbv2.modify_rule(RuleArn=rule, Actions=[forward(group)])


def test_change_matcher(world: World, elbv2: Any) -> None:
    """A matcher can be changed where the health check is HTTP, whatever the group's protocol."""
    for name, given, matcher in (
        ("grpc", {"ProtocolVersion": "GRPC"}, {"GrpcCode": "0-5"}),
        ("http", {}, {"HttpCode": "200-299"}),
        ("tcp", {"Protocol": "TCP", "HealthCheckProtocol": "HTTP"}, {"HttpCode": "200-399"}),
    ):
        group = world.target_group(name, **given)
        elbv2.modify_target_group(TargetGroupArn=group, Matcher=matcher)
        shown = elbv2.describe_target_groups(TargetGroupArns=[group])["TargetGroups"][0]
        assert shown["Matcher"] == matcher
    gone = "arn:aws:elasticloadbalancing:us-west-2:123456789012:targetgroup/gone/0"
    with refused("TargetGroupNotFound"):
        elbv2.modify_target_group(TargetGroupArn=gone, Matcher={"HttpCode": "200"})


def test_take_longest_deregistration_delay(world: World, elbv2: Any) -> None:
    """3600 seconds are allowed, 3601 are not."""
    group, key = world.target_group(), "deregistration_delay.timeout_seconds"
    elbv2.modify_target_group_attributes(
        TargetGroupArn=group, Attributes=[{"Key": key, "Value": "3600"}]
    )
    shown = elbv2.describe_target_group_attributes(TargetGroupArn=group)["Attributes"]
    assert {"Key": key, "Value": "3600"} in shown
    with refused("ValidationError"):
        elbv2.modify_target_group_attributes(
            TargetGroupArn=group, Attributes=[{"Key": key, "Value": "3601"}]
        )
