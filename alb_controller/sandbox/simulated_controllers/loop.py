"""The one thread in which the cluster lives: changes in, small steps out.

Every change of an object puts the objects that it concerns into one queue; each is looked at as it
is then. A step that fails because the object moved meanwhile is done again.
"""

from __future__ import annotations

import heapq
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from alb_controller.sandbox.kubeapi import ApiServer, StatusError
from alb_controller.sandbox.kubeapi.store import Change
from alb_controller.sandbox.simulated_controllers import endpoints, garbage, pods, workloads
from alb_controller.sandbox.simulated_controllers.cluster import (
    Cluster,
    Json,
    Key,
    controller_of,
    is_leaving,
    key_of,
)

KINDS = ("Namespace", "Node", "Deployment", "ReplicaSet", "Pod", "Service", "EndpointSlice")
_AGAIN_SECONDS = 0.02
_OWNERS = ("Deployment", "ReplicaSet", "Service")


@dataclass(frozen=True, slots=True)
class Pace:
    """How long things take that take time in a real cluster."""

    start_seconds: float = 0.3
    stop_seconds: float = 0.3
    """After a Pod's preStop hook, if it has one; its grace period may cut both short."""


class _Inbox:
    """Changes on their way to the one thread that takes them; put in place of a queue."""

    def __init__(self) -> None:
        self._condition = threading.Condition()
        self._changes: list[Change | None] = []
        self._is_waiting = False

    def put(self, change: Change | None) -> None:
        """Called by the store; None means that it closes."""
        with self._condition:
            self._changes.append(change)
            self._condition.notify()

    def take(self, wait_seconds: float | None) -> list[Change | None]:
        """All there is; waits for something, but not longer than so many seconds."""
        with self._condition:
            self._is_waiting = True
            self._condition.wait_for(lambda: self._changes, wait_seconds)
            self._is_waiting = False
            taken, self._changes = self._changes, []
            return taken

    def is_quiet(self) -> bool:
        """Whether nothing is here and the taker waits."""
        with self._condition:
            return self._is_waiting and not self._changes


class SimulatedControllers:
    """Deployments, ReplicaSets, Pods, EndpointSlices, owners and namespaces of one embedded API.

    `failure` is what ended it, None while it lives.
    """

    def __init__(
        self,
        server: ApiServer,
        pod_addresses: Mapping[str, Sequence[str]],
        pace: Pace | None = None,
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`clock` gives seconds; one that tests move goes with `live`."""
        self._clock = clock
        self._cluster = Cluster(server.api)
        self._addresses = pods.PodAddresses(pod_addresses)
        self._pace = pace or Pace()
        self._inbox = _Inbox()
        self._steps: dict[Key, None] = {}
        self._timers: list[tuple[float, Key]] = []
        self._due: dict[Key, float] = {}
        self._thread = threading.Thread(target=self._run, name="cluster-life", daemon=True)
        self.failure: Exception | None = None

    def start(self) -> None:
        """Look at everything, then at what changes, in a thread of its own."""
        self.begin()
        self._thread.start()

    def begin(self) -> None:
        """Take everything into view, for a caller that goes on with `live`."""
        store, registry = self._cluster.api.store, self._cluster.api.registry
        with store.lock:
            for name in KINDS:
                resource = registry.named(name).resource
                subscription: Any = store.subscribe(resource, store.version)
                subscription.queue = self._inbox  # one queue keeps the order over all kinds
                for obj in self._cluster.objects(name):
                    self._steps.update(dict.fromkeys(self._concerned(obj)))

    def live(self) -> None:
        """Without the thread: do all that is due now, by the clock."""
        while True:
            for change in filter(None, self._inbox.take(0)):
                self._note(change)
            self._wake()
            if not self._steps:
                return
            self._take_steps()

    def stop(self) -> None:
        """End; nothing is cleaned up."""
        self._inbox.put(None)
        self._thread.join(5)

    def is_idle(self) -> bool:
        """Whether all that changed was looked at, and no Pod is starting or stopping."""
        return self._inbox.is_quiet() and not self._due and self.failure is None

    # ------------------------------------------------------------ the loop

    def _run(self) -> None:
        try:
            while self._take_changes():
                self._wake()
                self._take_steps()
        except Exception as error:  # noqa: BLE001  # reported by whoever watches over this thread
            self.failure = error

    def _take_steps(self) -> None:
        while self._steps:
            key = next(iter(self._steps))
            del self._steps[key]
            self._step(key)

    def _take_changes(self) -> bool:
        """Wait for a change or a timer; False when it is time to end."""
        wait = max(self._timers[0][0] - self._clock(), 0) if self._timers else None
        for change in self._inbox.take(0 if self._steps else wait):
            if change is None:
                return False
            self._note(change)
        return True

    def _note(self, change: Change) -> None:
        for obj in (change.old, change.new):
            if obj is not None:
                self._steps.update(dict.fromkeys(self._concerned(obj)))
        if change.new is None:
            self._due.pop(key_of(change.shown), None)
            if change.shown["kind"] in _OWNERS:
                garbage.collect_dependents(self._cluster, change.shown)
            if change.shown["kind"] == "Pod":
                self._steps.update(dict.fromkeys(self._waiting_pods()))

    def _concerned(self, obj: Json) -> Iterator[Key]:
        """The objects to look at when this one has changed."""
        yield key_of(obj)
        namespace, owner = obj["metadata"].get("namespace", ""), controller_of(obj)
        if owner.get("kind") in _OWNERS:
            yield Key(owner["kind"], namespace, owner["name"])
        if obj["kind"] == "Pod":
            for service in self._cluster.objects("Service", namespace):
                if endpoints.selects(service, obj):
                    yield key_of(service)
        elif obj["kind"] == "Node":
            yield from self._waiting_pods()

    def _waiting_pods(self) -> Iterator[Key]:
        found = self._cluster.objects("Pod")
        return (key_of(pod) for pod in found if pods.needs_node(pod) or pods.needs_start(pod))

    def _step(self, key: Key) -> None:
        try:
            self._look_at(key)
        except StatusError as error:
            if error.code == 409:
                self._later(key, _AGAIN_SECONDS)
            elif error.code not in (403, 404):  # the namespace is leaving, or gone
                raise

    def _look_at(self, key: Key) -> None:
        match key.kind:
            case "Deployment":
                workloads.sync_deployment(self._cluster, key)
            case "ReplicaSet":
                workloads.sync_replica_set(self._cluster, key)
            case "Service":
                endpoints.sync_service(self._cluster, key)
            case "Pod":
                self._look_at_pod(key)
            case "Namespace" if garbage.empty_namespace(self._cluster, key):
                self._later(key, _AGAIN_SECONDS * 5)
        if key.kind in _OWNERS:
            garbage.settle_deletion(self._cluster, key)

    def _look_at_pod(self, key: Key) -> None:
        pod = self._cluster.get(key)
        if pod is None:
            return
        if is_leaving(pod):
            if self._has_waited(key, pods.stopping_seconds(pod, self._pace.stop_seconds)):
                self._cluster.delete(key, grace_seconds=0)
        elif pods.needs_node(pod):
            pods.bind_pod(self._cluster, pod, self._addresses)
        elif pods.needs_start(pod):
            if self._has_waited(key, self._pace.start_seconds):
                pods.run_pod(self._cluster, key, self._addresses)
        else:
            pods.settle_readiness(self._cluster, key)

    # ------------------------------------------------------------ time

    def _has_waited(self, key: Key, seconds: float) -> bool:
        """Whether so long has passed since this was asked first; if not, it is asked again then."""
        due = self._due.get(key)
        if due is None:
            self._later(key, seconds)
            return False
        if self._clock() < due:
            return False
        del self._due[key]
        return True

    def _later(self, key: Key, seconds: float) -> None:
        due = self._clock() + seconds
        self._due[key] = due
        heapq.heappush(self._timers, (due, key))

    def _wake(self) -> None:
        """Put what is due into the queue."""
        while self._timers and self._timers[0][0] <= self._clock():
            _, key = heapq.heappop(self._timers)
            if key in self._due:
                self._steps[key] = None
                if key.kind != "Pod":
                    del self._due[key]
