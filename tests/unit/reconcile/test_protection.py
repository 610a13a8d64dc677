"""A load balancer under deletion protection: nothing of it goes until somebody says so (ADR 33)."""

from __future__ import annotations

from collections.abc import Callable

import msgspec
import pytest

from alb_controller.frontends.service.frontend import ServiceFrontEnd
from alb_controller.model.elbv2 import LoadBalancer
from alb_controller.model.protection import DELETION_PROTECTION
from alb_controller.objects.core import KubeObject, Service
from alb_controller.objects.elbv2 import TargetGroupBinding
from tests.factories import (
    changed,
    ingress,
    ingress_class,
    member,
    params,
    path,
    rule,
    service,
    site,
)
from tests.unit.reconcile.stack_world import World

ON, OFF = "deletion_protection.enabled=true", "deletion_protection.enabled=false"
LINE = f"alb.ingress.kubernetes.io/load-balancer-attributes: {OFF}"
FRONT_LINE = f"alb.ingress.kubernetes.io/frontend-nlb-attributes: {OFF}"
FRONT = {"enable-frontend-nlb": "true"}
SCHEME = {"scheme": "internet-facing"}
NAMED = {"load-balancer-name": "mine"}


def protect(world: World, kind: str = "application") -> str:
    """Somebody switches the protection on in AWS, by hand."""
    (arn,) = [arn for arn, one in world.aws.all(LoadBalancer).items() if one.type == kind]
    now = world.aws.all(LoadBalancer)[arn]
    attributes = {**(now.attributes or {}), DELETION_PROTECTION: "true"}
    world.aws.things[arn] = msgspec.structs.replace(now, attributes=attributes)
    return arn


def refused(world: World, name: str = "web", line: str = LINE) -> None:
    """Settle: what was in AWS is there as it was, and one event says what to add."""
    before, reported = _things(world), len(world.kube.warnings(name))
    world.settle()
    assert before.items() <= _things(world).items()
    (message,) = world.kube.warnings(name)[reported:]
    assert line in message
    world.wait(3600)
    assert before.items() <= _things(world).items()
    assert len(world.kube.warnings(name)) == reported + 1


def _things(world: World) -> dict[str, object]:
    """All of AWS, and the bindings."""
    bindings = world.kube.stores.list(TargetGroupBinding)
    return {**world.aws.things, **{"/".join(one.key): one.spec for one in bindings}}


def say(world: World, attributes: str) -> None:
    """The Ingress, which may be on its way out, gets the annotation."""
    now = world.ingress()
    assert now is not None
    annotations = {**now.metadata.annotations, LINE.partition(":")[0]: attributes}
    world.put(changed(now, annotations=annotations))


def end(world: World) -> None:
    """Its user deletes it."""
    world.remove("web")


def change(**alb: str) -> Callable[[World], None]:
    """Other annotations, in place of those that were there."""
    return lambda world: world.put(
        ingress(alb={key.replace("_", "-"): v for key, v in alb.items()})
    )


def other_class(world: World) -> None:
    """The Ingress goes to another controller."""
    world.put(ingress_class("nginx", controller="nginx"), ingress(class_name="nginx"))


WAYS = {
    "its end": end,
    "another scheme": change(**SCHEME),
    "another group": change(**{"group.name": "team"}),
    "another class": other_class,
}


@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)
def test_what_is_protected_in_aws_by_hand_stays(way: Callable[[World], None]) -> None:
    """Whatever asks for its deletion: nothing is changed, and one event says what to add."""
    world = World(ingress()).settle()
    protect(world)
    way(world)
    refused(world)
    assert world.ingress() is not None


@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)
def test_protection_stays_when_the_annotation_is_taken_away(way: Callable[[World], None]) -> None:
    """The Ingress that asked for it says nothing of it any more."""
    world = World(ingress(alb={"load-balancer-attributes": ON})).settle()
    world.put(ingress())
    world.settle()
    way(world)
    refused(world)


@pytest.mark.parametrize(
    "alb",
    [{}, SCHEME, {**SCHEME, **NAMED}],
    ids=["its end", "scheme", "scheme and name"],
)
def test_the_line_lets_it_go(alb: dict[str, str]) -> None:
    """Protection is switched off and it is deleted, once some source says so."""
    world = World(ingress()).settle()
    arn = protect(world)
    if alb:
        world.put(ingress(alb={**alb, "load-balancer-attributes": OFF}))
    else:
        world.remove("web")
        world.settle()
        say(world, OFF)
    world.settle().wait(60)
    assert arn not in world.aws.all(LoadBalancer)
    assert len(world.aws.all(LoadBalancer)) == bool(alb)
    assert (world.ingress() is None) == (not alb)


def test_the_others_of_a_group_go_on_where_one_asks_for_the_replacement() -> None:
    """It is rejected with the line; what it had stays, and another member's new path is served."""
    world = World(site("a"), site("b")).settle()
    arn = protect(world)
    world.put(site("b", alb=SCHEME))
    world.settle()
    (message,) = world.kube.warnings("b")
    assert LINE in message
    assert "alb.ingress.kubernetes.io/scheme: would replace the load balancer" in message
    world.put(member("a", rules=[rule("a.example", path("/new"))]))
    world.settle()
    assert "/new" in world.aws.paths()
    assert list(world.aws.all(LoadBalancer)) == [arn]
    assert (world.kube.warnings("a"), len(world.kube.warnings("b"))) == ([], 1)
    world.put(site("b", alb={**SCHEME, "load-balancer-attributes": OFF}))
    world.settle().wait(60)
    assert [one.scheme for one in world.aws.all(LoadBalancer).values()] == ["internet-facing"]


def test_what_several_ask_for_is_refused_as_a_whole() -> None:
    """No member alone is at fault: each of them hears it."""
    world = World(site("a"), site("b")).settle()
    protect(world)
    world.put(site("a", alb=SCHEME), site("b", alb=SCHEME))
    refused(world, "a")
    assert LINE in world.kube.warnings("b")[0]


def test_a_replacement_that_waits_is_done_once_the_protection_is_off_in_aws() -> None:
    """The next look finds it, and the event needs no answer."""
    world = World(ingress()).settle()
    arn = protect(world)
    world.put(ingress(alb=SCHEME))
    world.settle()
    now = world.aws.all(LoadBalancer)[arn]
    world.aws.things[arn] = msgspec.structs.replace(now, attributes={})
    world.wait(3600)
    assert [one.scheme for one in world.aws.all(LoadBalancer).values()] == ["internet-facing"]


@pytest.mark.parametrize("stated", [ON, "deletion_protection.enabled=perhaps", "no map"])
def test_nothing_but_false_lets_it_go(stated: str) -> None:
    """What cannot be read is no permission."""
    world = World(ingress()).settle()
    protect(world)
    world.remove("web")
    say(world, stated)
    refused(world)


def test_of_a_group_one_that_says_true_counts_more_than_one_that_says_false() -> None:
    """The last members of a group leave it together."""
    off = member("a", alb={"load-balancer-attributes": OFF})
    world = World(off, member("b")).settle()
    protect(world)
    world.put(member("b", alb={"load-balancer-attributes": ON}), ingress("a", class_name="other"))
    world.remove("b")
    world.put(member("a", class_name="nginx", alb={"load-balancer-attributes": OFF}))
    world.put(ingress_class("nginx", controller="nginx"))
    refused(world, "b")


def test_the_last_member_of_a_group_lets_it_go() -> None:
    """Its annotations say so, whatever those who left before said."""
    world = World(member("a"), member("b", alb={"load-balancer-attributes": OFF})).settle()
    world.remove("a")
    world.settle()
    protect(world)
    world.remove("b")
    world.settle().wait(60)
    assert world.aws.kinds() == []
    assert world.ingress("b") is None


@pytest.mark.parametrize("value,stays", [("false", False), ("true", True)])
def test_the_class_decides_as_it_does_while_the_ingress_lives(value: str, *, stays: bool) -> None:
    """Its parameters count more than the annotation, and the event names them."""
    of_class = params(loadBalancerAttributes=[{"key": DELETION_PROTECTION, "value": value}])
    world = World(of_class, ingress_class(params="params"), ingress()).settle()
    arn = protect(world)
    world.remove("web")
    if stays:
        refused(world, line=f"IngressClassParams params spec.loadBalancerAttributes: {OFF}")
    else:
        world.settle().wait(60)
    assert (arn in world.aws.all(LoadBalancer)) == stays


@pytest.mark.parametrize(
    "kind,line", [("network", FRONT_LINE), ("application", LINE)], ids=["front", "behind"]
)
def test_of_two_load_balancers_neither_goes_where_one_is_protected(kind: str, line: str) -> None:
    """The one in front is not taken away before it is known that the other one stays."""
    world = World(ingress(alb=FRONT)).settle()
    protect(world, kind)
    world.remove("web")
    refused(world, line=line)


def test_a_load_balancer_in_front_that_is_not_wanted_any_more_stays_protected() -> None:
    """Until its own annotation says that it may go."""
    world = World(ingress(alb=FRONT)).settle()
    arn = protect(world, "network")
    world.put(ingress())
    refused(world, line=FRONT_LINE)
    world.put(ingress(alb={"frontend-nlb-attributes": OFF}))
    world.settle().wait(60)
    assert arn not in world.aws.all(LoadBalancer)
    assert len(world.aws.all(LoadBalancer)) == 1


def test_a_service_keeps_its_protected_load_balancer() -> None:
    """It has the annotation of its own API."""
    world = World(
        _of_our_class(service("tcp", type_="LoadBalancer")), front_end=ServiceFrontEnd
    ).settle()
    arn = protect(world, "network")
    world.kube.remove(Service, "tcp")
    key = "service.beta.kubernetes.io/aws-load-balancer-attributes"
    refused(world, "tcp", f"{key}: {OFF}")
    now = world.kube.stores.get(Service, "shop", "tcp")
    assert now is not None
    world.put(changed(now, annotations={key: OFF}))
    world.settle().wait(60)
    assert arn not in world.aws.all(LoadBalancer)


def _of_our_class(made: Service) -> KubeObject:
    spec = msgspec.structs.replace(made.spec, load_balancer_class="service.k8s.aws/nlb")
    return msgspec.structs.replace(made, spec=spec)


def test_a_usual_end_asks_for_no_attributes() -> None:
    """The first call is the deletion itself: its refusal would have changed nothing."""
    world = World(ingress()).settle()
    world.forget_calls()
    world.remove("web")
    world.settle().wait(60)
    assert world.aws.reads == []
    assert world.aws.calls[0] == "DeleteLoadBalancer"


def test_a_replacement_asks_once_for_the_attributes() -> None:
    """One read for each load balancer that goes in the middle of a plan."""
    world = World(ingress()).settle()
    world.forget_calls()
    world.put(ingress(alb=SCHEME))
    world.settle().wait(60)
    assert world.aws.reads.count("DescribeLoadBalancerAttributes") == 1
    assert [one.scheme for one in world.aws.all(LoadBalancer).values()] == ["internet-facing"]


def test_a_newcomer_without_room_costs_no_further_read() -> None:
    """The stack is built again without it; the attributes are read once the members are settled."""
    world = World(site("a"), site("b"), aws_quotas={"rules-per-application-load-balancer": 2})
    world.settle().forget_calls()
    world.put(site("a", alb=SCHEME), site("late"))
    world.settle().wait(60)
    assert world.aws.reads.count("DescribeLoadBalancerAttributes") == 1
    assert [one.scheme for one in world.aws.all(LoadBalancer).values()] == ["internet-facing"]
    (message,) = world.kube.warnings("late")
    assert "rules-per-application-load-balancer" in message


def test_one_that_is_gone_already_protects_nothing() -> None:
    """Somebody has deleted it by hand: what takes its place is made."""
    world = World(ingress()).settle()
    (arn,) = world.aws.all(LoadBalancer)
    world.aws.delete_load_balancer(arn)
    world.put(ingress(alb=SCHEME))
    world.settle().wait(60)
    assert [one.scheme for one in world.aws.all(LoadBalancer).values()] == ["internet-facing"]
