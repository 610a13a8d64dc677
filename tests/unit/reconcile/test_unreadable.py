"""After a restart, what cannot be read is not gone: nothing that may be its own is taken away."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from alb_controller.model.ec2 import IngressRule
from alb_controller.objects.core import KubeObject, Node, Pod, Service
from alb_controller.objects.elbv2 import IngressClassParams, TargetGroupBinding
from alb_controller.objects.networking import EndpointSlice, Ingress, IngressClass
from alb_controller.targets.networking import SHARED_DESCRIPTION
from tests.factories import BORN, ingress, ingress_class, member, params, path, rule, service, to
from tests.unit.reconcile import binding_world, stack_world
from tests.unit.reconcile.binding_world import web
from tests.unit.targets.cluster import ARN, binding, node
from tests.unreadable import PROBLEM, turn_unreadable

OTHER, OTHER_ARN = {"name": "other", "port": "http"}, ARN.replace("web", "other")
A, B, C = ((one, f"10.0.0.{number}", "node-a") for number, one in enumerate("abc", 10))


def at(name: str, to_service: str = "app") -> Ingress:
    """A member of group team with a path of its name."""
    return member(name, rules=[rule("", path(f"/{name}", "Exact", to(to_service)))])


def restarted(world: stack_world.World, kind: type[KubeObject], name: str, *places: str) -> None:
    """A new process, which cannot read one object; what it does is what counts."""
    namespace = "shop" if kind in (Ingress, Service, TargetGroupBinding) else ""
    known = world.kube.stores.get(kind, namespace, name)
    assert known is not None
    turn_unreadable(world.kube.stores, known, *places)
    world.start()
    world.forget_calls()
    world.settle()


def test_what_a_member_that_cannot_be_read_has_is_kept() -> None:
    """Its finalizer says that it is one; the others go on, and their Warnings name it."""
    world = stack_world.World(at("a"), at("b")).settle()
    restarted(world, Ingress, "b")
    world.put(at("a2"))
    world.settle()
    assert sorted(world.aws.paths()) == ["/a", "/a2", "/b"]
    assert "Ingress shop/b" in " ".join(one.message for one in world.kube.events)
    store = world.kube.stores.of(Ingress)
    store.replace(store.list(), store.version)
    world.settle()
    assert world.aws.paths() == ["/a", "/a2"]


def test_who_has_no_finalizer_of_ours_holds_nobody() -> None:
    """Nothing in AWS is its own."""
    world = stack_world.World(at("a")).settle()
    world.put(ingress("strange", class_name="other"))
    restarted(world, Ingress, "strange")
    world.put(at("b"))
    assert world.settle().aws.paths() == ["/a", "/b"]


def test_who_may_have_any_finalizer_may_be_in_any_group() -> None:
    """Where they cannot be read either: a rule that may be its own stays when its member leaves."""
    answer = '{"type": "fixed-response", "fixedResponseConfig": {"statusCode": "503"}}'
    rules = [rule("", path("/b", "Exact", to("no", "use-annotation")))]
    closed = member("b", alb={"actions.no": answer}, rules=rules)
    world = stack_world.World(at("a"), closed).settle()
    world.put(ingress("strange", class_name="other"))
    restarted(world, Ingress, "strange", "$.metadata")
    world.remove("b")
    assert world.settle().aws.paths() == ["/a", "/b"]


def test_an_ingress_alone_that_cannot_be_read_keeps_what_it_has() -> None:
    """Also when somebody has its group looked at."""
    world = stack_world.World(ingress("web")).settle()
    before = world.aws.kinds()
    restarted(world, Ingress, "web")
    world.sweep().wait(3600)
    assert (world.aws.calls, world.aws.kinds()) == ([], before)


@pytest.mark.parametrize("kind, name", [(IngressClass, "alb"), (IngressClassParams, "params")])
def test_members_stay_while_their_class_cannot_be_read(kind: type[Any], name: str) -> None:
    """They are nobody else's for that."""
    world = stack_world.World(params(), ingress_class(params="params"), at("a"), at("b")).settle()
    restarted(world, kind, name)
    world.sweep().wait(3600)
    assert world.aws.calls == []
    assert world.aws.paths() == ["/a", "/b"]


def test_members_stay_while_the_default_class_may_be_the_unreadable_one() -> None:
    """An Ingress that names no class is of the default one."""
    alone = ingress("web", class_name=None)
    world = stack_world.World(ingress_class(is_default=True), alone).settle()
    assert world.aws.paths() == ["/*"]
    restarted(world, IngressClass, "alb")
    world.sweep().wait(3600)
    assert (world.aws.calls, world.aws.paths()) == ([], ["/*"])


def test_a_member_stays_while_its_service_cannot_be_read() -> None:
    """Its Warning says why, and others are served: its record has what was read of the Service."""
    world = stack_world.World(service("api"), at("a"), at("b", "api")).settle()
    restarted(world, Service, "api")
    assert (world.aws.calls, world.aws.paths()) == ([], ["/a", "/b"])
    (reported,) = world.kube.warnings("b")
    assert f"Service shop/api cannot be read: {PROBLEM}" in reported
    world.put(at("c"))
    assert world.settle().aws.paths() == ["/a", "/b", "/c"]
    store = world.kube.stores.of(Service)
    store.replace([*store.list(), service("api")], store.version, is_rewound=True)
    assert world.settle().aws.paths() == ["/a", "/b", "/c"]


def a_world(*objects: KubeObject, **spec: Any) -> binding_world.World:
    """A binding of Service app with pods a and b."""
    return binding_world.World(binding(**spec), node(), *web(A, B), *objects).settle()


def unread(world: binding_world.World, kind: type[KubeObject], name: str, *places: str) -> None:
    """A new process, which cannot read one object."""
    namespace = "" if kind is Node else "shop"
    known = world.cluster.get(kind, namespace, name)
    assert known is not None
    empty: dict[str, Any] = {"ports": [], "endpoints": []} if kind is EndpointSlice else {}
    turn_unreadable(world.cluster, known, *places, **empty)
    world.due.clear()
    world.start()
    world.settle()


@pytest.mark.parametrize(
    "kind, name, places",
    [
        (Service, "app", ()),
        (EndpointSlice, "x", ("$.endpoints",)),
        (EndpointSlice, "x", ("$",)),
        (Pod, "a", ()),
        (TargetGroupBinding, "mine", ()),
    ],
)
def test_targets_stay_while_what_stands_behind_them_cannot_be_read(
    kind: type[KubeObject], name: str, places: tuple[str, ...]
) -> None:
    """Whatever it is: the Service, its slice, a pod, or the binding itself."""
    world = a_world()
    before = world.targets()
    assert len(before) == 2
    unread(world, kind, name, *places)
    world.wait(3600)
    assert world.targets() == before


def test_a_pod_that_cannot_be_read_holds_up_no_other() -> None:
    """Its slice says enough of it."""
    world = a_world()
    unread(world, Pod, "a")
    world.put(*web(A, B, C)[2:])
    world.settle()
    assert [one.split(":")[0] for one in world.targets()] == [A[1], B[1], C[1]]


def test_instances_stay_while_a_node_cannot_be_read() -> None:
    """It may be one of them."""
    world = a_world(service(type_="NodePort"), targetType="instance")
    before = world.targets()
    assert before
    unread(world, Node, "node-a")
    world.wait(3600)
    assert world.targets() == before


def test_another_service_is_not_held_by_a_slice_that_is_not_its_own() -> None:
    """The label says whose it is."""
    world = a_world()
    unread(world, EndpointSlice, "x", "$.endpoints")
    world.errors.clear()
    world.aws.has_targets(OTHER_ARN)
    world.put(service("other"), binding("second", targetGroupARN=OTHER_ARN, serviceRef=OTHER))
    world.settle()
    assert world.errors == []


def test_rules_stay_that_an_unreadable_binding_may_want() -> None:
    """Unless its networking can be read."""
    left = IngressRule("tcp", 80, 80, "security_group", "sg-lb", SHARED_DESCRIPTION)
    for places, stay in ((("$.spec",), True), (("$.status",), False)):
        world = a_world(binding("bad", serviceRef=OTHER))
        world.aws.add_group("sg-1", left)
        world.aws.tag("sg-1", {"kubernetes.io/cluster/prod": "owned"})
        unread(world, TargetGroupBinding, "bad", *places)
        assert (left in world.aws.rules("sg-1")) is stay


def test_a_younger_binding_does_not_take_over_what_an_unreadable_one_holds() -> None:
    """Both name the target group."""
    world = a_world()
    known = world.binding()
    assert known is not None
    turn_unreadable(world.cluster, known, "$.spec.nodeSelector", spec=known.spec)
    world.due.clear()
    world.start()
    before = world.targets()
    late = {"creation_timestamp": BORN + timedelta(hours=1)}
    world.put(service("other"), binding("younger", late, serviceRef=OTHER))
    world.settle()
    assert len(before) == 2
    assert world.targets() == before
    assert "TargetGroupBinding shop/mine" in " ".join(world.errors)
