"""A member that turns invalid, of whom nothing is known, freezes nobody (ADR 32)."""

from __future__ import annotations

from typing import Any

import pytest

from alb_controller.model.elbv2 import Listener, ListenerRule, LoadBalancer, TargetGroup
from alb_controller.objects.networking import Ingress
from tests.factories import member, path, rule, service, to
from tests.unit.reconcile.stack_world import World, without_records
from tests.unit.reconcile.test_restart import BAD, at, order

FLAG = {"enable_last_applied_annotation": False}
ARNS = {"certificate-arn": "arn:aws:acm:eu-west-1:123456789012:certificate/a"}


def broken(world: World, *objects: Ingress) -> World:
    """A new process; while none ran `bad` dropped its record and turned invalid."""
    without_records(world, "bad")
    world.put(at("bad", "/wrong", alb=BAD, order=1), *objects)
    world.start()
    return world.settle()


@pytest.mark.parametrize("flags", [{}, FLAG], ids=["dropped", "switched-off"])
def test_a_bad_member_of_whom_nothing_is_known_holds_nobody(flags: dict[str, Any]) -> None:
    """Others change, join, leave and take other places; it keeps what it has until it is valid."""
    world = World(at("a"), at("bad", order=1), at("c", order=2), **flags).settle()
    groups = len(world.aws.all(TargetGroup))
    broken(world)
    assert order(world) == ["/a", "/bad", "/c"]
    world.put(at("a", "/a2"), at("new", order=3))
    assert order(world.settle()) == ["/a2", "/bad", "/c", "/new"]
    world.put(at("c", order=-1))
    assert order(world.settle()) == ["/c", "/a2", "/bad", "/new"]
    world.remove("c")
    world.settle().wait(60)
    assert (world.ingress("c"), order(world)) == (None, ["/a2", "/bad", "/new"])
    world.sweep().wait(60)
    assert order(world) == ["/a2", "/bad", "/new"]
    assert len(world.aws.all(TargetGroup)) == groups
    assert len(world.kube.warnings("bad")) == 1
    world.put(at("bad", "/right", order=9))
    assert order(world.settle()) == ["/a2", "/new", "/right"]


def test_an_unchanged_world_with_an_unknown_member_is_not_written_to() -> None:
    """After another restart neither."""
    world = broken(World(at("a"), at("bad", order=1)).settle())
    world.start()
    world.settle()
    world.forget_calls()
    world.start()
    world.settle()
    assert (world.aws.calls, world.kube.writes) == ([], [])


def test_its_deletion_ends_it() -> None:
    """What it had goes with it, and what the others asked for meanwhile comes."""
    world = broken(World(at("a"), at("bad", order=1)).settle())
    world.put(at("a", alb={"listen-ports": '[{"HTTP": 8080}]'}))
    world.settle()
    world.remove("bad")
    world.settle().wait(60)
    assert order(world) == ["/a"]
    assert [one.port for one in world.aws.all(Listener).values()] == [8080]


def test_what_is_shared_waits() -> None:
    """The load balancer stays as it is, and who has changed it hears so once."""
    world = broken(World(at("a"), at("bad", order=1)).settle())
    world.put(at("a", alb={"scheme": "internet-facing"}))
    world.settle().sweep()
    (balancer,) = world.aws.all(LoadBalancer).values()
    assert (balancer.scheme, order(world)) == ("internal", ["/a", "/bad"])
    (message,) = world.kube.warnings("a")
    assert "Ingress shop/bad" in message


def test_a_port_that_comes_is_opened() -> None:
    """Beside those that are there."""
    world = broken(World(at("a"), at("bad", order=1)).settle())
    world.put(at("new", "/new", alb={"listen-ports": '[{"HTTP": 8080}]'}))
    world.settle()
    assert sorted(one.port for one in world.aws.all(Listener).values()) == [80, 8080]


@pytest.mark.parametrize(
    "namespace, expected",
    [("other", ["/a", "/bad", "/ba*"]), ("shop", ["/ba*", "/a", "/bad"])],
)
def test_nobody_of_another_namespace_takes_its_requests(
    namespace: str, expected: list[str]
) -> None:
    """A new rule in front of what may be its own comes behind it; one of its namespace does not."""
    world = World(at("a"), at("bad", order=1), group_trust="namespace").settle()
    broken(world)
    rules = [rule("", path("/ba*", "ImplementationSpecific"))]
    joiner = member("new", alb={"group.order": "-5"}, rules=rules, namespace=namespace)
    world.put(service("app", namespace=namespace), joiner)
    assert order(world.settle()) == expected


def test_a_fixed_answer_may_be_its_own() -> None:
    """Nothing in AWS says whose it is, so that it stays; a forward to others' groups goes."""
    answer = {
        "actions.maintenance": '{"type": "fixed-response", "fixedResponseConfig":'
        ' {"statusCode": "503"}}'
    }
    closed = path("/closed", "Exact", to("maintenance", "use-annotation"))
    bad = member("bad", alb={"group.order": "1", **answer}, rules=[rule("", closed)])
    world = World(at("a"), bad, at("c", order=2)).settle()
    broken(world, at("a", "/a2"))
    world.remove("c")
    assert order(world.settle().wait(60)) == ["/a2", "/closed"]
    assert len(world.aws.all(ListenerRule)) == 2
