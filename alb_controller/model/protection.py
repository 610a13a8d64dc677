"""Deletion protection of load balancers: what users say of it (ADR 33)."""

from __future__ import annotations

from alb_controller.values import Value

DELETION_PROTECTION = "deletion_protection.enabled"
"""The attribute of a load balancer."""


class DeletionChoice(Value, frozen=True):
    """Of one load balancer: whether its protection may be switched off, should it have to go."""

    is_off: bool = False
    """Some source says that it is off."""
    setting: str = ""
    """The line with which a user says so; empty where there is none."""
