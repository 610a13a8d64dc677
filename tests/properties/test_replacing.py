"""Laws of replacements: who is served stays so while target groups take over from others."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeAlias

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from alb_controller.model.elbv2 import Condition, ForwardAction, Listener, TargetGroup
from alb_controller.model.stack import Stack
from alb_controller.plan.plan import plan
from alb_controller.plan.replacing.waits import Replacing, Wait
from alb_controller.reconcile.apply import apply
from tests.properties.test_plan_rules import CONDITIONS, REQUESTS, answer_of, fits
from tests.resources import (
    POLICY,
    binding,
    forward,
    listener,
    load_balancer,
    rule,
    stack,
    target_group,
)
from tests.world import World

GROUPS = {name: target_group(f"shop/web-{name}:80") for name in "abcd"}
Contents: TypeAlias = list[tuple[tuple[Condition, ...], str]]
CONTENTS = st.lists(st.tuples(CONDITIONS, st.sampled_from("abc")), max_size=5)
Served: TypeAlias = dict[tuple[str, ...], frozenset[str]]


@st.composite
def edits(draw: st.DrawFn) -> tuple[Contents, Contents]:
    """Rules, and the same where some forward to another Service, come, go or move."""
    before = draw(CONTENTS)
    after = [(one, draw(st.sampled_from(["d", name, name]))) for one, name in before]
    for kind in draw(st.lists(st.sampled_from(["insert", "drop", "move"]), max_size=2)):
        here = draw(st.integers(0, len(after)))
        if kind == "insert":
            after.insert(here, (draw(CONDITIONS), draw(st.sampled_from("abcd"))))
        elif here < len(after):
            gone = after.pop(here)
            if kind == "move":
                after.insert(draw(st.integers(0, len(after))), gone)
    return before, after


def group(contents: Contents, default: str) -> Stack:
    """One listener with these rules, and the target groups that they and its default need."""
    names = sorted({default, *(name for _, name in contents)})
    return stack(
        load_balancers=(load_balancer(),),
        target_groups=tuple(GROUPS[name] for name in names),
        bindings=tuple(binding(GROUPS[name]) for name in names),
        listeners=(listener(default_actions=(forward(GROUPS[default]),)),),
        rules=tuple(
            rule(place, conditions, forward(GROUPS[name]))
            for place, (conditions, name) in enumerate(contents, 1)
        ),
    )


class Traffic:
    """Who answers each request, at every write."""

    def __init__(self, world: World) -> None:
        self.world = world
        (self.arn,) = world.all(Listener)
        self.before = self.answers()
        self.seen: list[Served] = []
        world.on_write.append(lambda: self.seen.append(self.answers()))

    def answers(self) -> Served:
        """Request -> the Services that may answer it, as things stand."""
        rules = self.world.rules_of(self.arn)
        default = self.world.all(Listener)[self.arn].default_actions[0]
        return {one: self._names(answer_of(rules, default, one)) for one in REQUESTS}

    def _names(self, action: object) -> frozenset[str]:
        assert isinstance(action, ForwardAction)
        groups = self.world.all(TargetGroup)
        return frozenset(
            groups[str(one.target_group)].id.name for one in action.target_groups if one.weight != 0
        )

    def check(self, held: Mapping[tuple[str, ...], str]) -> None:
        """Each is answered at all times by the Service from before or by the one from after.

        `held` are Services that a rule had before which answers in the end: they answer, too, what
        a rule that goes has kept from it.
        """
        after = self.answers()
        for answers in self.seen:
            for request, by in answers.items():
                old = frozenset({f"shop/web-{held[request]}:80"})
                assert by in (self.before[request], after[request], old), request


def go_on(world: World, desired: Stack, replacing: Replacing) -> Sequence[Wait]:
    """One plan, applied; what it waits for."""
    policy = msgspec.structs.replace(POLICY, replacing=replacing)
    for _ in range(3):  # a binding takes a while to go
        todo = plan(desired, world.observe(), policy)
        apply(todo, world.observe(), world)
        world.finish_bindings()
    return plan(desired, world.observe(), policy).waits


def old_service(before: Contents, default: str, after: Contents, request: tuple[str, ...]) -> str:
    """The Service that the rule which answers in the end had before; of a new one, its own."""
    for conditions, name in after:
        if fits(conditions, request):
            return next((old for one, old in before if one == conditions), name)
    return default


@settings(max_examples=200, deadline=None)
@given(edits(), st.sampled_from("abc"), st.sampled_from("abcd"))
def test_each_request_is_answered_by_the_old_service_or_by_the_new_one(
    edited: tuple[Contents, Contents], old: str, new: str
) -> None:
    """At every write; a new one that takes over answers nobody before it has joined."""
    before, after = edited
    world = World()
    go_on(world, group(before, old), Replacing(joins=True, drains=True))
    traffic = Traffic(world)
    desired = group(after, new)
    waits = go_on(world, desired, Replacing(joins=True, drains=True))
    joined = frozenset(one.name for one in waits)
    waits = go_on(world, desired, Replacing(joins=True, drains=True, joined=joined))
    drained = frozenset(one.name for one in waits)
    over = Replacing(joins=True, drains=True, joined=joined, drained=drained)
    assert not go_on(world, desired, over)
    traffic.check({one: old_service(before, old, after, one) for one in REQUESTS})
    assert not plan(desired, world.observe(), POLICY)
