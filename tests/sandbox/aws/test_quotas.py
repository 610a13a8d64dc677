"""The local AWS gives an account what AWS gives it, and refuses what is beyond."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from alb_controller.model.limits import QUOTAS
from alb_controller.sandbox.aws.moto_patches import ACCOUNT
from tests.sandbox.aws.world import NOT_FOUND, World, forward, path, refused, tags

Lower = Callable[..., None]


@pytest.fixture
def lower(monkeypatch: pytest.MonkeyPatch) -> Lower:
    """Set quotas of the account for a test: those of AWS take long to use up."""

    def to(most: int, *names: str) -> None:
        for name in names:
            monkeypatch.setitem(ACCOUNT, name, most)

    return to


def test_the_account_has_the_defaults() -> None:
    """Nothing is raised, unless somebody does it."""
    assert {name: quota.most for name, quota in QUOTAS.items()} == ACCOUNT


def test_show_account_limits(elbv2: Any, lower: Lower) -> None:
    """The account's own quotas are shown, raised ones too, under AWS's names."""
    lower(200, "rules-per-application-load-balancer")
    shown = {one["Name"]: one["Max"] for one in elbv2.describe_account_limits()["Limits"]}
    assert shown["rules-per-application-load-balancer"] == "200"
    assert shown["target-groups-per-application-load-balancer"] == "100"
    assert "rules-per-security-group" not in shown


def test_refuse_too_many_load_balancers(world: World, lower: Lower) -> None:
    """One more is refused; the same again is none more, and other types are counted apart."""
    lower(1, "application-load-balancers")
    world.load_balancer("one")
    with refused("TooManyLoadBalancers"):
        world.load_balancer("two")
    world.load_balancer("one")
    world.load_balancer("two", Type="network")


def test_refuse_too_many_target_groups(world: World, lower: Lower) -> None:
    """One more is refused; the same again is none more."""
    lower(1, "target-groups")
    world.target_group("one")
    with refused("TooManyTargetGroups"):
        world.target_group("two")
    world.target_group("one")


def test_refuse_too_many_groups_of_action(world: World) -> None:
    """A forward to a sixth target group is refused, to five it is taken."""
    listener = world.listener(world.load_balancer())
    groups = [world.target_group(f"pods-{number}") for number in range(6)]
    with refused("TooManyTargetGroups"):
        world.rule(listener, 2, Actions=[forward(*groups)])
    world.rule(listener, 2, Actions=[forward(*groups[:5])])


def test_refuse_too_many_groups_of_balancer(world: World, elbv2: Any, lower: Lower) -> None:
    """Target groups are counted once over all listeners; a change is counted as it ends."""
    lower(2, "target-groups-per-application-load-balancer")
    balancer = world.load_balancer()
    one, two, three = (world.target_group(name) for name in ("one", "two", "three"))
    listener = world.listener(balancer, DefaultActions=[forward(one)])
    rule = world.rule(listener, 1, Actions=[forward(one, two)])
    code = "TooManyUniqueTargetGroupsPerLoadBalancer"
    with refused(code):
        world.rule(listener, 2, Actions=[forward(three)])
    with refused(code):
        world.listener(balancer, 81, DefaultActions=[forward(three)])
    with refused(code):
        elbv2.modify_listener(ListenerArn=listener, DefaultActions=[forward(three)])
    elbv2.modify_rule(RuleArn=rule, Actions=[forward(three)])
    elbv2.modify_rule(RuleArn=rule, Conditions=[path("/other")])
    elbv2.modify_listener(ListenerArn=listener, DefaultActions=[NOT_FOUND])
    world.rule(listener, 2, Actions=[forward(two)])


def test_the_hundred_and_first_target_group_of_a_load_balancer_is_refused(world: World) -> None:
    """AWS's own number: 100 work; one more is refused until one is out."""
    listener = world.listener(world.load_balancer())
    groups = [world.target_group(f"pods-{number}") for number in range(101)]
    for number in range(20):
        world.rule(listener, number + 1, Actions=[forward(*groups[number * 5 : number * 5 + 5])])
    with refused("TooManyUniqueTargetGroupsPerLoadBalancer"):
        world.rule(listener, 50, Actions=[forward(groups[100])])


def test_refuse_too_many_targets_of_group(world: World, elbv2: Any, lower: Lower) -> None:
    """A target is an address and a port; one that is registered again is none more."""
    lower(2, "targets-per-target-group")
    group = world.target_group()
    targets = [{"Id": "10.0.0.1", "Port": port} for port in (80, 81)]
    elbv2.register_targets(TargetGroupArn=group, Targets=targets)
    with refused("TooManyTargets"):
        elbv2.register_targets(TargetGroupArn=group, Targets=[{"Id": "10.0.0.1", "Port": 82}])
    elbv2.register_targets(TargetGroupArn=group, Targets=targets)
    elbv2.deregister_targets(TargetGroupArn=group, Targets=targets[:1])
    elbv2.register_targets(TargetGroupArn=group, Targets=[{"Id": "10.0.0.1", "Port": 82}])


def test_refuse_too_many_targets_of_balancer(world: World, elbv2: Any, lower: Lower) -> None:
    """Targets of all groups are counted, when they come and when a group is put to use."""
    lower(2, "targets-per-application-load-balancer")
    listener = world.listener(world.load_balancer())
    one, two = world.target_group("one"), world.target_group("two")
    for group, address in ((one, "10.0.0.1"), (two, "10.0.0.2"), (two, "10.0.0.3")):
        elbv2.register_targets(TargetGroupArn=group, Targets=[{"Id": address}])
    world.rule(listener, 1, Actions=[forward(one)])
    with refused("TooManyTargets"):
        world.rule(listener, 2, Actions=[forward(two)])
    elbv2.deregister_targets(TargetGroupArn=two, Targets=[{"Id": "10.0.0.3"}])
    world.rule(listener, 2, Actions=[forward(two)])
    with refused("TooManyTargets"):
        elbv2.register_targets(TargetGroupArn=one, Targets=[{"Id": "10.0.0.4"}])


def test_a_target_may_be_registered_so_often(world: World, elbv2: Any, lower: Lower) -> None:
    """The registrations of one target with a load balancer are counted over its groups."""
    lower(1, "target-id-registrations-per-application-load-balancer")
    listener = world.listener(world.load_balancer())
    group = world.target_group()
    world.rule(listener, 1, Actions=[forward(group)])
    elbv2.register_targets(TargetGroupArn=group, Targets=[{"Id": "10.0.0.1"}])
    with refused("TooManyRegistrationsForTargetId"):
        elbv2.register_targets(TargetGroupArn=group, Targets=[{"Id": "10.0.0.1", "Port": 81}])


def test_refuse_too_many_security_groups(world: World, elbv2: Any, lower: Lower) -> None:
    """A load balancer has so many at most, from the start and later."""
    lower(1, "security-groups-per-load-balancer")
    two = [world.ids["edge-sg"], world.ids["office-sg"]]
    with refused("InvalidConfigurationRequest"):
        world.load_balancer(SecurityGroups=two)
    arn = world.load_balancer(SecurityGroups=two[:1])["LoadBalancerArn"]
    with refused("InvalidConfigurationRequest"):
        elbv2.set_security_groups(LoadBalancerArn=arn, SecurityGroups=two)


def test_refuse_too_many_trust_stores(elbv2: Any, lower: Lower) -> None:
    """One more is refused."""
    lower(1, "trust-stores")
    bundle = {"CaCertificatesBundleS3Bucket": "b", "CaCertificatesBundleS3Key": "k"}
    elbv2.create_trust_store(Name="one", **bundle)
    with refused("TooManyTrustStores"):
        elbv2.create_trust_store(Name="two", **bundle)


def test_quotas_that_other_patches_hold_can_be_set(world: World, elbv2: Any, lower: Lower) -> None:
    """Listeners, rules, certificates and tags are counted against the account's quotas too."""
    lower(
        1,
        "listeners-per-application-load-balancer",
        "rules-per-application-load-balancer",
        "certificates-per-application-load-balancer",
        "tags-per-resource",
    )
    balancer = world.load_balancer()
    listener = world.secure_listener(balancer)
    with refused("TooManyListeners"):
        world.listener(balancer, 80)
    world.rule(listener, 1)
    with refused("TooManyRules"):
        world.rule(listener, 2)
    arns = [world.ids[f"cert:{name}"] for name in ("myapi.example", "admin.shop.example")]
    add = elbv2.add_listener_certificates
    add(ListenerArn=listener, Certificates=[{"CertificateArn": arns[0]}])
    with refused("TooManyCertificates"):
        add(ListenerArn=listener, Certificates=[{"CertificateArn": arns[1]}])
    with refused("TooManyTags"):
        elbv2.add_tags(ResourceArns=[listener], Tags=tags(2))
