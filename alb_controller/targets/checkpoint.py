"""LBC's checkpoint of a binding: digests of its endpoints and its spec (spec 8.3).

Byte for byte LBC's: after a swap of controllers it skips bindings whose checkpoint
still holds.
"""

from __future__ import annotations

import base64
import hashlib

from alb_controller.objects.elbv2 import TargetGroupBinding, TargetGroupBindingSpec
from alb_controller.objects.encoding import go_json
from alb_controller.targets.endpoints import Endpoint, Endpoints

CHECKPOINT_ANNOTATION = "elbv2.k8s.aws/checkpoint"
CHECKPOINT_TIMESTAMP_ANNOTATION = "elbv2.k8s.aws/checkpoint-timestamp"
"""Unix seconds of the checkpoint."""

_GO_ZERO_TIME_MILLIS = -62135596800000


def checkpoint(endpoints: Endpoints, spec: TargetGroupBindingSpec) -> str:
    """The value of the annotation `elbv2.k8s.aws/checkpoint`."""
    csv = ",".join(sorted(_identifier(e) for e in endpoints.members))
    return f"{_digest(csv)}/{_digest(go_json(spec))}"


def stored_checkpoint(binding: TargetGroupBinding) -> str:
    """The checkpoint that the binding carries; empty where there is none."""
    return binding.metadata.annotations.get(CHECKPOINT_ANNOTATION, "")


def _identifier(endpoint: Endpoint) -> str:
    created = endpoint.backing.metadata.creation_timestamp
    millis = int(created.timestamp() * 1000) if created else _GO_ZERO_TIME_MILLIS
    return f"{endpoint.id}:{endpoint.port}:{millis}"


def _digest(text: str) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b"=").decode()
