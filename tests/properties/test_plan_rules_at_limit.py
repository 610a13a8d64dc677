"""Laws of listener rules at the quota: what comes takes the place of what goes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeAlias

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alb_controller.model.elbv2 import Action, Condition, Listener, ListenerRule, PathPattern
from alb_controller.plan.plan import plan
from alb_controller.reconcile.apply import apply
from tests.properties.test_plan_rules import (
    CONDITIONS,
    CONTENTS,
    REQUESTS,
    Contents,
    bring_about,
    edits,
    fits,
    group,
)
from tests.resources import POLICY, answer, rule
from tests.world import World

AT_LIMIT = msgspec.structs.replace(POLICY, limits_reached=frozenset({"rules"}))
DEFAULT = answer("D")
Rules: TypeAlias = dict[str, tuple[tuple[Condition, ...], Action]]
"""Identity -> what a rule says, in the order in which rules are asked."""


def rules_of(world: World) -> Rules:
    """The rules of the one listener."""
    (arn,) = world.all(Listener)
    mine = {i: one for i, one in world.all(ListenerRule).items() if one.listener == arn}
    order = sorted(mine, key=lambda identity: mine[identity].priority)
    return {one: (mine[one].conditions, mine[one].actions[0]) for one in order}


def first(order: Rules, there: Mapping[str, object], request: tuple[str, ...]) -> str | None:
    """Who answers a request, of the rules that are there as the order has them."""
    for identity, content in order.items():
        if there.get(identity) == content and fits(content[0], request):
            return identity
    return None


class Case(msgspec.Struct, frozen=True):
    """Rules by path and action, `path=action`, and others' rules by number and path."""

    before: str
    after: str
    foreign: dict[int, str] = {}
    is_in_place: bool = True
    """Whether no rule has to be made anew."""


CASES = {
    "a narrow one turns wide": Case("/z=A /x=B /?=C", "/x=B /?=C /*=A"),
    "a wide one turns narrow": Case("/x=B /?=C /*=A", "/z=A /x=B /?=C"),
    "one is passed at its number": Case("/z=A /q=B /x=C", "/x=C /*=B /z=A"),
    "those that pass each other share nothing": Case("/a=A /b=B /c=C", "/c=C /d=B /a=A"),
    "two that change pass each other": Case("/x=A /*=B", "/*=C /x=D"),
    "others' is not passed": Case("/a=A /z=B", "/z=B /x*=A", {2: "/x"}),
    "neither time is right": Case("/z=A /z*=B /x=C", "/x=C /x*=B /z=A", is_in_place=False),
    "what goes is not passed": Case("/x*=A /*=B /x=C", "/x=C /*=D", is_in_place=False),
    "three that change are reversed": Case("/x*=A /*=B /?=C", "/?=A /*=C /x*=B", is_in_place=False),
}


def contents(text: str) -> Contents:
    """Rules as a case has them."""
    parts = (one.split("=") for one in text.split())
    return [((PathPattern((path,)),), answer(action)) for path, action in parts]


def change(before: Contents, after: Contents, foreign: dict[int, tuple[Condition, ...]]) -> World:
    """Bring about one after the other, with as much room as the larger one takes.

    At every write, who answers a request is first in the old order or in the new one, of the
    rules that are there: what goes leaves a gap, for want of room.
    """
    world = World(rule_limit=len(foreign) + max(len(before), len(after)))
    bring_about(world, group((), DEFAULT))
    (arn,) = world.all(Listener)
    for place, conditions in foreign.items():
        world.create_rule(rule(place, conditions, answer("F"), listener=arn, tags={"team": "x"}))
    bring_about(world, group(before, DEFAULT))
    world.writes()
    seen = [rules_of(world)]
    world.on_write.append(lambda: seen.append(rules_of(world)))
    observed = world.observe()
    assert apply(plan(group(after, DEFAULT), observed, AT_LIMIT), observed, world).error is None
    assert not plan(group(after, DEFAULT), world.observe(), POLICY)
    old, new = seen[0], rules_of(world)
    for there in seen:
        for request in REQUESTS:
            answers = first(there, there, request)
            assert answers in (first(old, there, request), first(new, there, request)), request
    return world


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_a_rule_is_turned_before_it_moves_or_after_or_else_made_anew(case: Case) -> None:
    """At the limit, and never ahead of a rule that belongs ahead of it."""
    foreign: dict[int, tuple[Condition, ...]] = {
        place: (PathPattern((path,)),) for place, path in case.foreign.items()
    }
    world = change(contents(case.before), contents(case.after), foreign)
    assert ("CreateRule" not in world.calls) is case.is_in_place


@settings(max_examples=300, deadline=None)
@given(
    st.one_of(edits(), st.tuples(CONTENTS, CONTENTS)),
    st.dictionaries(st.integers(1, 8), CONDITIONS, max_size=2),
)
def test_at_the_limit_no_rule_is_ahead_of_one_that_belongs_ahead_of_it(
    edited: tuple[Contents, Contents], foreign: dict[int, tuple[Condition, ...]]
) -> None:
    """Whatever changes at once, between others' rules."""
    change(*edited, foreign)
