"""A Deployment rolls out in virtual time, between the real controller and a modelled load balancer.

Real: the controller's reconcilers, queues, stores and writer; the embedded API and its cluster
life. Modelled: AWS, time, and everything in CONSTANTS.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

from alb_controller.kube.events import EventRecorder
from alb_controller.kube.store import Store, Stores
from alb_controller.kube.writer import Writer
from alb_controller.objects.kinds import WATCHED
from alb_controller.sandbox.kubeapi import ApiServer
from alb_controller.sandbox.kubeapi.api import MERGE_PATCH
from alb_controller.sandbox.kubeapi.store import Change
from alb_controller.sandbox.kubeapi.store import Store as ObjectStore
from alb_controller.sandbox.simulated_controllers import Pace, SimulatedControllers
from alb_controller.settings import Settings
from alb_controller.wiring.aws_clients import make_clients
from alb_controller.wiring.base import Base
from alb_controller.wiring.front_ends import front_ends
from alb_controller.wiring.loops import make_loops
from tests.rollout import objects
from tests.rollout.constants import seconds
from tests.rollout.data_plane import DataPlane
from tests.rollout.edges import InProcessKube, TurnByTurn, VirtualAws
from tests.rollout.pod_log import NEVER, PodLog
from tests.rollout.report import Losses, count_losses, fewest
from tests.rollout.timeline import Timeline

Json = dict[str, Any]
TICK_SECONDS = 0.02
"""How exactly timers of the cluster and of the controller are kept."""
LONGEST_SECONDS = 1800.0


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """What the user has set, and what is broken on purpose."""

    replicas: int = 20
    has_gates: bool = True
    pre_stop_seconds: int = 10
    deregistration_lag: float = 0.0


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """What came of a rollout; times in seconds."""

    losses: Losses
    fewest_ready: int
    """Pods that were ready at once, by Kubernetes."""
    to_deregister: list[float]
    """From each deletionTimestamp until DeregisterTargets was sent."""
    to_register: list[float]
    """From each pod's ContainersReady until RegisterTargets was sent."""
    lasted: float
    calls: dict[str, int]


class Simulation:
    """A cluster with one Deployment, its Service and its binding."""

    def __init__(self, plan: Plan) -> None:
        self._plan, self._timeline = plan, Timeline()
        self._server = ApiServer()
        self._server.api.now = self._timeline.now
        self._log = PodLog(self._timeline.monotonic)
        self._plane = DataPlane(
            self._timeline, self._log.listens, deregistration_lag=plan.deregistration_lag
        )
        self._aws = VirtualAws(self._timeline, self._plane, objects.VPC_CIDR)
        pace = Pace(start_seconds=seconds("container_start"), stop_seconds=seconds("exit"))
        clock = self._timeline.monotonic
        self._life = SimulatedControllers(self._server, objects.ADDRESSES, pace, clock=clock)
        self._workers = TurnByTurn(self._timeline)
        self._start()

    def _start(self) -> None:
        for body in objects.crds():
            self._server.api.create(self._server.registry.named(body["kind"]), body)
        stores = Stores(WATCHED)
        for store in stores:
            self._mirror(store)
        self._life.begin()
        made = objects.world(
            self._plan.replicas,
            has_gates=self._plan.has_gates,
            pre_stop_seconds=self._plan.pre_stop_seconds,
        )
        for body in made:
            kind = self._server.registry.named(body["kind"], body.get("apiVersion"))
            namespace = objects.NAMESPACE if kind.namespaced else None
            self._server.api.create(kind, body, namespace)
        self._start_controller(stores)
        self._tick()

    def _start_controller(self, stores: Stores) -> None:
        kube = InProcessKube(self._server, self._timeline)
        events = EventRecorder(kube, self._timeline, lambda: None)
        settings = Settings(cluster_name="prod")
        loops = make_loops(
            Base(
                settings=settings,
                served=front_ends(settings),
                vpc_id=objects.VPC,
                aws=make_clients(self._aws, settings, objects.VPC, self._timeline),
                client=kube,
                stores=stores,
                writer=Writer(kube, stores, lambda: None, events),
                clock=self._timeline,
            )
        )
        loops.start(self._workers, settings.sync_period.total_seconds())

    def _mirror(self, store: Store[Any]) -> None:
        """Bring a kind's objects to the controller, each change as late as a watch would."""
        resource = self._server.registry.named(store.kind.name, store.kind.api_version).resource
        late = seconds("slice_lag") if store.kind.name == "EndpointSlice" else 0.0
        observe = self._log.note if store.kind.name == "Pod" else lambda _: None

        def take(change: Change) -> None:
            observe(change)
            obj = msgspec.convert(change.shown, store.kind.struct)
            pass_on = store.delete if change.new is None else store.upsert
            self._timeline.after(seconds("watch") + late, lambda: pass_on(obj))

        follow(self._server.store, resource, take)
        store.synced.set()

    # ---- what tests do

    def roll_out(self) -> Outcome:
        """Bring the Deployment up, then change its template, and go on until all is done."""
        self._until(self._is_rolled_out)
        start, calls = self._timeline.monotonic(), self._aws.calls.copy()
        self._change_template()
        self._until(self._is_rolled_out)
        end = self._timeline.monotonic()
        pods = self._log.pods.values()
        deleted = {pod.listens.address: pod.deleted for pod in pods if pod.deleted < NEVER}
        made = {pod.listens.address: pod.contained for pod in pods if pod.contained > start}
        return Outcome(
            losses=count_losses(self._plane.rotation, self._log.apps, start, end),
            fewest_ready=fewest(self._log.ready, start, end),
            to_deregister=[self._aws.deregistered[a] - at for a, at in deleted.items()],
            to_register=[self._aws.registered[a] - at for a, at in made.items()],
            lasted=end - start,
            calls=dict(self._aws.calls - calls),
        )

    def _change_template(self) -> None:
        changed = objects.template(
            has_gates=self._plan.has_gates,
            pre_stop_seconds=self._plan.pre_stop_seconds,
            version=2,
        )
        target = self._server.api.target("Deployment", "web", objects.NAMESPACE)
        self._server.api.patch(target, MERGE_PATCH, {"spec": {"template": changed}})

    def _is_rolled_out(self) -> bool:
        """Whether all pods are of the last template, no other is left, and all get requests."""
        api = self._server.api
        deployment = api.get(api.target("Deployment", "web", objects.NAMESPACE))
        status, wanted = deployment.get("status", {}), self._plan.replicas
        return (
            status.get("observedGeneration") == deployment["metadata"]["generation"]
            and status.get("updatedReplicas") == status.get("availableReplicas") == wanted
            and len(self._server.store.values("pods")) == wanted
            and len(self._plane.healthy()) == len(self._plane.targets) == wanted
        )

    # ---- time

    def _tick(self) -> None:
        """Let the cluster live, again and again."""
        self._life.live()
        self._timeline.after(TICK_SECONDS, self._tick)

    def _until(self, holds: Callable[[], bool]) -> None:
        deadline = self._timeline.monotonic() + LONGEST_SECONDS
        while not holds():
            assert self._timeline.monotonic() < deadline, f"not within {LONGEST_SECONDS} s"
            if not self._workers.work():
                self._timeline.step()


class _Inbox(msgspec.Struct):
    """Stands in for a subscription's queue: hands changes on at once."""

    take: Callable[[Change], None]

    def put(self, change: Change | None) -> None:
        """Called by the store; None means that it closes."""
        if change is not None:
            self.take(change)


def follow(store: ObjectStore, resource: str, take: Callable[[Change], None]) -> None:
    """Have each change of a resource, in the moment in which it is made; what there is first."""
    with store.lock:
        subscription: Any = store.subscribe(resource, 0)
        backlog, subscription.queue = subscription.queue, _Inbox(take)
        while not backlog.empty():
            take(backlog.get())
