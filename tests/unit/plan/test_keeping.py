"""What AWS may have of members of whom nothing is known stays while others change (ADR 32)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec
import pytest

from alb_controller.model.actions import RedirectAction
from alb_controller.model.elbv2 import Action, PathPattern
from alb_controller.model.origins import WHOLE
from alb_controller.model.stack import Observed, Stack
from alb_controller.plan.keeping import keeping
from alb_controller.values import ObjectRef, Origin
from tests.resources import (
    NOT_FOUND,
    POLICY,
    answer,
    binding,
    forward,
    listener,
    load_balancer,
    rules,
    security_group,
    stack,
    target_group,
)
from tests.unit.plan.deploys import deploy, deployed
from tests.world import World

UNKNOWN = ObjectRef("Ingress", "shop", "bad", "uid")
OURS, THEIRS = (
    target_group("shop/good-app:80", name="good"),
    target_group("shop/bad-app:80", name="bad"),
)
TO_US, TO_BAD = forward(OURS), forward(THEIRS)
CLOSED = answer("closed")


def group(*contents: tuple[str, Action], **more: Any) -> Stack:
    """A load balancer with rules on port 80 by path."""
    fields: dict[str, Any] = {
        "security_groups": (security_group(80),),
        "load_balancers": (load_balancer(),),
        "listeners": (listener(),),
        "target_groups": (OURS, THEIRS),
        "bindings": (binding(OURS), binding(THEIRS)),
        "rules": rules(*contents),
    }
    return stack(**{**fields, **more})


def kept(world: World, desired: Stack, *unknown: ObjectRef, protects: bool = False) -> Stack | None:
    """What is to be brought about while the members are not known."""
    members = unknown or (UNKNOWN,)
    return keeping(desired, world.observe(), members, POLICY, protects=protects)


def paths(made: Stack | None) -> list[str]:
    """Of the rules, by priority."""
    assert made is not None
    conditions = (one for rule in made.rules for one in rule.conditions)
    return [one.values[0] for one in conditions if isinstance(one, PathPattern)]


def by(namespace: str, made: Stack) -> Stack:
    """The same, asked for by an Ingress of this namespace."""
    asked = {WHOLE: (Origin(ObjectRef("Ingress", namespace, "new", "uid-2"), "spec"),)}
    changed = (msgspec.structs.replace(one, asked_by=asked) for one in made.rules)
    return msgspec.structs.replace(made, rules=tuple(changed))


def without_theirs(*contents: tuple[str, Action], **more: Any) -> Stack:
    """What the valid members ask for."""
    fields = {"target_groups": (OURS,), "bindings": (binding(OURS),), **more}
    return group(*contents, **fields)


def test_what_is_kept_is_as_it_was() -> None:
    """Nothing is written where the valid members ask for the same."""
    world = deployed(group(("/a", TO_US), ("/b", TO_BAD), ("/c", CLOSED)))
    made = kept(world, without_theirs(("/a", TO_US)))
    assert made is not None
    world.calls.clear()
    assert deploy(world, made) == []


@pytest.mark.parametrize(
    "now, wanted, expected",
    [
        ("a+ b- c+", "a+ c+", ["a", "b", "c"]),
        ("a+ b-", "x+", ["x", "b"]),
        ("a+ b-", "", ["b"]),
        ("a+ b- c+", "c+ a+", ["c", "a", "b"]),
        ("b- a+", "n+ a+", ["b", "n", "a"]),
        ("a+ b-", "n+ a+ m+", ["n", "a", "b", "m"]),
        ("a+ a-", "a+", ["a", "a"]),
        ("a. b-", "a+", ["a", "b"]),
        ("a. b-", "n+", ["a", "b", "n"]),
    ],
)
def test_what_is_kept_stays_behind_what_it_is_behind(
    now: str, wanted: str, expected: list[str]
) -> None:
    """Or behind what becomes of that; `+` is ours, `-` of the unknown, `.` an answer of either."""
    actions: dict[str, Action] = {"+": TO_US, "-": TO_BAD, ".": CLOSED}
    first, then = ([(one[0], actions[one[1]]) for one in text.split()] for text in (now, wanted))
    world = deployed(group(*first))
    made = kept(world, without_theirs(*then))
    assert paths(made) == expected
    assert made is not None
    deploy(world, made)
    found = sorted(world.observe().rules, key=lambda one: one.resource.priority)
    assert paths(stack(rules=tuple(one.resource for one in found))) == expected


@pytest.mark.parametrize(
    "namespace, protects, expected",
    [
        ("other", True, ["/a", "/b", "/*"]),
        ("shop", True, ["/*", "/a", "/b"]),
        ("other", False, ["/*", "/a", "/b"]),
    ],
)
def test_a_new_rule_of_another_namespace_comes_behind(
    namespace: str, protects: bool, expected: list[str]
) -> None:
    """Where namespaces do not trust each other; what excludes it does not count."""
    world = deployed(group(("/a", TO_US), ("/b", TO_BAD)))
    wanted = by(namespace, without_theirs(("/*", TO_US), ("/a", TO_US)))
    assert paths(kept(world, wanted, protects=protects)) == expected


def test_the_load_balancer_and_its_ports_stay() -> None:
    """With their settings; a port that comes is opened, and certificates add up."""
    old = listener(443, protocol="HTTPS", certificates=("arn:a",), default_actions=(CLOSED,))
    first = group(
        ("/b", TO_BAD), listeners=(listener(), old), security_groups=(security_group(80, 443),)
    )
    world = deployed(first)
    https = listener(443, protocol="HTTPS", certificates=("arn:b",), ssl_policy="other")
    wanted = without_theirs(
        listeners=(https, listener(8080)),
        security_groups=(security_group(443, 8080),),
        load_balancers=(load_balancer(scheme="internet-facing", attributes={"a": "b"}),),
        rules=rules(("/n", TO_US), port=8080),
    )
    made = kept(world, wanted)
    assert made is not None
    (balancer,), (opened,) = made.load_balancers, made.security_groups
    assert (balancer.scheme, balancer.attributes) == (load_balancer().scheme, None)
    assert [one.from_port for one in opened.ingress or ()] == [80, 443, 8080]
    secure, comes, left = made.listeners
    assert (secure.certificates, secure.ssl_policy) == (("arn:a", "arn:b"), old.ssl_policy)
    assert secure.default_actions == (CLOSED,)
    assert (comes.port, left.port, paths(made)) == (8080, 80, ["/n", "/b"])


def test_groups_that_are_kept_elsewhere_stay_elsewhere() -> None:
    """The shared security group's rules are not ours; one that nobody wants any more stays."""
    world = deployed(group(("/b", TO_BAD)))
    shared = msgspec.structs.replace(security_group(80), ingress=None)
    for groups in ((shared,), ()):
        made = kept(world, without_theirs(security_groups=groups))
        assert made is not None
        (found,) = made.security_groups
        assert [one.from_port for one in found.ingress or ()] == [80]


@pytest.mark.parametrize(
    "now, wanted, expected",
    [
        (TO_US, CLOSED, CLOSED),
        (NOT_FOUND, TO_US, TO_US),
        (CLOSED, NOT_FOUND, CLOSED),
    ],
)
def test_a_default_that_may_be_theirs_stays(now: Action, wanted: Action, expected: Action) -> None:
    """One that is proved to be of others, or nobody's, is what the valid members ask for."""
    world = deployed(group(listeners=(listener(default_actions=(now,)),)))
    made = kept(world, without_theirs(listeners=(listener(default_actions=(wanted,)),)))
    assert made is not None
    assert made.listeners[0].default_actions == (expected,)


def test_a_default_of_theirs_keeps_its_target_group() -> None:
    """Though no rule forwards to it, and whatever its name."""
    world = deployed(group(listeners=(listener(default_actions=(TO_BAD,)),)))
    made = kept(world, without_theirs(), ObjectRef("Ingress", "shop", "bad", "uid"))
    assert made is not None
    assert {one.id for one in made.target_groups} == {OURS.id, THEIRS.id}
    assert len(made.bindings) == len(made.target_groups)


def test_a_port_that_leads_to_https_serves_nothing_meanwhile() -> None:
    """Whoever asked for that may be the one of whom nothing is known."""
    redirect = RedirectAction("HTTP_301", protocol="HTTPS", port="443")
    world = deployed(group(listeners=(listener(default_actions=(redirect,)),)))
    assert paths(kept(world, without_theirs(("/a", TO_US)))) == []
    same = without_theirs(("/a", TO_US), listeners=(listener(default_actions=(redirect,)),))
    assert paths(kept(world, same)) == ["/a"]


def test_where_nobody_knows_what_is_whose_the_group_waits() -> None:
    """Another protocol on a port, a load balancer that is replaced, an object of another kind."""
    world = deployed(group(("/b", TO_BAD)))
    https = listener(protocol="HTTPS", certificates=("arn:a",))
    assert kept(world, without_theirs(listeners=(https,))) is None
    assert kept(world, without_theirs(), ObjectRef("Service", "shop", "bad", "uid")) is None
    seen = world.observe()
    twice: Iterable[Any] = [*seen.load_balancers, *seen.load_balancers]
    doubled = msgspec.structs.replace(seen, load_balancers=tuple(twice))
    assert keeping(without_theirs(), doubled, [UNKNOWN], POLICY) is None


def test_what_aws_does_not_have_is_made() -> None:
    """Nothing of the unknown can be there."""
    wanted = without_theirs(("/a", TO_US))
    made = keeping(wanted, Observed(), [UNKNOWN], POLICY)
    assert made == wanted
