"""Leader election by a Lease, interoperable with client-go's `tools/leaderelection`.

Safety rests on two rules. A candidate takes the Lease over only after it has watched it stay
unchanged for the lease duration, on its own monotonic clock. A leader stops writing earlier than
that: when its last renewal was sent longer ago than the renew deadline. No clock is compared
with another machine's.
"""

from __future__ import annotations

import random
import socket
import threading
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import msgspec
import structlog

from alb_controller.clock import Clock
from alb_controller.errors import ControllerError, KubeError, NotLeading, ObjectMissing, Unreachable
from alb_controller.kube.client import KubeClient
from alb_controller.objects.reading import decode
from alb_controller.telemetry import metrics

NAMESPACE_FILE = Path("/var/run/secrets/kubernetes.io/serviceaccount/namespace")
JITTER = 1.2
"""Candidates wait up to this share longer after an error (client-go's JitterFactor)."""
LOOK_SECONDS = (0.5, 1.0)
"""Candidates look so often at a Lease that is held: a handover is not to take longer."""
MARGIN_SECONDS = 1.0
"""Writes stop that long before the renew deadline, so that those on their way arrive in time."""
RELEASE_SECONDS = 3.0

_TYPE = {"apiVersion": "coordination.k8s.io/v1", "kind": "Lease"}
_chance = random.SystemRandom()
_log = structlog.get_logger(__name__)


class LeaseSettings(msgspec.Struct, frozen=True, kw_only=True):
    """Which Lease, who we are, and controller-runtime's default periods."""

    name: str
    namespace: str
    identity: str
    lease_seconds: float = 15.0
    renew_deadline_seconds: float = 10.0
    retry_seconds: float = 2.0

    @property
    def path(self) -> str:
        return f"/apis/coordination.k8s.io/v1/namespaces/{self.namespace}/leases"


def own_namespace(file: Path = NAMESPACE_FILE) -> str:
    """The pod's namespace. Raises ControllerError outside of a pod, naming the flag to give."""
    try:
        namespace = file.read_text().strip()
    except OSError:
        namespace = ""
    if not namespace:
        raise ControllerError(
            "the namespace of the Lease is unknown outside of a pod: "
            "give --leader-election-namespace, or --enable-leader-election=false"
        )
    return namespace


def own_identity() -> str:
    """Unique per process: hostname_uuid, as controller-runtime's."""
    return f"{socket.gethostname()}_{uuid.uuid4()}"


class _Observed(msgspec.Struct):
    """The Lease as last seen, and since when its content has been that, on our clock."""

    lease: dict[str, Any] = {}
    since: float = 0.0

    @property
    def spec(self) -> dict[str, Any]:
        return self.lease.get("spec") or {}

    @property
    def holder(self) -> str:
        return self.spec.get("holderIdentity") or ""


class Elector:
    """Holds the Lease, or waits for it, in a thread of its own.

    `on_started` is called once the Lease is held and must return soon, as renewals wait for it.
    `on_lost` is called once when it could not be renewed; the process should exit then, as
    work may be half done. Neither is called by `stop`.
    """

    def __init__(
        self,
        client: KubeClient,
        settings: LeaseSettings,
        clock: Clock,
        *,
        on_started: Callable[[], None],
        on_lost: Callable[[], None],
    ) -> None:
        self._client, self._settings, self._clock = client, settings, clock
        self._on_started, self._on_lost = on_started, on_lost
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="lease", daemon=True)
        self._observed = _Observed()
        self._renewed_at: float | None = None  # None: not leading
        metrics.LEASE_SECONDS.labels(settings.name).set_function(
            lambda: max(0.0, self._seconds_left() - MARGIN_SECONDS)
        )

    def start(self) -> None:
        """Begin to compete for the Lease."""
        self._thread.start()

    def stop(self, timeout_seconds: float = 10.0) -> None:
        """Release the Lease, if held, so that another takes it at once; stop all writers first."""
        self._stop.set()
        if self._thread.ident is not None:  # a process may be stopped before it competes
            self._thread.join(timeout_seconds)

    def check(self) -> None:
        """Raise NotLeading unless the Lease is held and was renewed recently enough to write."""
        left = self._seconds_left() - MARGIN_SECONDS
        if left <= 0:
            raise NotLeading(f"this process does not hold the Lease {self._settings.name}")

    @property
    def is_leading(self) -> bool:
        return self._seconds_left() > MARGIN_SECONDS

    def _seconds_left(self) -> float:
        """Until the renew deadline; nothing when not leading."""
        renewed_at = self._renewed_at
        if renewed_at is None:
            return 0.0
        return renewed_at + self._settings.renew_deadline_seconds - self._clock.monotonic()

    def _run(self) -> None:
        metrics.LEADING.labels(self._settings.name).set(0)
        try:
            if self._acquire():
                self._lead()
        except Exception:  # noqa: BLE001  # without this thread nobody would renew: a loss
            _log.exception("election_failed", lease=self._settings.name)
        metrics.LEADING.labels(self._settings.name).set(0)
        was_leading, self._renewed_at = self._renewed_at is not None, None
        if not self._stop.is_set():
            _log.error("lease_lost", lease=self._settings.name, holder=self._observed.holder)
            self._on_lost()
        elif was_leading:
            self._release()

    def _acquire(self) -> bool:
        """Compete until the Lease is held; False when stopped before."""
        settings = self._settings
        while not self._stop.is_set():
            if self._attempt(self._clock.monotonic() + settings.renew_deadline_seconds):
                return True
            self._clock.sleep(self._candidate_seconds(), self._stop)
        return False

    def _candidate_seconds(self) -> float:
        """Soon where the API answers, at client-go's pace where it does not."""
        if "metadata" in self._observed.lease:
            return _chance.uniform(*LOOK_SECONDS)
        return self._settings.retry_seconds * (1 + JITTER * _chance.random())

    def _lead(self) -> None:
        """Renew until stopped, or until the Lease is lost."""
        _log.info("lease_acquired", lease=self._settings.name, identity=self._settings.identity)
        metrics.LEADING.labels(self._settings.name).set(1)
        self._on_started()
        while not self._clock.sleep(self._settings.retry_seconds, self._stop):
            if self._seconds_left() <= 0:
                return
            is_renewed = self._attempt(self._clock.monotonic() + self._seconds_left())
            if not is_renewed and self._observed.holder != self._settings.identity:
                return

    def _attempt(self, deadline: float) -> bool:
        """Acquire or renew once, in the time that is left; whether it worked."""
        try:
            return self._acquire_or_renew(deadline)
        except KubeError as error:
            # what we know may be old; the next attempt reads first
            self._observed.lease.pop("metadata", None)
            _log.warning("lease_request_failed", lease=self._settings.name, error=str(error))
            return False

    def _acquire_or_renew(self, deadline: float) -> bool:
        is_ours = self._observed.holder == self._settings.identity
        if not is_ours or "metadata" not in self._observed.lease:
            self._observe(self._read(self._seconds_for_request(deadline)))
        if not self._is_free():
            return False
        timeout = self._seconds_for_request(deadline)
        sent_at = self._clock.monotonic()
        self._observe(self._write(self._claimed(), timeout))
        self._renewed_at = sent_at
        return True

    def _seconds_for_request(self, deadline: float) -> float:
        """What is left, but no more than half of the deadline: one hung request is no loss."""
        left = deadline - self._clock.monotonic()
        if left <= 0:
            raise Unreachable(0, "no answer", "no time left before the renew deadline")
        return min(left, self._settings.renew_deadline_seconds / 2)

    def _observe(self, lease: dict[str, Any]) -> None:
        if lease.get("spec") != self._observed.lease.get("spec"):
            self._observed.since = self._clock.monotonic()
        self._observed.lease = lease

    def _is_free(self) -> bool:
        """Ours, nobody's, or unchanged for as long as its holder said it would last."""
        if self._observed.holder in {"", self._settings.identity}:
            return True
        lasts = self._observed.spec.get("leaseDurationSeconds") or self._settings.lease_seconds
        return self._clock.monotonic() >= self._observed.since + lasts

    def _claimed(self) -> dict[str, Any]:
        """The Lease with us as its holder; what others keep in it stays."""
        now, old = self._now(), self._observed.spec
        spec = {
            **old,
            "holderIdentity": self._settings.identity,
            "leaseDurationSeconds": int(self._settings.lease_seconds),
            "renewTime": now,
        }
        if self._observed.holder != self._settings.identity:
            spec["acquireTime"] = now
            spec["leaseTransitions"] = (old.get("leaseTransitions") or 0) + 1 if old else 0
        return {**self._observed.lease, "spec": spec}

    def _release(self) -> None:
        """Name nobody as the holder, as client-go's ReleaseOnCancel."""
        now = self._now()
        try:
            if "metadata" not in self._observed.lease:
                self._observe(self._read(RELEASE_SECONDS))
            if self._observed.holder != self._settings.identity:
                return
            spec = {
                **self._observed.spec,
                "holderIdentity": "",
                "leaseDurationSeconds": 1,
                "acquireTime": now,
                "renewTime": now,
            }
            self._write({**self._observed.lease, "spec": spec}, RELEASE_SECONDS)
        except KubeError as error:
            _log.warning("lease_not_released", lease=self._settings.name, error=str(error))

    def _read(self, timeout_seconds: float) -> dict[str, Any]:
        """The Lease; without metadata where it has to be created."""
        path = f"{self._settings.path}/{self._settings.name}"
        try:
            data = self._client.request("GET", path, timeout_seconds=timeout_seconds)
        except ObjectMissing:
            return {}
        return _decode(data)

    def _write(self, lease: dict[str, Any], timeout_seconds: float) -> dict[str, Any]:
        """Create, or update exactly the version that `lease` was read as."""
        settings = self._settings
        if "metadata" in lease:
            method, path = "PUT", f"{settings.path}/{settings.name}"
        else:
            method, path = "POST", settings.path
            lease = {
                **_TYPE,
                "metadata": {"name": settings.name, "namespace": settings.namespace},
                **lease,
            }
        data = self._client.request(method, path, body=lease, timeout_seconds=timeout_seconds)
        return _decode(data)

    def _now(self) -> str:
        """As Kubernetes' MicroTime."""
        return self._clock.now().strftime("%Y-%m-%dT%H:%M:%S.%fZ")


class _Lease(msgspec.Struct):
    """As it is written back: what is in it besides the spec is not looked into."""

    metadata: dict[str, msgspec.Raw] | None = None
    spec: dict[str, Any] | None = None


class _Spec(msgspec.Struct, rename="camel"):
    """What is read of the spec, which is written back with all that is in it."""

    holder_identity: str | None = None
    lease_duration_seconds: Annotated[int, msgspec.Meta(ge=0, lt=1 << 31)] | None = None
    lease_transitions: Annotated[int, msgspec.Meta(ge=0, lt=1 << 31)] | None = None


def _decode(data: bytes) -> dict[str, Any]:
    """Without managedFields: the API server keeps its own where a write has none."""
    try:
        found = decode(data, _Lease)
        msgspec.convert(found.spec or {}, _Spec)
    except (msgspec.DecodeError, msgspec.ValidationError) as error:
        raise KubeError(200, "not a Lease", str(error)) from error
    lease: dict[str, Any] = {**_TYPE, "spec": found.spec}
    if found.metadata is not None:
        lease["metadata"] = {k: v for k, v in found.metadata.items() if k != "managedFields"}
    return lease
