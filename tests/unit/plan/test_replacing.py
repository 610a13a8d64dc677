"""How a plan hands over from one target group to another: what joins, what stays, what waits."""

from __future__ import annotations

from typing import Any

import msgspec

from alb_controller.model.actions import Rewrite, Transform
from alb_controller.model.elbv2 import (
    Action,
    ForwardAction,
    Listener,
    ListenerRule,
    PathPattern,
    TargetGroup,
    WeightedTargetGroup,
)
from alb_controller.model.refs import Ref
from alb_controller.model.stack import Stack
from alb_controller.plan.changes import Plan
from alb_controller.plan.plan import plan
from alb_controller.plan.render import render_json, render_lines
from alb_controller.plan.replacing.waits import Replacing
from alb_controller.reconcile.apply import apply
from tests.resources import (
    NOT_FOUND,
    POLICY,
    answer,
    binding,
    forward,
    listener,
    load_balancer,
    rule,
    stack,
    target_group,
)
from tests.world import World

GROUPS = {name: target_group(f"shop/web-{name}:80") for name in "abcdef"}
BOTH = Replacing(joins=True, drains=True)


def shares(**weights: int | None) -> ForwardAction:
    """To groups of the stack with weights."""
    return ForwardAction(
        tuple(WeightedTargetGroup(Ref(GROUPS[name].id), one) for name, one in weights.items())
    )


def group(*actions: Action, transforms: tuple[Transform, ...] = (), **balancer: Any) -> Stack:
    """A listener with rules for /x, /x1 and so on; the target groups that they name."""
    named = {
        one.target_group
        for action in actions
        for one in getattr(action, "target_groups", ())
        if isinstance(one.target_group, Ref)
    }
    groups = [one for one in GROUPS.values() if Ref(one.id) in named]
    rules = [
        msgspec.structs.replace(rule(n, (PathPattern((f"/x{n}",)),), action), transforms=transforms)
        for n, action in enumerate(actions, 1)
    ]
    return stack(
        load_balancers=(load_balancer(**balancer),),
        target_groups=tuple(groups),
        bindings=tuple(map(binding, groups)),
        listeners=(listener(default_actions=(NOT_FOUND,)),),
        rules=tuple(rules),
    )


def todo(world: World, desired: Stack, replacing: Replacing = BOTH) -> Plan:
    """What is planned."""
    policy = msgspec.structs.replace(POLICY, replacing=replacing)
    return plan(desired, world.observe(), policy)


def bring_about(world: World, desired: Stack, replacing: Replacing = BOTH) -> World:
    """One plan, applied; bindings go at once."""
    for _ in range(2):
        apply(todo(world, desired, replacing), world.observe(), world)
        world.finish_bindings()
    return world


def deployed(*actions: Action, **more: Any) -> World:
    """A stack that is there."""
    return bring_about(World(), group(*actions, **more))


def weights(world: World) -> list[dict[str, int | None]]:
    """Of each rule, the groups by their letters."""
    names = {arn: one.id.name[9] for arn, one in world.all(TargetGroup).items()}
    (arn,) = world.all(Listener)
    return [
        {names.get(str(one.target_group), "else"): one.weight for one in action.target_groups}
        for found in world.rules_of(arn)
        if isinstance(action := found.actions[-1], ForwardAction)
    ]


def phases(made: Plan) -> list[tuple[str, str]]:
    """What is waited for, by letter."""
    return [(one.phase, one.name[9:10] or one.name) for one in made.waits]


def joined(*names: str) -> Replacing:
    """These groups may take over."""
    return msgspec.structs.replace(BOTH, joined=frozenset(f"shop/web-{one}:80" for one in names))


def test_the_wait_is_in_the_lines_and_in_the_json_of_a_plan() -> None:
    """With its phase and its group."""
    made = todo(deployed(forward(GROUPS["a"])), group(forward(GROUPS["b"])))
    assert list(render_lines(made))[-1] == (
        "wait for joining target group TargetGroup shop/web-b:80"
    )
    (wait,) = render_json(made)["waits"]
    assert (wait["phase"], wait["name"]) == ("joining", "shop/web-b:80")


def test_weights_of_users_stay_theirs_while_one_more_joins() -> None:
    """A third group comes to two that have shares; in the end all have the shares asked for."""
    world = deployed(shares(a=80, b=20))
    desired = group(shares(a=50, b=0, c=50))
    bring_about(world, desired)
    assert weights(world) == [{"a": 80, "b": 20, "c": 0}]
    bring_about(world, desired, joined("c"))
    assert weights(world) == [{"a": 50, "b": 0, "c": 50}]
    assert not todo(world, desired)


def test_a_share_that_grows_from_zero_waits_for_its_group() -> None:
    """It has served nobody yet."""
    world = deployed(shares(a=1, b=0))
    desired = group(shares(a=1, b=1))
    assert (phases(made := todo(world, desired)), made.steps) == ([("joining", "b")], ())
    bring_about(world, desired, joined("b"))
    assert weights(world) == [{"a": 1, "b": 1}]


def test_a_group_that_serves_already_takes_over_at_once() -> None:
    """AWS checks its targets, and it has requests."""
    world = deployed(forward(GROUPS["a"]), forward(GROUPS["b"]))
    bring_about(world, group(forward(GROUPS["b"]), forward(GROUPS["b"])))
    assert weights(world) == [{"b": 1, "a": 0}, {"b": None}]


def test_a_group_that_a_new_rule_uses_too_still_joins_first() -> None:
    """The new rule serves who was not served; the old one does not follow before it is time."""
    world = deployed(forward(GROUPS["a"]))
    desired = group(forward(GROUPS["b"]), forward(GROUPS["b"]))
    bring_about(world, desired)
    assert weights(world) == [{"a": 1, "b": 0}, {"b": None}]
    assert phases(todo(world, desired)) == [("joining", "b")]


def test_what_answered_without_a_group_gives_way_at_once() -> None:
    """So does a rule whose groups have no share of requests, and one that forwards no more."""
    world = deployed(answer("A"), shares(c=0, d=0), forward(GROUPS["e"]))
    bring_about(world, group(forward(GROUPS["a"]), forward(GROUPS["b"]), answer("E")))
    assert weights(world) == [{"a": None}, {"b": 1, "c": 0, "d": 0}]


def test_more_groups_than_an_action_holds_are_exchanged_at_once() -> None:
    """Five are the most: neither joins what comes, nor stays what goes."""
    world = deployed(shares(a=1, b=1, c=1, d=1, e=1))
    desired = group(shares(f=1, b=1, c=1, d=1, e=1))
    bring_about(world, desired)
    assert weights(world) == [{"f": 1, "b": 1, "c": 1, "d": 1, "e": 1}]


def test_where_a_quota_is_reached_nothing_joins() -> None:
    """There is no room for both."""
    world = deployed(forward(GROUPS["a"]))
    policy = msgspec.structs.replace(
        POLICY, replacing=BOTH, limits_reached=frozenset({"used-target-groups"})
    )
    assert not plan(group(forward(GROUPS["b"])), world.observe(), policy).waits


def test_groups_of_somebody_else_are_waited_for_by_their_arn() -> None:
    """They join and leave a rule like ours; ours alone are kept for a drain."""
    world = deployed(forward(GROUPS["a"]))
    theirs = world.create_target_group(target_group("x", name="theirs", tags={})).identity
    desired = group(forward(theirs))
    bring_about(world, desired)
    assert [one.name for one in todo(world, desired).waits] == [theirs]
    over = msgspec.structs.replace(BOTH, joined=frozenset({theirs}))
    bring_about(world, desired, over)
    assert phases(todo(world, desired)) == [("draining", "a")]


def test_what_rewrites_requests_changes_with_the_group() -> None:
    """The old group gets the requests that it knows."""
    one, other = ((Transform("url-rewrite", (Rewrite("^/x", text),)),) for text in ("/old", "/new"))
    world = deployed(forward(GROUPS["a"]), transforms=one)
    desired = group(forward(GROUPS["b"]), transforms=other)
    (found,) = bring_about(world, desired).all(ListenerRule).values()
    assert found.transforms == one
    (found,) = bring_about(world, desired, joined("b")).all(ListenerRule).values()
    assert found.transforms == other


def test_a_successor_of_a_successor_drains_both() -> None:
    """What was leaving goes when its time has come, though another one is about to take over."""
    world = deployed(forward(GROUPS["a"]))
    bring_about(world, group(forward(GROUPS["b"])), joined("b"))
    desired = group(forward(GROUPS["c"]))
    bring_about(world, desired)
    assert weights(world) == [{"b": 1, "a": 0, "c": 0}]
    assert sorted(phases(todo(world, desired))) == [("draining", "a"), ("joining", "c")]
    over = msgspec.structs.replace(BOTH, drained=frozenset({"shop/web-a:80"}))
    bring_about(world, desired, over)
    assert weights(world) == [{"b": 1, "c": 0}]
    assert len(world.all(TargetGroup)) == 2


def test_rules_of_others_have_no_part_in_it() -> None:
    """One of theirs with the conditions of a new one of ours is no predecessor of it."""
    world = deployed(forward(GROUPS["a"]))
    (arn,) = world.all(Listener)
    theirs = world.create_target_group(target_group("x", name="theirs", tags={})).identity
    found = rule(7, (PathPattern(("/x2",)),), forward(theirs), listener=arn, tags={"team": "b"})
    world.create_rule(found)
    assert not todo(world, group(forward(GROUPS["a"]), forward(GROUPS["b"]))).waits


def test_listeners_of_network_load_balancers_change_at_once() -> None:
    """Weights are an application load balancer's here."""
    world = World()
    tcp = {"target_type": "ip", "protocol": "TCP", "protocol_version": None}
    for name in "ab":
        one = target_group(f"shop/web-{name}:80", **tcp)
        desired = stack(
            load_balancers=(load_balancer(type="network"),),
            target_groups=(one,),
            listeners=(listener(protocol="TCP", default_actions=(forward(one),)),),
        )
        made = todo(world, desired)
        apply(made, world.observe(), world)
        assert not made.waits
    assert len(world.all(TargetGroup)) == 1
