"""TargetGroupBindings: what is filled in from AWS, and what may not be or change (spec 8.2)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from alb_controller.frontends.review import ALLOWED, AdmissionResponse, refuse
from alb_controller.model.queries import BoundTargetGroup
from alb_controller.objects.cluster import Cluster
from alb_controller.objects.elbv2 import (
    TargetGroupBinding,
    TargetGroupBindingSpec,
    group_name_in,
)
from alb_controller.objects.indexes import BY_TARGET_GROUP

TARGET_TYPES = ("instance", "ip")
PROTOCOLS = ("HTTP", "HTTPS", "TCP", "TLS", "UDP", "TCP_UDP", "QUIC", "TCP_QUIC")
_VPC_ID = re.compile(r"vpc-([0-9a-f]{8}|[0-9a-f]{17}|[0-9a-f]{32})")
_NO_GROUP = "spec: needs targetGroupARN or targetGroupName"
_NO_NODES = "spec.nodeSelector: is for targetType instance, not ip"
_NO_ROLE = "spec.iamRoleArnToAssume: is for targetType ip, not instance"


def unusable(spec: TargetGroupBindingSpec) -> str:
    """Why AWS need not be asked about a new binding; empty where it may be."""
    return "" if spec.target_group_arn or spec.target_group_name else _NO_GROUP


def is_complete(spec: TargetGroupBindingSpec) -> bool:
    """Whether nothing is left to fill in."""
    return None not in _filled_in(spec).values()


def complete(spec: TargetGroupBindingSpec, group: BoundTargetGroup) -> AdmissionResponse:
    """The patch that fills in what a new binding does not say."""
    if group.target_type not in TARGET_TYPES:
        return refuse(
            f"{_named(spec)}: has targets of type {group.target_type!r}, allowed are instance, ip"
        )
    known = {
        "targetGroupARN": group.arn,
        "targetType": group.target_type,
        "ipAddressType": group.ip_address_type,
        "vpcID": group.vpc_id,
        "targetGroupProtocol": group.protocol if group.protocol in PROTOCOLS else None,
    }
    absent = (field for field, value in _filled_in(spec).items() if value is None)
    return AdmissionResponse(
        patch=tuple(_add(field, known[field]) for field in absent if known[field])
    )


def _filled_in(spec: TargetGroupBindingSpec) -> dict[str, str | None]:
    return {
        "targetGroupARN": spec.target_group_arn or None,
        "targetType": spec.target_type,
        "ipAddressType": spec.ip_address_type,
        "vpcID": spec.vpc_id or None,
        "targetGroupProtocol": spec.target_group_protocol,
    }


def _add(field: str, value: str | None) -> dict[str, Any]:
    return {"op": "add", "path": f"/spec/{field}", "value": value}


def missing_group(spec: TargetGroupBindingSpec) -> AdmissionResponse:
    """The response where AWS knows no such target group."""
    return refuse(f"{_named(spec)}: there is no such target group")


def validate_new(
    new: TargetGroupBinding, group: BoundTargetGroup, cluster: Cluster
) -> AdmissionResponse:
    """The response to a binding that is created; `group` is what AWS says of its target group."""
    problems = [
        *_check_required(new.spec),
        *_check_type(new.spec),
        *_check_unique(new, group.arn, cluster),
        *_check_against(new.spec, group),
    ]
    return refuse(*problems)


def validate_change(
    new: TargetGroupBinding, old: TargetGroupBinding, cluster: Cluster, vpc_id: str
) -> AdmissionResponse:
    """The response to an update, by what it changes; `vpc_id` is the controller's.

    Nothing of AWS is asked: what a target group is never changes, nor may the group.
    """
    if new.is_deleting or new.spec == old.spec:
        return ALLOWED
    problems = [*_check_fixed(new.spec, old.spec, vpc_id)]
    problems += _without(_check_required(old.spec), _check_required(new.spec))
    problems += _without(_check_type(old.spec), _check_type(new.spec))
    if _holding(new.spec) != _holding(old.spec):
        problems += _check_unique(new, new.spec.target_group_arn, cluster)
    return refuse(*problems)


def _without(before: Iterator[str], found: Iterator[str]) -> list[str]:
    known = set(before)
    return [problem for problem in found if problem not in known]


def _holding(spec: TargetGroupBindingSpec) -> tuple[str, bool]:
    return spec.target_group_arn, spec.multi_cluster_target_group


def _check_required(spec: TargetGroupBindingSpec) -> Iterator[str]:
    if problem := unusable(spec):
        yield problem
    if spec.target_type is None:
        yield "spec.targetType: is required, instance or ip"


def _check_type(spec: TargetGroupBindingSpec) -> Iterator[str]:
    if spec.target_type == "ip" and spec.node_selector is not None:
        yield _NO_NODES
    if spec.target_type == "instance" and spec.iam_role_arn_to_assume:
        yield _NO_ROLE


def _check_unique(new: TargetGroupBinding, arn: str, cluster: Cluster) -> Iterator[str]:
    if not arn:
        return
    others = cluster.select(TargetGroupBinding, BY_TARGET_GROUP, group_name_in(arn))
    held = sorted(
        "/".join(other.key)
        for other in others
        if other.key != new.key
        and other.spec.target_group_arn == arn
        and not (new.spec.multi_cluster_target_group and other.spec.multi_cluster_target_group)
    )
    if held:
        yield (
            f"spec.targetGroupARN: {arn} is bound by TargetGroupBinding {', '.join(held)} already: "
            "allowed is one, or several that all have multiClusterTargetGroup"
        )


def _check_against(spec: TargetGroupBindingSpec, group: BoundTargetGroup) -> Iterator[str]:
    family = spec.ip_address_type or "ipv4"
    if family != group.ip_address_type:
        yield f"spec.ipAddressType: is {family}, {group.arn} has {group.ip_address_type}"
    if spec.vpc_id and not _VPC_ID.fullmatch(spec.vpc_id):
        yield (
            f"spec.vpcID: {spec.vpc_id!r} is no VPC id: vpc- and 8, 17 or 32 lower-case hex digits"
        )
    elif spec.vpc_id and spec.vpc_id != group.vpc_id:
        yield f"spec.vpcID: is {spec.vpc_id}, {group.arn} is in {group.vpc_id}"
    protocol = spec.target_group_protocol
    if protocol is not None and protocol != group.protocol:
        yield f"spec.targetGroupProtocol: is {protocol}, {group.arn} has {group.protocol}"
    if protocol in ("QUIC", "TCP_QUIC") and spec.target_type == "instance":
        yield f"spec.targetGroupProtocol: {protocol} needs targetType ip, not instance"


def _check_fixed(
    new: TargetGroupBindingSpec, old: TargetGroupBindingSpec, vpc_id: str
) -> Iterator[str]:
    if new.target_group_arn != old.target_group_arn:
        yield _fixed("targetGroupARN", old.target_group_arn, new.target_group_arn)
    if new.target_type != old.target_type:
        yield _fixed("targetType", old.target_type, new.target_type)
    family = (old.ip_address_type, new.ip_address_type)
    if family[0] != family[1] and family != (None, "ipv4"):
        yield _fixed("ipAddressType", *family)
    if new.vpc_id != old.vpc_id and (old.vpc_id or new.vpc_id != vpc_id):
        yield _fixed("vpcID", old.vpc_id, new.vpc_id)


def _fixed(field: str, old: str | None, new: str | None) -> str:
    return f"spec.{field}: cannot be changed from {old or 'unset'} to {new or 'unset'}"


def _named(spec: TargetGroupBindingSpec) -> str:
    if spec.target_group_arn:
        return f"spec.targetGroupARN: {spec.target_group_arn}"
    return f"spec.targetGroupName: {spec.target_group_name}"
