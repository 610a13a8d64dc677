"""Endpoints beside an object's main one: scale, and the reviews that are answered but not kept."""

from __future__ import annotations

from typing import Any

from alb_controller.sandbox.kubeapi.kinds import Kind
from alb_controller.sandbox.kubeapi.schemas import Json
from alb_controller.sandbox.kubeapi.statuses import StatusError, bad_request

USER = "admin"
SCALABLE = ("deployments.apps", "replicasets.apps")
SUCCESS: Json = {
    "kind": "Status",
    "apiVersion": "v1",
    "metadata": {},
    "status": "Success",
    "code": 201,
}
_EXTRA = {
    "namespaces": ("finalize",),
    "pods": ("binding", "eviction"),
    **dict.fromkeys(SCALABLE, ("scale",)),
}


OF_CONTAINERS = ("attach", "exec", "log", "portforward", "proxy")
"""Endpoints of a pod that a kubelet answers from a container."""


def no_containers(pod: str, endpoint: str) -> StatusError:
    """501: this cluster runs no containers."""
    why = (
        f'the embedded cluster runs no containers: pod "{pod}" has no {endpoint}. Its stand-in is'
        " a demo server that says who it is; ask the load balancer for it"
    )
    return StatusError(501, "NotImplemented", why)


def names_of(kind: Kind) -> tuple[str, ...]:
    """The endpoints below an object of the kind."""
    return (*(("status",) if kind.has_status else ()), *_EXTRA.get(kind.resource, ()))


def scale_of(workload: Json) -> Json:
    """The `autoscaling/v1` Scale of a Deployment or ReplicaSet."""
    metadata, spec = workload["metadata"], workload["spec"]
    labels = spec.get("selector", {}).get("matchLabels", {})
    kept = ("name", "namespace", "uid", "resourceVersion", "creationTimestamp")
    return {
        "kind": "Scale",
        "apiVersion": "autoscaling/v1",
        "metadata": {key: metadata[key] for key in kept},
        "spec": {"replicas": spec.get("replicas", 1)},
        "status": {
            "replicas": workload.get("status", {}).get("replicas", 0),
            "selector": ",".join(f"{key}={value}" for key, value in sorted(labels.items())),
        },
    }


def replicas_of(scale: Any) -> int:
    """The wanted number in a Scale. Raises 400 if there is none."""
    spec = scale.get("spec") if isinstance(scale, dict) else None
    replicas = spec.get("replicas", 0) if isinstance(spec, dict) else None
    if not isinstance(replicas, int) or replicas < 0:
        raise bad_request("spec.replicas must be a number that is not negative")
    return replicas


def node_of(binding: Any) -> str:
    """The node that a Binding names. Raises 400 if it names none."""
    target = binding.get("target") if isinstance(binding, dict) else None
    name = target.get("name") if isinstance(target, dict) else None
    if not name or not isinstance(name, str):
        raise bad_request("target.name must name a node")
    return name


def answer_review(review: Json) -> Json:
    """Who the one user is (SelfSubjectReview), and that it may do all (SelfSubjectAccessReview)."""
    if review["kind"] == "SelfSubjectReview":
        user = {"username": USER, "uid": USER, "groups": ["system:masters", "system:authenticated"]}
        return {**review, "status": {"userInfo": user}}
    why = "the embedded API has one user, who may do all"
    return {**review, "status": {"allowed": True, "reason": why}}
