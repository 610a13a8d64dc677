"""Readiness gates for pods that will be targets (spec 8.9)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from alb_controller.frontends.review import ALLOWED, AdmissionResponse
from alb_controller.objects.cluster import Cluster
from alb_controller.objects.core import Pod, Service
from alb_controller.objects.elbv2 import TargetGroupBinding
from alb_controller.settings import Settings
from alb_controller.targets.readiness import gate_of
from alb_controller.webhooks.reviews import CREATE, Request

LEGACY_GATE_PREFIX = "target-health.alb.ingress.k8s.aws"
"""Of version 1 of LBC: nobody sets such a condition any more."""
VALUE_BYTES = 256
"""What a value of a review may cost in memory: a label costs 134 bytes (ADR 26)."""


def review(request: Request, *, cluster: Cluster, settings: Settings) -> AdmissionResponse:
    """Readiness gates for a new pod."""
    if request.operation != CREATE or not settings.enable_pod_readiness_gate_inject:
        return ALLOWED
    return inject_gates(request.new(Pod), request.namespace, cluster)


def inject_gates(pod: Pod, namespace: str, cluster: Cluster) -> AdmissionResponse:
    """A gate for each binding whose Service selects the pod; allowed as it is where there is none.

    `namespace` is the review's: a pod made by a controller carries none yet. A binding that is
    being deleted gets no gate: nobody would open it.
    """
    wanted = [gate_of(name) for name in _binding_names(pod, namespace, cluster)]
    present = [gate.condition_type for gate in pod.spec.readiness_gates]
    missing = [name for name in wanted if name not in present]
    if not missing:
        return ALLOWED
    kept = [name for name in present if name.partition("/")[0] != LEGACY_GATE_PREFIX]
    gates = [{"conditionType": name} for name in (*kept, *missing)]
    change: dict[str, Any] = {"op": "add", "path": "/spec/readinessGates", "value": gates}
    return AdmissionResponse(patch=(change,))


def _binding_names(pod: Pod, namespace: str, cluster: Cluster) -> Iterator[str]:
    bindings = cluster.list(TargetGroupBinding, namespace)
    for binding in sorted(bindings, key=lambda found: found.metadata.name):
        if binding.spec.target_type != "ip" or binding.is_deleting:
            continue
        service = cluster.get(Service, namespace, binding.spec.service_ref.name)
        if service is not None and _selects(service, pod):
            yield binding.metadata.name


def _selects(service: Service, pod: Pod) -> bool:
    """A Service without a selector has its endpoints from somebody else."""
    wanted = service.spec.selector
    return bool(wanted) and wanted.items() <= pod.metadata.labels.items()
