"""Quotas that a plan can live with: make room first."""

from __future__ import annotations

import msgspec

from alb_controller.errors import QuotaExceeded
from alb_controller.model.elbv2 import Action, Listener
from alb_controller.model.stack import Stack
from alb_controller.plan.changes import Limit
from alb_controller.plan.plan import plan
from alb_controller.reconcile.apply import apply
from tests.resources import (
    POLICY,
    answer,
    listener,
    load_balancer,
    on,
    open_port,
    rule,
    rules,
    security_group,
    stack,
)
from tests.unit.plan.deploys import deploy
from tests.world import World
from tests.world_store import Failure

A, B = answer("A"), answer("B")
AT_RULE_LIMIT = msgspec.structs.replace(POLICY, limits_reached=frozenset[Limit]({"rules"}))


def group(**ports: tuple[tuple[str, Action], ...]) -> Stack:
    """Listeners by port, with their rules."""
    numbers = {int(name[1:]): contents for name, contents in ports.items()}
    return stack(
        load_balancers=(load_balancer(),),
        listeners=tuple(listener(port) for port in numbers),
        rules=tuple(
            one for port, contents in numbers.items() for one in rules(*contents, port=port)
        ),
    )


def settle(world: World, desired: Stack) -> list[str]:
    """As the reconcile loop: plan again with the limit that stopped the first plan."""
    observed = world.observe()
    outcome = apply(plan(desired, observed, POLICY), observed, world)
    limit = outcome.limit_reached
    assert isinstance(outcome.error, QuotaExceeded)
    assert limit is not None
    tight = msgspec.structs.replace(POLICY, limits_reached=frozenset[Limit]({limit}))
    world.writes()
    return deploy(world, desired, tight)


def contents(world: World) -> dict[int, list[tuple[object, ...]]]:
    """Port -> rules."""
    return {
        one.port: [found.content for found in world.rules_of(arn)]
        for arn, one in world.all(Listener).items()
    }


def test_at_the_rule_limit_rules_are_turned_into_others() -> None:
    """No rule more than before at any time, and none is made: its place is never empty."""
    world = World(rule_limit=3)
    before = (("/old", A), ("/x", A), ("/*", B))
    deploy(world, group(p80=before))
    after = group(p80=(("/*", A), ("/x/y", B), ("/x", A)))
    calls = settle(world, after)
    assert "CreateRule" not in calls
    assert contents(world)[80] == [one.content for one in after.rules]
    assert deploy(world, after) == []


def test_at_the_rule_limit_a_rule_of_others_is_not_passed() -> None:
    """What would answer for it is moved behind it first, and turned then."""
    world = World(rule_limit=3)
    deploy(world, group(p80=(("/a", A),)))
    (arn,) = world.all(Listener)
    world.create_rule(rule(2, on("/x"), B, listener=arn, tags={"team": "x"}))
    deploy(world, group(p80=(("/a", A), ("/z", B))))
    calls = deploy(world, group(p80=(("/z", B), ("/x*", A))), AT_RULE_LIMIT)
    assert calls.index("SetRulePriorities") < calls.index("ModifyRule")
    assert "CreateRule" not in calls


def test_at_the_rule_limit_rules_that_go_make_room_on_other_listeners() -> None:
    """The quota is the load balancer's: deletes on all listeners come before creates."""
    world = World(rule_limit=2)
    deploy(world, group(p80=(), p81=(("/1", A), ("/2", A))))
    after = group(p80=(("/1", A),), p81=(("/2", A),))
    calls = settle(world, after)
    assert calls.index("DeleteRule") < calls.index("CreateRule")


def test_at_the_rule_limit_listeners_that_shrink_make_room_for_those_that_grow() -> None:
    """Also for one that has a rule made anew, and so deletes one before it creates two."""
    world = World(rule_limit=5)
    deploy(world, group(p80=(("/z", A), ("/z*", B), ("/x", A)), p81=(("/1", A), ("/2", A))))
    after = group(p80=(("/x", A), ("/x*", B), ("/z", A), ("/new", B)), p81=(("/1", A),))
    calls = settle(world, after)
    assert [one for one in calls if one in ("DeleteRule", "CreateRule")] == [
        "DeleteRule", "DeleteRule", "CreateRule", "CreateRule",
    ]  # fmt: skip
    assert deploy(world, after) == []


def test_at_the_rule_limit_listeners_that_go_make_room() -> None:
    """With a gap: there is no other way."""
    world = World(rule_limit=1)
    deploy(world, group(p80=(("/1", A),)))
    assert settle(world, group(p81=(("/1", A),)))[0] == "DeleteListener"


def test_more_rules_than_the_quota_is_an_error() -> None:
    """Making room does not help: the user must know."""
    world = World(rule_limit=1)
    wanted = group(p80=(("/1", A), ("/2", A)))
    for _ in range(2):
        observed = world.observe()
        outcome = apply(plan(wanted, observed, POLICY), observed, world)
        assert isinstance(outcome.error, QuotaExceeded)


def opened(*sources: str) -> Stack:
    """A security group that admits these to port 80."""
    ingress = tuple(open_port(80, source) for source in sources)
    return stack(security_groups=(security_group(ingress=ingress),))


def test_at_the_ingress_limit_rules_are_exchanged() -> None:
    """Sixty rules of a security group, all of which change (spec 6.4): what there is room for
    comes first.
    """
    world = World(ingress_limit=2)
    deploy(world, opened("10.0.0.0/8", "10.1.0.0/16"))
    calls = settle(world, opened("10.2.0.0/16", "10.3.0.0/16"))
    assert calls == ["RevokeSecurityGroupIngress", "AuthorizeSecurityGroupIngress"]
    world.ingress_limit = 3
    calls = settle(world, opened("10.4.0.0/16", "10.5.0.0/16", "10.6.0.0/16"))
    assert calls == [
        "AuthorizeSecurityGroupIngress",
        "RevokeSecurityGroupIngress",
        "AuthorizeSecurityGroupIngress",
    ]


def test_at_the_ingress_limit_nothing_goes_for_what_does_not_fit() -> None:
    """Who has come in comes in all the time that AWS refuses the new rules."""
    world = World(ingress_limit=2)
    deploy(world, opened("10.0.0.0/8", "10.1.0.0/16"))
    tight = msgspec.structs.replace(POLICY, limits_reached=frozenset[Limit]({"ingress"}))
    observed = world.observe()
    wanted = opened("10.2.0.0/16", "10.3.0.0/16", "10.4.0.0/16")
    outcome = apply(plan(wanted, observed, tight), observed, world)
    assert outcome.limit_reached == "ingress"
    assert world.observe() == observed


def test_another_quota_is_no_limit_to_live_with() -> None:
    """A full account: nothing can be made room with."""
    world = World()
    error = QuotaExceeded("ec2", "CreateSecurityGroup", "SecurityGroupLimitExceeded", "2500")
    world.failures = [Failure(call=0, error=error)]
    wanted = stack(security_groups=(security_group(),))
    outcome = apply(plan(wanted, world.observe(), POLICY), world.observe(), world)
    assert outcome.error is error
    assert outcome.limit_reached is None
    assert apply(plan(stack(), world.observe(), POLICY), world.observe(), world).error is None
