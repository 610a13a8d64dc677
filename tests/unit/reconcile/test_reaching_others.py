"""Target groups that the controller made for one namespace, forwarded to from another (ADR 34)."""

from __future__ import annotations

import json
from typing import Any

import pytest

from alb_controller.model.elbv2 import ListenerRule, TargetGroup
from alb_controller.objects.networking import Ingress
from tests.factories import ingress, member, path, rule, service, site, to
from tests.unit.reconcile.stack_world import World


def world(**flags: Any) -> World:
    """Where the group team has a member of namespace shop."""
    return World(site("web"), service(namespace="guest"), **flags).settle()


def guest(arn: str, **fields: Any) -> Ingress:
    """An Ingress of another namespace that forwards to a target group by its ARN."""
    action = {"type": "forward", "targetGroupARN": arn}
    alb = {"actions.x": json.dumps(action)}
    rules = [rule("g.example", path("/x", "Exact", to("x", "use-annotation")), path("/own"))]
    return member("guest", namespace="guest", rules=rules, alb=alb, **fields)


def arn_of(made: World) -> str:
    """Of its target group."""
    (arn,) = made.aws.all(TargetGroup)
    return arn


def reported(made: World) -> list[str]:
    """Warnings on the guest."""
    return [e.message for e in made.kube.events if e.type == "Warning" and e.name == "guest"]


def test_between_namespaces_it_is_rejected() -> None:
    """Its Ingress alone, with the annotation, the target group and the namespace."""
    made = world(group_trust="namespace")
    arn = arn_of(made)
    made.put(guest(arn))
    made.settle()
    (sentence,) = reported(made)
    assert f"alb.ingress.kubernetes.io/actions.x: names target group {arn!r}" in sentence
    assert "which the controller made for namespace shop (refused by" in sentence
    assert len(made.aws.all(ListenerRule)) == 1


def test_by_default_it_is_served_and_reported_once() -> None:
    """No question to AWS is more than before, and nothing is said again of an unchanged world."""
    made = world()
    made.put(guest(arn_of(made)))
    made.settle()
    (sentence,) = reported(made)
    assert "which the controller made for namespace shop" in sentence
    assert len(made.aws.all(ListenerRule)) == 3
    made.forget_calls()
    made.settle()
    assert (made.aws.calls, reported(made)) == ([], [sentence])


@pytest.mark.parametrize("trust", ["any", "namespace"])
def test_those_of_the_own_namespace_are_free(trust: str) -> None:
    """As before."""
    made = world(group_trust=trust)
    own = member("own", rules=[rule("o.example", path("/x", "Exact", to("x", "use-annotation")))])
    own.metadata.annotations.update(guest(arn_of(made)).metadata.annotations)
    made.put(own)
    made.settle()
    assert not [e for e in made.kube.events if e.type == "Warning"]
    assert len(made.aws.all(ListenerRule)) == 2


def owner_reported(made: World, name: str = "web") -> list[str]:
    """Warnings on the owner."""
    return [e.message for e in made.kube.events if e.type == "Warning" and e.name == name]


@pytest.mark.parametrize("owner", [site("web"), ingress("web")], ids=["in a group", "alone"])
def test_by_default_the_owner_hears_of_it_once(owner: Ingress) -> None:
    """Who names it, in which field; an Ingress whose name begins alike does not."""
    made = World(owner, site("we"), ingress("web-app"), service(namespace="guest")).settle()
    (arn,) = (i for i, one in made.aws.all(TargetGroup).items() if "web-app:80" in str(one))
    made.put(guest(arn))
    made.settle()
    (sentence,) = owner_reported(made)
    assert sentence == (
        f"alb.ingress.kubernetes.io/actions.x of Ingress guest/guest names target group {arn!r}, "
        "which is this object's"
    )
    assert (owner_reported(made, "we"), owner_reported(made, "web-app")) == ([], [])
    made.sweep()
    assert owner_reported(made) == [sentence]


@pytest.mark.parametrize("is_bad", [False, True])
def test_what_stands_in_for_a_member_reaches_nothing_either(*, is_bad: bool) -> None:
    """After a switch to namespace, also of a member that turned bad: its rules go, others' stay."""
    made = World(site("web"), service(namespace="guest")).settle()
    arn = arn_of(made)
    made.put(guest(arn))
    made.settle()
    assert len(made.aws.all(ListenerRule)) == 3
    strict = made.restarted(group_trust="namespace")
    if is_bad:
        bad = guest(arn)
        bad.metadata.annotations["alb.ingress.kubernetes.io/scheme"] = "nonsense"
        strict.put(bad)
    strict.settle()
    assert len(strict.aws.all(ListenerRule)) == 1
    assert [*strict.aws.all(TargetGroup)] == [arn]
    assert any("(refused by --group-trust=namespace)" in one for one in reported(strict))
    strict.put(site("web", alb={"tags": "a=b"}))
    strict.forget_calls()
    assert strict.settle().aws.calls
    strict.forget_calls()
    strict.start()
    strict.settle()
    assert (strict.aws.calls, len(strict.aws.all(ListenerRule))) == ([], 1)
    strict.put(member("guest", namespace="guest", rules=[rule("g.example", path("/own"))]))
    strict.settle()
    assert len(strict.aws.all(ListenerRule)) == 2
