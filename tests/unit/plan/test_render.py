"""A plan as people and machines read it."""

from __future__ import annotations

import msgspec

from alb_controller.model.refs import Ref
from alb_controller.plan.plan import plan
from alb_controller.plan.render import render_json, render_lines
from alb_controller.values import ObjectRef, Origin
from tests.resources import (
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
from tests.unit.plan.deploys import deployed
from tests.world import World


def test_lines_of_a_first_deploy() -> None:
    """What is to come has no identity yet: it is named by its id in the stack."""
    managed, group = security_group(80), target_group("a")
    wanted = stack(
        security_groups=(managed,),
        target_groups=(group,),
        bindings=(binding(group),),
        load_balancers=(
            load_balancer(
                security_groups=(Ref(managed.id), "sg-9"),
                attributes={"idle_timeout.timeout_seconds": "30"},
            ),
        ),
        listeners=(listener(),),
        rules=rules(("/", forward(group)), ("/x", answer("X"))),
    )
    assert list(render_lines(plan(wanted, World().observe(), POLICY))) == [
        "create SecurityGroup ManagedLBSecurityGroup",
        "authorize ingress of SecurityGroup ManagedLBSecurityGroup: tcp 80-80 from 0.0.0.0/0",
        "create TargetGroup a",
        "create Binding a",
        "create LoadBalancer LoadBalancer",
        "modify attributes of LoadBalancer LoadBalancer: idle_timeout.timeout_seconds=30",
        "create Listener 80",
        "create ListenerRule 80:1",
        "create ListenerRule 80:2",
    ]


def test_lines_of_a_change() -> None:
    """The verb, the identity, and what changes of it."""
    group = target_group("a")
    before = stack(
        load_balancers=(load_balancer(),),
        listeners=(listener(),),
        rules=rules(("/1", answer("X")), ("/2", answer("X"))),
        target_groups=(group,),
        bindings=(binding(group),),
    )
    after = stack(
        load_balancers=(load_balancer(ip_address_type="dualstack"),),
        listeners=(listener(),),
        rules=rules(("/0", answer("X")), ("/1", answer("X")), ("/2", answer("Y"))),
    )
    assert list(render_lines(plan(after, deployed(before).observe(), POLICY))) == [
        "set ip address type of arn:lb/0002: dualstack",
        "create ListenerRule 80:1",
        "modify rule of arn:lr/0005",
        "set priorities on arn:ls/0003: ListenerRule 80:1 to 1, arn:lr/0004 to 2, arn:lr/0005 to 3",
        "add tags of arn:lr/0004: ingress.k8s.aws/resource=80:2",
        "add tags of arn:lr/0005: ingress.k8s.aws/resource=80:3",
        "delete Binding shop/k8s-a-ip-HTTP",
        "await the end of bindings shop/k8s-a-ip-HTTP",
        "delete TargetGroup arn:tg/0001",
    ]


def test_json() -> None:
    """Plain values, Refs by kind and name."""
    managed = security_group(80)
    origin = Origin(ObjectRef("Ingress", "shop", "app"), "a field")
    wanted = stack(
        security_groups=(managed,),
        load_balancers=(load_balancer(security_groups=(Ref(managed.id), "sg-9")),),
        asked_by=(origin,),
    )
    plain = msgspec.json.decode(
        msgspec.json.encode(render_json(plan(wanted, World().observe(), POLICY)))
    )
    assert [step["step"] for step in plain["steps"]] == ["Create", "AuthorizeIngress", "Create"]
    reference = {"ref": "SecurityGroup ManagedLBSecurityGroup"}
    assert plain["steps"][1]["target"] == reference
    assert plain["steps"][2]["resource"]["security_groups"] == [reference, "sg-9"]
    assert [step["asked_by"] for step in plain["steps"]] == [["Ingress shop/app a field"]] * 3
    assert plain["notes"] == []
