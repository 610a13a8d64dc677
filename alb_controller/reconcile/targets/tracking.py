"""Which targets of a target group that clusters share are this cluster's (spec 8.8).

They stand in a ConfigMap beside the binding, as LBC keeps them, so that either controller
goes on where the other stopped.
"""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from alb_controller.errors import ObjectMissing
from alb_controller.objects.core import ConfigMap
from alb_controller.objects.elbv2 import TargetGroupBinding
from alb_controller.objects.kinds import CONFIG_MAP
from alb_controller.objects.writer import ObjectWriter
from alb_controller.reconcile.targets.edges import LiveApi
from alb_controller.targets.watch import key_of
from alb_controller.values import BindingKey

NAME_PREFIX = "aws-lbc-targets-"
DATA_KEY = "targets"
"""Under it: `id:port` of all targets, joined by commas."""


class _Known(msgspec.Struct, frozen=True):
    version: str
    targets: frozenset[str]


class TrackedTargets:
    """Reads each ConfigMap once; writes it only as the version that was read."""

    def __init__(self, live: LiveApi, writer: ObjectWriter) -> None:
        self._live, self._writer = live, writer
        self._known: dict[BindingKey, _Known] = {}

    def of(self, binding: TargetGroupBinding) -> frozenset[str] | None:
        """The targets that this cluster registered; None: nobody has written them down yet.

        Raises KubeError.
        """
        known = self._known.get(key_of(binding))
        if known is None:
            found = self._live.get(CONFIG_MAP, binding.metadata.namespace, _name(binding))
            if not isinstance(found, ConfigMap):
                return None
            known = self._keep(binding, found)
        return known.targets

    def write(self, binding: TargetGroupBinding, targets: Iterable[str]) -> None:
        """Keep these targets. Raises KubeError; where another has written meanwhile, Stale.

        After an error the ConfigMap is read again.
        """
        wanted, known = frozenset(targets), self._known.pop(key_of(binding), None)
        data = {DATA_KEY: ",".join(sorted(wanted))}
        namespace, name = binding.metadata.namespace, _name(binding)
        if known is None:
            metadata = {"namespace": namespace, "name": name}
            made = self._writer.create(CONFIG_MAP, {"metadata": metadata, "data": data})
        else:
            made = self._writer.merge_patch(
                CONFIG_MAP, namespace, name, {"data": data}, resource_version=known.version
            )
        if isinstance(made, ConfigMap):
            self._keep(binding, made)

    def delete(self, binding: TargetGroupBinding) -> None:
        """The binding goes; a ConfigMap that is not there is fine. Raises KubeError."""
        self._known.pop(key_of(binding), None)
        try:
            found = self._live.get(CONFIG_MAP, binding.metadata.namespace, _name(binding))
            if found is not None:
                self._writer.delete(CONFIG_MAP, found)
        except ObjectMissing:
            return

    def clear(self) -> None:
        """Have everything read again."""
        self._known.clear()

    def forget(self, key: BindingKey) -> None:
        """The binding is gone."""
        self._known.pop(key, None)

    def _keep(self, binding: TargetGroupBinding, found: ConfigMap) -> _Known:
        text = found.data.get(DATA_KEY, "")
        known = _Known(found.metadata.resource_version, frozenset(filter(None, text.split(","))))
        self._known[key_of(binding)] = known
        return known


class Ledger:
    """The tracked targets of one binding."""

    def __init__(self, tracked: TrackedTargets, binding: TargetGroupBinding) -> None:
        self._tracked, self._binding = tracked, binding

    @property
    def targets(self) -> frozenset[str] | None:
        return self._tracked.of(self._binding)

    def write(self, targets: Iterable[str]) -> None:
        """Keep these; nothing is sent where they are kept already."""
        wanted = frozenset(targets)
        if wanted != self.targets:
            self._tracked.write(self._binding, wanted)

    def close(self) -> None:
        """Nothing is tracked any more."""
        self._tracked.delete(self._binding)


def _name(binding: TargetGroupBinding) -> str:
    return f"{NAME_PREFIX}{binding.metadata.name}"
