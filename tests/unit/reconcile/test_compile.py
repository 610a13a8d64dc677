"""Compiling says what would be done, and does nothing of it."""

from __future__ import annotations

import pytest
import structlog

from alb_controller.model.elbv2 import Listener, LoadBalancer
from alb_controller.objects.networking import Ingress
from alb_controller.plan.changes import Create
from alb_controller.plan.render import render_lines
from alb_controller.values import StackKey
from tests.factories import ingress, path, rule, to
from tests.unit.reconcile.stack_world import World

WEB = StackKey("ingress", "shop", "web")
EDITS = {
    "tags": ingress(alb={"tags": "team=edge"}),
    "scheme": ingress(alb={"scheme": "internet-facing"}),
    "path": ingress(rules=[rule("", path("/b", "Exact", to()))]),
    "port": ingress(alb={"listen-ports": '[{"HTTP": 81}]'}),
}


@pytest.mark.parametrize("edit", EDITS.values(), ids=EDITS)
@pytest.mark.parametrize("restarts", [False, True], ids=["process goes on", "after a restart"])
def test_compiling_writes_nothing_and_plans_what_the_pass_then_does(
    edit: Ingress, *, restarts: bool
) -> None:
    """Neither AWS nor the cluster sees more than reads; the steps are those of the next pass."""
    world = World(ingress()).settle()
    world.put(edit)
    if restarts:
        world.start()
    world.forget_calls()
    planned = list(render_lines(world.compile(WEB)))
    assert planned
    assert (world.aws.calls, world.kube.writes) == ([], [])
    with structlog.testing.capture_logs() as logs:
        world.settle()
    assert [log["steps"] for log in logs if log["event"] == "applying"] == [planned]


def test_what_must_exist_first_has_placeholders() -> None:
    """A shared security group and a certificate that nobody has made are named, and not made."""
    alb = {"listen-ports": '[{"HTTPS": 443}]', "create-acm-cert": "true"}
    asks = ingress(alb=alb, rules=[rule("a.example", path())])
    world = World(asks, gates={"enable_certificate_management": True})
    made = [step.resource for step in world.compile(WEB).steps if isinstance(step, Create)]
    assert (world.aws.calls, world.kube.writes) == ([], [])
    (balancer,) = (one for one in made if isinstance(one, LoadBalancer))
    (listener,) = (one for one in made if isinstance(one, Listener))
    assert "sg-pending" in balancer.security_groups
    assert listener.certificates == ("arn:pending",)
