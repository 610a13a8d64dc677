"""A load balancer is replaced beside the one that serves: status moves when the new one serves."""

from __future__ import annotations

from datetime import timedelta
from itertools import count
from typing import Any

import msgspec
import pytest

from alb_controller.errors import QuotaExceeded
from alb_controller.model.elbv2 import (
    ForwardAction,
    Listener,
    ListenerRule,
    LoadBalancer,
    Target,
    TargetGroup,
    TargetHealth,
)
from alb_controller.objects.elbv2 import TargetGroupBinding
from alb_controller.objects.notes import STATUS
from tests.factories import ingress
from tests.unit.reconcile.stack_world import World

MINUTES = timedelta(minutes=5)
PUBLIC = {"scheme": "internet-facing"}
GOOD = [TargetHealth(target=Target("10.0.0.1", 8080), state="healthy")]


class Served:
    """Asks at every write whether who looks at the status is served by targets that are healthy."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.gaps: list[str] = []
        self.seen: list[str] = []
        world.aws.on_write.append(self.look)
        world.kube.on_write.append(self.look)

    def look(self) -> None:
        """The load balancer of the status, its listener and rule, and the groups behind."""
        made = self.world.ingress()
        assert made is not None
        (entry,) = made.status.load_balancer.ingress
        aws = self.world.aws
        balancers = [
            arn
            for arn, one in aws.all(LoadBalancer).items()
            if f"{one.name}.elb.example" == entry.hostname
        ]
        if not balancers:
            self.gaps.append("no load balancer")
            return
        scheme = aws.all(LoadBalancer)[balancers[0]].scheme
        self.seen.append(scheme)
        groups = groups_behind(self.world, balancers[0])
        if not groups or not all(aws.health.get(arn) for arn in groups):
            self.gaps.append(f"{scheme}: nobody behind")


def groups_behind(world: World, balancer: str) -> list[str]:
    """The target groups that its rules send requests to."""
    listeners = [
        arn for arn, one in world.aws.all(Listener).items() if one.load_balancer == balancer
    ]
    forwards = [
        rule.actions[-1]
        for rule in world.aws.all(ListenerRule).values()
        if rule.listener in listeners
    ]
    return [
        str(one.target_group)
        for forward in forwards
        if isinstance(forward, ForwardAction)
        for one in forward.target_groups
        if one.weight != 0
    ]


def waiting_world(**more: Any) -> World:
    """An Ingress that is served by healthy targets."""
    flags = {"replacement_ready_timeout": MINUTES, "replacement_drain": MINUTES} | more
    alb = flags.pop("alb", {})
    world = World(ingress(alb=alb), **flags).settle()
    fill(world)
    world.forget_calls()
    return world


def fill(world: World) -> None:
    """The pod loop has registered pods everywhere, and AWS has checked them."""
    world.aws.health = dict.fromkeys(world.aws.all(TargetGroup), GOOD)
    world.aws.provisioning.clear()


def schemes(world: World) -> list[str]:
    """Of all load balancers."""
    return sorted(one.scheme for one in world.aws.all(LoadBalancer).values())


def shown(world: World) -> str:
    """The scheme of the load balancer in the status, and what is waited for."""
    made = world.ingress()
    assert made is not None
    (entry,) = made.status.load_balancer.ingress
    (scheme,) = (
        one.scheme
        for one in world.aws.all(LoadBalancer).values()
        if f"{one.name}.elb.example" == entry.hostname
    )
    notes = made.metadata.annotations[STATUS]
    phases = [phase for phase in ("joining", "draining") if phase in notes]
    return " ".join([scheme, *phases])


def change(world: World, **alb: str) -> World:
    """Another scheme."""
    world.put(ingress(alb=PUBLIC | alb))
    return world.settle()


def test_the_status_moves_when_the_new_one_serves_and_the_old_one_goes_later() -> None:
    """It has target groups of its own with the same tags, and nobody is without an answer."""
    world = waiting_world()
    served = Served(world)
    change(world)
    assert (shown(world), schemes(world)) == (
        "internal joining",
        ["internal", "internet-facing"],
    )
    one, other = world.aws.all(TargetGroup).values()
    assert one.tags == other.tags
    assert one.name != other.name
    world.wait(20)
    assert shown(world) == "internal joining"
    fill(world)
    world.wait(20)
    assert shown(world) == "internet-facing draining"
    world.wait(290)
    assert schemes(world) == ["internal", "internet-facing"]
    world.wait(20)
    assert (schemes(world), shown(world)) == (["internet-facing"], "internet-facing")
    assert len(world.aws.all(TargetGroup)) == len(world.kube.stores.list(TargetGroupBinding)) == 1
    assert (served.gaps, world.next_look()) == ([], None)


def test_without_the_flags_nothing_is_left_to_write() -> None:
    """Tags are those of before, and names count at creation only: so for LBC, too."""
    world = waiting_world()
    before = [one.tags for one in world.aws.all(TargetGroup).values()]
    change(world)
    fill(world)
    world.wait(700)
    assert [one.tags for one in world.aws.all(TargetGroup).values()] == before
    world.settings = msgspec.structs.replace(
        world.settings, replacement_ready_timeout=timedelta(0), replacement_drain=timedelta(0)
    )
    world.forget_calls()
    world.start()
    world.settle().wait(60)
    assert (world.aws.calls, world.kube.writes) == ([], [])


def test_a_second_change_finds_free_names_again() -> None:
    """And ends with one load balancer, one target group and one binding."""
    world = waiting_world()
    for alb in (PUBLIC, {}, PUBLIC):
        world.put(ingress(alb=alb))
        world.settle()
        fill(world)
        world.wait(700)
    assert schemes(world) == ["internet-facing"]
    assert len(world.aws.all(TargetGroup)) == 1


def test_the_calls_that_it_takes() -> None:
    """A target group made and one deleted more than without, and the state of what is new."""
    world = change(waiting_world())
    fill(world)
    world.wait(700)
    assert world.aws.calls == [
        *("CreateTargetGroup", "CreateLoadBalancer", "CreateListener", "CreateRule"),
        *("DeleteLoadBalancer", "DeleteTargetGroup"),
    ]
    assert world.aws.reads == [
        *("DescribeSubnets", "DescribeLoadBalancerAttributes"),
        *("DescribeLoadBalancers", "DescribeTargetHealth"),
    ]


def test_one_that_never_serves_takes_over_in_the_end() -> None:
    """After --replacement-ready-timeout; its state and its targets are read three times."""
    world = change(waiting_world())
    world.wait(20)
    world.aws.provisioning.clear()
    world.wait(275)
    assert shown(world) == "internal joining"
    world.wait(20)
    assert shown(world) == "internet-facing draining"
    assert world.aws.reads.count("DescribeTargetHealth") == 2


@pytest.mark.parametrize(
    "flags, expected",
    [
        ({"replacement_ready_timeout": timedelta(0)}, "internet-facing draining"),
        ({"replacement_drain": timedelta(0)}, "internal joining"),
        (
            {"replacement_drain": timedelta(0), "replacement_ready_timeout": timedelta(0)},
            "internet-facing",
        ),
    ],
)
def test_a_flag_of_zero_switches_its_wait_off(flags: dict[str, timedelta], expected: str) -> None:
    """With both the old one goes before the new one has a listener, as with LBC."""
    assert shown(change(waiting_world(**flags))) == expected


def test_two_of_one_name_are_exchanged_with_a_gap_that_is_announced() -> None:
    """The event comes before the deletion."""
    world = waiting_world(alb={"load-balancer-name": "mine"})
    events: list[list[str]] = []
    world.aws.on_write.append(lambda: events.append([one.reason for one in world.kube.events]))
    change(world, **{"load-balancer-name": "mine"})
    assert schemes(world) == ["internet-facing"]
    assert "ReplacedWithGap" in events[0]
    (message,) = world.kube.warnings("web")
    assert "is deleted before the one that replaces it serves: both are called mine" in message


def test_a_quota_that_forbids_two_is_announced() -> None:
    """What was made on the way is used or goes; then all is as without the flags."""
    world = waiting_world()
    error = QuotaExceeded("elbv2", "CreateLoadBalancer", "TooManyLoadBalancers", "50 at most")
    world.aws.refuse("CreateLoadBalancer", error)
    change(world)
    world.wait(30)
    assert schemes(world) == ["internet-facing"]
    assert len(world.aws.all(TargetGroup)) == 1
    (message,) = world.kube.warnings("web")
    assert "a quota is reached (load-balancers)" in message


def test_a_protected_one_is_not_replaced_half() -> None:
    """It would stay beside the new one for ever: nothing is begun."""
    world = waiting_world()
    (arn,) = world.aws.all(LoadBalancer)
    world.aws.modify_load_balancer_attributes(arn, {"deletion_protection.enabled": "true"})
    change(world)
    assert schemes(world) == ["internal"]


def test_who_goes_back_has_the_old_one_all_the_time() -> None:
    """What came goes, and the status never names it."""
    world = change(waiting_world())
    served = Served(world)
    fill(world)
    world.put(ingress())
    world.settle()
    world.wait(700)
    assert (schemes(world), set(served.seen), served.gaps) == (["internal"], {"internal"}, [])


def test_the_end_of_an_ingress_takes_both() -> None:
    """A deletion waits for nothing."""
    world = change(waiting_world())
    world.remove("web")
    world.settle().wait(30)
    assert world.aws.kinds() == []


def test_an_edit_meanwhile_reaches_the_new_one() -> None:
    """The old one stays as it was: who is served by it is so."""
    world = change(waiting_world())
    world.put(ingress(alb=PUBLIC | {"healthcheck-path": "/up"}))
    world.settle()
    paths = sorted(str(one.health_check.path) for one in world.aws.all(TargetGroup).values())
    assert paths == ["/", "/up"]


def test_a_process_that_ends_at_any_write_is_followed_by_one_that_ends_the_same() -> None:
    """And whoever looks at the status is served at every write of both."""
    for writes in count(1):
        world = waiting_world()
        served = Served(world)
        world.put(ingress(alb=PUBLIC))
        crashed = world.ends_after(writes, seconds=60)
        fill(world)
        if not crashed:
            crashed = world.ends_after(writes, seconds=700)
        world.aws.on_write[:] = world.kube.on_write[:] = [served.look]
        world.start()
        world.settle()
        fill(world)
        world.wait(700)
        assert (schemes(world), shown(world)) == (["internet-facing"], "internet-facing"), writes
        assert len(world.aws.all(TargetGroup)) == 1
        assert served.gaps == [], writes
        if not crashed:
            break
    assert writes > 5
