"""When pods started, listened, were ready, were deleted and stopped: read from the API."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

from alb_controller.sandbox.kubeapi.store import Change
from alb_controller.sandbox.simulated_controllers.cluster import is_leaving, is_true
from alb_controller.sandbox.simulated_controllers.pods import pre_stop_seconds
from tests.rollout.constants import seconds
from tests.rollout.data_plane import Span

Json = dict[str, Any]
NEVER = float("inf")


class PodLife(msgspec.Struct):
    """A pod's moments, in seconds of virtual time."""

    listens: Span
    contained: float = NEVER
    """ContainersReady."""
    deleted: float = NEVER
    ready: list[Span] = []


class PodLog:
    """Takes changes of Pods in their order."""

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self.pods: dict[str, PodLife] = {}

    @property
    def apps(self) -> list[Span]:
        """When each address had an app that listened."""
        return [pod.listens for pod in self.pods.values()]

    @property
    def ready(self) -> list[Span]:
        """When each pod was ready, by Kubernetes."""
        return [span for pod in self.pods.values() for span in pod.ready]

    def listens(self, address: str) -> bool:
        """Whether an app listens there now."""
        return any(s.address == address and s.holds(self._now()) for s in self.apps)

    def note(self, change: Change) -> None:
        """See a Pod as it is after a change."""
        name = change.shown["metadata"]["name"]
        address = change.shown.get("status", {}).get("podIP", "")
        life = self.pods.setdefault(name, PodLife(Span(address, NEVER)))
        life.listens.address = address
        self._note_start(life, change.shown)
        if is_leaving(change.shown) and life.deleted == NEVER:
            life.deleted = self._now()
            life.listens.end = self._now() + pre_stop_seconds(change.shown)
        is_ready = is_true(change.shown, "Ready") and not is_leaving(change.shown)
        self._note_readiness(life, is_ready=is_ready and change.new is not None)

    def _note_start(self, life: PodLife, pod: Json) -> None:
        if is_true(pod, "ContainersReady") and life.contained == NEVER:
            life.contained = self._now()
            life.listens.start = self._now() + seconds("listen_lag")

    def _note_readiness(self, life: PodLife, *, is_ready: bool) -> None:
        is_open = bool(life.ready) and life.ready[-1].end == NEVER
        if is_ready and not is_open:
            life.ready.append(Span(life.listens.address, self._now()))
        elif is_open and not is_ready:
            life.ready[-1].end = self._now()
