"""Readiness gates: a pod's condition that says whether its target is healthy (spec 8.9).

kubelet holds a pod that has the gate not Ready until the condition is True (Kubernetes docs, Pod
readiness), so a rollout waits for the load balancer.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from alb_controller.model.elbv2 import TargetHealth
from alb_controller.objects.core import Condition, Pod

GATE_PREFIX = "target-health.elbv2.k8s.aws"
HEALTHY, NOT_REGISTERED = "healthy", "Target.NotRegistered"
"""A state and a reason of DescribeTargetHealth (Elastic Load Balancing API, TargetHealth)."""


def gate_of(binding_name: str) -> str:
    """The condition type of a binding's gate."""
    return f"{GATE_PREFIX}/{binding_name}"


def has_gate(pod: Pod, gate: str) -> bool:
    """Whether the pod waits for the condition; others have no use for it."""
    return any(one.condition_type == gate for one in pod.spec.readiness_gates)


def is_open(pod: Pod, gate: str) -> bool:
    """Whether the condition is True as far as we know."""
    found = condition_of(pod, gate)
    return found is not None and found.status == "True"


def condition_of(pod: Pod, gate: str) -> Condition | None:
    """The pod's condition of that type."""
    return next((c for c in pod.status.conditions if c.type == gate), None)


def condition_for(gate: str, health: TargetHealth | None) -> Condition:
    """What the condition should be; None: AWS knows nothing of the target."""
    if health is None:
        return Condition(gate, "Unknown")
    status = "True" if health.state == HEALTHY else "False"
    return Condition(gate, status, health.reason, health.description)


def registering(gate: str) -> Condition:
    """The condition of a pod whose target was registered a moment ago, in AWS's own words."""
    return Condition(
        gate, "False", "Elb.RegistrationInProgress", "Target registration is in progress"
    )


def unbound(gate: str) -> Condition:
    """The condition once the binding is deleted: nobody would ever open the gate."""
    return Condition(gate, "True", "", "Target Group Binding is deleted")


def status_patch(pod: Pod, wanted: Condition, now: datetime) -> dict[str, Any] | None:
    """A strategic merge patch of the pod's status; None where the condition is as it should be.

    The transition's time changes with the status alone (Kubernetes API conventions, conditions).
    """
    known = condition_of(pod, wanted.type)
    if known == wanted:
        return None
    condition = {
        "type": wanted.type,
        "status": wanted.status,
        "reason": wanted.reason,
        "message": wanted.message,
    }
    if known is None or known.status != wanted.status:
        condition["lastTransitionTime"] = now.strftime("%Y-%m-%dT%H:%M:%SZ")
    return {"conditions": [condition]}
