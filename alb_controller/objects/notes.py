"""Annotations of an Ingress that are ours to write: its user has no part in them."""

from __future__ import annotations

from collections.abc import Mapping

from alb_controller.objects.annotations.names import (
    PLAN_ANNOTATION,
    RECORD_ANNOTATION,
    STATUS_ANNOTATION,
)
from alb_controller.objects.secrets import APPLIED_SECRETS

STATUS = STATUS_ANNOTATION
"""What stands behind the Ingress in AWS, and what is wrong: `frontends.status_document`."""
OURS = frozenset({APPLIED_SECRETS, PLAN_ANNOTATION, RECORD_ANNOTATION, STATUS})


def annotations_of_users(annotations: Mapping[str, str]) -> dict[str, str]:
    """The others: a change of ours is no news, to nobody."""
    return {key: value for key, value in annotations.items() if key not in OURS}
