"""Targets: one for each address and port, and the states of their health."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

from moto.elbv2.exceptions import InvalidTargetError, TargetNotRunning

from .patching import Moto, Patch
from .surface import Backend, Health, TargetGroup


@dataclass(slots=True)
class Times:
    """How long targets stay in passing states. AWS: two health checks, and the group's
    deregistration delay; here as short as a test or a demo likes.
    """

    initial_seconds: float = 0.0
    draining_seconds: float = 0.0


TIMES = Times()
_UNUSED = ("unused", "Target.NotInUse", "Target group is not configured to receive traffic")
_INITIAL = ("initial", "Elb.RegistrationInProgress", "Target registration is in progress")
_DRAINING = (
    "draining",
    "Target.DeregistrationInProgress",
    "Target deregistration is in progress",
)
_NOT_REGISTERED = (
    "unused",
    "Target.NotRegistered",
    "Target is not registered to the target group",
)
_STOPPED = ("unused", "Target.InvalidState", "Target is in the stopped state")
_HEALTHY = ("healthy", None, None)

_State = tuple[str, str | None, str | None]


def register_by_id_and_port(_moto: Moto, self: Any, targets: list[dict[str, Any]]) -> None:
    """RegisterTargets: a target is an id and a port, so one address may serve several ports. Its
    Availability Zone is kept. An instance must exist and run.
    """
    for target in targets:
        if self.target_type == "instance":
            _check_instance(self, target["Id"])
    for target in targets:
        key = _key(self, target)
        kept = self.targets.get(key)
        zone = {"AvailabilityZone": z} if (z := target.get("AvailabilityZone")) else {}
        self.targets[key] = {"Id": target["Id"], "Port": key[1], **zone}
        self.deregistered_targets.pop(key, None)
        if kept is None:
            self.targets[key]["since"] = time.monotonic()
        else:
            self.targets[key]["since"] = kept["since"]


def _check_instance(group: Any, instance_id: str) -> None:
    instance = group.ec2_backend.get_instance_by_id(instance_id)
    if instance is None:
        raise InvalidTargetError(f"The following targets are not valid: '{instance_id}'")
    if instance.state != "running":
        raise TargetNotRunning(instance_id=instance_id)


def deregister_what_is_there(_moto: Moto, self: Any, targets: list[dict[str, Any]]) -> None:
    """DeregisterTargets: a target that is not registered is no error. Without a port all ports of
    the id go. A target drains before it is gone.
    """
    for target in targets:
        for key in _matching(self, target):
            gone = self.targets.pop(key)
            self.deregistered_targets[key] = {**gone, "since": time.monotonic()}


def _matching(group: Any, target: dict[str, Any]) -> list[tuple[str, int]]:
    if "Port" in target:
        key = _key(group, target)
        return [key] if key in group.targets else []
    return [key for key in group.targets if key[0] == target["Id"]]


def _key(group: Any, target: dict[str, Any]) -> tuple[str, int]:
    return target["Id"], int(target.get("Port") or group.port)


def let_terminated_instances_go(_moto: Moto, self: Any, instance_ids: list[str]) -> None:
    """A terminated instance is deregistered from its target groups."""
    for key in [key for key in self.targets if key[0] in instance_ids]:
        self.deregistered_targets[key] = {**self.targets.pop(key), "since": time.monotonic()}


def report_health(_moto: Moto, self: Any, target: dict[str, Any], ec2_backend: Any) -> Any:
    """DescribeTargetHealth: unused while no load balancer uses the group, initial until the first
    health checks are passed, healthy, draining after a deregistration.
    """
    key = _key(self, target)
    held, leaving = self.targets.get(key), self.deregistered_targets.get(key)
    if held is not None:
        state = _state(self, held, ec2_backend)
    elif leaving is not None and _is_within(leaving, TIMES.draining_seconds):
        state = _DRAINING
    else:
        state = _NOT_REGISTERED
    status = Health(key[0], key[1], self.health_check_port, *state)
    status.availability_zone = (held or leaving or {}).get("AvailabilityZone")
    return status


def _state(group: Any, target: dict[str, Any], ec2_backend: Any) -> _State:
    if group.target_type == "instance":
        instance = ec2_backend.get_instance_by_id(target["Id"])
        if instance is not None and instance.state == "stopped":
            return _STOPPED
    if not group.load_balancer_arns:
        target["since"] = time.monotonic()  # checks start when the group comes into use
        return _UNUSED
    return _INITIAL if _is_within(target, TIMES.initial_seconds) else _HEALTHY


def _is_within(target: dict[str, Any], seconds: float) -> bool:
    return bool(time.monotonic() - target["since"] < seconds)


def show_draining_targets(
    moto: Moto, self: Any, target_group_arn: str, targets: list[dict[str, Any]]
) -> Any:
    """DescribeTargetHealth without targets shows those that drain as well."""
    answer = moto(self, target_group_arn, targets)
    group = self.target_groups[target_group_arn]
    if targets:
        return answer
    leaving = [
        gone
        for gone in group.deregistered_targets.values()
        if _is_within(gone, TIMES.draining_seconds)
    ]
    return [*answer, *(group.health_for(gone, self.ec2_backend) for gone in leaving)]


def show_zone(moto: Moto, self: Any) -> dict[str, Any]:
    """TargetDescription: the Availability Zone that a target was registered with is shown."""
    shown: dict[str, Any] = moto(self)
    zone = getattr(self, "availability_zone", None)
    return {**shown, "AvailabilityZone": zone} if zone else shown


PATCHES = (
    Patch(TargetGroup, "register", register_by_id_and_port, "RegisterTargets"),
    Patch(TargetGroup, "deregister", deregister_what_is_there, "DeregisterTargets"),
    Patch(
        TargetGroup,
        "deregister_terminated_instances",
        let_terminated_instances_go,
        "Target groups for your Application Load Balancers",
    ),
    Patch(TargetGroup, "health_for", report_health, "TargetHealth"),
    Patch(Backend, "describe_target_health", show_draining_targets, "DescribeTargetHealth"),
    Patch(Health, "target", show_zone, "TargetDescription"),
)
