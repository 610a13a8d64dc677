"""What is beyond AWS's documented limits stops its member alone, before any call."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from alb_controller.build.elbv2.limits import out_of_limits
from alb_controller.frontends.ingress.admission import validate_ingress
from alb_controller.frontends.review import AdmissionResponse
from alb_controller.objects.core import Service
from alb_controller.objects.networking import Ingress
from tests.conformance.corpus import all_names, steps
from tests.corpus_objects import objects_of
from tests.factories import member, path, rule, service, to
from tests.unit.reconcile.limit_rows import CONDITIONS, HEALTH, ROWS, Row
from tests.unit.reconcile.rich_aws import RichAws
from tests.unit.reconcile.stack_world import World

HOUR = 3600.0


def world_of(*members: Ingress) -> World:
    """A group at rest, in an account that has whatever is asked for."""
    return World(service("api"), *members, aws=RichAws()).settle()


def good(text: str) -> Ingress:
    """The innocent member, with one path."""
    return member("good", rules=[rule("good.example", path(text, "Exact", to()))])


def is_published(world: World, name: str) -> bool:
    """Whether an Ingress shows where it is served."""
    found = world.ingress(name)
    return found is not None and bool(found.status.load_balancer.ingress)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_a_value_at_the_limit_is_served(row: Row) -> None:
    """A check that is too strict would reject what AWS serves."""
    world = world_of(good("/a"), row.make(row.taken))
    assert world.kube.warnings("bad") == []
    assert is_published(world, "bad")


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_a_value_past_the_limit_rejects_its_member_alone(row: Row) -> None:
    """One Warning has annotation and range; the other is served and edited; then all is quiet."""
    world = world_of(good("/a"), row.make(row.refused))
    assert is_published(world, "good")
    assert not is_published(world, "bad")
    world.put(good("/b"))
    world.settle()
    assert world.aws.paths() == ["/b", "good.example"]
    (warning,) = world.kube.warnings("bad")
    assert f" {row.field}: " in warning
    assert row.allowed in warning
    assert world.kube.warnings("good") == []
    world.forget_calls()
    world.wait(HOUR)
    assert world.calls() == []


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_what_aws_has_stays_where_an_edit_goes_past_the_limit(row: Row) -> None:
    """The last known good settings are served until the member is put right."""
    world = world_of(good("/a"), row.make(row.taken))
    before = dict(world.aws.things)
    world.put(row.make(row.refused))
    world.settle()
    assert world.aws.things == before
    assert len(world.kube.warnings("bad")) == 1


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_admission_warns_of_what_the_pass_will_reject(row: Row) -> None:
    """In the same words; with --strict-admission it is refused; at the limit nothing is wrong."""
    world = world_of()

    def response(value: object, **flags: Any) -> AdmissionResponse:
        by = msgspec.structs.replace(world.settings, **flags)
        return validate_ingress(row.make(value), None, world.kube.stores, by, out_of_limits)

    taken, refused = response(row.taken), response(row.refused)
    assert row.allowed not in "".join(taken.warnings)
    assert refused.is_allowed
    (warning,) = (one for one in refused.warnings if row.allowed in one)
    assert f"{row.field}: " in warning
    assert row.allowed in response(row.refused, strict_admission=True).problem


@pytest.mark.parametrize("row", HEALTH[:1] + CONDITIONS[:1], ids=lambda row: row.name)
def test_a_restart_changes_nothing_of_who_is_past_the_limit(row: Row) -> None:
    """What AWS has of it stays, and the others go on."""
    world = world_of(good("/a"), row.make(row.taken))
    world.put(row.make(row.refused))
    world.settle()
    before = dict(world.aws.things)
    world.start()
    world.settle()
    assert world.aws.things == before
    world.put(good("/b"))
    world.settle()
    assert "/b" in world.aws.paths()
    assert len(world.aws.things) == len(before)


@pytest.mark.parametrize("case", all_names())
def test_the_recorded_cases_are_within_the_limits(case: str) -> None:
    """Whatever LBC sent in them AWS takes, so that no check may reject it."""
    world = World(aws=RichAws())
    world.kube.remove(Service, "app")
    for step in steps(case):
        world.put(*objects_of(step))
        world.settle()
    beyond = {one.name for one in world.kube.events if "(AWS, " in one.message}
    assert beyond == BEYOND.get(case, set())


BEYOND = {"error-bad-annotation": {"app"}, "error-member-turns-bad": {"api"}}
"""A number of seconds that is none."""
