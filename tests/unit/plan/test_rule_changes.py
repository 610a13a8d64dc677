"""What editing an Ingress costs in calls on its listener, and in which order they come."""

from __future__ import annotations

import msgspec

from alb_controller.model.elbv2 import Action, Listener, ListenerRule, PathPattern
from alb_controller.model.stack import Stack
from alb_controller.plan.changes import Create, SetRulePriorities
from alb_controller.plan.plan import plan
from alb_controller.plan.rules.steps import HIGHEST
from tests.resources import (
    NOT_FOUND,
    POLICY,
    answer,
    listener,
    load_balancer,
    on,
    rule,
    rules,
    stack,
)
from tests.unit.plan.deploys import deploy, deployed
from tests.world import World

A, B, C = answer("A"), answer("B"), answer("C")


def group(*contents: tuple[str, Action], default: Action = NOT_FOUND) -> Stack:
    """Rules by path and action on the listener at port 80."""
    return stack(
        load_balancers=(load_balancer(),),
        listeners=(listener(default_actions=(default,)),),
        rules=rules(*contents),
    )


def paths(world: World) -> list[str]:
    """The rules as they stand."""
    (arn,) = world.all(Listener)
    found = [(one.priority, one.conditions[0]) for one in world.rules_of(arn)]
    return [f"{place} {path.values[0]}" for place, path in found if isinstance(path, PathPattern)]


def test_new_listener_gets_its_rules_at_their_final_numbers() -> None:
    """The first deploy creates and nothing else."""
    calls = deploy(World(), group(("/1", A), ("/2", A)))
    assert calls == ["CreateLoadBalancer", "CreateListener", "CreateRule", "CreateRule"]


def test_unchanged_rules_take_no_call() -> None:
    """A second pass finds nothing to do."""
    world = deployed(group(("/1", A), ("/2", A)))
    assert deploy(world, group(("/1", A), ("/2", A))) == []


def test_append_is_one_create() -> None:
    """A rule behind all others is made where it belongs."""
    world = deployed(group(("/1", A)))
    assert deploy(world, group(("/1", A), ("/2", B))) == ["CreateRule"]


def test_insert_first_takes_no_more_calls_than_the_reference() -> None:
    """Recorded: one CreateRule, one SetRulePriorities, two AddTags."""
    world = deployed(group(("/1", A), ("/2", A)))
    calls = deploy(world, group(("/0", B), ("/1", A), ("/2", A)))
    assert calls == ["CreateRule", "SetRulePriorities", "AddTags", "AddTags"]
    assert paths(world) == ["1 /0", "2 /1", "3 /2"]


def test_another_backend_is_one_modify() -> None:
    """Recorded: one ModifyRule."""
    world = deployed(group(("/0", B), ("/1", A), ("/2", A)))
    assert deploy(world, group(("/0", B), ("/1", B), ("/2", A))) == ["ModifyRule"]


def test_another_path_is_one_modify() -> None:
    """The only change of a listener is atomic, whatever it changes."""
    world = deployed(group(("/0", B), ("/1", A), ("/2", A)))
    assert deploy(world, group(("/0", B), ("/new", A), ("/2", A))) == ["ModifyRule"]


def test_drop_first_takes_no_more_calls_than_the_reference() -> None:
    """Recorded: one SetRulePriorities, one DeleteRule, two AddTags."""
    world = deployed(group(("/0", B), ("/1", B), ("/2", A)))
    calls = deploy(world, group(("/1", B), ("/2", A)))
    assert calls == ["DeleteRule", "SetRulePriorities", "AddTags", "AddTags"]
    assert paths(world) == ["1 /1", "2 /2"]


def test_drop_last_is_one_delete() -> None:
    """Nothing else has to move."""
    world = deployed(group(("/1", A), ("/2", A)))
    assert deploy(world, group(("/1", A))) == ["DeleteRule"]


def test_swap_is_one_call_and_tags() -> None:
    """Rules with the same content only move."""
    world = deployed(group(("/1", A), ("/2", B)))
    calls = deploy(world, group(("/2", B), ("/1", A)))
    assert calls == ["SetRulePriorities", "AddTags", "AddTags"]


def test_many_paths_at_once_are_modified_in_place() -> None:
    """Rules that no request can confuse with each other change one by one."""
    world = deployed(group(("/1", A), ("/2", B), ("/3", C)))
    calls = deploy(world, group(("/a", A), ("/b", B), ("/c", C)))
    assert calls == ["ModifyRule", "ModifyRule", "ModifyRule"]


def test_paths_that_overlap_are_made_anew() -> None:
    """Modified one by one, a request of both would reach the wrong one for a while."""
    world = deployed(group(("/1", A), ("/2", B)))
    calls = deploy(world, group(("/a*", B), ("/ab*", C)))
    assert calls == ["CreateRule", "CreateRule", "DeleteRule", "DeleteRule", "SetRulePriorities"]
    assert paths(world) == ["1 /a*", "2 /ab*"]


def test_a_wider_rule_in_front_comes_after_the_modify() -> None:
    """What a new rule will hide is modified late; what a dropped one hid, early."""
    world = deployed(group(("/old*", A), ("/old/x", B)))
    calls = deploy(world, group(("/old/x", C)))
    assert calls == ["ModifyRule", "DeleteRule", "SetRulePriorities", "AddTags"]
    calls = deploy(world, group(("/old*", A), ("/old/x", A)))
    assert calls == ["CreateRule", "SetRulePriorities", "ModifyRule", "AddTags"]


def test_a_rule_between_a_new_and_a_dropped_one_is_made_anew() -> None:
    """At no time of its modification would all requests be right."""
    world = deployed(group(("/x*", A), ("/x/y", B)))
    calls = deploy(world, group(("/*", C), ("/x/y", A)))
    assert calls == ["CreateRule", "CreateRule", "DeleteRule", "DeleteRule", "SetRulePriorities"]


def test_default_actions_change_between_new_and_dropped_rules() -> None:
    """A catch-all rule becomes the default, and back, without a 404 between."""
    world = deployed(group(("/*", A)))
    assert deploy(world, group(default=A)) == ["ModifyListener", "DeleteRule"]
    assert deploy(world, group(("/*", A))) == ["CreateRule", "ModifyListener"]


def test_duplicates_keep_the_nearest() -> None:
    """Of equal rules, those near their place stay (spec 12.5)."""
    world = deployed(group(("/1", A), ("/2", B), ("/1", A)))
    kept = world.observe().rules[0].identity
    assert deploy(world, group(("/1", A), ("/2", B))) == ["DeleteRule"]
    assert world.observe().rules[0].identity == kept


def test_rules_of_others_keep_their_numbers() -> None:
    """Ours go around them, and their tags say where they are."""
    world = deployed(group(("/1", A)))
    (arn,) = world.all(Listener)
    world.create_rule(rule(2, on("/theirs"), C, listener=arn, tags={}))
    calls = deploy(world, group(("/1", A), ("/2", B)))
    assert calls == ["CreateRule", "CreateRule"]
    assert paths(world) == ["1 /1", "2 /theirs", "3 /2"]
    assert world.rules_of(arn)[2].tags["ingress.k8s.aws/resource"] == "80:3"


def test_untagged_rules_that_say_what_is_wanted_are_adopted() -> None:
    """The gate ListenerRulesTagging was off before: they get tags, not doubles."""
    untagged = msgspec.structs.replace(POLICY, tag_listeners_and_rules=False)
    wanted = group(("/1", A), ("/2", B))
    world = World()
    deploy(world, wanted, untagged)
    assert not any(one.tags for one in world.all(ListenerRule).values())
    assert deploy(world, wanted, untagged) == []
    assert deploy(world, wanted) == ["AddTags", "AddTags", "AddTags"]
    assert deploy(world, wanted) == []


def test_rules_of_another_stack_are_not_adopted() -> None:
    """Equal content makes a tagged rule no less somebody else's."""
    world = deployed(group())
    (arn,) = world.all(Listener)
    theirs = rule(1, on("/1"), A, listener=arn, tags={"ingress.k8s.aws/stack": "other"})
    world.create_rule(theirs)
    deploy(world, group(("/1", A)))
    assert paths(world) == ["1 /1", "2 /1"]


def test_without_tags_every_rule_is_ours() -> None:
    """With the gate off none can be recognised, as in LBC."""
    untagged = msgspec.structs.replace(POLICY, tag_listeners_and_rules=False)
    world = World()
    deploy(world, group(("/1", A)), untagged)
    (arn,) = world.all(Listener)
    world.create_rule(rule(2, on("/other"), C, listener=arn, tags={}))
    world.writes()
    assert deploy(world, group(("/1", A)), untagged) == ["DeleteRule"]


def test_rules_at_the_highest_number_make_room_first() -> None:
    """LBC leaves rules it could not delete at 50000."""
    world = deployed(group(("/1", A)))
    (arn,) = world.all(Listener)
    world.create_rule(rule(HIGHEST, on("/left"), B, listener=arn))
    world.create_rule(rule(HIGHEST - 3, on("/foreign"), B, listener=arn, tags={}))
    wanted = group(("/1", A), ("/2", A), ("/3", A))
    steps = plan(wanted, world.observe(), POLICY).steps
    assert isinstance(steps[0], SetRulePriorities)
    assert isinstance(steps[1], Create)
    deploy(world, wanted)
    assert paths(world) == ["1 /1", "2 /2", "3 /3", f"{HIGHEST - 3} /foreign"]
