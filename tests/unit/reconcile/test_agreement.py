"""What a group has agreed on stands, in AWS too: nothing is replaced for a conflict (ADR 35)."""

from __future__ import annotations

import pytest

from alb_controller.frontends.ingress.load import LoadedMember
from alb_controller.frontends.ingress.records.record import record_of
from alb_controller.model.elbv2 import LoadBalancer
from alb_controller.objects.kinds import kind_of
from alb_controller.objects.networking import Ingress
from alb_controller.objects.records import RECORD
from tests.factories import member, path, rule, service
from tests.unit.frontends.ingress.translation import TEAM
from tests.unit.reconcile.stack_world import World

BAD = {"target-type": "nonsense"}
FRONT = {"enable-frontend-nlb": "true"}
PUBLIC, INTERNAL = {"scheme": "internet-facing"}, {"scheme": "internal"}
SERVED = ["/*", "/*", "a.example", "b.example"]


def older(alb: dict[str, str]) -> Ingress:
    """The older member, of namespace shop."""
    return member("older", alb=alb, age_minutes=9, rules=[rule("a.example", path())])


def younger(alb: dict[str, str]) -> Ingress:
    """The other, of another namespace."""
    return member("younger", namespace="guest", alb=alb, rules=[rule("b.example", path())])


def agreed() -> World:
    """Both are served by an internet-facing load balancer."""
    return World(service(namespace="guest"), older(PUBLIC), younger(PUBLIC)).settle()


def settled(world: World, *, restarts: bool) -> World:
    """At rest, perhaps with another process that saw none of it."""
    if restarts:
        world.start()
    return world.settle().wait(60)


@pytest.mark.parametrize("restarts", [False, True])
@pytest.mark.parametrize("editor", ["older", "younger"])
def test_an_edit_of_one_replaces_nothing(editor: str, *, restarts: bool) -> None:
    """It gets a Warning; when the other follows, the load balancer is replaced for both."""
    world = agreed()
    (before,) = world.aws.all(LoadBalancer)
    world.put(older(INTERNAL) if editor == "older" else younger(INTERNAL))
    settled(world, restarts=restarts)
    assert list(world.aws.all(LoadBalancer)) == [before]
    (warning,) = world.kube.warnings(editor)
    assert "disagrees on scheme" in warning
    assert world.aws.paths() == SERVED
    world.put(older(INTERNAL), younger(INTERNAL))
    settled(world, restarts=restarts)
    (after,) = world.aws.all(LoadBalancer).values()
    assert after.scheme == "internal"


@pytest.mark.parametrize("restarts", [False, True])
def test_a_guest_replaces_nothing_by_joining(*, restarts: bool) -> None:
    """Though the holder says nothing of the scheme."""
    world = World(service(namespace="guest"), older({})).settle()
    (before,) = world.aws.all(LoadBalancer)
    world.put(younger(PUBLIC))
    settled(world, restarts=restarts)
    assert list(world.aws.all(LoadBalancer)) == [before]
    (warning,) = world.kube.warnings("younger")
    assert "would replace the load balancer" in warning
    world.put(younger({}))
    assert settled(world, restarts=restarts).aws.paths() == SERVED


@pytest.mark.parametrize("is_bad", [False, True])
@pytest.mark.parametrize(
    "silent, claim",
    [
        ({}, PUBLIC),
        ({}, {"load-balancer-name": "mine"}),
        (FRONT, {**FRONT, "frontend-nlb-scheme": "internet-facing"}),
    ],
)
def test_a_forged_record_replaces_nothing(
    silent: dict[str, str], claim: dict[str, str], *, is_bad: bool
) -> None:
    """A guest notes on its object that it had been so, and waits for a restart."""
    world = World(service(namespace="guest"), older(silent), younger(silent)).settle()
    before = [*world.aws.all(LoadBalancer)]
    forged = younger(claim)
    apps = {("guest", "app"): service(namespace="guest")}
    world.put(younger({**claim, **BAD}) if is_bad else forged)
    standing = world.kube.stores.get(Ingress, "guest", "younger")
    assert standing is not None
    text = record_of(LoadedMember(ingress=forged), apps).text(TEAM, standing.metadata.uid)
    patch = {"metadata": {"annotations": {RECORD: text}}}
    world.kube.merge_patch(kind_of(forged), "guest", "younger", patch)
    settled(world, restarts=True)
    assert [*world.aws.all(LoadBalancer)] == before
