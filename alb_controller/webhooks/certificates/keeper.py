"""Keeps the certificate in its Secret fresh, and callers trusting it."""

from __future__ import annotations

import functools
import ssl
import threading
from datetime import timedelta

import structlog

from alb_controller.clock import Clock
from alb_controller.errors import KubeError, NotLeading, ObjectExists, Stale
from alb_controller.kube.serving import ServingObjects, StoredSecret, WebhookConfiguration
from alb_controller.webhooks.certificates.pairs import (
    Pair,
    certificates,
    hosts_of,
    issue,
    server_context,
)
from alb_controller.webhooks.certificates.rotation import Situation, StoredCertificates, advance

NAME = "alb-controller webhooks"
SERVICE = "aws-load-balancer-webhook-service"
"""Of LBC's chart: what the certificate is for until a configuration names a host."""
LOOK_SECONDS = 10.0
"""How often the Secret and the configurations are read, at the least."""
SOON_SECONDS = 1.0
"""The same while reads fail, and while nothing is served: so long the replica is not ready."""
TRUST_SECONDS = 60.0
"""So long callers have time to learn of a bundle, at the most: kube-apiservers watch."""

_log = structlog.get_logger(__name__)


class CertificateKeeper:
    """A `CertificateSource` that replicas share: all serve what is kept, the leader keeps it fresh.

    In each round the configurations are read before the Secret, and the Secret before anything is
    written. As each write carries the version that was read, nobody can put an older bundle over a
    newer one, not even a leader that woke too late.
    """

    def __init__(
        self,
        objects: ServingObjects,
        clock: Clock,
        *,
        lifetime: timedelta,
        authorities: str | None = None,
    ) -> None:
        self._objects, self._clock, self._lifetime = objects, clock, lifetime
        self._authorities = authorities
        self._stop = threading.Event()
        self._served: tuple[Pair, ssl.SSLContext] | None = None
        self._trusted: tuple[bytes, float] = (b"", 0.0)
        self._problem = ""
        self._thread = threading.Thread(target=self._run, name="webhook-certificate", daemon=True)

    def start(self) -> None:
        """Keep it from now on."""
        self._thread.start()

    def stop(self) -> None:
        """Keep it no longer; what is on its way is not waited for."""
        self._stop.set()

    def context(self) -> ssl.SSLContext | None:
        served = self._served
        return served and served[1]

    def look(self) -> None:
        """One round: read, take the next step, serve what is kept. Raises KubeErrors."""
        configurations = self._objects.configurations()
        secret = self._objects.read_secret()
        found = StoredCertificates.of(secret.data)
        self._serve(found)
        try:
            self._write(secret, found, configurations)
        except NotLeading:
            return  # the leader does it

    def _write(
        self,
        secret: StoredSecret,
        found: StoredCertificates,
        configurations: list[WebhookConfiguration],
    ) -> None:
        """The next step of the Secret, and its bundle to whoever has another."""
        situation = Situation(
            now=self._clock.now(),
            lifetime=self._lifetime,
            hosts=self._hosts(configurations) or self._known_hosts(found),
            is_trusted=self._is_trusted(found.bundle, configurations),
            issue=functools.partial(issue, NAME),
        )
        kept = advance(found, situation)
        if kept.data() != dict(secret.data):
            self._objects.write_secret(kept.data(), secret.version)
            _log.info("webhook_certificate_kept", is_new=kept.upcoming is not None)
        self._serve(kept)
        for configuration in configurations:
            if set(configuration.bundles.values()) - {kept.bundle}:
                self._objects.trust(configuration, kept.bundle)
                _log.info("webhook_ca_trusted", configuration=configuration.path)

    @staticmethod
    def _hosts(configurations: list[WebhookConfiguration]) -> frozenset[str]:
        return frozenset(host for found in configurations for host in found.hosts)

    def _known_hosts(self, found: StoredCertificates) -> frozenset[str]:
        """While nothing calls: what the present certificate is for, or the chart's Service."""
        if found.current is not None:
            return hosts_of(certificates(found.current.certificate)[0])
        return frozenset({f"{SERVICE}.{self._objects.namespace}.svc"})

    def _is_trusted(self, bundle: bytes, configurations: list[WebhookConfiguration]) -> bool:
        """Whether all callers have known exactly this bundle for long enough."""
        now = self._clock.monotonic()
        served_bundles = {found for one in configurations for found in one.bundles.values()}
        if served_bundles - {bundle}:
            self._trusted = (b"", now)
        elif self._trusted[0] != bundle:
            self._trusted = (bundle, now)
        grace = min(TRUST_SECONDS, self._lifetime.total_seconds() / 12)
        return self._trusted[0] == bundle and now - self._trusted[1] >= grace

    def _serve(self, kept: StoredCertificates) -> None:
        pair = kept.current
        if pair is None or (self._served is not None and self._served[0] == pair):
            return
        self._served = (pair, server_context(pair, self._authorities))
        _log.info("webhook_certificate_served")

    def _run(self) -> None:
        pause = min(LOOK_SECONDS, self._lifetime.total_seconds() / 24)
        while not self._stop.is_set():
            seconds = pause
            try:
                self.look()
                self._problem = ""
                if self._served is None:  # the first of a cluster, and nobody holds the Lease yet
                    seconds = min(pause, SOON_SECONDS)
            except (Stale, ObjectExists):
                seconds = min(pause, 0.2)  # another replica was faster: see what it did
            except (KubeError, ValueError, OSError) as error:
                self._report(str(error) if isinstance(error, KubeError) else type(error).__name__)
                seconds = min(pause, SOON_SECONDS)
            except Exception:  # noqa: BLE001  # without this thread the certificate would expire
                _log.exception("webhook_certificate_failed")
            self._clock.sleep(seconds, self._stop)

    def _report(self, problem: str) -> None:
        if problem != self._problem:
            _log.warning("webhook_certificate_not_kept", problem=problem)
        self._problem = problem
