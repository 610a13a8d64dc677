"""Resources say who they are, what a request sees of them, and how they are named in messages."""

from __future__ import annotations

import msgspec

from alb_controller.model.actions import FixedResponseAction, Rewrite, Transform
from alb_controller.model.ec2 import IngressRule, SecurityGroup
from alb_controller.model.elbv2 import ListenerRule, PathPattern, Target
from alb_controller.model.kube import Binding
from alb_controller.model.refs import Ref, ResourceId
from alb_controller.model.stack import Found, Observed
from alb_controller.objects.elbv2 import (
    IpBlock,
    NetworkingIngressRule,
    NetworkingPeer,
    NetworkingPort,
    SecurityGroupPeer,
    TargetGroupBindingNetworking,
    TargetGroupBindingSpec,
)

MANAGED = ResourceId("SecurityGroup", "ManagedLBSecurityGroup")


def group(name: str) -> SecurityGroup:
    """A security group with the resource name."""
    id_ = ResourceId("SecurityGroup", name)
    return SecurityGroup(id=id_, name="n", description="", ingress=(), tags={})


def binding(networking: TargetGroupBindingNetworking | None) -> Binding:
    """A binding whose peer is made by the same stack."""
    return Binding(
        id=ResourceId("Binding", "b"),
        namespace="shop",
        name="k8s-1",
        target_group=Ref(ResourceId("TargetGroup", "b")),
        spec=TargetGroupBindingSpec(networking=networking),
        labels={},
        peer=Ref(MANAGED),
    )


def test_the_description_is_no_part_of_a_security_group_rule() -> None:
    """AWS's key of a rule is protocol, ports and source."""
    rule = IngressRule("tcp", 80, 81, "cidr", "10.0.0.0/8", "mine")
    assert rule.key == ("tcp", 80, 81, "cidr", "10.0.0.0/8")
    assert str(rule) == "tcp 80-81 from 10.0.0.0/8"


def test_a_rule_is_what_a_request_sees_of_it() -> None:
    """Not its place, nor its tags."""
    rule = ListenerRule(
        id=ResourceId("ListenerRule", "80:1"),
        listener="arn",
        priority=1,
        conditions=(PathPattern(("/",)),),
        actions=(FixedResponseAction("200"),),
        transforms=(Transform("url-rewrite", (Rewrite("a", "b"),)),),
        tags={},
    )
    moved = msgspec.structs.replace(rule, priority=2, tags={"a": "b"})
    other = msgspec.structs.replace(rule, transforms=())
    assert rule.content == moved.content != other.content


def test_a_target_is_one_id_on_one_port() -> None:
    """The zone is no part of its identity."""
    assert Target("i-1", 80, "all").key == Target("i-1", 80).key == ("i-1", 80)


def test_a_resource_is_named_by_kind_and_name() -> None:
    """So that messages and plans read well."""
    assert str(MANAGED) == "SecurityGroup ManagedLBSecurityGroup"


def test_what_was_found_is_known_by_its_resource_name() -> None:
    """Of two with one name the first counts; what has no name has no identity of ours."""
    observed = Observed(
        security_groups=(
            Found(identity="sg-1", resource=group(MANAGED.name)),
            Found(identity="sg-2", resource=group(MANAGED.name)),
            Found(identity="sg-3", resource=group("")),
        ),
        bindings=(Found(identity="shop/k8s-1", resource=binding(None)),),
    )
    assert observed.identities() == {MANAGED: "sg-1", ResourceId("Binding", "b"): "shop/k8s-1"}


def test_a_binding_learns_its_peer_once_the_group_is_made() -> None:
    """Every rule that leaves its group open admits it then; nothing else of the spec changes."""
    open_ports = [[NetworkingPort("TCP", 80)], [NetworkingPort("TCP", "http")]]
    others = [
        NetworkingPeer(ip_block=IpBlock(cidr="10.0.0.0/16")),
        NetworkingPeer(security_group=SecurityGroupPeer("sg-1")),
    ]
    unknown, known = (
        TargetGroupBindingNetworking(
            [
                NetworkingIngressRule(
                    [NetworkingPeer(security_group=SecurityGroupPeer(id_)), *others], ports
                )
                for ports in open_ports
            ]
        )
        for id_ in ("", "sg-9")
    )
    made = binding(unknown).with_peer("sg-9")
    assert made == msgspec.structs.replace(binding(known), peer=None)


def test_a_binding_without_networking_needs_no_peer() -> None:
    """The user opens the targets (spec 6.4)."""
    assert binding(None).with_peer("sg-9") == msgspec.structs.replace(binding(None), peer=None)
