"""A deletion that waits for others: what is the leaver's own goes, and nobody else waits."""

from __future__ import annotations

import json

from alb_controller.errors import AccessDenied, InUse, KubeError
from alb_controller.model.ec2 import SecurityGroup
from alb_controller.model.elbv2 import TargetGroup
from alb_controller.objects.elbv2 import TargetGroupBinding
from alb_controller.objects.networking import Ingress
from tests.factories import member, path, rule, to
from tests.unit.reconcile.rich_aws import PickyAws
from tests.unit.reconcile.stack_world import World
from tests.unit.reconcile.test_refused_parts import asking, is_published


def forwarding(name: str, arn: str) -> Ingress:
    """A member that names a target group of another."""
    action = {"actions.act": json.dumps({"type": "forward", "targetGroupARN": arn})}
    rules = [rule("", path(f"/{name}", "Exact", to("act", "use-annotation")))]
    return member(name, alb=action, rules=rules)


def target_group(world: World, name: str) -> str:
    """The ARN of an Ingress's own."""
    found = world.aws.all(TargetGroup).items()
    (arn,) = (arn for arn, one in found if one.id.name.startswith(f"shop/{name}-"))
    return arn


def test_a_target_group_that_another_member_uses_keeps_its_owner_alone() -> None:
    """His rules go, others are edited and let go; an event names the group and who uses it."""
    world = World(asking("owner"), asking("a"), asking("b"), aws=PickyAws()).settle().wait(30)
    arn = target_group(world, "owner")
    world.put(forwarding("user", arn))
    world.settle()
    world.remove("owner", "b")
    world.put(asking("a", "/edited"))
    world.settle().wait(60)
    assert world.aws.paths() == ["/edited", "/user"]
    assert world.ingress("b") is None
    assert world.ingress("owner") is not None
    assert is_published(world, "a")
    (warning,) = world.kube.warnings("owner")
    assert arn in warning
    assert "arn:ls/" in warning
    assert world.kube.warnings("a") == world.kube.warnings("user") == []
    world.remove("user")
    world.settle().wait(600)
    assert world.ingress("owner") is None
    assert arn not in world.aws.things


def test_a_security_group_that_a_foreign_one_names_keeps_the_last_alone() -> None:
    """All else is gone; the event names the foreign group."""
    aws = PickyAws()
    world = World(asking("a"), aws=aws).settle().wait(30)
    (group,) = (i for i, one in aws.all(SecurityGroup).items() if one.ingress)
    error = InUse("ec2", "DeleteSecurityGroup", "DependencyViolation", "has a dependent object")
    aws.picky["delete_security_group"] = (group, error)
    aws.referencing[group] = ["sg-foreign"]
    world.remove("a")
    world.settle().wait(60)
    assert set(aws.kinds()) == {"SecurityGroup"}
    (warning,) = world.kube.warnings("a")
    assert f"SecurityGroup {group}" in warning
    assert "used by sg-foreign" in warning
    aws.picky.clear()
    world.wait(600)
    assert world.ingress("a") is None
    assert aws.kinds() == []


def test_what_aws_lets_go_of_in_a_moment_is_not_reported() -> None:
    """Only a wait that nobody can explain is reported after some minutes, with AWS's message."""
    aws = PickyAws()
    world = World(asking("a"), asking("b"), aws=aws).settle().wait(30)
    arn = target_group(world, "a")
    aws.picky["delete_target_group"] = (arn, InUse("elbv2", "Delete", "ResourceInUse", "in use"))
    world.remove("a")
    world.settle().wait(60)
    assert world.kube.warnings("a") == []
    world.wait(600)
    (warning,) = world.kube.warnings("a")
    assert "ResourceInUse: in use" in warning
    assert world.kube.warnings("b") == []


def test_a_user_that_cannot_be_read_is_not_named() -> None:
    """The role may lack the right to look; the wait goes on all the same."""
    aws = PickyAws()
    world = World(asking("a"), aws=aws).settle().wait(30)
    arn = target_group(world, "a")
    aws.picky["delete_target_group"] = (arn, InUse("elbv2", "Delete", "ResourceInUse", "in use"))

    def denied(arn: str) -> tuple[str, ...]:
        raise AccessDenied("elbv2", "DescribeTargetGroups", "AccessDenied", f"no {arn}")

    aws.target_group_users = denied  # type: ignore[method-assign]  # the role loses a right
    world.remove("a")
    world.settle().wait(600)
    assert len(world.kube.warnings("a")) == 1


def test_a_binding_that_cannot_be_deleted_keeps_its_owner_alone() -> None:
    """A webhook is against it: the others are edited and let go."""
    world = World(asking("a"), asking("b"), asking("c"), aws=PickyAws()).settle().wait(30)
    denied = KubeError(403, "Forbidden", 'admission webhook "no" denied the request')
    name = next(
        one.metadata.name
        for one in world.kube.stores.list(TargetGroupBinding)
        if one.spec.target_group_arn == target_group(world, "a")
    )
    world.kube.denied["delete", name] = denied
    world.remove("a", "b")
    world.put(asking("c", "/edited"))
    world.settle().wait(60)
    assert world.aws.paths() == ["/edited"]
    assert world.ingress("b") is None
    assert world.ingress("a") is not None
    world.kube.denied.clear()
    world.wait(600)
    assert world.ingress("a") is None
