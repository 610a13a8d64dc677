"""A process that remembers nothing goes on where the one before it ended (ADR 32)."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import count

import pytest

from alb_controller.frontends.ingress.load import LoadedMember
from alb_controller.frontends.ingress.records.record import record_of
from alb_controller.model.elbv2 import ListenerRule, PathPattern
from alb_controller.objects.core import Service
from alb_controller.objects.kinds import kind_of
from alb_controller.objects.networking import Ingress
from alb_controller.objects.records import RECORD
from tests.factories import changed, ingress, ingress_class, member, params, path, rule, service, to
from tests.unit.frontends.ingress.translation import TEAM
from tests.unit.reconcile.stack_world import World, without_records

BAD = {"target-type": "nonsense"}
REFUSED = "/refused"


def at(name: str, *texts: str, order: int = 0, alb: Mapping[str, str] | None = None) -> Ingress:
    """A member of the group with these paths, or one of its name."""
    paths = [path(text, "Exact", to()) for text in texts or [f"/{name}"]]
    return member(name, alb={"group.order": str(order), **(alb or {})}, rules=[rule("", *paths)])


def restarted(world: World, *objects: Ingress) -> World:
    """A new process; `objects` were put while none ran."""
    world.put(*objects)
    world.start()
    return world.settle()


def paths_of(rule_: ListenerRule) -> tuple[str, ...]:
    """What a rule asks for."""
    return next(one.values for one in rule_.conditions if isinstance(one, PathPattern))


def order(world: World) -> list[str]:
    """The paths of the only listener, by priority."""
    rules = sorted(world.aws.all(ListenerRule).values(), key=lambda one: one.priority)
    return [text for rule_ in rules for text in paths_of(rule_)]


@pytest.mark.parametrize("is_broken_before", [True, False])
def test_a_bad_member_and_a_restart_hold_nobody(*, is_broken_before: bool) -> None:
    """Others change, join, leave and take other places; the bad one keeps what it has."""
    world = World(at("a"), at("bad", order=1), at("c", order=2)).settle()
    if is_broken_before:
        world.put(at("bad", "/wrong", alb=BAD, order=9))
        world.settle()
    restarted(world, at("bad", "/wrong", alb=BAD, order=9))
    assert order(world) == ["/a", "/bad", "/c"]
    world.put(at("a", "/a2"), at("new", order=3))
    assert order(world.settle()) == ["/a2", "/bad", "/c", "/new"]
    world.put(at("c", order=-1))
    assert order(world.settle()) == ["/c", "/a2", "/bad", "/new"]
    world.remove("c")
    world.settle()
    assert (world.ingress("c"), order(world)) == (None, ["/a2", "/bad", "/new"])
    assert len(world.kube.warnings("bad")) == 1
    assert world.kube.warnings("a") == []
    world.put(at("bad", "/right", order=9))
    assert order(world.settle()) == ["/a2", "/new", "/right"]


def test_a_second_restart_loses_nothing_either() -> None:
    """Nor does a user's tool that takes the record away while a process knows better."""
    world = World(at("a"), at("bad")).settle()
    restarted(world, at("bad", alb=BAD))
    without_records(world, "bad")
    world.put(at("a", "/a2"))
    world.settle()
    restarted(world, at("a", "/a3"))
    assert world.aws.paths() == ["/a3", "/bad"]


def test_a_restart_in_an_unchanged_world_writes_nothing() -> None:
    """The records say so already."""
    world = World(at("a"), at("b")).settle()
    world.forget_calls()
    restarted(world)
    assert (world.aws.calls, world.kube.writes) == ([], [])


def test_a_member_that_aws_refuses_after_a_restart_holds_nobody() -> None:
    """It keeps what it has, though this process has never seen it good."""
    world = World(at("a"), at("bad")).settle()
    world.aws.refused_path = REFUSED
    restarted(world, at("bad", REFUSED), at("a", "/a2"))
    assert world.aws.paths() == ["/a2", "/bad"]
    assert len(world.kube.warnings("bad")) == 1


def test_a_half_done_order_of_rules_is_finished() -> None:
    """After whichever write the process ends, though a member is bad when the next one begins."""
    before = [at("a", "/a", order=1), at("bad", order=2), at("c", "/c", order=3)]
    after = [at("a", "/a", "/more", order=5), at("bad", "/x", alb=BAD, order=2), at("c", order=-3)]
    for writes in count(1):
        world = World(*before).settle()
        world.put(*after)
        if not world.ends_after(writes):
            break
        restarted(world).wait(30)
        assert order(world) == ["/c", "/bad", "/a", "/more"], f"after {writes} writes"
    assert writes > len(["new rule", "priorities"])


def test_a_service_that_turns_bad_holds_nobody_after_a_restart() -> None:
    """Nor one that is gone: the record has what was read of it."""
    world = World(
        service("api"), at("a"), member("b", rules=[rule("", path("/b", "Exact", to("api")))])
    )
    world.settle()
    world.put(service("api", alb=BAD))
    restarted(world, at("a", "/a2"))
    assert world.aws.paths() == ["/a2", "/b"]
    world.kube.remove(Service, "api")
    restarted(world, at("a", "/a3"))
    assert world.aws.paths() == ["/a3", "/b"]


def test_what_no_record_can_say_stays_as_it_is() -> None:
    """The parameters of a class bind its Ingresses, who could write them into a record."""
    parameters = (ingress_class("own", params="own"), params("own", scheme="internal"))
    world = World(
        *parameters, at("a"), member("b", class_name="own", rules=[rule("", path("/b", "Exact"))])
    ).settle()
    world.kube.remove(type(parameters[1]), "own", "")
    restarted(world, at("a", "/a2"))
    assert world.aws.paths() == ["/a2", "/b"]
    world.put(parameters[1])
    assert world.settle().aws.paths() == ["/a2", "/b"]


def test_who_was_never_applied_in_a_group_that_is_recorded_holds_nobody() -> None:
    """Its status shows the load balancer of the group that it came from."""
    world = World(at("a"), at("b"), member("c", "other")).settle()
    restarted(world, at("c", alb=BAD), at("a", "/a2"))
    assert world.aws.paths() == ["/a2", "/b"]
    without_records(world, "b")
    restarted(world, at("b", alb=BAD), at("a", "/a3"))
    assert world.aws.paths() == ["/a3", "/b"]


def record(world: World, name: str) -> str | None:
    """What stands on an Ingress, with its name in the place of its uid."""
    one = world.ingress(name)
    assert one is not None
    text = one.metadata.annotations.get(RECORD)
    return text and text.replace(f":{one.metadata.uid}:", f":{name}:")


def note(world: World, name: str, text: str | None) -> None:
    """Write such a text on an Ingress, as a user could."""
    one = world.ingress(name)
    assert one is not None
    text = text and text.replace(f":{name}:", f":{one.metadata.uid}:")
    patch = {"metadata": {"annotations": {RECORD: text}}}
    world.kube.merge_patch(kind_of(one), "shop", name, patch)


def test_every_ingress_has_a_record_of_the_group_that_it_is_in() -> None:
    """Who leaves for a group of its own has one of that; a named group is its group's name."""
    world = World(at("a"), at("b"), ingress("alone")).settle()
    assert str(record(world, "a")).startswith("v1:team:a:")
    assert str(record(world, "alone")).startswith("v1:shop/alone:alone:")
    world.put(ingress("a"))
    world.settle()
    assert str(record(world, "a")).startswith("v1:shop/a:a:")


def test_a_record_costs_an_ingress_no_write_of_its_own() -> None:
    """It goes with what users read; an edit is one write, and a restart none."""
    world = World(ingress("alone", alb={"tags": "a=1"})).settle()
    assert [one for one in world.kube.writes if one.endswith(" alone")] == [
        "hold alone",
        "patch alone",
        "status alone",
    ]
    world.forget_calls()
    world.put(ingress("alone", alb={"tags": "a=2"}))
    world.settle()
    assert world.kube.writes == ["patch alone"]


def test_an_ingress_alone_that_turns_bad_is_kept_as_it_was() -> None:
    """After whichever write the process ends: an order of rules is finished, drift corrected."""
    before = ingress("web", rules=[rule("", *(path(t, "Exact") for t in ("/a", "/b")))])
    after = ingress("web", rules=[rule("", *(path(t, "Exact") for t in ("/b", "/c", "/a")))])
    bad = ingress("web", alb=BAD)
    world = World(before)
    for writes in count(1):
        world = World(before).settle()
        world.put(after)
        if not world.ends_after(writes):
            break
        restarted(world, bad).wait(30)
        assert order(world) in (["/a", "/b"], ["/b", "/c", "/a"]), f"after {writes} writes"
        (warning,) = world.kube.warnings("web")
        assert "target-type" in warning
    assert writes > len(["new rule", "priorities"])
    rules = [*world.aws.all(ListenerRule)]
    world.aws.delete_rule(rules[0])
    restarted(world, bad)
    assert order(world) == ["/b", "/c", "/a"]


def test_without_the_flag_a_record_is_neither_read_nor_kept() -> None:
    """One that stands there goes: nobody writes it any more, so it would be a user's word."""
    world = World(at("a"), at("b")).settle()
    text = record(world, "b")
    world.restarted(enable_last_applied_annotation=False).settle()
    assert (record(world, "a"), record(world, "b")) == (None, None)
    world.forget_calls()
    restarted(world)
    assert (world.aws.calls, world.kube.writes) == ([], [])
    world.put(at("b", alb=BAD), at("a", "/a2"))
    note(world, "b", text)
    world.start()
    assert world.settle().aws.paths() == ["/a2", "/b"], "kept: what it asked for is not known"


def test_an_object_that_is_full_has_no_record() -> None:
    """All its annotations have room for 256 KiB; it is served all the same."""
    full = at("a")
    filled = changed(full, annotations={**full.metadata.annotations, "note": "x" * (255 << 10)})
    world = World(filled, at("b")).settle()
    one = world.ingress("a")
    assert one is not None
    assert RECORD not in one.metadata.annotations
    assert world.aws.paths() == ["/a", "/b"]


@pytest.mark.parametrize(
    "now", [at("bad", alb=BAD), at("bad", REFUSED)], ids=["invalid", "refused"]
)
def test_a_record_that_aws_refuses_holds_nobody(now: Ingress) -> None:
    """A forged one: what AWS has of its member goes, and it is not tried again and again."""
    world = World(at("a"), at("bad")).settle()
    world.aws.refused_path = REFUSED
    world.put(now, at("a", "/a2"))
    note(world, "bad", record_of(LoadedMember(ingress=at("bad", REFUSED)), {}).text(TEAM, "bad"))
    restarted(world)
    assert world.aws.paths() == ["/a2"], world.kube.warnings("bad")
    assert "as it was before, too" in world.kube.warnings("bad")[-1]
    world.forget_calls()
    world.put(at("a", "/a3"))
    world.settle()
    assert (world.aws.paths(), len(world.aws.calls)) == (["/a3"], 1)
    world.put(at("bad", "/right"))
    assert world.settle().aws.paths() == ["/a3", "/right"]
    world.put(at("bad", alb=BAD))
    assert world.settle().aws.paths() == ["/a3", "/right"]
