"""What of a live resource follows the desired one, and what is kept."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from alb_controller.model.actions import FixedResponseAction, RedirectAction
from alb_controller.model.elbv2 import (
    Action,
    ForwardAction,
    Listener,
    MutualAuthentication,
    WeightedTargetGroup,
)
from alb_controller.model.kube import Binding
from alb_controller.model.refs import Ref, ResourceId
from alb_controller.model.stack import Stack
from alb_controller.objects.elbv2 import (
    NetworkingIngressRule,
    ServiceReference,
    TargetGroupBindingNetworking,
    TargetGroupBindingSpec,
)
from alb_controller.plan.changes import Create, ModifyAttributes
from alb_controller.plan.diff import unread
from alb_controller.plan.plan import plan
from tests.resources import (
    OPEN_PEER,
    POLICY,
    binding,
    forward,
    health_check,
    listener,
    load_balancer,
    on,
    rule,
    rules,
    security_group,
    stack,
    tags_of,
    target_group,
)
from tests.unit.plan.deploys import deploy, deployed
from tests.world import World


def balanced(**more: Any) -> Stack:
    """A load balancer alone."""
    return stack(load_balancers=(load_balancer(**more),))


@pytest.mark.parametrize(
    "change, calls",
    [
        ({"security_groups": ("sg-0", "sg-1")}, ["SetSecurityGroups"]),
        ({"subnets": ("subnet-b", "subnet-a")}, []),
        ({"subnets": ("subnet-c",)}, ["SetSubnets"]),
        ({"ip_address_type": "dualstack"}, ["SetIpAddressType"]),
        (
            {"ip_address_type": "dualstack", "subnets": ("subnet-c",)},
            ["SetSubnets", "SetIpAddressType"],
        ),
        ({"name": "another"}, []),
        ({"customer_owned_ipv4_pool": "pool"}, []),
        ({"type": "network"}, ["DeleteLoadBalancer", "CreateLoadBalancer"]),
        ({"attributes": {"idle_timeout.timeout_seconds": "30"}}, ["ModifyLoadBalancerAttributes"]),
        ({"attributes": {}}, []),
    ],
)
def test_load_balancer(change: dict[str, Any], calls: list[str]) -> None:
    """Groups and subnets are sets; name and pool count at creation only, and AWS changes no type:
    another one comes in its place, under the name that the old one frees.
    """
    assert deploy(deployed(balanced()), balanced(**change)) == calls


def test_leaving_dual_stack_comes_before_subnets_without_ipv6() -> None:
    """AWS refuses a dual-stack load balancer in subnets without IPv6."""
    world = deployed(balanced(ip_address_type="dualstack"))
    calls = deploy(world, balanced(subnets=("subnet-c",)))
    assert calls == ["SetIpAddressType", "SetSubnets"]


def test_undeclared_attributes_are_kept() -> None:
    """Only declared keys are compared; a key that is taken out keeps its value (spec 5.3)."""
    world = deployed(balanced(attributes={"a": "1", "b": "1"}))
    assert deploy(world, balanced(attributes={"b": "1"})) == []
    assert deploy(world, balanced(attributes={"b": "2"})) == ["ModifyLoadBalancerAttributes"]
    (found,) = world.observe().load_balancers
    assert found.resource.attributes == {"a": "1", "b": "2"}


def test_attributes_that_nobody_has_read_are_asked_for() -> None:
    """Only of resources that exist and declare some."""
    world = deployed(balanced())
    (found,) = world.observe().load_balancers
    blank = msgspec.structs.replace(found.resource, attributes=None)
    observed = msgspec.structs.replace(
        world.observe(), load_balancers=(msgspec.structs.replace(found, resource=blank),)
    )
    assert unread(balanced(), observed) == ()
    wanted = balanced(attributes={"a": "1"})
    assert [one.identity for one in unread(wanted, observed)] == [found.identity]
    assert unread(wanted, world.observe()) == ()
    assert unread(wanted, World().observe()) == ()


def test_a_new_resource_gets_all_its_attributes_at_once() -> None:
    """One write, and no read before it."""
    wanted = stack(target_groups=(target_group(attributes={"a": "1", "b": "2"}),))
    steps = plan(wanted, World().observe(), POLICY).steps
    assert [type(step) for step in steps] == [Create, ModifyAttributes]
    assert deploy(deployed(wanted), wanted) == []


@pytest.mark.parametrize(
    "change, calls",
    [
        ({"health_check": health_check(path="/ready")}, ["ModifyTargetGroup"]),
        ({"health_check": health_check(path=None, matcher=None)}, []),
        ({"port": 9090}, []),
        ({"name": "another"}, []),
        ({"vpc_id": "vpc-1"}, []),
        ({"ip_address_type": "ipv6"}, ["CreateTargetGroup", "DeleteTargetGroup"]),
        ({"attributes": {"a": "1"}}, ["ModifyTargetGroupAttributes"]),
        ({"target_type": "instance"}, ["CreateTargetGroup", "DeleteTargetGroup"]),
        ({"protocol": "HTTPS"}, ["CreateTargetGroup", "DeleteTargetGroup"]),
        ({"protocol_version": "GRPC", "name": "g"}, ["CreateTargetGroup", "DeleteTargetGroup"]),
        ({"target_control_port": 99, "name": "g"}, ["CreateTargetGroup", "DeleteTargetGroup"]),
    ],
)
def test_target_group(change: dict[str, Any], calls: list[str]) -> None:
    """Some fields are modified, some need another group, the rest is kept (spec 5.3)."""
    world = deployed(stack(target_groups=(target_group(),)))
    assert deploy(world, stack(target_groups=(target_group(**change),))) == calls


def secure(*certificates: str, **more: Any) -> Stack:
    """An HTTPS listener."""
    fields = {"protocol": "HTTPS", "certificates": certificates, "ssl_policy": "old", **more}
    return stack(load_balancers=(load_balancer(),), listeners=(listener(443, **fields),))


@pytest.mark.parametrize(
    "before, after, calls, shown",
    [
        ("a", "ab", ["AddListenerCertificates"], "ab"),
        ("ab", "a", ["RemoveListenerCertificates"], "a"),
        ("a", "b", ["ModifyListener"], "b"),
        ("ab", "b", ["ModifyListener"], "bb"),
        ("ab", "ba", ["AddListenerCertificates", "ModifyListener"], "bab"),
        ("ab", "ac", ["AddListenerCertificates", "RemoveListenerCertificates"], "ac"),
    ],
)
def test_certificates(before: str, after: str, calls: list[str], shown: str) -> None:
    """A certificate is added before another one goes or it stops being the default.

    What was in the certificate list stays there when it becomes the default one.
    """
    world = deployed(secure(*before))
    assert deploy(world, secure(*after)) == calls
    assert world.observe().listeners[0].resource.certificates == tuple(shown)
    assert deploy(world, secure(*after)) == []


def test_a_default_certificate_leaves_the_list_with_its_rank() -> None:
    """LBC lists the default one too: dropped by the user, it is dropped from both."""
    world = deployed(secure("a", "b"))
    (arn,) = world.all(Listener)
    world.add_listener_certificates(arn, ["a"])
    assert deploy(world, secure("b"))[1:] == ["ModifyListener", "RemoveListenerCertificates"]
    assert world.all(Listener)[arn].certificates == ("b", "b")


def test_a_default_certificate_is_listed_anew_when_it_loses_its_rank() -> None:
    """Whatever is believed of the list: adding what is there is no error, a missing one is."""
    world = deployed(secure("a", "b"))
    deploy(world, secure("b", "a"))
    assert deploy(world, secure("a", "b")) == ["AddListenerCertificates", "ModifyListener"]


OFF, PASS = MutualAuthentication("off"), MutualAuthentication("passthrough")
VERIFY = MutualAuthentication("verify", "arn:ts/1", False, "off")


@pytest.mark.parametrize(
    "before, after, drifts, shown",
    [
        (None, VERIFY, True, VERIFY),
        (VERIFY, MutualAuthentication("verify", "arn:ts/2", False, "off"), True, ...),
        (VERIFY, MutualAuthentication("verify", "arn:ts/1", True, "off"), True, ...),
        (VERIFY, PASS, True, PASS),
        (PASS, PASS, False, PASS),
        (VERIFY, None, False, VERIFY),
        (VERIFY, OFF, True, None),
        (None, OFF, False, None),
        (OFF, None, False, None),
    ],
)
def test_client_certificates(
    before: MutualAuthentication | None,
    after: MutualAuthentication | None,
    drifts: bool,
    shown: Any,
) -> None:
    """Unsaid it stays as it is, off is as good as nothing, all else is compared (spec 3.6)."""
    world = deployed(secure("a", mutual_authentication=before))
    desired = secure("a", mutual_authentication=after)
    assert deploy(world, desired) == (["ModifyListener"] if drifts else [])
    found = world.observe().listeners[0].resource.mutual_authentication
    assert found == (after if shown is ... else shown)
    assert deploy(world, desired) == []


@pytest.mark.parametrize(
    "change, calls",
    [
        ({"ssl_policy": None}, []),
        ({"ssl_policy": "new"}, ["ModifyListener"]),
        ({"attributes": {"a": "1"}}, ["ModifyListenerAttributes"]),
        ({"tags": tags_of("443", team="a")}, ["AddTags"]),
    ],
)
def test_listener(change: dict[str, Any], calls: list[str]) -> None:
    """A policy that is not declared is kept."""
    world = deployed(secure("a"))
    assert deploy(world, secure("a", **change)) == calls


def test_listener_changes_protocol_in_place() -> None:
    """Certificates come after it can hold them, and go with it."""
    plain = stack(load_balancers=(load_balancer(),), listeners=(listener(443),))
    world = deployed(plain)
    assert deploy(world, secure("a", "b")) == ["ModifyListener", "AddListenerCertificates"]
    assert deploy(world, plain) == ["ModifyListener"]
    assert deploy(world, plain) == []


def test_listener_of_others_stays() -> None:
    """Somebody put it on our load balancer: a note, no delete. With the gate off none can tell."""
    world = deployed(stack(load_balancers=(load_balancer(),)))
    (balancer,) = world.observe().load_balancers
    theirs = world.create_listener(
        listener(8443, load_balancer=balancer.identity, tags={"team": "other"})
    )
    wanted = stack(load_balancers=(load_balancer(),))
    todo = plan(wanted, world.observe(), POLICY)
    assert not todo
    assert todo.notes == (f"left alone, not this stack's: {theirs.identity}",)
    untagged = msgspec.structs.replace(POLICY, tag_listeners_and_rules=False)
    world.writes()
    assert deploy(world, wanted, untagged) == ["DeleteListener"]


def test_listener_of_others_on_a_wanted_port_is_taken_over() -> None:
    """A port has one listener, and the user asks for it."""
    world = deployed(stack(load_balancers=(load_balancer(),)))
    (balancer,) = world.observe().load_balancers
    world.create_listener(listener(80, load_balancer=balancer.identity, tags={}))
    world.writes()
    wanted = stack(load_balancers=(load_balancer(),), listeners=(listener(80),))
    assert deploy(world, wanted) == ["AddTags"]


def forwarding(action: Action) -> Stack:
    """A rule with this action."""
    return stack(
        load_balancers=(load_balancer(),),
        target_groups=(target_group("a"), target_group("b")),
        listeners=(listener(),),
        rules=(rule(1, on("/"), action),),
    )


@pytest.mark.parametrize(
    "sticky, wanted, is_same",
    [
        (None, None, True),
        (True, None, True),
        (None, False, True),
        (True, False, False),
        (None, True, False),
    ],
)
def test_stickiness_counts_where_it_is_declared(
    sticky: bool | None, wanted: bool | None, is_same: bool
) -> None:
    """Not declared keeps what is there (spec 3.7); off is how AWS shows none."""
    both = forward(target_group("a"), target_group("b"))
    before = msgspec.structs.replace(both, stickiness_enabled=sticky, stickiness_seconds=30)
    after = msgspec.structs.replace(both, stickiness_enabled=wanted, stickiness_seconds=30)
    assert (deploy(deployed(forwarding(before)), forwarding(after)) == []) is is_same


@pytest.mark.parametrize(
    "one, other",
    [
        (
            RedirectAction("HTTP_301", "#{host}", "/#{path}", "443", "HTTPS", "#{query}"),
            RedirectAction("HTTP_301", port="443", protocol="HTTPS"),
        ),
        (FixedResponseAction("200", "", ""), FixedResponseAction("200")),
        (
            ForwardAction((WeightedTargetGroup(Ref(ResourceId("TargetGroup", "a")), 50),)),
            ForwardAction((WeightedTargetGroup(Ref(ResourceId("TargetGroup", "a"))),)),
        ),
    ],
)
def test_values_without_effect_are_no_difference(one: Action, other: Action) -> None:
    """What AWS fills in by itself, empty texts, and the weight of a group alone (spec 3.7)."""
    for before, after in ((one, other), (other, one)):
        world = deployed(forwarding(before))
        assert deploy(world, forwarding(after)) == []


def test_order_of_forward_tuples_is_no_difference() -> None:
    """A weight is (spec 3.7)."""
    one, two = target_group("a"), target_group("b")
    world = deployed(forwarding(forward(one, two)))
    assert deploy(world, forwarding(forward(two, one))) == []
    heavier = ForwardAction(
        (WeightedTargetGroup(Ref(one.id), 2), WeightedTargetGroup(Ref(two.id), 1))
    )
    assert deploy(world, forwarding(heavier)) == ["ModifyRule"]


def bound(**more: Any) -> Stack:
    """A target group with its binding."""
    group = target_group()
    return stack(target_groups=(group,), bindings=(binding(group, **more),))


def test_binding_keeps_its_name_and_others_labels() -> None:
    """It is matched by its target group; a label that somebody added stays."""
    world = deployed(bound())
    (found,) = world.observe().bindings
    labels = {**found.resource.labels, "team": "a"}
    world.update_binding(found.identity, msgspec.structs.replace(found.resource, labels=labels))
    world.writes()
    assert deploy(world, bound(name="another")) == []
    spec = TargetGroupBindingSpec(service_ref=ServiceReference(name="other", port=80))
    assert deploy(world, bound(name="another", spec=spec)) == ["UpdateBinding"]
    (after,) = world.all(Binding).values()
    assert (after.name, after.spec, after.labels) == (found.resource.name, spec, labels)


@pytest.mark.parametrize("is_bare", [False, True])
def test_binding_admits_a_group_of_the_same_plan(is_bare: bool) -> None:
    """Its peer is put into the spec once the group is made, also where only the peer lacks."""
    bare, spec = (
        TargetGroupBindingSpec(
            networking=TargetGroupBindingNetworking(ingress=[NetworkingIngressRule(from_=peers)])
        )
        for peers in ([], [OPEN_PEER])
    )
    managed = security_group(80)
    wanted = msgspec.structs.replace(
        bound(spec=spec, peer=Ref(managed.id)), security_groups=(managed,)
    )
    world = deployed(bound(spec=bare) if is_bare else bound())
    calls = deploy(world, wanted)
    assert calls == ["CreateSecurityGroup", "AuthorizeSecurityGroupIngress", "UpdateBinding"]
    (found,) = world.all(Binding).values()
    assert found.peer is None
    assert found.spec.networking is not None
    (peer,) = found.spec.networking.ingress[0].from_
    assert peer.security_group is not None
    assert peer.security_group.group_id == next(iter(world.observe().security_groups)).identity
    assert deploy(world, wanted) == []


def test_ingress_kept_by_somebody_else_is_not_compared() -> None:
    """None is no claim to the rules."""
    world = deployed(stack(security_groups=(security_group(80),)))
    wanted = stack(security_groups=(security_group(ingress=None, description="another"),))
    assert deploy(world, wanted) == []


def test_tags() -> None:
    """Added before removed; EC2 has calls of its own (spec 7.3)."""
    world = deployed(stack(security_groups=(security_group(),), load_balancers=(load_balancer(),)))
    tagged = stack(
        security_groups=(security_group(tags=tags_of("ManagedLBSecurityGroup", a="1")),),
        load_balancers=(load_balancer(tags=tags_of("LoadBalancer", a="1")),),
    )
    assert deploy(world, tagged) == ["CreateTags", "AddTags"]
    bare = stack(
        security_groups=(security_group(tags=tags_of("ManagedLBSecurityGroup", b="1")),),
        load_balancers=(load_balancer(tags=tags_of("LoadBalancer", b="1")),),
    )
    assert deploy(world, bare) == ["CreateTags", "DeleteTags", "AddTags", "RemoveTags"]


@pytest.mark.parametrize("key", ["aws:created", "external", "kubernetes.io/cluster/prod"])
def test_tags_of_others_stay(key: str) -> None:
    """AWS's, those declared as managed elsewhere, and the v1 controller's (spec 7.3)."""
    policy = msgspec.structs.replace(POLICY, external_managed_tags=frozenset({"external"}))
    world = deployed(balanced(tags=tags_of("LoadBalancer", **{key: "theirs"})))
    assert deploy(world, balanced(), policy) == []
    assert deploy(world, balanced(tags=tags_of("LoadBalancer", **{key: "ours"})), policy) == []


def test_legacy_tags_are_not_protected_on_listeners() -> None:
    """Only where the v1 controller wrote them (spec 7.3)."""
    key = "kubernetes.io/namespace"
    before = stack(
        load_balancers=(load_balancer(),),
        listeners=(listener(tags=tags_of("80", **{key: "shop"})),),
    )
    after = stack(load_balancers=(load_balancer(),), listeners=(listener(),))
    world = deployed(before)
    assert deploy(world, after) == ["RemoveTags"]
    assert world.all(Listener)


def test_a_resource_without_its_tag_does_not_block_the_group() -> None:
    """It is left alone and named in a note; LBC stops the whole group (spec 7.4)."""
    half = {k: v for k, v in tags_of("x").items() if k != "ingress.k8s.aws/resource"}
    world = World()
    group = target_group("x")
    unnamed = msgspec.structs.replace(group.id, name="")
    made = world.create_target_group(msgspec.structs.replace(group, id=unnamed, tags=half))
    todo = plan(stack(rules=rules()), world.observe(), POLICY)
    assert not todo
    assert todo.notes == (f"left alone, no ingress.k8s.aws/resource tag: {made.identity}",)


def test_a_resource_of_another_stack_is_left_alone() -> None:
    """Whatever led to it being looked at: its tags say whose it is, and a note tells."""
    world = World()
    tags = tags_of("x") | {"ingress.k8s.aws/stack": "shop/another"}
    made = world.create_target_group(msgspec.structs.replace(target_group("x"), tags=tags))
    todo = plan(stack(rules=rules()), world.observe(), POLICY)
    assert not todo
    assert todo.notes == (f"left alone, not this stack's: {made.identity}",)
