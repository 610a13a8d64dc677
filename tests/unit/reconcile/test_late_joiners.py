"""An object that is older than a group's members and joins it late holds nothing of theirs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from alb_controller.model.elbv2 import ListenerRule, LoadBalancer
from alb_controller.objects.networking import Ingress
from alb_controller.objects.records import RECORD
from tests.factories import ingress, member, path, rule, service
from tests.unit.reconcile.stack_world import World

RESTARTS = pytest.mark.parametrize("restarts", [False, True])
EVIL = "evil"


def holder(**alb: str) -> Ingress:
    """Of namespace shop: the first member of the group, though not the oldest object."""
    rules = [rule("a.example", path("/", "Prefix"))]
    return member("holder", alb={"tags": "team=shop", **alb}, rules=rules, age_minutes=5)


def joiner(group: str | None, host: str, **alb: str) -> Ingress:
    """Of another namespace and older."""
    fields: dict[str, Any] = {"namespace": EVIL, "rules": [rule(host, path("/own", "Prefix"))]}
    if group is None:
        return ingress("late", alb=alb, age_minutes=60, **fields)
    return member("late", group, alb=alb, age_minutes=60, **fields)


def joined(host: str, *, restarts: bool, flags: Mapping[str, Any], **alb: str) -> World:
    """A world where the older object moves to the group, perhaps while no process runs."""
    objects = (service(namespace=EVIL), joiner(None, "own.example"), holder())
    world = World(*objects, **flags).settle()
    world.put(joiner("team", host, **alb))
    return again(world, restarts=restarts)


def again(world: World, *, restarts: bool) -> World:
    """At rest, perhaps with another process."""
    if restarts:
        world.start()
    return world.settle().wait(60)


def first_rule(world: World) -> ListenerRule:
    """Of the group's load balancer."""
    rules = world.aws.all(ListenerRule).values()
    return min(
        (one for one in rules if dict(one.tags)["ingress.k8s.aws/stack"] == "team"),
        key=lambda one: one.priority,
    )


@RESTARTS
def test_it_takes_no_requests(*, restarts: bool) -> None:
    """Neither by its order nor by its age; the holder is not the one that is rejected."""
    world = joined(
        "a.example", restarts=restarts, flags={"group_trust": "namespace"}, **{"group.order": "-5"}
    )
    assert world.kube.warnings("holder") == []
    (warning,) = world.kube.warnings("late")
    assert "is held by Ingress shop/holder" in warning
    assert "a.example" in str(first_rule(world))
    assert "/own" not in str(first_rule(world))


@RESTARTS
@pytest.mark.parametrize("trust", ["any", "namespace"])
def test_it_does_not_become_the_holder(trust: str, *, restarts: bool) -> None:
    """It replaces nothing, and what the holder sets goes on to count, tags among it."""
    world = joined("own.example", restarts=restarts, flags={"group_trust": trust})
    assert world.kube.warnings("late") == []
    before = [*world.aws.all(LoadBalancer)]
    world.put(joiner("team", "own.example", scheme="internet-facing"))
    again(world, restarts=restarts)
    assert [*world.aws.all(LoadBalancer)] == before
    assert "scheme" in world.kube.warnings("late")[-1]
    world.put(holder(tags="team=shop,more=1", scheme="internal"))
    again(world, restarts=restarts)
    assert world.kube.warnings("holder") == []
    assert any(dict(one.tags).get("more") == "1" for one in world.aws.all(LoadBalancer).values())


def test_its_place_stands_in_its_record() -> None:
    """Who joins later still is behind it, and who was made after all of them needs no note."""
    world = joined("own.example", restarts=False, flags={})
    later = member("later", namespace=EVIL, age_minutes=90, rules=[rule("b.example", path())])
    new = member("new", age_minutes=1, rules=[rule("c.example", path())])
    world.put(later)
    world.settle()
    world.put(new)
    world.settle()

    def noted(namespace: str, name: str) -> str:
        one = world.kube.stores.get(Ingress, namespace, name)
        assert one is not None
        return one.metadata.annotations[RECORD].split(":")[3]

    first, second = noted(EVIL, "late"), noted(EVIL, "later")
    assert (first.partition(".")[2], second.partition(".")[2]) == ("1", "2")
    assert first.partition(".")[0] == second.partition(".")[0]
    assert (noted("shop", "holder"), noted("shop", "new")) == ("", "")
    world.start()
    world.settle()
    assert (noted(EVIL, "late"), noted(EVIL, "later")) == (first, second)
