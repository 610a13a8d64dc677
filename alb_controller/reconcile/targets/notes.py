"""What a binding's user sees: events, status and the checkpoint (spec 8.3, 9.5)."""

from __future__ import annotations

from typing import Literal

import msgspec
import structlog

from alb_controller.clock import Clock
from alb_controller.errors import AwsError, ControllerError, handling_of
from alb_controller.frontends.events import fingerprint
from alb_controller.model.ownership import INGRESS, stack_of_labels
from alb_controller.objects.cluster import Cluster
from alb_controller.objects.core import Condition, ref
from alb_controller.objects.elbv2 import TargetGroupBinding
from alb_controller.objects.events import Reason
from alb_controller.objects.indexes import BY_SERVICE
from alb_controller.objects.kinds import TARGET_GROUP_BINDING
from alb_controller.objects.networking import Ingress
from alb_controller.objects.writer import ObjectWriter
from alb_controller.reconcile.refused import is_refused_object
from alb_controller.targets.checkpoint import (
    CHECKPOINT_ANNOTATION,
    CHECKPOINT_TIMESTAMP_ANNOTATION,
    stored_checkpoint,
)
from alb_controller.targets.watch import key_of
from alb_controller.telemetry import metrics
from alb_controller.values import BindingKey

COMPONENT = "targetGroupBinding"
_log = structlog.get_logger(__name__)


class BindingNotes:
    """Writes notes on bindings; nothing where nothing has changed."""

    def __init__(self, cluster: Cluster, writer: ObjectWriter, clock: Clock) -> None:
        self._cluster, self._writer, self._clock = cluster, writer, clock
        self._owing: set[BindingKey] = set()  # bindings whose success is still to be reported

    def settled(self, binding: TargetGroupBinding, checkpoint: str, *, is_changed: bool) -> None:
        """All is as it should be; `is_changed`: targets were registered or deregistered."""
        _show(binding, "served")
        is_new = self.observed(binding)
        if is_new or is_changed or key_of(binding) in self._owing:
            self._owing.add(key_of(binding))
            self._set_checkpoint(binding, checkpoint)
            self._owing.discard(key_of(binding))
            self._report(binding, "Normal", "SuccessfullyReconciled", "Successfully reconciled")

    def unsettled(self, binding: TargetGroupBinding, reason: str, message: str) -> None:
        """What could be done is done; success is reported when the rest is."""
        _show(binding, "unsettled")
        self._void_checkpoint(binding)
        self.warn(binding, reason, message)
        self.observed(binding)

    def forget(self, key: BindingKey) -> None:
        """The binding is gone."""
        metrics.OBJECT_STATE.forget(key)
        metrics.TARGET_GROUP_INFO.forget(key)
        self._owing.discard(key)

    def without_backend(self, binding: TargetGroupBinding, *, is_changed: bool) -> None:
        """There is nothing behind the binding, so no checkpoint holds."""
        _show(binding, "without_backend")
        is_new = self.observed(binding)
        if (is_new or is_changed) and stored_checkpoint(binding):
            self._set_checkpoint(binding, "")

    def observed(self, binding: TargetGroupBinding) -> bool:
        """Note the generation in the status; whether it was a new one."""
        generation = binding.metadata.generation
        if binding.status.observed_generation == generation:
            return False
        patch = {"observedGeneration": generation}
        self._writer.patch_status(TARGET_GROUP_BINDING, binding, patch)
        return True

    def failed(self, binding: TargetGroupBinding, error: ControllerError) -> None:
        """The whole pass failed."""
        if not (handling_of(error).event or is_refused_object(error)):
            return
        _show(binding, handling_of(error).label)
        if binding.is_deleting:
            self._not_ready(binding, message_of(error))
            self.warn(binding, "FailedCleanup", f"Failed cleanup due to {message_of(error)}")
        else:
            self._void_checkpoint(binding)
            self.warn(binding, "FailedReconcile", f"Failed reconcile due to {message_of(error)}")

    def _void_checkpoint(self, binding: TargetGroupBinding) -> None:
        """What may be half done must not count as done for the next controller, or LBC.

        It skips a binding whose checkpoint still holds (spec 8.3, step 3).
        """
        self._owing.add(key_of(binding))
        newest = self._newest(binding)
        if stored_checkpoint(newest):
            self._set_checkpoint(newest, "")

    def _not_ready(self, binding: TargetGroupBinding, message: str) -> None:
        """The one condition there is: why a binding that is to go is still there."""
        known = next((c for c in binding.status.conditions if c.type == "Ready"), None)
        wanted = Condition("Ready", "False", "FailedCleanup", message)
        if known == wanted:
            return
        condition = {
            **msgspec.to_builtins(wanted),
            "lastTransitionTime": self._clock.now().strftime("%Y-%m-%dT%H:%M:%SZ"),
            "observedGeneration": binding.metadata.generation,
        }
        patch = {"conditions": [condition]}
        self._writer.patch_status(TARGET_GROUP_BINDING, binding, patch)

    def _newest(self, binding: TargetGroupBinding) -> TargetGroupBinding:
        return self._cluster.get(TargetGroupBinding, *binding.key) or binding

    def warn(self, binding: TargetGroupBinding, reason: str, message: str) -> None:
        """Report a problem, if there is one."""
        if message:
            _log.warning("binding_problem", reason=reason, problem=message)
            self._report(binding, "Warning", reason, message)

    def warn_users(self, binding: TargetGroupBinding, reason: Reason, message: str) -> None:
        """Report a problem, if there is one, on the Ingresses of the stack that use the Service."""
        if not message:
            return
        key, (namespace, name) = stack_of_labels(binding.metadata.labels), binding.key
        service = f"{namespace}/{binding.spec.service_ref.name}"
        for ingress in self._cluster.select(Ingress, BY_SERVICE, service):
            if key in INGRESS.held_keys(ingress.metadata):
                self._writer.record_event(
                    ref("Ingress", ingress),
                    type="Warning",
                    reason=reason,
                    message=f"TargetGroupBinding {namespace}/{name}: {message}",
                    component=COMPONENT,
                    fingerprint=fingerprint(ingress),
                )

    def _set_checkpoint(self, binding: TargetGroupBinding, checkpoint: str) -> None:
        if checkpoint == stored_checkpoint(binding):
            return
        annotations = {
            CHECKPOINT_ANNOTATION: checkpoint,
            CHECKPOINT_TIMESTAMP_ANNOTATION: str(int(self._clock.now().timestamp())),
        }
        body = {"metadata": {"annotations": annotations}}
        self._writer.merge_patch(TARGET_GROUP_BINDING, *binding.key, body)

    def _report(
        self,
        binding: TargetGroupBinding,
        type_: Literal["Normal", "Warning"],
        reason: str,
        message: str,
    ) -> None:
        """Once for each state of the binding: its generation, and its last success or loss.

        The time is part of that: a binding may come back to endpoints that it had before.
        """
        newest = self._newest(binding)
        since = newest.metadata.annotations.get(CHECKPOINT_TIMESTAMP_ANNOTATION, "")
        self._writer.record_event(
            ref("TargetGroupBinding", binding),
            type=type_,
            reason=Reason(reason),
            message=message,
            component=COMPONENT,
            fingerprint=f"{newest.metadata.generation} {stored_checkpoint(newest)} {since}",
        )


def _show(binding: TargetGroupBinding, state: str) -> None:
    """In the metrics, until the binding is gone."""
    namespace, name = binding.key
    spec, key = binding.spec, key_of(binding)
    labels = ("TargetGroupBinding", namespace, name, state)
    metrics.OBJECT_STATE.show(key, {labels: 1.0})
    group = spec.target_group_arn or spec.target_group_name
    metrics.TARGET_GROUP_INFO.show(key, {(namespace, spec.service_ref.name, group): 1.0})


def message_of(error: ControllerError) -> str:
    """An error as one sentence that stays the same from one attempt to the next."""
    if isinstance(error, AwsError):
        return f"{error.service} {error.operation}: {error.code}: {error.message}"
    return str(error)
