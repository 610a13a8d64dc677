"""What AWS has now, as a state: the reads of the controller with the usual credentials.

Nothing is written. All load balancers of the VPC, or one by its name.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from importlib import metadata
from typing import Protocol

import msgspec

from alb_controller.aws.certificates.presented import PresentedCertificates
from alb_controller.aws.client import Sender, SenderSettings
from alb_controller.aws.elbv2_reads import Elbv2Reads, ListenersAndRules
from alb_controller.aws.metadata import InstanceMetadata, find_region
from alb_controller.errors import AccessDenied, ControllerError
from alb_controller.model.elbv2 import (
    Attributes,
    Listener,
    ListenerRule,
    TargetGroup,
    TargetHealth,
    groups_of,
)
from alb_controller.model.stack import Found, FoundLoadBalancer, Observed
from alb_controller.routing.state import Certificate, ServedTarget, State
from alb_controller.settings import parse_settings


class Reads(Protocol):
    """What is needed of `aws.elbv2_reads.Elbv2Reads`; raises AwsError."""

    def load_balancers(self) -> tuple[FoundLoadBalancer, ...]: ...
    def listeners_and_rules(self, balancer: FoundLoadBalancer, /) -> ListenersAndRules: ...
    def load_balancer_attributes(self, arn: str, /) -> Attributes: ...
    def listener_attributes(self, arn: str, /) -> Attributes: ...
    def target_groups(self) -> tuple[Found[TargetGroup], ...]: ...
    def target_group_attributes(self, arn: str, /) -> Attributes: ...
    def target_health(self, arn: str, /) -> tuple[TargetHealth, ...]: ...


class CertificateReads(Protocol):
    """What is needed of `aws.certificates.presented.PresentedCertificates`."""

    def certificate(self, arn: str, /) -> Certificate | None: ...


def read_live(name: str = "") -> State:
    """The state of the VPC that the environment or the instance names. Raises ControllerError."""
    settings = parse_settings({"cluster-name": ["any"]}, os.environ)
    instance = InstanceMetadata.from_environment(os.environ)
    sender = Sender(
        SenderSettings(
            region=find_region(settings.aws_region, instance),
            endpoints=settings.aws_api_endpoints,
            version=metadata.version("alb-controller"),
        )
    )
    vpc_id = vpc_of(os.environ, instance)
    return read_state(Elbv2Reads(sender, vpc_id), PresentedCertificates(sender), name)


def vpc_of(environment: Mapping[str, str], instance: InstanceMetadata) -> str:
    """AWS_VPC_ID, as this command has no --aws-vpc-id; or the VPC of the instance we run on."""
    vpc_id = environment.get("AWS_VPC_ID") or instance.vpc_id()
    if not vpc_id:
        raise ControllerError(
            "the VPC is unknown: set the environment variable AWS_VPC_ID; the instance's metadata"
            " did not answer"
        )
    return vpc_id


def read_state(reads: Reads, certificates: CertificateReads, name: str = "") -> State:
    """The state that these reads show. Raises ControllerError where there is no such name."""
    balancers = [one for one in reads.load_balancers() if name in ("", one.resource.name)]
    if name and not balancers:
        raise ControllerError(f"there is no load balancer {name} in the VPC")
    below = [reads.listeners_and_rules(one) for one in balancers]
    listeners = [_with_attributes(one, reads) for part in below for one in part.listeners]
    rules = [one for part in below for one in part.rules]
    used = _used(listeners, rules)
    groups = [one for one in reads.target_groups() if one.identity in used]
    return State(
        observed=Observed(
            load_balancers=tuple(_balancer(one, reads) for one in balancers),
            listeners=tuple(listeners),
            rules=tuple(rules),
            target_groups=tuple(_group(one, reads) for one in groups),
        ),
        targets={one.identity: _targets(one.identity, reads) for one in groups},
        certificates=_certificates(listeners, certificates),
    )


def _used(listeners: list[Found[Listener]], rules: list[Found[ListenerRule]]) -> set[object]:
    found: set[object] = set()
    for listener in listeners:
        found |= groups_of(listener.resource.default_actions)
    for rule in rules:
        found |= groups_of(rule.resource.actions)
    return found


def _with_attributes(found: Found[Listener], reads: Reads) -> Found[Listener]:
    read = reads.listener_attributes(found.identity)
    resource = msgspec.structs.replace(found.resource, attributes=read)
    return msgspec.structs.replace(found, resource=resource)


def _balancer(found: FoundLoadBalancer, reads: Reads) -> FoundLoadBalancer:
    read = reads.load_balancer_attributes(found.identity)
    resource = msgspec.structs.replace(found.resource, attributes=read)
    return msgspec.structs.replace(found, resource=resource)


def _group(found: Found[TargetGroup], reads: Reads) -> Found[TargetGroup]:
    read = reads.target_group_attributes(found.identity)
    resource = msgspec.structs.replace(found.resource, attributes=read)
    return msgspec.structs.replace(found, resource=resource)


def _targets(arn: str, reads: Reads) -> tuple[ServedTarget, ...]:
    return tuple(
        ServedTarget(
            target=one.target, state=one.state, reason=one.reason, description=one.description
        )
        for one in reads.target_health(arn)
    )


def _certificates(
    listeners: list[Found[Listener]], certificates: CertificateReads
) -> dict[str, Certificate]:
    """Names of certificates need a permission of their own: without it the others are known."""
    arns = dict.fromkeys(arn for one in listeners for arn in one.resource.certificates)
    found: dict[str, Certificate] = {}
    for arn in arns:
        try:
            certificate = certificates.certificate(arn)
        except AccessDenied:
            return found
        if certificate is not None:
            found[arn] = certificate
    return found
