"""Target groups and what is registered in them."""

from __future__ import annotations

from typing import Any

import msgspec

from alb_controller.aws.codecs.elbv2 import decode_target_group
from alb_controller.model.elbv2 import Target, TargetGroup
from alb_controller.model.stack import Found
from alb_controller.routing.state import ServedTarget
from alb_controller.state.listeners import read_attributes, read_tags
from alb_controller.state.nodes import Node

TARGET_STATES = (
    "initial",
    "healthy",
    "unhealthy",
    "unhealthy.draining",
    "unused",
    "draining",
    "unavailable",
)
"""TargetHealth in the Elastic Load Balancing v2 API reference."""
_NUMBERS = (
    "Port",
    "HealthCheckIntervalSeconds",
    "HealthCheckTimeoutSeconds",
    "HealthyThresholdCount",
    "UnhealthyThresholdCount",
    "TargetControlPort",
)
_TEXTS = (
    "Protocol",
    "ProtocolVersion",
    "VpcId",
    "TargetType",
    "IpAddressType",
    "HealthCheckPort",
    "HealthCheckProtocol",
    "HealthCheckPath",
)


class Filled(msgspec.Struct, frozen=True):
    """A target group and its targets."""

    group: Found[TargetGroup]
    targets: tuple[ServedTarget, ...]


def read_target_group(node: Node, name: str) -> Filled:
    """A target group of that name; without an ARN the name is its identity."""
    raw: dict[str, Any] = {field: node[field].number() for field in _NUMBERS if field in node}
    raw |= {field: node[field].text() for field in _TEXTS if field in node}
    if "Matcher" in node:
        raw["Matcher"] = {key: one.text() for key, one in node["Matcher"].items()}
    raw["TargetGroupName"] = name
    raw["TargetGroupArn"] = node.get("TargetGroupArn", name).text()
    found = decode_target_group(raw, read_tags(node.get("Tags", {})))
    attributes = read_attributes(node.get("Attributes", {}))
    group = msgspec.structs.replace(found.resource, attributes=attributes)
    return Filled(
        msgspec.structs.replace(found, resource=group),
        tuple(_target(one, group.port or 0) for one in node.get("Targets", ()).entries()),
    )


def _target(node: Node, port: int) -> ServedTarget:
    zone = node.get("AvailabilityZone").value and node["AvailabilityZone"].text()
    return ServedTarget(
        target=Target(node["Id"].text(), node.get("Port", port).number(), zone or None),
        state=node.get("State", "healthy").one_of(TARGET_STATES),
        reason=node.get("Reason", "").text(),
        description=node.get("Description", "").text(),
        endpoint=node["Endpoint"].text() if "Endpoint" in node else None,
    )
