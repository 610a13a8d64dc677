"""The composition root: the only place that makes clients and starts threads."""

from __future__ import annotations

import gc
import os
import signal
import threading
from collections.abc import Callable, Mapping
from importlib import metadata
from typing import TYPE_CHECKING

import msgspec
import structlog

from alb_controller.aws.client import Sender, SenderSettings, writes_of_thread
from alb_controller.aws.metadata import InstanceMetadata, find_region, find_vpc_id
from alb_controller.clock import Clock, SystemClock
from alb_controller.errors import AccessDenied, ControllerError, KubeError
from alb_controller.kube.client import KubeClient
from alb_controller.kube.connection import load
from alb_controller.kube.events import EventRecorder
from alb_controller.kube.holders import Holders
from alb_controller.kube.informer import Informers
from alb_controller.kube.lease import Elector, LeaseSettings, own_identity, own_namespace
from alb_controller.kube.store import Stores
from alb_controller.kube.writer import Writer
from alb_controller.objects.kinds import WATCHED
from alb_controller.runtime.connections import Limits
from alb_controller.runtime.health import (
    PROBE_LIMITS,
    SCRAPE_LIMITS,
    Route,
    Server,
    health_routes,
    metrics_routes,
)
from alb_controller.runtime.workers import SOON_SECONDS, Workers
from alb_controller.settings import BindAddress, Settings
from alb_controller.telemetry import logs, metrics
from alb_controller.webhooks.choice import is_served
from alb_controller.wiring.aws_clients import make_clients
from alb_controller.wiring.base import Base
from alb_controller.wiring.front_ends import front_ends, reviews_of
from alb_controller.wiring.loop import Loops
from alb_controller.wiring.loops import holders_of, make_loops

if TYPE_CHECKING:
    from alb_controller.webhooks.serving import Webhooks

IDLE_HORIZON_SECONDS = 30.0
"""`/debug/idle`: no timer may be due within this time."""
STOP_SECONDS = 8.0
"""For keys in work at SIGTERM; less than the 10 s that a pod gets (spec 10.7)."""
EVENTS_SECONDS = 1.0
"""For events that wait then: what still holds is recorded by the next leader."""
LOST_LEASE, BAD_START = 1, 1
LOOPBACK_ONLY = "ALB_CONTROLLER_LOOPBACK_ONLY"
"""Variable that, at `1`, keeps every call to AWS on this machine: for the sandbox and tests."""
_log = structlog.get_logger(__name__)


def run(settings: Settings, environment: Mapping[str, str] = os.environ) -> int:
    """Run the controller until SIGTERM or SIGINT; the process's exit code."""
    logs.set_up_logging(settings.log_level, settings.log_format)
    stop = StopSignal()
    stop.install()
    return App(settings, environment, stop).run()


def once_allowed(ask: Callable[[], str], clock: Clock, stop: threading.Event) -> str:
    """What AWS answers, asked again a few times where it denies: that may be over in a moment.

    Raises what `ask` raises, AccessDenied after the last time or when `stop` is set.
    """
    for seconds in SOON_SECONDS:
        try:
            return ask()
        except AccessDenied as error:
            _log.warning("start_waits", error=str(error), retry_in_seconds=seconds)
            if clock.sleep(seconds, stop):
                raise
    return ask()


class StopSignal:
    """Set by a signal or by a lost Lease, with the exit code that goes with it."""

    def __init__(self) -> None:
        self.event = threading.Event()
        self.code = 0

    def install(self) -> None:
        """Let SIGTERM and SIGINT end the process cleanly, however often they come."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._take)

    def _take(self, *_: object) -> None:
        """In a thread: the one that is interrupted may hold the event's lock."""
        threading.Thread(target=self.event.set, name="stop", daemon=True).start()

    def set(self, code: int) -> None:
        """End the process with a code."""
        self.code = code
        self.event.set()


class Parts(msgspec.Struct, frozen=True, kw_only=True):
    """What is made once it is known where the process runs."""

    informers: Informers
    events: EventRecorder
    loops: Loops
    holders: Holders
    elector: Elector | None
    webhooks: Webhooks | None


class App:
    """The process: what it opens, and the order in which its parts start and end.

    Making one has no effect: it opens no socket, starts no thread and asks nobody.
    """

    def __init__(
        self, settings: Settings, environment: Mapping[str, str], stop: StopSignal
    ) -> None:
        self._settings, self._environment, self._stop = settings, environment, stop
        self._clock = SystemClock()
        self._stores = Stores(WATCHED)
        self._workers = Workers(self._clock, writes_of_thread)
        self._servers: list[Server] = []
        self._parts: Parts | None = None
        self._is_working = False

    def run(self) -> int:
        """Open everything and work until a signal or the loss of the Lease; the exit code.

        What keeps it from starting (no kubeconfig, no region, a port in use) is one clear line.
        """
        try:
            parts = self._parts = self._open()
        except ControllerError as error:
            _log.error("cannot_start", error=str(error))
            self._close()
            return BAD_START
        parts.informers.start()
        parts.events.start()
        if self._wait_for_sync():
            self._report_unserved(parts)
            gc.collect()
            gc.freeze()  # the caches live as long as the process: no use in looking through them
            self._lead(parts)
            self._stop.event.wait()
        self._end(parts)
        return self._stop.code

    def _open(self) -> Parts:
        """Listen, find out where this is, and put the parts together. Raises ControllerError."""
        client = KubeClient(load(self._settings.kubeconfig), self._clock)
        elector = self._make_elector(client)
        may_write = elector.check if elector is not None else _allow
        self._serve_probes()
        instance = InstanceMetadata.from_environment(self._environment)
        sender = self._make_sender(find_region(self._settings.aws_region, instance), may_write)
        vpc_id = self._find_vpc(sender, instance)
        events = EventRecorder(client, self._clock, may_write)
        writer = Writer(client, self._stores, may_write, events)
        base = self._make_base(client, sender, vpc_id, writer)
        parts = Parts(
            informers=Informers(
                client,
                self._stores,
                self._clock,
                namespace=self._settings.watch_namespace or "",
            ),
            events=events,
            loops=make_loops(base),
            holders=holders_of(base),
            elector=elector,
            webhooks=_serve_webhooks(base, may_write) if is_served(self._settings) else None,
        )
        sender.warm_up(("ec2", "elbv2"))
        return parts

    def _make_base(self, client: KubeClient, sender: Sender, vpc_id: str, writer: Writer) -> Base:
        return Base(
            settings=self._settings,
            served=front_ends(self._settings),
            vpc_id=vpc_id,
            aws=make_clients(sender, self._settings, vpc_id, self._clock),
            client=client,
            stores=self._stores,
            writer=writer,
            clock=self._clock,
        )

    def _find_vpc(self, sender: Sender, instance: InstanceMetadata) -> str:
        def ask() -> str:
            return find_vpc_id(
                self._settings.aws_vpc_id,
                self._settings.aws_vpc_tags,
                sender=sender,
                metadata=instance,
                node_name=self._environment.get("NODENAME", ""),
            )

        return once_allowed(ask, self._clock, self._stop.event)

    def _report_unserved(self, parts: Parts) -> None:
        """Once, at start: flags without effect, and objects that wait for another controller."""
        if parts.webhooks is None:
            _log.info("webhooks_not_served", why="no certificate and no --webhook-cert-secret")
        if self._settings.without_effect:
            _log.warning("not_served_yet", flags=list(self._settings.without_effect))
        try:
            held = parts.holders.count()
        except KubeError as error:
            _log.warning("holders_unknown", error=str(error))
            return
        if held:
            _log.warning("objects_not_served", held_by_finalizer=held)

    def _wait_for_sync(self) -> bool:
        """Whether every store has synced before the process was to stop."""
        while not self._stores.has_synced():
            if self._stop.event.wait(0.05):
                return False
        return not self._stop.event.is_set()

    def _lead(self, parts: Parts) -> None:
        if parts.elector is None:
            self._work()
        else:
            parts.elector.start()

    def _work(self) -> None:
        """Start the workers; called once the Lease is held."""
        if (parts := self._parts) is None:
            return
        parts.loops.enqueue_all()
        parts.loops.start(self._workers, self._settings.sync_period.total_seconds())
        self._is_working = True
        _log.info("working", leader_election=parts.elector is not None)

    def _end(self, parts: Parts) -> None:
        """Finish what is in work, then let another process have the Lease."""
        _log.info("stopping")
        hanging = self._workers.stop(STOP_SECONDS)
        if hanging:
            _log.warning("threads_hang", threads=hanging)
        parts.events.stop(EVENTS_SECONDS)
        if parts.elector is not None:
            parts.elector.stop()
        parts.informers.stop(1.0)
        if parts.webhooks is not None:
            parts.webhooks.stop()
        self._close()

    def _close(self) -> None:
        for server in self._servers:
            server.stop()

    def _make_elector(self, client: KubeClient) -> Elector | None:
        settings = self._settings
        if not settings.enable_leader_election:
            return None
        lease = LeaseSettings(
            name=settings.leader_election_id,
            namespace=settings.leader_election_namespace or own_namespace(),
            identity=own_identity(),
        )
        return Elector(
            client,
            lease,
            self._clock,
            on_started=self._work,
            on_lost=lambda: self._stop.set(LOST_LEASE),
        )

    def _make_sender(self, region: str, may_write: Callable[[], None]) -> Sender:
        settings = self._settings
        return Sender(
            SenderSettings(
                region=region,
                endpoints=settings.aws_api_endpoints,
                throttle=settings.aws_api_throttle,
                max_attempts=settings.aws_max_retries,
                loopback_only=self._environment.get(LOOPBACK_ONLY) == "1",
                version=metadata.version("alb-controller"),
            ),
            may_write=may_write,
            observe=metrics.observe_aws_call,
            clock=self._clock,
            stop=self._stop.event,
        )

    def _serve_probes(self) -> None:
        """Probes and metrics, before anything slow; raises ControllerError for a port in use."""
        settings = self._settings
        routes = health_routes(
            not_ready=self._not_ready, is_idle=self._is_idle, broken=self._broken
        )
        probes, scrapes = settings.health_probe_bind_addr, settings.metrics_bind_addr
        self._listen("--health-probe-bind-addr", probes, routes, PROBE_LIMITS)
        self._listen("--metrics-bind-addr", scrapes, metrics_routes(), SCRAPE_LIMITS)

    def _listen(
        self, flag: str, address: BindAddress | None, routes: Mapping[str, Route], limits: Limits
    ) -> None:
        if address is not None:
            self._servers.append(Server(flag, address, routes, limits))

    def _not_ready(self) -> str:
        if reason := self._stores.not_ready():
            return reason
        parts = self._parts
        return parts.webhooks.not_ready() if parts is not None and parts.webhooks else ""

    def _broken(self) -> str:
        """Nothing before all is open: what keeps a process from starting ends it."""
        if (parts := self._parts) is None:
            return ""
        working = (parts.informers, self._workers, parts.events)
        return "; ".join(problem for part in working for problem in part.unhealthy_reasons())

    def _is_idle(self) -> bool:
        parts = self._parts
        return (
            self._is_working
            and parts is not None
            and self._stores.has_synced()
            and parts.loops.is_idle(IDLE_HORIZON_SECONDS)
            and parts.events.is_idle  # last: runs that have ended have recorded their events
        )


def _allow() -> None:
    """Without leader election every write may be done."""


def _serve_webhooks(base: Base, may_write: Callable[[], None]) -> Webhooks:
    from alb_controller.webhooks.serving import WebhookEdges, serve

    edges = WebhookEdges(
        client=base.client,
        stores=base.stores,
        sender=base.aws.sender,
        roles=base.aws.roles,
        clock=base.clock,
        vpc_id=base.vpc_id,
        may_write=may_write,
        reviews=reviews_of(base.served),
    )
    return serve(base.settings, edges)
