"""Add-ons, capacity, registration: what is written, when, and in what order."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from alb_controller.errors import AccessDenied, NotLeading, NotReady
from alb_controller.model.addons import Addons
from alb_controller.model.elbv2 import BalancerTarget, LoadBalancer, TargetGroup
from alb_controller.model.health import HealthCheck
from alb_controller.model.refs import Ref, ResourceId
from alb_controller.model.stack import Stack
from alb_controller.plan.changes import (
    AwaitActive,
    RegisterBalancers,
    ReserveCapacity,
    SetProtection,
    SetRegionalWebAcl,
    SetWebAcl,
)
from alb_controller.plan.late import unread
from alb_controller.plan.plan import plan
from alb_controller.plan.render import render_lines
from alb_controller.reconcile.apply import apply
from tests.resources import (
    LOAD_BALANCER,
    POLICY,
    binding,
    forward,
    health_check,
    listener,
    load_balancer,
    rules,
    stack,
    tags_of,
    target_group,
)
from tests.unit.plan.deploys import deploy, deployed
from tests.world import World
from tests.world_store import Failure

FRONT = ResourceId("LoadBalancer", "FrontendNlb")
ALL = Addons(web_acl_arn="arn:acl", regional_web_acl_id="acl", protection="on")
NONE = Addons(web_acl_arn="", regional_web_acl_id="", protection="off")


def one(**fields: Any) -> Stack:
    """A load balancer alone."""
    return stack(load_balancers=(load_balancer(**fields),))


def settled(desired: Stack) -> World:
    """A world in which it is all there, and AWS has provisioned it."""
    world = deployed(desired)
    world.provisioning.clear()
    deploy(world, desired)
    return world


def fronted(port: int = 80, check: HealthCheck | None = None, **behind: Any) -> Stack:
    """An application load balancer with a network load balancer in front."""
    group = target_group(
        "FrontendNlb-tg-TCP-80",
        target_type="alb",
        protocol="TCP",
        protocol_version=None,
        health_check=check or health_check(),
        targets=(BalancerTarget(Ref(LOAD_BALANCER), port),),
    )
    front = load_balancer(id=FRONT, name="front", type="network", tags=tags_of(FRONT.name))
    entry = listener(
        80,
        id=ResourceId("Listener", "FrontendNlb-ls-TCP-80"),
        load_balancer=Ref(FRONT),
        protocol="TCP",
        default_actions=(forward(group),),
        tags=tags_of("FrontendNlb-ls-TCP-80"),
    )
    return stack(
        load_balancers=(load_balancer(**behind), front),
        target_groups=(group,),
        listeners=(listener(80), entry),
    )


def without_front(**behind: Any) -> Stack:
    """The same without it."""
    return stack(load_balancers=(load_balancer(**behind),), listeners=(listener(80),))


def test_a_new_load_balancer_gets_its_addons_without_a_read() -> None:
    """It has none yet: what is asked for is written, what is to be absent is absent."""
    late = plan(one(addons=ALL), World().observe(), POLICY).late
    assert [type(step) for step in late] == [SetWebAcl, SetRegionalWebAcl, SetProtection]
    assert plan(one(addons=NONE, capacity_units=0), World().observe(), POLICY).late == ()


def test_addons_that_are_not_declared_are_left_alone() -> None:
    """Neither read nor written: somebody else may have set them."""
    world = settled(one(addons=ALL, capacity_units=7))
    assert deploy(world, one()) == []
    assert unread(one(), world.observe()) == unread(stack(), world.observe())


@pytest.mark.parametrize(
    "declared, calls",
    [
        (ALL, []),
        (Addons(web_acl_arn="arn:other"), ["AssociateWebACL"]),
        (Addons(web_acl_arn=""), ["AssociateWebACL"]),
        (Addons(regional_web_acl_id=""), ["AssociateRegionalWebACL"]),
        (Addons(protection="off"), ["DeleteProtection"]),
    ],
)
def test_what_differs_is_written(declared: Addons, calls: list[str]) -> None:
    """One call for each add-on that is not as declared."""
    assert deploy(settled(one(addons=ALL)), one(addons=declared)) == calls


@pytest.mark.parametrize("wanted", ["on", "off"])
def test_a_protection_of_others_is_left_alone(wanted: Any) -> None:
    """It protects already, and is not ours to delete (spec 6.7)."""
    world = settled(one())
    ((arn, balancer),) = world.all(LoadBalancer).items()
    theirs = msgspec.structs.replace(balancer, addons=Addons(protection="foreign"))
    world.things[arn] = theirs
    assert deploy(world, one(addons=Addons(protection=wanted))) == []


def test_what_nobody_could_read_is_written() -> None:
    """A write too many is better than an add-on that is missing."""
    world = settled(one(addons=ALL))
    observed = world.observe()
    blind = msgspec.structs.replace(observed.load_balancers[0].resource, addons=Addons())
    found = msgspec.structs.replace(observed.load_balancers[0], resource=blind)
    late = plan(one(addons=ALL), msgspec.structs.replace(observed, load_balancers=(found,)), POLICY)
    assert len(late.late) == len(ALL.__struct_fields__)


@pytest.mark.parametrize(
    "before, after, calls",
    [
        (None, 100, ["ModifyCapacityReservation"]),
        (100, 200, ["ModifyCapacityReservation"]),
        (100, 0, ["ModifyCapacityReservation"]),
        (100, 100, []),
        (None, 0, []),
        (100, None, []),
    ],
)
def test_capacity(before: int | None, after: int | None, calls: list[str]) -> None:
    """Reserved, changed, given back; without a word it stays (spec 6.2)."""
    world = settled(one(capacity_units=before))
    assert deploy(world, one(capacity_units=after)) == calls


def test_an_address_pool_is_taken_and_left() -> None:
    """In place, both ways (spec 6.2)."""
    world = settled(one())
    assert deploy(world, one(ipv4_ipam_pool_id="ipam-1")) == ["ModifyIpPools"]
    assert deploy(world, one(ipv4_ipam_pool_id="ipam-2")) == ["ModifyIpPools"]
    assert deploy(world, one()) == ["ModifyIpPools"]
    assert deploy(world, one()) == []


def test_what_needs_a_provisioned_load_balancer_waits_behind_all_else() -> None:
    """Add-ons do not wait; capacity and registration come after one look at AWS."""
    late = plan(fronted(capacity_units=5, addons=ALL), World().observe(), POLICY).late
    kinds = [type(step) for step in late]
    assert kinds[-3:] == [AwaitActive, ReserveCapacity, RegisterBalancers]
    assert AwaitActive not in kinds[:-3]


def test_a_load_balancer_that_is_provisioned_is_not_looked_at() -> None:
    """AWS has said so once."""
    world = settled(one())
    late = plan(one(capacity_units=5), world.observe(), POLICY).late
    assert [type(step) for step in late] == [ReserveCapacity]


def test_provisioning_holds_up_nothing_else() -> None:
    """All else is done in the first pass; the wait is an error of its own kind (spec 12 #44)."""
    world, desired = World(), fronted(capacity_units=5, addons=ALL)
    observed = world.observe()
    outcome = apply(plan(desired, observed, POLICY), observed, world)
    assert outcome.error is None
    assert isinstance(outcome.retried, NotReady)
    assert "AssociateWebACL" in world.writes()
    world.provisioning.clear()
    outcome = apply(plan(desired, outcome.observed, POLICY), outcome.observed, world)
    assert outcome.retried is None
    assert world.writes() == ["ModifyCapacityReservation", "RegisterTargets"]
    assert not plan(desired, outcome.observed, POLICY)


def test_an_addon_that_fails_stops_no_other() -> None:
    """Each fails alone; the error is kept, and is reported rather than a wait."""
    world, desired = World(), one(addons=ALL, capacity_units=5)
    denied = AccessDenied("wafv2", "AssociateWebACL", "AccessDenied", "no")
    world.failures = [Failure(call=1, error=denied)]
    observed = world.observe()
    outcome = apply(plan(desired, observed, POLICY), observed, world)
    assert outcome.retried is denied
    assert outcome.error is None
    expected = ["CreateLoadBalancer", "AssociateWebACL", "AssociateRegionalWebACL"]
    assert world.writes() == [*expected, "CreateProtection"]


def test_late_steps_are_done_although_others_fail() -> None:
    """A target group that cannot be made does not leave the load balancer without its web ACL."""
    world = settled(one())
    refused = AccessDenied("elbv2", "CreateTargetGroup", "AccessDenied", "no")
    world.failures = [Failure(call=len(world.calls), error=refused)]
    desired = stack(load_balancers=(load_balancer(addons=ALL),), target_groups=(target_group(),))
    observed = world.observe()
    outcome = apply(plan(desired, observed, POLICY), observed, world)
    assert outcome.error is refused
    assert "AssociateWebACL" in world.writes()


def test_nothing_late_is_tried_for_what_was_not_made() -> None:
    """Without the load balancer there is nothing to put an add-on on."""
    world = World()
    refused = AccessDenied("elbv2", "CreateLoadBalancer", "AccessDenied", "no")
    world.failures = [Failure(call=0, error=refused)]
    observed = world.observe()
    outcome = apply(plan(one(addons=ALL), observed, POLICY), observed, world)
    assert outcome.error is refused
    assert outcome.retried is None
    assert world.writes() == ["CreateLoadBalancer"]


def test_a_lost_lease_ends_all_writes() -> None:
    """Another process may be writing already."""
    world = World()
    world.failures = [Failure(call=0, error=NotLeading("lost"))]
    observed = world.observe()
    outcome = apply(plan(fronted(addons=ALL), observed, POLICY), observed, world)
    assert isinstance(outcome.error, NotLeading)
    assert len(world.writes()) == 1


def test_the_front_goes_before_what_it_forwards_to() -> None:
    """Network load balancer, then its target, then its target group; the one behind stays."""
    world = settled(fronted())
    expected = ["DeleteLoadBalancer", "DeregisterTargets", "DeleteTargetGroup"]
    assert deploy(world, without_front()) == expected
    assert [one.type for one in world.all(LoadBalancer).values()] == ["application"]


@pytest.mark.parametrize("type_", [None, "application", "network"])
def test_front_and_behind_go_together(type_: str | None) -> None:
    """AWS deletes no load balancer that is a target: the one behind goes after that.

    Who forwards to whom decides, not of what types they are.
    """
    desired = fronted()
    if type_ is not None:
        alike = (msgspec.structs.replace(one, type=type_) for one in desired.load_balancers)
        desired = msgspec.structs.replace(desired, load_balancers=tuple(alike))
    world = settled(desired)
    calls = deploy(world, stack())
    assert calls[:3] == ["DeleteLoadBalancer", "DeregisterTargets", "DeleteLoadBalancer"]
    assert not world.things


def test_a_front_follows_when_what_is_behind_is_replaced() -> None:
    """The old load balancer leaves the group before it is deleted, the new one comes in."""
    world = settled(fronted())
    desired = fronted(scheme="internet-facing")
    calls = deploy(world, desired)
    assert calls.index("DeregisterTargets") < calls.index("DeleteLoadBalancer")
    world.provisioning.clear()
    assert deploy(world, desired) == ["RegisterTargets"]


def test_another_port_behind_is_followed() -> None:
    """LBC leaves the old port registered (spec 6.8)."""
    world = settled(fronted(port=80))
    assert deploy(world, fronted(port=8080)) == ["DeregisterTargets", "RegisterTargets"]
    (group,) = world.all(TargetGroup).values()
    assert [target.port for target in group.targets or ()] == [8080]


FIXED = msgspec.structs.replace(POLICY, replace_for_health_checks=True)
CHECKS: list[dict[str, Any]] = [
    {"protocol": "HTTPS"},
    {"matcher": "204"},
    {"interval_seconds": 30},
    {"timeout_seconds": 9},
]


@pytest.mark.parametrize("fields", CHECKS, ids=lambda fields: next(iter(fields)))
def test_a_front_s_health_check_changes_in_place(fields: dict[str, Any]) -> None:
    """The gate NLBHealthCheckAdvancedConfig, on (spec 5.3)."""
    world = settled(fronted())
    assert deploy(world, fronted(check=health_check(**fields))) == ["ModifyTargetGroup"]


@pytest.mark.parametrize("fields", CHECKS, ids=lambda fields: next(iter(fields)))
def test_a_front_s_health_check_is_made_anew(fields: dict[str, Any]) -> None:
    """The gate off: a target group of its own, before the old one goes; then it is at rest."""
    world = settled(fronted())
    before = world.all(TargetGroup)
    changed = fronted(check=health_check(**fields))
    steps = deploy(world, changed, FIXED)
    order = ["CreateTargetGroup", "ModifyListener", "DeregisterTargets", "DeleteTargetGroup"]
    assert [step for step in steps if step in order] == order
    assert steps[-1] == "RegisterTargets"
    assert world.all(TargetGroup).keys().isdisjoint(before)
    assert deploy(world, changed, FIXED) == []


def test_other_health_check_settings_change_in_place_either_way() -> None:
    """Path and thresholds; and all settings of target groups behind the application one."""
    world = settled(fronted())
    changed = fronted(check=health_check(path="/up", healthy_threshold=3))
    assert deploy(world, changed, FIXED) == ["ModifyTargetGroup"]
    behind = target_group()
    world = deployed(stack(target_groups=(behind,)))
    other = msgspec.structs.replace(behind, health_check=health_check(interval_seconds=30))
    assert deploy(world, stack(target_groups=(other,)), FIXED) == ["ModifyTargetGroup"]


def test_a_family_that_changes_gets_a_target_group_of_its_own() -> None:
    """Under another name, as the old ones are still there; then it is at rest (spec 12 #31)."""

    def of(family: Any) -> Stack:
        group = target_group(ip_address_type=family, name="k8s-shop-app-0123456789")
        bound = binding(group)
        spec = msgspec.structs.replace(bound.spec, ip_address_type=family)
        return stack(
            load_balancers=(load_balancer(ip_address_type="dualstack"),),
            target_groups=(group,),
            bindings=(msgspec.structs.replace(bound, spec=spec),),
            listeners=(listener(),),
            rules=rules(("/", forward(group))),
        )

    world = settled(of("ipv4"))
    observed = world.observe()
    outcome = apply(plan(of("ipv6"), observed, POLICY), observed, world)
    assert isinstance(outcome.retried, NotReady)
    world.finish_bindings()
    deploy(world, of("ipv6"))
    (group,) = world.all(TargetGroup).values()
    assert group.ip_address_type == "ipv6"
    assert group.name.startswith("k8s-shop-app-")
    assert len(group.name) == len("k8s-shop-app-0123456789")
    assert deploy(world, of("ipv6")) == []


def test_late_steps_print() -> None:
    """One line each, with what they are about."""
    lines = list(
        render_lines(plan(fronted(capacity_units=5, addons=ALL), World().observe(), POLICY))
    )
    text = "\n".join(lines)
    for texts in ("set web acl", "set protection", "await active", "reserve capacity", "register"):
        assert texts in text
