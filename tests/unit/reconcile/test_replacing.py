"""A Service takes over from another: first its targets are healthy, and the old ones leave last."""

from __future__ import annotations

from datetime import timedelta
from itertools import count
from typing import Any

import pytest

from alb_controller.errors import AccessDenied, Throttled
from alb_controller.model.elbv2 import (
    ForwardAction,
    Listener,
    ListenerRule,
    Target,
    TargetGroup,
    TargetHealth,
)
from alb_controller.objects.elbv2 import TargetGroupBinding
from alb_controller.objects.notes import STATUS
from tests.factories import ingress, service, to
from tests.unit.reconcile.stack_world import World
from tests.unit.reconcile.test_stack import web

MINUTES = timedelta(minutes=5)
READY, DRAIN = "replacement_ready_timeout", "replacement_drain"
GOOD = [TargetHealth(target=Target("10.0.0.1", 8080), state="healthy")]
NEW = [TargetHealth(target=Target("10.0.0.1", 8080), state="initial")]


def waiting_world(*objects: Any, **flags: Any) -> World:
    """Services app and api; two paths lead to app."""
    flags = {READY: MINUTES, DRAIN: MINUTES} | flags
    world = World(service("api"), *(objects or [web(a="app", b="app")]), **flags).settle()
    world.forget_calls()
    return world


def change(world: World) -> World:
    """Both paths lead to api."""
    world.put(web(a="api", b="api"))
    return world.settle()


def shares(world: World) -> list[dict[str, int | None]]:
    """Service -> weight, of each rule in order."""
    groups = world.aws.all(TargetGroup)
    shown = []
    for rule in sorted(world.aws.all(ListenerRule).values(), key=lambda one: one.priority):
        forward = rule.actions[-1]
        assert isinstance(forward, ForwardAction)
        shown.append(
            {
                groups[str(one.target_group)].id.name[len("shop/web-") : -len(":80")]: one.weight
                for one in forward.target_groups
            }
        )
    return shown


def group_of(world: World, name: str) -> str:
    """The ARN of a Service's target group."""
    (arn,) = (
        arn
        for arn, one in world.aws.all(TargetGroup).items()
        if one.id.name == f"shop/web-{name}:80"
    )
    return arn


def services(world: World) -> list[str]:
    """Those that have target groups, and those that have bindings: they are the same ones."""
    bound = [one.spec.service_ref.name for one in world.kube.stores.list(TargetGroupBinding)]
    names = [one.id.name.split("-")[1] for one in world.aws.all(TargetGroup).values()]
    assert sorted(bound) == sorted(name.split(":")[0] for name in names)
    return sorted(bound)


def test_a_new_service_takes_over_when_it_is_healthy_and_the_old_one_leaves_slowly() -> None:
    """It joins one rule at weight 0; both rules change then; the old one stays in one of them."""
    world = change(waiting_world())
    assert shares(world) == [{"app": 1, "api": 0}, {"app": None}]
    world.aws.health[group_of(world, "api")] = NEW
    world.wait(20)
    assert shares(world) == [{"app": 1, "api": 0}, {"app": None}]
    world.aws.health[group_of(world, "api")] = GOOD
    world.wait(20)
    assert shares(world) == [{"api": 1, "app": 0}, {"api": None}]
    world.wait(290)
    assert services(world) == ["api", "app"]
    world.wait(20)
    assert (shares(world), services(world)) == ([{"api": None}] * 2, ["api"])
    assert world.next_look() is None


def test_a_replacement_costs_two_writes_and_no_more_than_four_reads() -> None:
    """Beside the target group made, the rules modified and the old group deleted."""
    world = change(waiting_world())
    world.wait(700)
    assert world.aws.calls == [
        *("CreateTargetGroup", "ModifyRule", "ModifyRule", "ModifyRule", "ModifyRule"),
        "DeleteTargetGroup",
    ]
    health, delay = "DescribeTargetHealth", "DescribeTargetGroupAttributes"
    assert world.aws.reads == [health, health, health, delay]


def test_a_group_that_is_never_healthy_takes_over_in_the_end() -> None:
    """After --replacement-ready-timeout: users said that it is to serve."""
    world = change(waiting_world(**{READY: timedelta(minutes=1)}))
    world.wait(55)
    assert shares(world)[1] == {"app": None}
    world.wait(10)
    assert shares(world)[1] == {"api": None}


@pytest.mark.parametrize(
    "flags, expected",
    [
        ({READY: timedelta(0)}, [{"api": 1, "app": 0}, {"api": None}]),
        ({DRAIN: timedelta(0)}, [{"app": 1, "api": 0}, {"app": None}]),
        ({READY: timedelta(0), DRAIN: timedelta(0)}, [{"api": None}, {"api": None}]),
    ],
)
def test_a_flag_of_zero_switches_its_wait_off(
    flags: dict[str, timedelta], expected: list[dict[str, int | None]]
) -> None:
    """As LBC does, which has neither."""
    assert shares(change(waiting_world(**flags))) == expected


def test_an_old_group_stays_for_its_own_deregistration_delay() -> None:
    """Where that is longer than --replacement-drain."""
    note = {"target-group-attributes": "deregistration_delay.timeout_seconds=900"}
    world = waiting_world(service("app", alb=note), web(a="app", b="app"))
    change(world)
    world.aws.health[group_of(world, "api")] = GOOD
    world.wait(5 + 880)
    assert services(world) == ["api", "app"]
    world.wait(40)
    assert services(world) == ["api"]


def test_a_delay_that_cannot_be_read_is_five_minutes() -> None:
    """AWS's default; nothing is left for want of a permission."""
    world = change(waiting_world(**{DRAIN: timedelta(minutes=1)}))
    world.aws.health[group_of(world, "api")] = GOOD
    error = AccessDenied("elbv2", "DescribeTargetGroupAttributes", "AccessDenied", "no")
    world.aws.refuse("DescribeTargetGroupAttributes", error)
    world.wait(5 + 290)
    assert services(world) == ["api", "app"]
    world.wait(20)
    assert services(world) == ["api"]


def test_health_that_cannot_be_read_is_not_good() -> None:
    """The next read is tried, and the pass goes on."""
    world = change(waiting_world())
    world.aws.health[group_of(world, "api")] = GOOD
    error = Throttled("elbv2", "DescribeTargetHealth", "Throttling", "Rate exceeded")
    world.aws.refuse("DescribeTargetHealth", error)
    world.wait(20)
    assert shares(world)[1] == {"app": None}
    world.wait(20)
    assert shares(world)[1] == {"api": None}


def test_a_wait_is_looked_at_every_25_seconds_and_shown() -> None:
    """So `/debug/idle` says busy; the annotation names the phase of each target group."""

    def shown() -> str:
        made = world.ingress()
        assert made is not None
        return made.metadata.annotations[STATUS]

    world = change(waiting_world())
    for _ in range(12):
        assert '"replacing":{"shop/web-api:80":"joining"}' in shown()
        assert 0 < (world.next_look() or 0) <= 25
        world.wait(25)
    assert '"replacing":{"shop/web-app:80":"draining"}' in shown()
    world.wait(310)
    assert "replacing" not in shown()


def test_who_goes_back_meanwhile_has_what_was_there() -> None:
    """The new group has served nobody; it drains all the same, and goes."""
    world = change(waiting_world())
    world.put(web(a="app", b="app"))
    world.settle()
    assert shares(world) == [{"app": 1, "api": 0}, {"app": None}]
    world.wait(320)
    assert (shares(world), services(world)) == ([{"app": None}] * 2, ["app"])


def test_a_first_creation_and_a_deletion_wait_for_nothing() -> None:
    """A path that comes is served at once, and what only it needed goes with it."""
    world = waiting_world()
    world.put(web(a="app", b="app", c="api"))
    world.settle()
    assert shares(world) == [{"app": None}, {"app": None}, {"api": None}]
    world.put(web(a="app", b="app"))
    world.settle()
    assert services(world) == ["app"]
    world.remove("web")
    world.settle()
    assert world.aws.kinds() == []


def test_a_default_backend_is_replaced_like_the_backend_of_a_rule() -> None:
    """It is the listener's default action that has both."""

    def default() -> list[int | None]:
        (listener,) = world.aws.all(Listener).values()
        (forward,) = listener.default_actions
        assert isinstance(forward, ForwardAction)
        return [one.weight for one in forward.target_groups]

    world = waiting_world(ingress(rules=[], default_backend=to("app")))
    world.put(ingress(rules=[], default_backend=to("api")))
    world.settle()
    assert default() == [1, 0]
    world.wait(305)
    assert default() == [1, 0]
    world.wait(305)
    assert (default(), services(world)) == ([None], ["api"])


def test_a_process_that_ends_at_any_write_is_followed_by_one_that_ends_the_same() -> None:
    """The stage is read from AWS; only the times begin anew."""
    for writes in count(1):
        world = waiting_world()
        world.put(web(a="api", b="api"))
        crashed = world.ends_after(writes, seconds=700)
        world.start()
        world.settle().wait(700)
        assert (shares(world), services(world)) == ([{"api": None}] * 2, ["api"]), writes
        assert world.next_look() is None
        if not crashed:
            break
    assert writes > 8
