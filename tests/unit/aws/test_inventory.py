"""The inventory is true to AWS and to our own writes, whatever happens while it is read."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

import msgspec
import pytest

from alb_controller.aws.inventory import Inventory
from alb_controller.errors import Unavailable
from alb_controller.model.ec2 import SecurityGroup
from alb_controller.model.elbv2 import TargetGroup
from alb_controller.model.ownership import INGRESS, LEGACY_CLUSTER_TAG
from alb_controller.model.stack import Found, FoundLoadBalancer
from alb_controller.values import StackKey
from tests.clocks import FakeClock
from tests.unit.aws import samples


class World:
    """AWS as far as the inventory reads it; `while_reading` is what happens meanwhile."""

    def __init__(self) -> None:
        self.balancers: list[FoundLoadBalancer] = []
        self.groups: list[Found[TargetGroup]] = []
        self.security: list[Found[SecurityGroup]] = []
        self.reads = 0
        self.while_reading: Callable[[], None] = lambda: None

    def load_balancers(self) -> tuple[FoundLoadBalancer, ...]:
        self.reads += 1
        listed = tuple(self.balancers)
        self.while_reading()
        return listed

    def target_groups(self) -> tuple[Found[TargetGroup], ...]:
        return tuple(self.groups)

    def security_groups(self, cluster: str) -> tuple[Found[SecurityGroup], ...]:
        assert cluster == samples.CLUSTER
        return tuple(self.security)

    def inventory(self, clock: FakeClock | None = None) -> Inventory:
        aws = cast(Any, self)  # as much of Elbv2 and Ec2 as is asked
        return Inventory(aws, aws, samples.CLUSTER, clock or FakeClock())


def _balancer(arn: str, **fields: object) -> FoundLoadBalancer:
    return FoundLoadBalancer(identity=arn, resource=samples.load_balancer(**fields))


def _identities(inventory: Inventory) -> list[str]:
    of_stack = inventory.of_stack(samples.CLUSTER, samples.STACK)
    return [found.identity for found in of_stack.load_balancers]


def _fail() -> None:
    raise Unavailable("elbv2", "DescribeLoadBalancers", "InternalFailure", "sorry")


def test_aws_is_read_once() -> None:
    """The first question reads; the others are answered from memory."""
    world = World()
    world.balancers = [_balancer("b"), _balancer("a"), _balancer("c", tags={})]
    inventory = world.inventory()
    assert _identities(inventory) == _identities(inventory) == ["a", "b"]
    assert world.reads == 1


def test_resources_are_distinguished_by_kind_and_owner() -> None:
    """A stack gets what carries its tags, of each kind, in the v1 form too."""
    world = World()
    v1 = {LEGACY_CLUSTER_TAG: samples.CLUSTER, INGRESS.stack_tag: samples.STACK.id}
    world.balancers = [_balancer("lb", tags=v1)]
    world.groups = [Found(identity="tg", resource=samples.target_group())]
    world.security = [Found(identity="sg", resource=samples.security_group())]
    found = world.inventory().of_stack(samples.CLUSTER, samples.STACK)
    assert [one.identity for one in found.load_balancers] == ["lb"]
    assert [one.identity for one in found.target_groups] == ["tg"]
    assert [one.identity for one in found.security_groups] == ["sg"]
    other = world.inventory().of_stack(samples.CLUSTER, StackKey("ingress", "", "another"))
    assert msgspec.structs.astuple(other) == ((), (), ())


def test_our_writes_show_at_once() -> None:
    """What was put is found, in its newest form; what was dropped is not."""
    world = World()
    world.balancers = [_balancer("a")]
    inventory = world.inventory()
    assert _identities(inventory) == ["a"]
    inventory.put(_balancer("b"))
    changed = _balancer("a", scheme="internet-facing")
    inventory.put(changed)
    assert inventory.of_stack(samples.CLUSTER, samples.STACK).load_balancers[0] == changed
    inventory.drop("a")
    inventory.drop("never-there")
    assert _identities(inventory) == ["b"]
    assert world.reads == 1


def test_writes_while_reading_are_kept() -> None:
    """A listing that began before our write does not undo it."""
    world, clock = World(), FakeClock()
    world.balancers = [_balancer("old")]
    inventory = world.inventory(clock)
    assert _identities(inventory) == ["old"]

    def write() -> None:
        inventory.put(_balancer("new"))
        inventory.drop("old")

    world.while_reading = write
    clock.advance(1)
    inventory.refresh()
    assert _identities(inventory) == ["new"]


def test_a_refresh_shows_what_others_did() -> None:
    """The sweep reads everything anew, and says how old the copy is."""
    world, clock = World(), FakeClock()
    inventory = world.inventory(clock)
    assert inventory.age_seconds == float("inf")
    assert _identities(inventory) == []
    clock.advance(600)
    assert inventory.age_seconds == 600
    world.balancers = [_balancer("theirs")]
    inventory.refresh()
    assert _identities(inventory) == ["theirs"]
    assert inventory.age_seconds == 0


def test_a_failed_read_is_not_an_empty_account() -> None:
    """Before the first good read every question fails; after it, a failed sweep changes nothing."""
    world, clock = World(), FakeClock()
    world.balancers = [_balancer("a")]
    world.while_reading = _fail
    inventory = world.inventory(clock)
    with pytest.raises(Unavailable):
        _identities(inventory)
    world.while_reading = lambda: None
    assert _identities(inventory) == ["a"]
    world.while_reading = _fail
    clock.advance(1)
    with pytest.raises(Unavailable):
        inventory.refresh()
    inventory.put(_balancer("b"))
    assert _identities(inventory) == ["a", "b"]
    assert inventory.age_seconds == 1


def test_names_are_found_with_their_owners() -> None:
    """Another's load balancer of the wanted name is found, with the tags that say whose it is."""
    world = World()
    theirs = _balancer("theirs", name="web", tags={"team": "data"})
    world.balancers = [theirs]
    world.groups = [Found(identity="tg", resource=samples.target_group(name="web"))]
    inventory = world.inventory()
    assert inventory.by_name("LoadBalancer", "web") == theirs
    assert inventory.by_name("TargetGroup", "web") == world.groups[0]
    assert inventory.by_name("SecurityGroup", "web") is None


def test_the_shared_security_group_is_the_clusters() -> None:
    """The backend group is found by its two tags; another cluster's is not."""
    world = World()
    tags = {"elbv2.k8s.aws/cluster": "prod", "elbv2.k8s.aws/resource": "backend-sg"}
    shared = Found(identity="sg", resource=samples.security_group(tags=tags))
    world.security = [Found(identity="managed", resource=samples.security_group()), shared]
    inventory = world.inventory()
    assert inventory.shared_security_group("prod") == shared
    assert inventory.shared_security_group("staging") is None


def test_the_inventory_is_sorted() -> None:
    """The order does not depend on AWS's."""
    world = World()
    world.balancers = [_balancer(arn) for arn in "cab"]
    inventory = world.inventory()
    assert _identities(inventory) == ["a", "b", "c"]
    inventory.put(_balancer("aa"))
    assert _identities(inventory) == ["a", "aa", "b", "c"]
