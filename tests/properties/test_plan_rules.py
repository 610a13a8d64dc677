"""Laws of listener rules: no request is ever answered by anything but the old or the new rules."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product
from typing import TypeAlias

from hypothesis import given, settings
from hypothesis import strategies as st

from alb_controller.model.elbv2 import (
    Action,
    Condition,
    HostHeader,
    HttpRequestMethod,
    Listener,
    ListenerRule,
    PathPattern,
)
from alb_controller.model.stack import Stack
from alb_controller.plan.plan import plan
from alb_controller.plan.rules.steps import HIGHEST
from alb_controller.reconcile.apply import apply
from alb_controller.routing.matching import Facts, failed
from alb_controller.routing.request import Request
from tests.resources import POLICY, answer, listener, load_balancer, rule, stack
from tests.world import World

HOSTS = ("a.example", "b.example")
PATHS = ("/", "/x", "/x/y", "/z")
METHODS = ("GET", "PUT")
REQUESTS = tuple(product(HOSTS, PATHS, METHODS))

_hosts = st.sampled_from(["a.example", "A.example", "b.example", "*.example"])
_paths = st.sampled_from(["/x", "/x/*", "/*", "/z", "/x*", "/?"])
CONDITIONS: st.SearchStrategy[tuple[Condition, ...]] = st.one_of(
    st.builds(lambda host: (HostHeader((host,)),), _hosts),
    st.builds(lambda path: (PathPattern((path,)),), _paths),
    st.builds(lambda one, two: (PathPattern((one, two)),), _paths, _paths),
    st.builds(lambda host, path: (HostHeader((host,)), PathPattern((path,))), _hosts, _paths),
    st.builds(lambda method: (HttpRequestMethod((method,)),), st.sampled_from(METHODS)),
    st.just((PathPattern(regex_values=("^/x",)),)),
)
ACTIONS: st.SearchStrategy[Action] = st.builds(answer, st.sampled_from("ABC"))
CONTENTS = st.lists(st.tuples(CONDITIONS, ACTIONS), max_size=6)
Contents: TypeAlias = list[tuple[tuple[Condition, ...], Action]]


@st.composite
def edits(draw: st.DrawFn) -> tuple[Contents, Contents]:
    """Rules, and the same after a few of what people do to them."""
    before = draw(CONTENTS)
    after = list(before)
    for kind in draw(st.lists(st.sampled_from(["insert", "drop", "act", "match", "move"]))):
        place = draw(st.integers(0, len(after)))
        here = min(place, len(after) - 1)
        if kind == "insert":
            after.insert(place, (draw(CONDITIONS), draw(ACTIONS)))
        elif not after:
            continue
        elif kind == "drop":
            after.pop(here)
        elif kind == "act":
            after[here] = (after[here][0], draw(ACTIONS))
        elif kind == "match":
            after[here] = (draw(CONDITIONS), after[here][1])
        else:
            after.insert(draw(st.integers(0, len(after) - 1)), after.pop(here))
    return before, after


def answer_of(rules: Sequence[ListenerRule], default: Action, request: tuple[str, ...]) -> Action:
    """What a load balancer answers, by the evaluator of `alb-controller route`."""
    for one in rules:
        if fits(one.conditions, request):
            return one.actions[0]
    return default


def fits(conditions: tuple[Condition, ...], request: tuple[str, ...]) -> bool:
    """Whether a request fulfils all conditions of a rule."""
    host, path, method = request
    facts = Facts(Request(listener=80, method=method, target=path), host)
    return failed(conditions, facts) is None


class Traffic:
    """Every request, before the change and at every step of it."""

    def __init__(self, world: World) -> None:
        self.world = world
        (self.arn,) = world.all(Listener)
        self.before = self.answers()
        self.seen: list[dict[tuple[str, ...], Action]] = []
        world.on_write.append(lambda: self.seen.append(self.answers()))

    def answers(self) -> dict[tuple[str, ...], Action]:
        """Request -> answer, as things stand."""
        rules = self.world.rules_of(self.arn)
        default = self.world.all(Listener)[self.arn].default_actions[0]
        return {request: answer_of(rules, default, request) for request in REQUESTS}

    def check(self) -> None:
        """No answer at any time but the one before or the one after."""
        after = self.answers()
        for answers in self.seen:
            for request, given_answer in answers.items():
                assert given_answer in (self.before[request], after[request]), request


def group(
    contents: Sequence[tuple[tuple[Condition, ...], Action]],
    default: Action,
    numbers: Sequence[int] = (),
) -> Stack:
    """One listener with these rules."""
    places = numbers or range(1, len(contents) + 1)
    return stack(
        load_balancers=(load_balancer(),),
        listeners=(listener(default_actions=(default,)),),
        rules=tuple(
            rule(place, conditions, action)
            for place, (conditions, action) in zip(places, contents, strict=False)
        ),
    )


def bring_about(world: World, desired: Stack) -> None:
    """One plan, applied without a failure."""
    outcome = apply(plan(desired, world.observe(), POLICY), world.observe(), world)
    assert outcome.error is None


def assert_settled(world: World, desired: Stack) -> None:
    """Priorities are exactly those desired, and nothing is left to do."""
    (arn,) = world.all(Listener)
    found = [(one.priority, one.content, one.tags) for one in world.rules_of(arn)]
    assert found == [(one.priority, one.content, one.tags) for one in desired.rules]
    assert not plan(desired, world.observe(), POLICY)


@settings(max_examples=200, deadline=None)
@given(edits(), ACTIONS, ACTIONS)
def test_each_request_is_answered_as_before_or_as_after(
    edited: tuple[Contents, Contents], old: Action, new: Action
) -> None:
    """At every write, whatever is edited, inserted, moved and dropped at once."""
    before, after = edited
    world = World()
    bring_about(world, group(before, old))
    traffic = Traffic(world)
    bring_about(world, group(after, new))
    traffic.check()
    assert_settled(world, group(after, new))


@settings(max_examples=60, deadline=None)
@given(CONTENTS, CONTENTS, st.sets(st.integers(HIGHEST - 4, HIGHEST), max_size=4))
def test_numbers_up_to_the_last_one_leave_room(
    before: Contents,
    after: Contents,
    high: set[int],
) -> None:
    """Rules at the highest numbers, as LBC leaves them behind, are moved up first."""
    numbers = [*range(1, len(before) - len(high) + 1), *sorted(high)][: len(before)]
    world = World()
    bring_about(world, group(before, answer("D"), numbers))
    traffic = Traffic(world)
    bring_about(world, group(after, answer("D")))
    traffic.check()
    assert_settled(world, group(after, answer("D")))


@settings(max_examples=80, deadline=None)
@given(
    CONTENTS,
    CONTENTS,
    st.dictionaries(st.integers(1, 8) | st.integers(HIGHEST - 9, HIGHEST - 4), CONDITIONS),
)
def test_foreign_rules_stay_where_they_are(
    before: Contents, after: Contents, foreign: dict[int, tuple[Condition, ...]]
) -> None:
    """Rules that somebody else put on our listener keep their numbers; ours go around them."""
    world = World()
    bring_about(world, group((), answer("D")))
    (arn,) = world.all(Listener)
    for place, conditions in foreign.items():
        world.create_rule(
            rule(place, conditions, answer("F"), listener=arn, tags={"team": "other"})
        )
    theirs = {one.priority: one for one in world.rules_of(arn)}
    bring_about(world, group(before, answer("D")))
    traffic = Traffic(world)
    bring_about(world, group(after, answer("D")))
    traffic.check()
    left = world.rules_of(arn)
    assert {one.priority: one for one in left if one.tags == {"team": "other"}} == theirs
    ours = [one for one in left if one.tags != {"team": "other"}]
    assert [one.content for one in ours] == [one.content for one in group(after, answer("D")).rules]
    assert [one.id.name for one in ours] == [f"80:{one.priority}" for one in ours]
    assert not plan(group(after, answer("D")), world.observe(), POLICY)
