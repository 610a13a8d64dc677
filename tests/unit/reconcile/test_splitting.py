"""Steps that are split field by field, so that the one at fault is found."""

from __future__ import annotations

import pytest

from alb_controller.model.elbv2 import BalancerTarget
from alb_controller.plan.changes import (
    AddTags,
    Create,
    ModifyAttributes,
    ModifyIpPools,
    RegisterBalancers,
    SetSubnets,
    SetWebAcl,
    Step,
)
from alb_controller.reconcile.splitting import (
    bare,
    extras,
    joined,
    parts,
    stands_alone,
    without_extras,
)
from alb_controller.values import ObjectRef, Origin
from tests.resources import load_balancer, tags_of, target_group

A, B = (Origin(ObjectRef("Ingress", "shop", name), "a field") for name in "ab")
LOGS = {"access_logs.s3.enabled": "true", "access_logs.s3.bucket": "mine"}
ATTRIBUTES = ModifyAttributes(
    kind="LoadBalancer",
    target="arn:lb",
    changed={**LOGS, "idle_timeout.timeout_seconds": "9"},
    asked_by=(A, B),
    by_setting={
        "attributes.access_logs.s3.bucket": (A,),
        "attributes.idle_timeout.timeout_seconds": (B,),
    },
)
TAGGING = AddTags(
    kind="LoadBalancer",
    target="arn:lb",
    tags={"team": "a", "cost": "b"},
    asked_by=(A, B),
    by_setting={"tags.team": (A,), "tags.cost": (B,)},
)
ACL = SetWebAcl(target="arn:lb", web_acl_arn="arn:acl", asked_by=(A,))


def test_each_field_is_written_by_itself_and_asked_for_by_its_own() -> None:
    """What makes sense together alone stays together."""
    logs, idle = parts(ATTRIBUTES)
    assert isinstance(logs, ModifyAttributes)
    assert isinstance(idle, ModifyAttributes)
    assert (logs.changed, logs.asked_by) == (LOGS, (A,))
    assert (dict(idle.changed), idle.asked_by) == ({"idle_timeout.timeout_seconds": "9"}, (B,))
    team, cost = parts(TAGGING)
    assert isinstance(team, AddTags)
    assert (team.tags, team.asked_by, cost.asked_by) == ({"team": "a"}, (A,), (B,))
    assert parts(ACL) == (ACL,)


def test_a_field_that_nobody_set_by_himself_is_asked_for_by_all() -> None:
    """As the whole step."""
    (part,) = parts(AddTags(kind="Listener", target="arn", tags={"k": "v"}, asked_by=(A, B)))
    assert part.asked_by == (A, B)


@pytest.mark.parametrize("step", [ATTRIBUTES, TAGGING, ACL])
def test_the_parts_of_a_step_are_the_step(step: Step) -> None:
    """Without any there is nothing to write, with all of them it is what it was."""
    assert joined(step, parts(step)) == step
    assert joined(step, []) is None


def test_a_step_keeps_the_fields_that_are_left() -> None:
    """In one call."""
    logs, idle = parts(ATTRIBUTES)
    left = joined(ATTRIBUTES, [logs])
    assert left is not None
    assert left.changed == LOGS
    assert bare(idle) == ModifyAttributes(
        kind="LoadBalancer", target="arn:lb", changed={"idle_timeout.timeout_seconds": "9"}
    )


@pytest.mark.parametrize(
    "step, alone",
    [
        (ATTRIBUTES, True),
        (TAGGING, True),
        (ModifyIpPools(target="arn:lb", ipv4_ipam_pool_id="pool"), True),
        (ACL, True),
        (RegisterBalancers(target="arn:tg", targets=(BalancerTarget("arn:lb", 80),)), True),
        (ModifyAttributes(kind="TargetGroup", target="arn:tg", changed={"k": "v"}), False),
        (SetSubnets(target="arn:lb", subnets=("subnet-a",)), False),
    ],
)
def test_what_nothing_else_needs_stands_alone(step: Step, *, alone: bool) -> None:
    """A target group is its member's, who is rejected with it."""
    assert stands_alone(step) is alone


def test_something_shared_can_be_made_without_the_tags_of_users() -> None:
    """They are added then; whoever asked for nothing else is not concerned by the creation."""
    tagged = load_balancer(tags=tags_of("LoadBalancer", team="a"))
    step = Create(resource=tagged, asked_by=(A, B), by_setting={"tags.team": (A,), "scheme": (B,)})
    made = without_extras(step)
    assert made is not None
    assert made.resource == load_balancer()
    assert made.asked_by == (B,)
    assert extras(step, "arn:lb") == (
        AddTags(
            kind="LoadBalancer",
            target="arn:lb",
            tags={"team": "a"},
            asked_by=(A,),
            by_setting={"tags.team": (A,)},
        ),
    )
    assert without_extras(made) is None


def test_a_load_balancer_can_be_made_without_a_pool() -> None:
    """Its addresses come from the pool afterwards, as they would in one that is there."""
    pooled = load_balancer(ipv4_ipam_pool_id="pool")
    asked = {"ipv4_ipam_pool_id": (A,), "scheme": (B,)}
    step = Create(resource=pooled, asked_by=(A, B), by_setting=asked)
    made = without_extras(step)
    assert made is not None
    assert (made.resource, made.asked_by) == (load_balancer(), (B,))
    assert extras(step, "arn:lb") == (
        ModifyIpPools(
            target="arn:lb",
            ipv4_ipam_pool_id="pool",
            asked_by=(A,),
            by_setting={"ipv4_ipam_pool_id": (A,)},
        ),
    )


def test_what_is_one_members_is_made_with_all_its_tags() -> None:
    """There is nobody else to be spared."""
    group = target_group("a", tags=tags_of("a", team="a"))
    step = Create(resource=group, asked_by=(A,), by_setting={"tags.team": (A,)})
    assert without_extras(step) is None
