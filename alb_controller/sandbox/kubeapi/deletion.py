"""Deletion: preconditions, grace for Pods, finalizers, propagation.

What a bare kube-apiserver does: a held object is marked and stays. Owners' dependents are the
garbage collector's business, Pods on a node are the kubelet's, the content of a namespace is the
namespace controller's; none runs here.
Source: Kubernetes docs, "Finalizers", "Garbage Collection";
k8s.io/apiserver/pkg/registry/rest/delete.go.
"""

from __future__ import annotations

from dataclasses import dataclass

from alb_controller.sandbox.kubeapi.kinds import Kind
from alb_controller.sandbox.kubeapi.schemas import Json, clone
from alb_controller.sandbox.kubeapi.statuses import conflict

CRDS = "customresourcedefinitions.apiextensions.k8s.io"
_PROPAGATION_FINALIZERS = {"Foreground": "foregroundDeletion", "Orphan": "orphan"}


@dataclass(frozen=True, slots=True)
class DeleteOptions:
    """What the body or the query of a delete says."""

    grace_period_seconds: int | None = None
    uid: str | None = None
    resource_version: str | None = None
    propagation: str | None = None
    dry_run: bool = False

    def check(self, kind: Kind, obj: Json) -> None:
        """Raises 409 if a precondition does not hold."""
        metadata = obj["metadata"]
        if self.uid is not None and self.uid != metadata["uid"]:
            why = (
                f"the UID in the precondition ({self.uid}) does not match the UID in record "
                f"({metadata['uid']}). The object might have been deleted and then recreated"
            )
            raise conflict(kind.qualified, metadata["name"], why)
        version = metadata["resourceVersion"]
        if self.resource_version is not None and self.resource_version != version:
            why = (
                f"the ResourceVersion in the precondition ({self.resource_version}) does not match "
                f"the ResourceVersion in record ({version}). The object might have been modified"
            )
            raise conflict(kind.qualified, metadata["name"], why)


def mark_deleted(kind: Kind, obj: Json, options: DeleteOptions, now: str) -> Json:
    """The object as being deleted: a timestamp, the grace that is left, one more generation."""
    marked: Json = clone(obj)
    metadata = marked["metadata"]
    grace = _grace_seconds(kind, obj, options)
    if "deletionTimestamp" not in metadata:
        metadata["deletionTimestamp"] = now
        if kind.resource != CRDS:
            _count_deletion(metadata, grace)
    else:  # grace only ever shrinks
        metadata["deletionGracePeriodSeconds"] = min(
            grace, metadata.get("deletionGracePeriodSeconds", 0)
        )
    if kind.resource == "namespaces":
        marked["status"] = {**marked.get("status", {}), "phase": "Terminating"}
        metadata["finalizers"] = [*metadata.get("finalizers", ())]
    return marked


def _count_deletion(metadata: Json, grace: int) -> None:
    if metadata.get("generation"):
        metadata["generation"] += 1
    metadata["deletionGracePeriodSeconds"] = grace


def _grace_seconds(kind: Kind, obj: Json, options: DeleteOptions) -> int:
    """Only a Pod that runs on a node is given time."""
    if kind.resource != "pods":
        return 0
    spec, phase = obj.get("spec", {}), obj.get("status", {}).get("phase")
    if not spec.get("nodeName") or phase in ("Failed", "Succeeded"):
        return 0
    if options.grace_period_seconds is not None:
        return options.grace_period_seconds
    grace: int = spec.get("terminationGracePeriodSeconds", 30)
    return grace


def settle_propagation(marked: Json, options: DeleteOptions) -> None:
    """Foreground and orphan deletion wait for the garbage collector by a finalizer."""
    if finalizer := _PROPAGATION_FINALIZERS.get(options.propagation or ""):
        finalizers = marked["metadata"].setdefault("finalizers", [])
        if finalizer not in finalizers:
            finalizers.append(finalizer)
