"""What AWS or Kubernetes refuses harms only the member that asked for it."""

from __future__ import annotations

import json

import pytest

from alb_controller.errors import AwsError, KubeError, NotFound, QuotaExceeded, Rejected, Throttled
from alb_controller.model.elbv2 import LoadBalancer, TargetGroup
from alb_controller.objects.networking import Ingress
from tests.factories import member, path, rule, service, to
from tests.unit.reconcile.rich_aws import PickyAws
from tests.unit.reconcile.stack_world import World

BAD = "/refused"
HOUR = 3600.0
FULL = QuotaExceeded("elbv2", "CreateTargetGroup", "TooManyTargetGroups", "100 at most")


def at(name: str, text: str, backend: str = "app") -> Ingress:
    """A member of the group with one path."""
    return member(name, rules=[rule("", path(text, "Exact", to(backend)))])


def checked(name: str, health: str) -> Ingress:
    """A member whose target group is checked at a path."""
    alb = {"healthcheck-path": health}
    return member(name, alb=alb, rules=[rule("", path(f"/{name}", "Exact", to()))])


def group(*members: Ingress) -> World:
    """A group that has come to rest in an AWS that refuses one path."""
    world = World(service("api"), *members)
    world.aws.refused_path = BAD
    return world.settle()


@pytest.mark.parametrize("bad", [at("bad", BAD), checked("bad", BAD)], ids=["rule", "health check"])
def test_a_new_member_that_is_refused_harms_nobody(bad: Ingress) -> None:
    """Another is edited and one deleted in the same pass; one Warning names what AWS says."""
    world = group(at("a", "/a"), at("b", "/b"), at("c", "/c"))
    world.put(bad, at("a", "/a2"))
    world.remove("b")
    world.settle()
    assert world.aws.paths() == ["/a2", "/c"]
    assert world.ingress("b") is None
    (warning,) = world.kube.warnings("bad")
    assert "ValidationError" in warning
    assert BAD in warning
    assert world.kube.warnings("a") == world.kube.warnings("c") == []
    shown = world.ingress("c")
    assert shown is not None
    assert shown.status.load_balancer.ingress


def test_a_refused_call_is_not_made_again_until_the_member_changes() -> None:
    """Not in an hour, nor when another member is edited; then what is corrected is served."""
    world = group(at("a", "/a"), at("bad", BAD))
    world.forget_calls()
    world.wait(HOUR)
    assert world.calls() == []
    world.put(at("a", "/a2"))
    world.settle()
    assert world.aws.paths() == ["/a2"]
    assert world.aws.refused == ["CreateRule"]
    world.put(at("bad", "/good"))
    world.settle()
    assert world.aws.paths() == ["/a2", "/good"]
    assert len(world.kube.warnings("bad")) == 1


def test_an_edit_that_is_refused_leaves_what_aws_has() -> None:
    """The last known good settings of the member stay, and the others go on."""
    world = group(checked("a", "/ok"), checked("b", "/ok"))
    world.put(checked("a", BAD))
    world.settle()
    world.put(at("b", "/b2"))
    world.settle()
    assert world.aws.paths() == ["/a", "/b2"]
    assert len(world.kube.warnings("a")) == 1
    assert world.aws.refused == ["ModifyTargetGroup"]


def test_two_members_that_are_refused_are_both_left_out() -> None:
    """In one pass, each with a Warning of its own."""
    world = group(at("a", "/a"), at("bad1", BAD), checked("bad2", BAD))
    assert world.aws.paths() == ["/a"]
    assert [len(world.kube.warnings(name)) for name in ("a", "bad1", "bad2")] == [0, 1, 1]


def test_only_the_newcomer_stays_out_where_a_quota_is_reached() -> None:
    """It is tried again when another member makes room, and at most twice an hour otherwise."""
    world = group(at("a", "/a"))
    world.aws.refuse("CreateTargetGroup", *[FULL] * 2)
    world.put(at("new", "/new", "api"))
    world.settle()
    assert world.aws.paths() == ["/a"]
    world.put(at("a", "/a2"))
    world.settle()
    assert world.aws.paths() == ["/a2"]
    world.forget_calls()
    world.wait(HOUR)
    assert world.aws.calls.count("CreateTargetGroup") <= 2
    assert world.aws.paths() == ["/a2", "/new"]


def test_two_newcomers_without_room_are_each_tried_once() -> None:
    """That one is rejected makes no room for the other."""
    world = group(at("a", "/a"))
    world.aws.refuse("CreateTargetGroup", *[FULL] * 20)
    world.forget_calls()
    world.put(at("new", "/new", "api"), at("newer", "/newer", "api"))
    world.settle()
    assert world.aws.calls == ["CreateTargetGroup"] * 2
    assert world.aws.paths() == ["/a"]


def test_what_is_nobodys_fault_rejects_nobody() -> None:
    """A call that AWS throttles is made again, and the member is served."""
    world = group(at("a", "/a"))
    world.aws.refuse("CreateRule", Throttled("elbv2", "CreateRule", "Throttling", "slow down"))
    world.put(at("b", "/b"))
    world.settle().wait(60)
    assert world.aws.paths() == ["/a", "/b"]


@pytest.mark.parametrize(
    "error, is_members",
    [
        (KubeError(422, "Invalid", "metadata.labels: Invalid value"), True),
        (KubeError(500, "InternalError", "etcd is away"), False),
    ],
)
def test_a_binding_that_kubernetes_refuses_is_its_members_alone(
    error: KubeError, *, is_members: bool
) -> None:
    """The others are served; an outage is nobody's fault, and the next try heals it."""
    world = group(at("a", "/a"))
    world.kube.refuse("create", error)
    world.put(at("b", "/b", "api"), at("a", "/a2"))
    world.settle().wait(60)
    assert world.aws.paths() == (["/a2"] if is_members else ["/a2", "/b"])
    assert len(world.kube.warnings("b")) == is_members


ARN = "arn:aws:elasticloadbalancing:us-west-2:123456789012:targetgroup/gone/0123456789abcdef"
FORWARD = json.dumps({"type": "forward", "targetGroupARN": ARN})
FOREIGN: list[tuple[str, str, dict[str, str]]] = [
    ("create_rule", "TargetGroupNotFound", {"actions.act": FORWARD}),
    ("create_listener", "CertificateNotFound", {"listen-ports": '[{"HTTPS": 443}]'}),
    ("set_security_groups", "InvalidGroup.NotFound", {"security-groups": "sg-gone"}),
    ("set_subnets", "SubnetNotFound", {"subnets": "subnet-xa,subnet-xb"}),
    ("set_web_acl", "WAFNonexistentItemException", {"wafv2-acl-arn": "arn:gone"}),
]


@pytest.mark.parametrize("operation, code, alb", FOREIGN)
def test_what_is_missing_and_not_ours_has_nothing_read_anew(
    operation: str, code: str, alb: dict[str, str]
) -> None:
    """What we know of AWS is right: neither the account nor the load balancer is listed again."""
    aws = PickyAws()
    world = World(at("a", "/a"), at("b", "/b"), aws=aws).settle().wait(30)
    aws.picky[operation] = ("", NotFound("elbv2", operation, code, "it is not there"))
    world.forget_calls()
    backend = to("act", "use-annotation") if "actions.act" in alb else to()
    secure = {"certificate-arn": "arn:gone"} if "listen-ports" in alb else {}
    rules = [rule("", path("/bad", "Exact", backend))]
    world.put(member("bad", alb={**alb, **secure}, rules=rules), at("a", "/a2"))
    world.settle().wait(HOUR)
    listings = ("DescribeLoadBalancers", "DescribeListeners")
    assert [one for one in world.aws.reads if one in listings] == []
    assert 1 <= len(aws.not_taken) <= 3
    assert "/a2" in world.aws.paths()
    (warning,) = world.kube.warnings("bad")
    assert code in warning
    assert world.kube.warnings("a") == world.kube.warnings("b") == []


def test_what_is_missing_and_ours_has_all_read_anew() -> None:
    """Somebody has deleted a target group of ours: the next pass makes it again."""
    aws = PickyAws()
    world = World(at("a", "/a"), aws=aws).settle()
    (arn,) = world.aws.all(TargetGroup)
    aws.picky["*"] = (arn, NotFound("elbv2", "CreateRule", "TargetGroupNotFound", ""))
    world.forget_calls()
    world.put(member("a", rules=[rule("", path("/a", "Exact", to()), path("/b", "Exact", to()))]))
    world.settle().wait(2)
    assert "DescribeLoadBalancers" in world.aws.reads
    assert world.kube.warnings("a") != []


@pytest.mark.parametrize(
    "error, tries",
    [
        (QuotaExceeded("elbv2", "CreateListener", "TooManyListeners", "50 at most"), 1),
        (Rejected("elbv2", "CreateListener", "ValidationError", "no listener today"), 5),
    ],
)
def test_what_is_refused_to_all_is_not_sent_for_ever(error: AwsError, tries: int) -> None:
    """What was made stays; at most twice an hour one call shows whether AWS takes it by now."""
    aws = PickyAws()
    aws.picky["create_listener"] = ("", error)
    world = World(at("a", "/a"), at("b", "/b"), aws=aws).settle().wait(1200)
    assert len(aws.not_taken) == tries
    assert len(world.kube.warnings("a")) == len(world.kube.warnings("b")) == 1
    aws.not_taken.clear()
    world.forget_calls()
    world.wait(HOUR)
    assert [*aws.not_taken, *aws.calls] == ["create_listener"] * len(aws.not_taken)
    assert 1 <= len(aws.not_taken) <= 2
    aws.picky.clear()
    world.put(at("a", "/a2"))
    world.settle()
    assert world.aws.paths() == ["/a2", "/b"]
    assert LoadBalancer.__name__ in world.aws.kinds()
