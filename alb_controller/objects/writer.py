"""How reconcilers change objects in the cluster: a protocol, so that they know no client."""

from __future__ import annotations

from typing import Any, Literal, Protocol, TypeVar

from alb_controller.objects.core import KubeObject
from alb_controller.objects.kinds import Kind
from alb_controller.values import ObjectRef

T = TypeVar("T", bound=KubeObject)


class ObjectWriter(Protocol):
    """What reconcilers need of `kube.writer.Writer`; its errors are those of `KubeError`."""

    def add_finalizer(self, kind: Kind, obj: T, finalizer: str) -> T:
        """The object with the finalizer."""

    def remove_finalizer(self, kind: Kind, obj: KubeObject, finalizer: str) -> None:
        """Take the finalizer away; an object that is gone is fine."""

    def patch_status(
        self,
        kind: Kind,
        obj: T,
        status_patch: dict[str, Any],
        *,
        is_strategic: bool = False,
        is_exact: bool = False,
    ) -> T:
        """Merge a patch into the status; strategic: lists by key; exact: of this version alone."""

    def create(self, kind: Kind, body: dict[str, Any]) -> KubeObject:
        """Create an object; raises ObjectExists."""

    def delete(self, kind: Kind, obj: KubeObject) -> None:
        """Delete exactly this object; one that is gone is fine."""

    def merge_patch(
        self,
        kind: Kind,
        namespace: str,
        name: str,
        body: dict[str, Any],
        *,
        resource_version: str | None = None,
    ) -> KubeObject:
        """Merge a patch into an object, or into that version of it alone."""

    def record_event(
        self,
        ref: ObjectRef,
        *,
        type: Literal["Normal", "Warning"],  # noqa: A002  # the field's name in Event
        reason: str,
        message: str,
        component: str,
        fingerprint: str = "",
    ) -> None:
        """Report something about an object to users, once."""
