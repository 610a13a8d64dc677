"""What counts towards a quota, and who has no room."""

from __future__ import annotations

import msgspec
import pytest

from alb_controller.model.elbv2 import Listener, ListenerRule
from alb_controller.model.origins import WHOLE
from alb_controller.model.stack import Stack
from alb_controller.plan.quotas.counting import Quota, Unit, asked_by, count, in_use, units
from alb_controller.plan.quotas.room import is_crowded, without_room
from alb_controller.values import ObjectRef, Origin
from tests.resources import (
    LOAD_BALANCER,
    POLICY,
    answer,
    forward,
    listener,
    load_balancer,
    on,
    open_port,
    rule,
    security_group,
    stack,
    target_group,
)
from tests.unit.plan.deploys import deploy
from tests.world import World

A, B, C = (ObjectRef("Ingress", "shop", name) for name in "abc")
GROUP, OTHER = target_group(), target_group("shop/other:80")


def by(who: ObjectRef, one: ListenerRule) -> ListenerRule:
    """The rule as a member asks for it."""
    return msgspec.structs.replace(one, asked_by={WHOLE: (Origin(who, "spec"),)})


def secure(*hosts: str) -> Listener:
    """With a default certificate, which does not count."""
    arns = ("arn:default", *(f"arn:{host}" for host in hosts))
    return listener(443, protocol="HTTPS", certificates=arns)


WHOLE_STACK = stack(
    load_balancers=(load_balancer(),),
    target_groups=(GROUP, OTHER),
    security_groups=(
        security_group(ingress=(open_port(80), open_port(443), open_port(80, "10.0.0.0/8"))),
    ),
    listeners=(listener(80, default_actions=(forward(GROUP),)), secure("a", "b")),
    rules=(
        by(A, rule(1, on("/a"), forward(GROUP))),
        by(B, rule(2, on("/a"), forward(GROUP, OTHER))),
        by(B, rule(1, on("/b"), answer("b"), 443)),
    ),
)
NUMBERS = {
    "listeners-per-application-load-balancer": 2,
    "certificates-per-application-load-balancer": 2,
    "rules-per-application-load-balancer": 3,
    "target-groups-per-application-load-balancer": 2,
    "target-groups-per-action-on-application-load-balancer": 2,
    "security-groups-per-load-balancer": 1,
    "rules-per-security-group": 3,
}


def counted(world: World, desired: Stack) -> tuple[Unit, ...]:
    """The units of a stack beside what a world has."""
    return units(desired, world.observe(), POLICY)


def test_what_is_desired_and_what_is_there_count_the_same() -> None:
    """Defaults do not count, a target group does once; nothing is there before it is made."""
    world = World()
    new = counted(world, WHOLE_STACK)
    assert {quota.name: number for quota, number in count(new).items()} == NUMBERS
    assert not any(unit.is_there for unit in new)
    deploy(world, WHOLE_STACK)
    made = counted(world, WHOLE_STACK)
    assert {quota.name: number for quota, number in count(made).items()} == NUMBERS
    assert all(unit.is_there for unit in made)
    assert {name: n for name, n in in_use(world.observe()).items() if n} == NUMBERS
    assert [str(u.quota.name) for u in asked_by(A, made)] == [
        "rules-per-application-load-balancer", "target-groups-per-application-load-balancer",
        "target-groups-per-action-on-application-load-balancer",
    ]  # fmt: skip


def test_rules_that_others_made_on_our_listeners_count() -> None:
    """They take room, and nobody of the stack asks for them."""
    world = World()
    deploy(world, WHOLE_STACK)
    (arn,) = (a for a, one in world.all(Listener).items() if one.port == 80)
    world.create_rule(rule(9, on("/x"), answer("x"), listener=arn, tags={}))
    found = counted(world, WHOLE_STACK)
    rules = Quota("rules-per-application-load-balancer", LOAD_BALANCER.name)
    assert count(found)[rules] == 4
    assert [u.is_there for u in found if not u.asked_by and u.quota == rules] == [True]


def test_rules_of_both_families_count_apart() -> None:
    """A security group as source counts for both."""
    ingress = (
        open_port(80),
        msgspec.structs.replace(open_port(80, "::/0"), source_kind="cidr_v6"),
        msgspec.structs.replace(open_port(80, "sg-1"), source_kind="security_group"),
    )
    desired = stack(security_groups=(security_group(ingress=ingress),))
    found = count(counted(World(), desired))
    assert sorted((quota.of[-4:], number) for quota, number in found.items()) == [
        ("IPv4", 2), ("IPv6", 2),
    ]  # fmt: skip


def test_target_groups_of_a_network_load_balancer_do_not_count() -> None:
    """AWS names no such quota; its listeners have one of their own."""
    front = load_balancer(type="network")
    served = listener(80, protocol="TCP", default_actions=(forward(GROUP),))
    desired = stack(load_balancers=(front,), target_groups=(GROUP,), listeners=(served,))
    found = count(counted(World(), desired))
    assert {quota.name: n for quota, n in found.items()} == {
        "listeners-per-network-load-balancer": 1,
        "security-groups-per-load-balancer": 1,
    }


RULES = Quota("rules", "lb")


def unit(who: ObjectRef, what: object, *, there: bool = False) -> Unit:
    """One rule of a member."""
    return Unit(quota=RULES, what=what, asked_by=(Origin(who, f"f{what}"),), is_there=there)


@pytest.mark.parametrize(
    "wanted, before, out",
    [
        pytest.param([unit(A, 1), unit(B, 2), unit(B, 3)], {}, [], id="room for all"),
        pytest.param([unit(A, n) for n in range(4)], {}, [(A, 0, 4)], id="alone too large"),
        pytest.param(
            [*(unit(A, n) for n in (1, 2)), *(unit(B, n) for n in (3, 4)), unit(C, 5)],
            {},
            [(B, 3, 2)],
            id="a small one fits behind a large one",
        ),
        pytest.param(
            [unit(A, 1), *(unit(B, n, there=True) for n in (2, 3, 4))],
            {},
            [(A, 3, 1)],
            id="what is there stays before what is older",
        ),
        pytest.param(
            [*(unit(B, n, there=True) for n in range(5))], {}, [], id="what is there is over it"
        ),
        pytest.param(
            [unit(A, 1), unit(B, 2), unit(B, 3)],
            {B: [unit(B, n, there=True) for n in (7, 8, 9)]},
            [],
            id="an edit that gives room",
        ),
        pytest.param(
            [*(unit(A, n) for n in (1, 2)), unit(B, 3)],
            {A: [unit(A, 7, there=True)], B: [unit(B, n, there=True) for n in (8, 9)]},
            [],
            id="an edit that makes room for an older one",
        ),
        pytest.param(
            [unit(A, 1), unit(B, 2), unit(B, 3), unit(B, 4)],
            {B: [unit(B, 7, there=True)]},
            [(A, 3, 1)],
            id="an edit comes before a newcomer",
        ),
        pytest.param(
            [unit(A, 1, there=True), *(unit(B, n) for n in (2, 3, 4))],
            {B: [unit(B, 7, there=True)]},
            [(B, 1, 3)],
            id="an edit that does not fit",
        ),
        pytest.param(
            [unit(A, 1), unit(B, 2, there=True), unit(B, 3), unit(B, 4)],
            {},
            [(A, 3, 1)],
            id="an edit of what nobody remembers",
        ),
        pytest.param(
            [Unit(quota=RULES, what=n, asked_by=(), is_there=True) for n in range(3)]
            + [unit(A, 4)],
            {},
            [(A, 3, 1)],
            id="others' rules",
        ),
    ],
)
def test_who_has_no_room(
    wanted: list[Unit], before: dict[ObjectRef, list[Unit]], out: list[tuple[ObjectRef, int, int]]
) -> None:
    """At three rules: whom it hits, how many others have, and how many it needs."""
    found = without_room([A, B, C], wanted, before, {"rules": 3})
    assert [(one.asking.ref, one.used, one.needs) for one in found] == out
    assert all((one.quota, one.most) == ("rules", 3) for one in found)


def test_the_field_is_that_of_what_does_not_fit() -> None:
    """The last of what the member asks for."""
    (found,) = without_room([A], [unit(A, 1), unit(A, 2)], {}, {"rules": 1})
    assert found.asking == Origin(A, "f2")


def test_only_known_quotas_can_be_too_small() -> None:
    """Without a number nobody is kept out."""
    wanted = [unit(A, 1), unit(A, 2)]
    assert is_crowded(wanted, {"rules": 1})
    assert not is_crowded(wanted, {"rules": 2})
    assert not is_crowded(wanted, {"others": 1})
    assert without_room([A], wanted, {}, {"others": 1}) == ()
