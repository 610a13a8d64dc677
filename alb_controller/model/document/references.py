"""Types of resources in LBC's model JSON, and how one resource names another in it."""

from __future__ import annotations

from typing import Any

from alb_controller.model.refs import Ref, Reference, ResourceKind

LOAD_BALANCER = "AWS::ElasticLoadBalancingV2::LoadBalancer"
TARGET_GROUP = "AWS::ElasticLoadBalancingV2::TargetGroup"
LISTENER = "AWS::ElasticLoadBalancingV2::Listener"
RULE = "AWS::ElasticLoadBalancingV2::ListenerRule"
SECURITY_GROUP = "AWS::EC2::SecurityGroup"
BINDING = "K8S::ElasticLoadBalancingV2::TargetGroupBinding"

_IDENTITIES: dict[ResourceKind, str] = {
    "LoadBalancer": f"{LOAD_BALANCER}/{{}}/status/loadBalancerARN",
    "TargetGroup": f"{TARGET_GROUP}/{{}}/status/targetGroupARN",
    "Listener": f"{LISTENER}/{{}}/status/listenerARN",
    "SecurityGroup": f"{SECURITY_GROUP}/{{}}/status/groupID",
}


def reference(to: Reference) -> str | dict[str, str]:
    """The ARN or id, or where it will be found in the document."""
    if isinstance(to, str):
        return to
    return {"$ref": "#/resources/" + _IDENTITIES[to.id.kind].format(to.id.name)}


def without_empty(**fields: Any) -> dict[str, Any]:
    """Fields as Go's `omitempty` leaves them: none that is None, empty or no text."""
    return {
        name: value
        for name, value in fields.items()
        if isinstance(value, bool | int | Ref) or value
    }


def pairs(values: dict[str, str] | None) -> list[dict[str, str]]:
    """Attributes by key."""
    return [{"key": key, "value": value} for key, value in sorted((values or {}).items())]
