"""Bindings at admission: filled in from AWS, refused when wrong, reviewed by change (spec 8.2)."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from alb_controller.frontends.review import ALLOWED, AdmissionResponse
from alb_controller.model.queries import BoundTargetGroup
from alb_controller.objects.elbv2 import TargetGroupBinding, TargetGroupBindingSpec
from alb_controller.webhooks import binding_rules as rules
from tests.factories import BORN, changed, cluster, meta

ARN = "arn:aws:elasticloadbalancing:us-west-2:123456789012:targetgroup/web/1"
OTHER_ARN = ARN + "2"
VPC = "vpc-0123456789abcdef0"
GROUP = BoundTargetGroup(
    arn=ARN, target_type="ip", ip_address_type="ipv4", vpc_id=VPC, protocol="HTTP"
)
WHOLE = {
    "targetGroupARN": ARN,
    "targetType": "ip",
    "ipAddressType": "ipv4",
    "vpcID": VPC,
    "targetGroupProtocol": "HTTP",
}


def spec(**fields: Any) -> TargetGroupBindingSpec:
    """A spec of these fields alone."""
    return msgspec.convert(fields, TargetGroupBindingSpec)


def binding(name: str = "b", **fields: Any) -> TargetGroupBinding:
    """A whole binding; fields of None are left out."""
    given = {key: value for key, value in {**WHOLE, **fields}.items() if value is not None}
    return TargetGroupBinding(meta(name), spec(**given))


def created(*others: TargetGroupBinding, group: BoundTargetGroup = GROUP, **fields: Any) -> str:
    """Why a new binding is refused; empty where it is not."""
    return rules.validate_new(binding(**fields), group, cluster(*others)).problem


def updated(old: TargetGroupBinding, new: TargetGroupBinding) -> AdmissionResponse:
    """The response to a change, in the VPC of the target group."""
    return rules.validate_change(new, old, cluster(), VPC)


def test_what_is_open_is_filled_in_from_aws() -> None:
    """Of a name alone, all five fields; what is given is not touched."""
    patch = rules.complete(spec(targetGroupName="web"), GROUP).patch
    assert {change["path"]: change["value"] for change in patch} == {
        f"/spec/{field}": value for field, value in WHOLE.items()
    }
    given = spec(**{**WHOLE, "vpcID": ""})
    (change,) = rules.complete(given, GROUP).patch
    assert change == {"op": "add", "path": "/spec/vpcID", "value": VPC}


def test_a_whole_binding_needs_no_call() -> None:
    """The controller's own bindings say all."""
    assert rules.is_complete(binding().spec)
    assert not rules.is_complete(binding(targetType=None).spec)


def test_targets_of_another_type_cannot_be_bound() -> None:
    """Pods and nodes are all that there is."""
    group = msgspec.structs.replace(GROUP, target_type="lambda")
    problem = rules.complete(spec(targetGroupARN=ARN), group).problem
    assert "targets of type 'lambda', allowed are instance, ip" in problem


def test_a_good_binding_is_taken() -> None:
    """Whole, or with nothing but what is required."""
    assert created() == ""
    assert created(ipAddressType=None, vpcID=None, targetGroupProtocol=None) == ""


@pytest.mark.parametrize(
    "fields, sentence",
    [
        ({"targetType": None}, "spec.targetType: is required, instance or ip"),
        ({"nodeSelector": {"matchLabels": {"a": "b"}}}, "spec.nodeSelector: is for targetType"),
        ({"iamRoleArnToAssume": "arn:r", "targetType": "instance"}, "spec.iamRoleArnToAssume: is"),
        ({"ipAddressType": "ipv6"}, f"spec.ipAddressType: is ipv6, {ARN} has ipv4"),
        ({"vpcID": "vpc-0123456789ABCDEF0"}, "'vpc-0123456789ABCDEF0' is no VPC id"),
        ({"vpcID": "vpc-01234567"}, f"spec.vpcID: is vpc-01234567, {ARN} is in {VPC}"),
        ({"targetGroupProtocol": "TCP"}, f"spec.targetGroupProtocol: is TCP, {ARN} has HTTP"),
        ({"targetGroupProtocol": "QUIC", "targetType": "instance"}, "QUIC needs targetType ip"),
    ],
)
def test_a_new_binding_that_cannot_be_is_refused(fields: dict[str, Any], sentence: str) -> None:
    """With the field, the value and what is allowed."""
    assert sentence in created(**fields)


def test_a_family_that_is_not_given_is_ipv4() -> None:
    """A binding of an IPv6 group has to say so."""
    group = msgspec.structs.replace(GROUP, ip_address_type="ipv6")
    assert "spec.ipAddressType: is ipv4" in created(ipAddressType=None, group=group)


def test_a_target_group_has_one_binding() -> None:
    """Or several that all share it with other clusters; the same object is not another."""
    shared: dict[str, Any] = {"multiClusterTargetGroup": True}
    assert "is bound by TargetGroupBinding shop/first already" in created(binding("first"))
    assert "shop/first" in created(binding("first", **shared))
    assert "shop/first" in created(binding("first"), **shared)
    assert created(binding("first", **shared), **shared) == ""
    assert created(binding("b"), binding("x", targetGroupARN=OTHER_ARN)) == ""


@pytest.mark.parametrize(
    "before, after, sentence",
    [
        ({}, {"targetGroupARN": OTHER_ARN}, f"spec.targetGroupARN: cannot be changed from {ARN}"),
        ({}, {"targetType": "instance"}, "spec.targetType: cannot be changed from ip to instance"),
        ({}, {"targetType": None}, "spec.targetType: cannot be changed from ip to unset"),
        ({}, {"ipAddressType": "ipv6"}, "spec.ipAddressType: cannot be changed from ipv4 to ipv6"),
        ({"ipAddressType": None}, {"ipAddressType": "ipv6"}, "from unset to ipv6"),
        ({}, {"ipAddressType": None}, "from ipv4 to unset"),
        ({}, {"vpcID": "vpc-01234567"}, "spec.vpcID: cannot be changed"),
        ({}, {"vpcID": None}, f"spec.vpcID: cannot be changed from {VPC} to unset"),
        ({"vpcID": None}, {"vpcID": "vpc-01234567"}, "from unset to vpc-01234567"),
        ({}, {"nodeSelector": {}}, "spec.nodeSelector: is for targetType instance"),
    ],
)
def test_what_may_not_change_is_refused(
    before: dict[str, Any], after: dict[str, Any], sentence: str
) -> None:
    """With what it was and what it was to be."""
    assert sentence in updated(binding(**before), binding(**{**before, **after})).problem


@pytest.mark.parametrize(
    "before, after",
    [
        ({"ipAddressType": None}, {"ipAddressType": "ipv4"}),
        ({"vpcID": None}, {"vpcID": VPC}),
        ({}, {"targetGroupProtocol": "TCP"}),
        ({}, {"serviceRef": {"name": "other", "port": 1}}),
    ],
)
def test_what_may_change_passes(before: dict[str, Any], after: dict[str, Any]) -> None:
    """An unsaid family becomes what it was, a VPC the controller's; a Service another."""
    assert updated(binding(**before), binding(**{**before, **after})) == ALLOWED


def test_old_mistakes_are_not_held_against_a_change_of_something_else() -> None:
    """Made before the webhook was there: a node selector of pods, and another of its group."""
    bad: dict[str, Any] = {"nodeSelector": {"matchLabels": {"a": "b"}}}
    new = binding(**bad, serviceRef={"name": "other", "port": 1})
    response = rules.validate_change(new, binding(**bad), cluster(binding("twin")), VPC)
    assert response == ALLOWED


def test_a_group_is_required_and_not_looked_for_where_none_is_named() -> None:
    """A binding cannot be left without one; one that names its group alone has nothing to share."""
    without = binding(targetGroupARN=None)
    assert "spec: needs targetGroupARN or targetGroupName" in updated(binding(), without).problem
    named: dict[str, Any] = {"targetGroupARN": None, "targetGroupName": "web"}
    shared = binding(**named, multiClusterTargetGroup=True)
    assert updated(shared, binding(**named)) == ALLOWED


def test_sharing_cannot_be_ended_while_another_shares() -> None:
    """Uniqueness is looked at where a change could break it."""
    shared = binding(multiClusterTargetGroup=True)
    response = rules.validate_change(binding(), shared, cluster(binding("twin")), VPC)
    assert "shop/twin" in response.problem


def test_deletion_and_metadata_pass() -> None:
    """Whatever is wrong with the object."""
    bad = binding(targetType=None)
    assert updated(bad, changed(bad, finalizers=[], labels={"a": "b"})) == ALLOWED
    gone = changed(binding(targetGroupARN=OTHER_ARN), deletion_timestamp=BORN)
    assert updated(binding(), gone) == ALLOWED
