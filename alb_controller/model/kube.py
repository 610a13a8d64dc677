"""Kubernetes objects that a stack makes: a TargetGroupBinding is a resource like any other."""

from __future__ import annotations

import msgspec

from alb_controller.model.refs import Reference, ResourceId
from alb_controller.objects.elbv2 import TargetGroupBindingSpec
from alb_controller.values import Tags


class Binding(msgspec.Struct, frozen=True, kw_only=True):
    """A TargetGroupBinding of the stack; `spec` lacks the ARN, which `target_group` gives."""

    id: ResourceId
    """Named as the target group's id."""
    namespace: str
    name: str
    target_group: Reference
    spec: TargetGroupBindingSpec
    labels: Tags
