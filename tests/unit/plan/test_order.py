"""The order of a deploy: nothing is pointed at before it is there, or goes before it is free."""

from __future__ import annotations

import msgspec

from alb_controller.errors import NotReady
from alb_controller.model.refs import Ref
from alb_controller.model.stack import Stack
from alb_controller.plan.changes import NameToClaim
from alb_controller.plan.plan import plan
from alb_controller.plan.references import resolve
from alb_controller.reconcile.apply import apply
from tests.resources import (
    NOT_FOUND,
    POLICY,
    binding,
    forward,
    listener,
    load_balancer,
    open_port,
    rules,
    security_group,
    stack,
    target_group,
)
from tests.unit.plan.deploys import deploy, deployed
from tests.world import World


def group(*ports: int, protocol: str = "HTTP", **balancer: str) -> Stack:
    """One backend behind some ports."""
    managed, backend = security_group(*ports), target_group(protocol=protocol)
    return stack(
        security_groups=(managed,),
        target_groups=(backend,),
        bindings=(binding(backend),),
        load_balancers=(load_balancer(security_groups=(Ref(managed.id),), **balancer),),
        listeners=tuple(listener(port) for port in ports),
        rules=tuple(one for port in ports for one in rules(("/", forward(backend)), port=port)),
    )


def test_first_deploy() -> None:
    """Targets are being registered before a rule forwards to them."""
    assert deploy(World(), group(80)) == [
        "CreateSecurityGroup",
        "AuthorizeSecurityGroupIngress",
        "CreateTargetGroup",
        "CreateBinding",
        "CreateLoadBalancer",
        "CreateListener",
        "CreateRule",
    ]


def test_names_to_claim_are_those_created() -> None:
    """AWS would hand back what bears a name already: their owners are looked up first."""
    wanted = group(80)
    claimed = plan(wanted, World().observe(), POLICY).names_to_claim
    assert claimed == (
        NameToClaim("SecurityGroup", wanted.security_groups[0].name),
        NameToClaim("TargetGroup", wanted.target_groups[0].name),
        NameToClaim("LoadBalancer", wanted.load_balancers[0].name),
    )
    world = deployed(wanted)
    assert plan(group(80, 81), world.observe(), POLICY).names_to_claim == ()


def test_a_name_that_the_plan_frees_is_nobody_elses() -> None:
    """A load balancer that is replaced under its own name gives it to the one that comes."""
    world = deployed(group(80, name="mine", scheme="internal"))
    replacing = plan(group(80, name="mine", scheme="internet-facing"), world.observe(), POLICY)
    assert replacing.names_to_claim == ()


def test_a_port_moves_without_a_gap() -> None:
    """The new listener answers before the old one and its ingress go."""
    world = deployed(group(80))
    assert deploy(world, group(8080)) == [
        "AuthorizeSecurityGroupIngress",
        "CreateListener",
        "CreateRule",
        "DeleteListener",
        "RevokeSecurityGroupIngress",
    ]


def test_narrower_sources_of_a_port_are_revoked_at_once() -> None:
    """Who may not come in any more does not wait for the rest of the plan."""
    world = deployed(group(80))
    wanted = group(80, 81)
    narrow = security_group(ingress=(open_port(80, "10.0.0.0/8"), open_port(81)))
    calls = deploy(world, msgspec.structs.replace(wanted, security_groups=(narrow,)))
    assert calls[:2] == ["AuthorizeSecurityGroupIngress", "RevokeSecurityGroupIngress"]
    assert calls[2] == "CreateListener"


def test_full_deletion() -> None:
    """Load balancer, bindings, target groups, security groups (spec 9.3)."""
    world = deployed(group(80))
    observed = world.observe()
    outcome = apply(plan(stack(), observed, POLICY), observed, world)
    assert isinstance(outcome.retried, NotReady)
    assert world.writes() == ["DeleteLoadBalancer", "DeleteBinding"]
    world.finish_bindings()
    assert deploy(world, stack()) == ["DeleteTargetGroup", "DeleteSecurityGroup"]
    assert world.things == {}


def test_waiting_for_a_binding_does_not_repeat_what_is_done() -> None:
    """The next pass asks for the deletion again, and nothing else."""
    world = deployed(group(80))
    observed = world.observe()
    first = apply(plan(stack(), observed, POLICY), observed, world)
    world.writes()
    second = apply(plan(stack(), first.observed, POLICY), first.observed, world)
    assert isinstance(second.retried, NotReady)
    assert str(second.retried).startswith("waiting for the deletion of TargetGroupBinding shop/")
    assert world.writes() == ["DeleteBinding"]


def test_target_group_is_replaced_behind_the_rules() -> None:
    """The new one is bound and pointed at before the old one's binding goes."""
    world = deployed(group(80))
    observed = world.observe()
    outcome = apply(plan(group(80, protocol="HTTPS"), observed, POLICY), observed, world)
    assert isinstance(outcome.retried, NotReady)
    assert world.writes() == ["CreateTargetGroup", "CreateBinding", "ModifyRule", "DeleteBinding"]
    world.finish_bindings()
    assert deploy(world, group(80, protocol="HTTPS")) == ["DeleteTargetGroup"]


def test_target_group_without_a_binding_is_not_waited_for() -> None:
    """Only a group whose binding is still there stays."""
    wanted = group(80)
    world = deployed(msgspec.structs.replace(wanted, bindings=()))
    emptied = msgspec.structs.replace(wanted, target_groups=(), bindings=(), rules=())
    assert deploy(world, emptied) == ["DeleteRule", "DeleteTargetGroup"]


def test_load_balancer_is_replaced_before_it_gets_listeners() -> None:
    """A target group serves one load balancer only, so the old one goes between."""
    world = deployed(group(80))
    assert deploy(world, group(80, scheme="internet-facing")) == [
        "CreateLoadBalancer",
        "DeleteLoadBalancer",
        "CreateListener",
        "CreateRule",
    ]


def test_a_replacement_that_broke_off_is_finished_before_listeners() -> None:
    """The new one is there and the old one too: its listeners still hold the target groups."""
    world = deployed(group(80))
    after = group(80, scheme="internet-facing")
    identities = {one.id: identity for identity, one in world.things.items()}
    world.create_load_balancer(resolve(after.load_balancers[0], identities))
    world.writes()
    assert deploy(world, after) == ["DeleteLoadBalancer", "CreateListener", "CreateRule"]


def test_load_balancer_of_the_same_name_goes_first() -> None:
    """Two cannot have one name."""
    world = deployed(group(80, name="fixed"))
    calls = deploy(world, group(80, name="fixed", scheme="internet-facing"))
    assert calls[:2] == ["DeleteLoadBalancer", "CreateLoadBalancer"]


def test_second_load_balancer_goes_after_the_listeners() -> None:
    """What is not replaced is deleted last."""
    front = msgspec.structs.replace(load_balancer(name="front").id, name="FrontendNlb")
    one = group(80)
    balancers = (*one.load_balancers, load_balancer(id=front, name="front"))
    tags = {**balancers[1].tags, "ingress.k8s.aws/resource": "FrontendNlb"}
    both = (balancers[0], msgspec.structs.replace(balancers[1], tags=tags))
    world = deployed(msgspec.structs.replace(one, load_balancers=both))
    calls = deploy(world, group(80, 81))
    assert calls.index("CreateRule") < calls.index("DeleteLoadBalancer")


def test_surplus_security_groups_with_one_id_go() -> None:
    """The first by identity is used, the others are deleted (spec 7.4)."""
    world = deployed(group(80))
    world.create_security_group(security_group(80, name="again"))
    world.writes()
    assert deploy(world, group(80)) == ["DeleteSecurityGroup"]


def test_redirect_comes_after_its_destination() -> None:
    """A new listener is complete before one that was there changes."""
    world = deployed(group(80))
    wanted = group(80, 8443)
    first = listener(80, default_actions=(forward(wanted.target_groups[0]),))
    calls = deploy(world, msgspec.structs.replace(wanted, listeners=(first, wanted.listeners[1])))
    assert calls[1:] == ["CreateListener", "CreateRule", "ModifyListener"]
    assert first.default_actions != (NOT_FOUND,)
