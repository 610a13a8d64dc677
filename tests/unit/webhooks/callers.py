"""The Secret and the webhook configurations in memory, and callers who learn of changes late."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import timedelta

from alb_controller.errors import NotLeading, ObjectExists, Stale
from alb_controller.kube.serving import ServingObjects, StoredSecret, WebhookConfiguration
from alb_controller.webhooks.certificates.keeper import CertificateKeeper
from alb_controller.webhooks.certificates.pairs import certificates, hosts_of, is_signed_by
from tests.clocks import FakeClock

HOST = "aws-load-balancer-webhook-service.kube-system.svc"
LIFETIME = timedelta(seconds=60)


class World(ServingObjects):
    """What replicas share; `meanwhile` is called once, right before the next write."""

    def __init__(self, clock: FakeClock, *, configurations: int = 2, host: str = HOST) -> None:
        self.clock, self.host = clock, host
        self.data: Mapping[str, bytes] = {}
        self.version = 0
        self.bundles = [b""] * configurations
        self.versions = [0] * configurations
        self.reported: list[list[tuple[float, bytes]]] = [[(0.0, b"")] for _ in self.bundles]
        self.meanwhile: Callable[[], None] = lambda: None
        self.writes = 0
        self.is_led = True
        self.errors: list[Exception] = []
        """Raised by the next reads, one by one."""

    @property
    def namespace(self) -> str:
        return "kube-system"

    def configurations(self) -> list[WebhookConfiguration]:
        if self.errors:
            raise self.errors.pop(0)
        return [
            WebhookConfiguration(str(at), str(version), {"a": bundle, "b": bundle}, self._hosts())
            for at, (version, bundle) in enumerate(zip(self.versions, self.bundles, strict=True))
        ]

    def _hosts(self) -> frozenset[str]:
        return frozenset({self.host})

    def trust(self, configuration: WebhookConfiguration, bundle: bytes) -> None:
        self._interfere()
        at = int(configuration.path)
        if configuration.version != str(self.versions[at]):
            raise Stale(409, "Conflict", "changed")
        self.versions[at] += 1
        self.bundles[at] = bundle
        self.reported[at].append((self.clock.monotonic(), bundle))

    def read_secret(self) -> StoredSecret:
        return StoredSecret(self.data, str(self.version) if self.version else None)

    def write_secret(self, data: Mapping[str, bytes], version: str | None) -> None:
        self._interfere()
        if version is None and self.version:
            raise ObjectExists(409, "AlreadyExists", "another was faster")
        if version is not None and version != str(self.version):
            raise Stale(409, "Conflict", "changed")
        self.data, self.version = dict(data), self.version + 1

    def _interfere(self) -> None:
        if not self.is_led:
            raise NotLeading("a standby")
        self.writes += 1
        meanwhile, self.meanwhile = self.meanwhile, lambda: None
        meanwhile()

    def known(self, late_seconds: float) -> list[bytes]:
        """The bundle that a caller knows who learns of each change that late."""
        then = self.clock.monotonic() - late_seconds
        return [next(b for at, b in reversed(reported) if at <= then) for reported in self.reported]


class Replica:
    """One keeper, driven by the test."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.keeper = CertificateKeeper(world, world.clock, lifetime=LIFETIME)

    def look(self) -> None:
        """A round; another replica may have been faster."""
        try:
            self.keeper.look()
        except (Stale, ObjectExists):
            return

    @property
    def certificate(self) -> bytes:
        """What it serves."""
        served = self.keeper._served
        return served[0].certificate if served else b""

    def is_believed(self, late_seconds: float = 0.0) -> bool:
        """Whether a caller of each configuration accepts what it serves now."""
        (leaf,) = certificates(self.certificate)
        return (
            leaf.not_valid_after_utc > self.world.clock.now()
            and self.world.host in hosts_of(leaf)
            and all(
                is_signed_by(leaf, certificates(bundle))
                for bundle in self.world.known(late_seconds)
            )
        )
