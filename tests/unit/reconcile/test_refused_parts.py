"""What belongs to the whole load balancer is split field by field once it is refused."""

from __future__ import annotations

import json
from typing import Any

import pytest

from alb_controller.errors import (
    AccessDenied,
    ControllerError,
    NotFound,
    QuotaExceeded,
    Rejected,
    Throttled,
)
from alb_controller.model.elbv2 import LoadBalancer
from alb_controller.objects.networking import Ingress
from alb_controller.objects.notes import STATUS
from tests.factories import ingress_class, member, params, path, rule, site, to
from tests.unit.reconcile.rich_aws import PickyAws
from tests.unit.reconcile.stack_world import World

HOUR = 3600.0
LOGS = "access_logs.s3.enabled=true,access_logs.s3.bucket=poison"
IDLE = "idle_timeout.timeout_seconds=9"
WRONG = Rejected("elbv2", "ModifyLoadBalancerAttributes", "ValidationError", "no such value")
NO_BUCKET = Rejected(
    "elbv2", "ModifyLoadBalancerAttributes", "InvalidConfigurationRequest", "Access Denied"
)


def asking(name: str, text: str = "", service: str = "app", **alb: str) -> Ingress:
    """A member with one path, its name, and annotations in snake case."""
    rules = [rule("", path(text or f"/{name}", "Exact", to(service)))]
    return member(name, alb={key.replace("_", "-"): alb[key] for key in alb}, rules=rules)


def group(*members: Ingress, error: ControllerError = WRONG, operation: str = "*") -> World:
    """A group that has come to rest in an AWS that refuses calls with `poison` in them."""
    aws = PickyAws()
    aws.picky[operation] = ("poison", error)
    world = World(*members, aws=aws)
    return world.settle().wait(30)


def picky(world: World) -> PickyAws:
    """Its AWS."""
    assert isinstance(world.aws, PickyAws)
    return world.aws


def balancer(world: World) -> LoadBalancer:
    """The only one."""
    (found,) = world.aws.all(LoadBalancer).values()
    return found


def sent(world: World) -> list[str]:
    """Calls to AWS; subnets are asked for once a while, and the fake has no cache."""
    reads = [one for one in world.aws.reads if one != "DescribeSubnets"]
    return [*reads, *world.aws.calls, *picky(world).not_taken]


def is_published(world: World, name: str) -> bool:
    """Whether the Ingress shows a host name."""
    shown = world.ingress(name)
    return shown is not None and bool(shown.status.load_balancer.ingress)


def state(world: World, name: str) -> str:
    """As the status annotation of an Ingress says."""
    shown = world.ingress(name)
    assert shown is not None
    return str(json.loads(shown.metadata.annotations[STATUS]).get("state", "served"))


def test_a_bad_bucket_stops_nothing_else() -> None:
    """Attributes of others, rules and targets are there; the one who named it is failing."""
    bad = asking("bad", load_balancer_attributes=LOGS)
    good = asking("good", load_balancer_attributes=IDLE)
    world = group(bad, good, error=NO_BUCKET)
    assert balancer(world).attributes == {"idle_timeout.timeout_seconds": "9"}
    assert world.aws.paths() == ["/bad", "/good"]
    (warning,) = world.kube.warnings("bad")
    assert "load-balancer-attributes: AWS refuses ModifyLoadBalancerAttributes" in warning
    assert "InvalidConfigurationRequest" in warning
    assert world.kube.warnings("good") == []
    assert is_published(world, "bad")
    assert is_published(world, "good")
    assert state(world, "bad") == "failing"
    assert state(world, "good") == "served"
    assert picky(world).not_taken == ["modify_load_balancer_attributes"] * 2


def test_what_is_refused_is_not_sent_again_with_the_rest() -> None:
    """Another attribute takes one call; only the change of the value itself is another try."""
    world = group(asking("bad", load_balancer_attributes=LOGS), asking("good"))
    world.forget_calls()
    picky(world).not_taken.clear()
    world.put(asking("good", "/2", load_balancer_attributes=IDLE))
    world.settle()
    assert world.aws.calls.count("ModifyLoadBalancerAttributes") == 1
    assert picky(world).not_taken == []
    world.put(asking("bad", load_balancer_attributes=LOGS.replace("poison", "mine")))
    world.settle()
    attributes = balancer(world).attributes or {}
    assert attributes["access_logs.s3.bucket"] == "mine"
    assert state(world, "bad") == "served"
    world.put(asking("bad", load_balancer_attributes=LOGS))
    world.settle()
    assert picky(world).not_taken == ["modify_load_balancer_attributes"]
    assert (balancer(world).attributes or {})["access_logs.s3.bucket"] == "mine"


@pytest.mark.parametrize("error, tries", [(NO_BUCKET, 1), (WRONG, 0)])
def test_it_is_tried_again_where_aws_may_change_its_mind(error: Rejected, tries: int) -> None:
    """At most twice an hour, and written nowhere but where the time of the next try stands."""
    world = group(asking("bad", load_balancer_attributes=LOGS), asking("good"), error=error)
    picky(world).not_taken.clear()
    world.forget_calls()
    world.wait(HOUR)
    assert len(sent(world)) <= 2
    assert picky(world).not_taken == ["modify_load_balancer_attributes"] * tries
    assert world.kube.writes == ["patch bad"] * tries
    picky(world).picky.clear()
    world.wait(HOUR)
    assert bool(balancer(world).attributes) is bool(tries)
    assert len(world.kube.warnings("bad")) == 1


def test_each_tag_is_asked_for_by_its_own_member() -> None:
    """One tag that AWS refuses for the load balancer leaves the others' there."""
    world = group(asking("bad"), asking("good"), operation="add_tags")
    world.put(asking("good", tags="team=a"))
    world.settle()
    picky(world).picky["add_tags"] = ("poison", WRONG)
    world.put(asking("bad", tags="cost=poison"), asking("good", tags="team=b"))
    world.settle()
    assert balancer(world).tags["team"] == "b"
    assert "cost" not in balancer(world).tags
    assert len(world.kube.warnings("bad")) == 1
    assert world.kube.warnings("good") == []


LATE: list[tuple[str, dict[str, str], str, ControllerError]] = [
    (
        "set_web_acl",
        {"wafv2_acl_arn": "arn:poison"},
        "wafv2-acl-arn",
        NotFound("wafv2", "AssociateWebACL", "WAFNonexistentItemException", "no such web ACL"),
    ),
    (
        "set_regional_web_acl",
        {"waf_acl_id": "poison"},
        "waf-acl-id",
        NotFound("waf-regional", "AssociateWebACL", "WAFNonexistentItemException", "none"),
    ),
    (
        "reserve_capacity",
        {"minimum_load_balancer_capacity": "CapacityUnits=4711"},
        "minimum-load-balancer-capacity",
        QuotaExceeded("elbv2", "ModifyCapacityReservation", "CapacityUnitsLimitExceeded", "100"),
    ),
    (
        "set_protection",
        {"shield_advanced_protection": "true"},
        "shield-advanced-protection",
        QuotaExceeded("shield", "CreateProtection", "LimitsExceededException", "1000"),
    ),
]


@pytest.mark.parametrize("operation, setting, field, error", LATE)
def test_what_comes_late_concerns_the_one_who_asked(
    operation: str, setting: dict[str, str], field: str, error: ControllerError
) -> None:
    """He is failing, with his host name; the others are served and hear nothing of it."""
    aws = PickyAws()
    aws.picky[operation] = ("", error)
    world = World(asking("bad", **setting), asking("good"), aws=aws).settle()
    aws.provisioning.clear()
    world.wait(300)
    (warning,) = world.kube.warnings("bad")
    assert field in warning
    assert f"{error.code}" in warning  # type: ignore[attr-defined]  # an AwsError
    assert world.kube.warnings("good") == []
    assert is_published(world, "bad")
    assert state(world, "bad") == "failing"
    assert state(world, "good") == "served"
    aws.not_taken.clear()
    world.forget_calls()
    world.wait(HOUR)
    assert len(sent(world)) <= 2
    world.put(asking("good", "/2"))
    world.settle()
    assert world.aws.paths() == ["/2", "/bad"]
    world.remove("good")
    world.settle()
    assert world.ingress("good") is None


@pytest.mark.parametrize("error", [AccessDenied, Throttled])
def test_what_is_nobodys_fault_is_tried_again_soon(error: type[Any]) -> None:
    """Whoever asked hears of it, and it is there once AWS does it."""
    aws = PickyAws()
    aws.picky["set_web_acl"] = ("", error("wafv2", "AssociateWebACL", "Some", "reason"))
    world = World(asking("bad", wafv2_acl_arn="arn:acl"), asking("good"), aws=aws).settle().wait(60)
    assert len(aws.not_taken) > 2
    assert len(world.kube.warnings("bad")) == 1
    assert world.kube.warnings("good") == []
    aws.picky.clear()
    world.wait(600)
    assert balancer(world).addons.web_acl_arn == "arn:acl"


def test_a_tag_that_is_refused_stops_no_creation() -> None:
    """The load balancer is made without the tags of users, which are added one by one."""
    aws = PickyAws()
    aws.picky["create_load_balancer"] = aws.picky["add_tags"] = ("poison", WRONG)
    good, bad = asking("good", tags="team=a"), asking("bad", tags="cost=poison")
    world = World(good, bad, aws=aws).settle().wait(30)
    tags = balancer(world).tags
    assert ("cost" in tags, tags["team"]) == (False, "a")
    assert world.aws.paths() == ["/bad", "/good"]
    assert len(world.kube.warnings("bad")) == 1
    assert world.kube.warnings("good") == []
    world.forget_calls()
    world.wait(HOUR)
    assert sent(world)[len(aws.not_taken) :] == []


def test_what_a_class_sets_concerns_all_who_use_it() -> None:
    """They are failing and served; what AWS has stays, and members of another class go on."""
    aws = PickyAws()
    aws.picky["*"] = ("poison", WRONG)
    of_class = params("strict", loadBalancerAttributes=[{"key": "bucket", "value": "poison"}])
    strict = ingress_class("strict", params="strict")
    users = [site(name, class_name="strict", age_minutes=9) for name in ("one", "two")]
    other = asking("other", load_balancer_attributes=IDLE)
    world = World(of_class, strict, *users, other, aws=aws).settle().wait(30)
    for user in ("one", "two"):
        (warning,) = world.kube.warnings(user)
        assert "IngressClassParams spec.loadBalancerAttributes" in warning
        assert is_published(world, user)
    assert world.kube.warnings("other") == []
    assert balancer(world).attributes == {"idle_timeout.timeout_seconds": "9"}
    assert len(aws.not_taken) == 2


def test_a_pool_that_is_refused_from_the_creation_on_is_one_warning() -> None:
    """The load balancer is there without it, for whoever named it too; no other Warning follows."""
    pool = "ipam-pool-0123456789abcdef0"
    gone = NotFound("elbv2", "CreateLoadBalancer", "InvalidIpamPoolId.NotFound", f"no {pool}")
    aws = PickyAws()
    aws.picky["*"] = (pool, gone)
    world = World(asking("bad", ipam_ipv4_pool_id=pool), asking("good"), aws=aws)
    world.settle().wait(30)
    assert world.aws.paths() == ["/bad", "/good"]
    assert (state(world, "bad"), state(world, "good")) == ("failing", "served")
    world.wait(5 * HOUR)
    (warning,) = world.kube.warnings("bad")
    assert "ipam-ipv4-pool-id: AWS refuses" in warning
    assert world.kube.warnings("good") == []
    aws.picky.clear()
    world.wait(2 * HOUR)
    assert (balancer(world).ipv4_ipam_pool_id, state(world, "bad")) == (pool, "served")
