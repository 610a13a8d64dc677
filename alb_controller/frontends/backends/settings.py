"""How a target group is to be, read by a front end from annotations or objects of its own."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from alb_controller.intent import Origin, TargetType
from alb_controller.model.health import HealthCheck
from alb_controller.model.origins import Origins


class TargetGroupSettings(msgspec.Struct, frozen=True, kw_only=True):
    """Complete: what users leave open has the front end's default."""

    target_type: TargetType
    target_type_origin: Origin
    """What is at fault where the Service does not fit the target type."""
    protocol: str
    protocol_version: str | None
    """None where the protocol has no versions (TCP, TLS, UDP)."""
    health_check: HealthCheck
    """Its port as users write it: `traffic-port`, a number, or the name of a Service port."""
    health_check_port_origin: Origin
    """What is at fault where the Service has no such port."""
    attributes: dict[str, str] = {}
    tags: dict[str, str] = {}
    node_labels: dict[str, str] | None = None
    """Labels of the nodes that are targets; None is every node."""
    multi_cluster: bool = False
    target_control_port: int | None = None
    """Where the targets' control agent listens; on pods alone."""
    asked_by: Mapping[str, Origins] = {}
    """By field, whoever has set it; entries of maps by `tags.KEY`."""
