"""A stack's bindings as objects in Kubernetes: what is there, and how it is changed."""

from __future__ import annotations

from typing import Any, cast

import msgspec

from alb_controller.errors import ForeignOwner, ObjectExists, ObjectMissing, UnreadableObject
from alb_controller.model.kube import Binding
from alb_controller.model.ownership import stack_of_labels
from alb_controller.model.refs import ResourceId
from alb_controller.model.stack import Found
from alb_controller.objects.cluster import Cluster
from alb_controller.objects.core import KubeObject
from alb_controller.objects.elbv2 import TargetGroupBinding
from alb_controller.objects.kinds import TARGET_GROUP_BINDING
from alb_controller.objects.writer import ObjectWriter
from alb_controller.values import StackKey


class Bindings:
    """Reads a stack's bindings from memory and writes them through the API."""

    def __init__(self, cluster: Cluster, writer: ObjectWriter) -> None:
        self._cluster, self._writer = cluster, writer

    def of_stack(self, key: StackKey) -> tuple[Found[Binding], ...]:
        """The bindings whose labels name the stack, also those that are being deleted."""
        return tuple(_found(b) for b in self._labelled(key))

    def create_binding(self, binding: Binding) -> Found[Binding]:
        """Create the object; raises ForeignOwner where the name is somebody else's."""
        body = {
            "metadata": {
                "namespace": binding.namespace,
                "name": binding.name,
                "labels": dict(binding.labels),
            },
            "spec": _spec(binding),
        }
        try:
            made = self._writer.create(TARGET_GROUP_BINDING, body)
        except ObjectExists as error:
            other = self._cluster.get(TargetGroupBinding, binding.namespace, binding.name)
            if other is not None and other.metadata.labels == dict(binding.labels):
                raise  # ours, made a moment ago: the next pass finds it
            owner = f"labels {other.metadata.labels}" if other else "not known"
            name = f"{binding.namespace}/{binding.name}"
            raise ForeignOwner("TargetGroupBinding", name, owner) from error
        return _found(cast("TargetGroupBinding", made))

    def update_binding(self, identity: str, binding: Binding) -> None:
        """Make spec and labels what they should be; others' labels and annotations stay."""
        known = self._get(identity)
        if known is None:
            raise ObjectMissing(404, "NotFound", f"TargetGroupBinding {identity} is gone")
        body = {
            "metadata": {"labels": dict(binding.labels)},
            "spec": _merge_patch(_builtins(known.spec), _spec(binding)),
        }
        self._writer.merge_patch(TARGET_GROUP_BINDING, *known.key, body)

    def delete_binding(self, identity: str) -> None:
        """Delete the object; it is gone when its targets are deregistered (spec 8.7)."""
        known = self._get(identity)
        if known is not None and not known.is_deleting:
            self._writer.delete(TARGET_GROUP_BINDING, known)

    def _get(self, identity: str) -> TargetGroupBinding | None:
        namespace, _, name = identity.partition("/")
        try:
            return self._cluster.get(TargetGroupBinding, namespace, name)
        except UnreadableObject:
            return next((one for one in self._unreadable() if one.key == (namespace, name)), None)

    def _unreadable(self) -> list[TargetGroupBinding]:
        """As far as they can be read: an update puts right what is wrong with ours."""
        return [item.obj for item in self._cluster.unreadable(TargetGroupBinding)]

    def _labelled(self, key: StackKey) -> list[TargetGroupBinding]:
        return [
            b
            for b in (*self._cluster.list(TargetGroupBinding), *self._unreadable())
            if stack_of_labels(b.metadata.labels) == key
        ]


def _found(obj: KubeObject) -> Found[Binding]:
    binding = cast("TargetGroupBinding", obj)
    meta = binding.metadata
    resource = Binding(
        id=ResourceId("Binding", ""),
        namespace=meta.namespace,
        name=meta.name,
        target_group=binding.spec.target_group_arn,
        spec=msgspec.structs.replace(binding.spec, target_group_arn=""),
        labels=meta.labels,
    )
    return Found(identity="/".join(binding.key), resource=resource)


def _builtins(value: object) -> dict[str, Any]:
    return cast("dict[str, Any]", msgspec.to_builtins(value))


def _spec(binding: Binding) -> dict[str, Any]:
    spec = msgspec.structs.replace(binding.spec, target_group_arn=str(binding.target_group))
    return _builtins(spec)


def _merge_patch(old: dict[str, Any], new: dict[str, Any]) -> dict[str, Any]:
    """The JSON merge patch (RFC 7386) that makes `old` into `new`."""
    patch: dict[str, Any] = {key: None for key in old if key not in new}
    for key, value in new.items():
        before = old.get(key)
        if value == before:
            continue
        if isinstance(value, dict) and isinstance(before, dict):
            patch[key] = _merge_patch(before, value)
        else:
            patch[key] = value
    return patch
