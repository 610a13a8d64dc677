"""Services on NLB through the pass: the seam carries a second front end (ADR 16)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
import pytest

from alb_controller.frontends.service.frontend import ServiceFrontEnd
from alb_controller.model.ec2 import IngressRule, SecurityGroup
from alb_controller.model.elbv2 import ForwardAction, Listener, LoadBalancer, TargetGroup
from alb_controller.objects.core import Service, ServicePort
from alb_controller.objects.elbv2 import TargetGroupBinding
from alb_controller.values import StackKey
from tests.factories import changed, service
from tests.unit.reconcile.stack_world import World

PORTS = (ServicePort("http", "TCP", 80, 8080, 30080), ServicePort("admin", "TCP", 81, 9000, 30081))

RANGES = "service.beta.kubernetes.io/load-balancer-source-ranges"


def balanced(name: str = "web", ports: Sequence[ServicePort] = PORTS, **spec: Any) -> Service:
    """A Service that asks for a load balancer of ours."""
    fields = {"type": "LoadBalancer", "load_balancer_class": "service.k8s.aws/nlb", **spec}
    made = service(name, ports=ports)
    return msgspec.structs.replace(made, spec=msgspec.structs.replace(made.spec, **fields))


def served(*services: Service) -> World:
    """A world that has come to rest."""
    return World(*services, front_end=ServiceFrontEnd).settle()


def shown(world: World, name: str = "web") -> list[tuple[str, list[int]]]:
    """Host names and ports in a Service's status."""
    found = world.kube.stores.get(Service, "shop", name)
    assert found is not None
    entries = found.status.load_balancer.ingress
    return [(one.hostname, [port.port for port in one.ports]) for one in entries]


def test_a_service_is_served_and_then_left_alone() -> None:
    """A listener, a target group and a binding for each port, open to everyone; then no call."""
    world = served(balanced())
    (balancer,) = world.aws.all(LoadBalancer).values()
    assert (balancer.type, balancer.scheme) == ("network", "internal")
    groups = {one.port for one in world.aws.all(TargetGroup).values()}
    listeners = {one.port: one.protocol for one in world.aws.all(Listener).values()}
    assert (groups, listeners) == ({8080, 9000}, {80: "TCP", 81: "TCP"})
    actions = [one.default_actions for one in world.aws.all(Listener).values()]
    assert all(isinstance(action, ForwardAction) for (action,) in actions)
    opened = [one.ingress for one in world.aws.all(SecurityGroup).values() if one.ingress]
    assert opened == [tuple(IngressRule("tcp", p, p, "cidr", "0.0.0.0/0") for p in (80, 81))]
    assert len(world.kube.stores.list(TargetGroupBinding)) == 2
    assert shown(world) == [(world.aws.dns_name(), [80, 81])]
    world.forget_calls()
    assert world.sweep().aws.calls == []
    assert [event.reason for event in world.kube.events] == ["SuccessfullyReconciled"]


def test_every_step_names_the_service() -> None:
    """Those that make it and those that take it away."""
    world, key = World(balanced(), front_end=ServiceFrontEnd), StackKey("service", "shop", "web")
    first = world.compile(key)
    world.settle().kube.remove(Service, "web")
    last = world.compile(key)
    for plan in (first, last):
        assert plan.steps
        origins = [tuple(one.ref.path for one in step.asked_by) for step in plan.steps]
        assert set(origins) <= {("shop/web",), ("shop/web", "shop/web")}


@pytest.mark.parametrize("ends", ["deleted", "another type"])
def test_a_service_that_leaves_takes_all_with_it(ends: str) -> None:
    """AWS is empty and the finalizer is gone, whether it was deleted or changed its type."""
    world = served(balanced())
    if ends == "deleted":
        world.kube.remove(Service, "web")
    else:
        world.put(balanced(type="ClusterIP"))
    world.settle().wait(30)
    assert world.aws.things == {}
    left = world.kube.stores.get(Service, "shop", "web")
    assert left is None or left.metadata.finalizers == []


@pytest.mark.parametrize(
    "bad, texts",
    [
        (
            changed(
                balanced(),
                annotations={
                    "service.beta.kubernetes.io/load-balancer-source-ranges": "10.0.0.0/8"
                },
            ),
            "load-balancer-source-ranges",
        ),
        (balanced(ports=[ServicePort("dns", "UDP", 53, 53, 30053)]), "'UDP' of port 53"),
    ],
)
def test_what_is_not_served_is_refused(bad: Service, texts: str) -> None:
    """A setting that is not understood makes nothing, and keeps what is there; it is named."""
    world = served(bad)
    assert world.aws.things == {}
    assert texts in world.kube.warnings("web")[0]
    world = served(balanced())
    before = dict(world.aws.things)
    world.put(bad)
    assert world.settle().aws.things == before
    assert texts in world.kube.warnings("web")[0]


def test_what_aws_does_not_have_stops_the_service_alone() -> None:
    """Without subnets one Warning says so; no call that writes was made."""
    world = World(balanced(), front_end=ServiceFrontEnd)
    world.aws.subnets = ()
    world.settle()
    assert world.aws.things == {}
    assert len(world.kube.warnings("web")) == 1


def test_a_service_of_another_class_is_nobodys() -> None:
    """No write, no event, and no key of ours."""
    world = served(balanced(load_balancer_class="example.test/other"))
    assert (world.aws.calls, world.kube.writes, world.kube.events) == ([], [], [])
    front_end = ServiceFrontEnd(world.settings)
    assert front_end.keys(world.kube.stores) == set()
    assert front_end.load(StackKey("service", "shop", "gone"), world.kube.stores, {}).members == ()
