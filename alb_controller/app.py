"""The composition root: the only place that makes clients and starts threads."""

from __future__ import annotations

import gc
import os
import signal
import threading
from collections.abc import Callable, Mapping
from importlib import metadata
from typing import TYPE_CHECKING, Any, Literal

import structlog

from alb_controller.aws.client import Sender, SenderSettings, writes_of_thread
from alb_controller.aws.metadata import InstanceMetadata, find_region, find_vpc_id
from alb_controller.aws.roles import AssumedRoles
from alb_controller.clock import Clock, SystemClock
from alb_controller.errors import AccessDenied, ControllerError, KubeError
from alb_controller.kube.client import KubeClient
from alb_controller.kube.connection import load
from alb_controller.kube.holders import Holders
from alb_controller.kube.informer import Informers
from alb_controller.kube.lease import Elector, LeaseSettings, own_identity, own_namespace
from alb_controller.kube.live import LiveReads
from alb_controller.kube.secrets import SecretWatches
from alb_controller.kube.store import Stores
from alb_controller.kube.writer import Writer
from alb_controller.objects.kinds import WATCHED
from alb_controller.runtime.health import Server, health_routes, metrics_routes
from alb_controller.runtime.workers import SOON_SECONDS, Workers
from alb_controller.settings import Settings
from alb_controller.telemetry import logs, metrics
from alb_controller.webhooks.choice import is_served
from alb_controller.wiring import SERVED, Kube, Reconcilers, make_roles

if TYPE_CHECKING:
    from alb_controller.webhooks.serving import Webhooks

IDLE_HORIZON_SECONDS = 30.0
"""`/debug/idle`: no timer may be due within this time."""
STOP_SECONDS = 8.0
"""For keys in work at SIGTERM; less than the 10 s that a pod gets (spec 10.7)."""
LOST_LEASE, BAD_START = 1, 1
LOOPBACK_ONLY = "ALB_CONTROLLER_LOOPBACK_ONLY"
"""Variable that, at `1`, keeps every call to AWS on this machine: for the sandbox and tests."""
_log = structlog.get_logger(__name__)


def run(settings: Settings, environment: Mapping[str, str] = os.environ) -> int:
    """Run the controller until SIGTERM or SIGINT; the process's exit code.

    What keeps it from starting (no kubeconfig, no region, a port in use) is one clear line.
    """
    logs.set_up_logging(settings.log_level, settings.log_format)
    stop = StopSignal()
    stop.install()
    try:
        app = App(settings, environment, stop)
    except ControllerError as error:
        _log.error("cannot_start", error=str(error))
        return BAD_START
    return app.run()


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


class App:
    """All parts of the process, and the order in which they start and end."""

    def __init__(
        self, settings: Settings, environment: Mapping[str, str], stop: StopSignal
    ) -> None:
        self._settings, self._stop = settings, stop
        clock = SystemClock()
        self._servers: list[Server] = []
        self._webhooks: Webhooks | None = None
        self._phase: Literal["starting", "watching", "working"] = "starting"
        kube = KubeClient(load(settings.kubeconfig), clock)
        self._stores = Stores(WATCHED)
        self._elector = self._make_elector(kube, clock)
        self._serve()
        self._workers = Workers(clock, writes_of_thread)
        instance = InstanceMetadata.from_environment(environment)
        sender = self._make_sender(
            find_region(settings.aws_region, instance),
            clock,
            loopback_only=environment.get(LOOPBACK_ONLY) == "1",
        )
        node_name = environment.get("NODENAME", "")
        vpc_id = once_allowed(
            lambda: self._find_vpc_id(sender, instance, node_name), clock, stop.event
        )
        roles = make_roles(sender, clock, settings, vpc_id)
        self._reconcilers = Reconcilers(
            settings,
            vpc_id=vpc_id,
            sender=sender,
            roles=roles,
            kube=Kube(
                stores=self._stores,
                holders=Holders(kube, self._stores, served=SERVED),
                live=LiveReads(kube),
                secrets=SecretWatches(
                    kube, clock, required_label=settings.required_secrets_label or ""
                ),
                writer=Writer(kube, self._stores, self._may_write, clock),
            ),
            clock=clock,
        )
        sender.warm_up(("ec2", "elbv2"))
        self._informers = Informers(
            kube, self._stores, clock, namespace=settings.watch_namespace or ""
        )
        self._webhooks = (
            self._serve_webhooks(kube, sender, roles, clock, vpc_id)
            if is_served(settings)
            else None
        )

    def run(self) -> int:
        """Work until told to stop; the exit code."""
        self._informers.start()
        self._phase = "watching"
        if self._wait_for_sync():
            self._tell_what_is_not_served()
            gc.collect()
            gc.freeze()  # the caches live as long as the process: no use in looking through them
            self._lead()
            self._stop.event.wait()
        self._end()
        return self._stop.code

    def _tell_what_is_not_served(self) -> None:
        """Once, at start: flags without effect, and objects that wait for another controller."""
        if self._webhooks is None:
            _log.info("webhooks_not_served", why="no certificate and no --webhook-cert-secret")
        if self._settings.without_effect:
            _log.warning("not_served_yet", flags=list(self._settings.without_effect))
        try:
            held = self._reconcilers.count_unserved()
        except KubeError as error:
            _log.warning("holders_unknown", error=str(error))
            return
        if held:
            _log.warning("objects_not_served", held_by_finalizer=held)

    def _wait_for_sync(self) -> bool:
        """Whether every store has synced before the process was told to stop."""
        while not self._stores.has_synced():
            if self._stop.event.wait(0.05):
                return False
        return not self._stop.event.is_set()

    def _lead(self) -> None:
        if self._elector is None:
            self._work()
        else:
            self._elector.start()

    def _work(self) -> None:
        """Start the workers; called once the Lease is held."""
        self._reconcilers.enqueue_all()
        self._reconcilers.start(self._workers)
        self._phase = "working"
        _log.info("working", leader_election=self._elector is not None)

    def _end(self) -> None:
        """Finish what is in work, then let another process have the Lease."""
        _log.info("stopping")
        hanging = self._workers.stop(STOP_SECONDS)
        if hanging:
            _log.warning("threads_hang", threads=hanging)
        if self._elector is not None:
            self._elector.stop()
        self._informers.stop(1.0)
        for server in (*self._servers, self._webhooks):
            if server is not None:
                server.stop()

    def _make_elector(self, kube: KubeClient, clock: Clock) -> Elector | None:
        settings = self._settings
        if not settings.enable_leader_election:
            return None
        lease = LeaseSettings(
            name=settings.leader_election_id,
            namespace=settings.leader_election_namespace or own_namespace(),
            identity=own_identity(),
        )
        return Elector(
            kube, lease, clock, on_started=self._work, on_lost=lambda: self._stop.set(LOST_LEASE)
        )

    def _may_write(self) -> None:
        if self._elector is not None:
            self._elector.check()

    def _make_sender(self, region: str, clock: Clock, *, loopback_only: bool) -> Sender:
        settings = self._settings
        return Sender(
            SenderSettings(
                region=region,
                endpoints=settings.aws_api_endpoints,
                throttle=settings.aws_api_throttle,
                max_attempts=settings.aws_max_retries,
                loopback_only=loopback_only,
                version=metadata.version("alb-controller"),
            ),
            may_write=self._may_write,
            observe=metrics.observe_aws_call,
            clock=clock,
            stop=self._stop.event,
        )

    def _find_vpc_id(self, sender: Sender, instance: InstanceMetadata, node_name: str) -> str:
        return find_vpc_id(
            self._settings.aws_vpc_id,
            self._settings.aws_vpc_tags,
            sender=sender,
            metadata=instance,
            node_name=node_name,
        )

    def _serve(self) -> None:
        """Probes and metrics, before anything slow; raises ControllerError for a port in use."""
        settings = self._settings
        routes = health_routes(
            not_ready=self._not_ready, is_idle=self._is_idle, broken=self._broken
        )
        self._listen("--health-probe-bind-addr", settings.health_probe_bind_addr, routes)
        self._listen("--metrics-bind-addr", settings.metrics_bind_addr, metrics_routes())

    def _serve_webhooks(
        self, kube: KubeClient, sender: Sender, roles: AssumedRoles, clock: Clock, vpc_id: str
    ) -> Webhooks:
        from alb_controller.frontends.ingress.admission import REVIEWS
        from alb_controller.webhooks.serving import WebhookEdges, serve

        edges = WebhookEdges(
            client=kube,
            stores=self._stores,
            sender=sender,
            roles=roles,
            clock=clock,
            vpc_id=vpc_id,
            may_write=self._may_write,
            reviews=REVIEWS,
        )
        return serve(self._settings, edges)

    def _listen(self, flag: str, address: Any, routes: Mapping[str, Callable[..., Any]]) -> None:
        if address is not None:
            self._servers.append(Server(flag, address, routes))

    def _not_ready(self) -> str:
        if reason := self._stores.not_ready():
            return reason
        return self._webhooks.not_ready() if self._webhooks is not None else ""

    def _broken(self) -> str:
        """Nothing before the informers are made: what keeps a process from starting ends it."""
        if self._phase == "starting":
            return ""
        return "; ".join((*self._informers.trouble(), *self._workers.trouble()))

    def _is_idle(self) -> bool:
        return (
            self._stores.has_synced()
            and self._phase == "working"
            and self._reconcilers.is_idle(IDLE_HORIZON_SECONDS)
        )
