"""Rotation of the kept certificate: at every moment callers accept what every replica serves."""

from __future__ import annotations

import random
from datetime import timedelta

import pytest
import structlog

from alb_controller.errors import Stale, Unreachable
from alb_controller.webhooks.certificates.keeper import CertificateKeeper
from alb_controller.webhooks.certificates.pairs import certificates, hosts_of, issue
from alb_controller.webhooks.certificates.rotation import BUNDLE, CERTIFICATE, KEY
from tests.clocks import FakeClock
from tests.unit.webhooks.callers import HOST, LIFETIME, Replica, World
from tests.waiting import until

GRACE_SECONDS = 5.0


@pytest.fixture
def world() -> World:
    """Two configurations that trust nobody yet."""
    return World(FakeClock())


def started(world: World, count: int = 2) -> list[Replica]:
    """Replicas that serve."""
    replicas = [Replica(world) for _ in range(count)]
    for _ in range(2):
        for replica in replicas:
            replica.look()
    return replicas


def test_the_first_certificate_is_served_and_trusted_at_once(world: World) -> None:
    """By both replicas the same one, and both configurations know its CA."""
    one, other = started(world)
    assert one.certificate == other.certificate
    assert one.is_believed()
    assert world.bundles[0] == world.bundles[1] == world.data[BUNDLE]


def test_nothing_is_written_while_nothing_is_due(world: World) -> None:
    """Looks are reads."""
    (replica, _) = started(world)
    writes = world.writes
    for _ in range(20):
        world.clock.advance(1)
        replica.look()
    assert world.writes == writes


@pytest.mark.parametrize("seed", range(4))
def test_rotations_are_never_seen_by_callers(world: World, seed: int) -> None:
    """Replicas look in any order, one of them seldom, and callers learn of a CA late."""
    chance = random.Random(seed)
    replicas = started(world, 3)
    world.clock.advance(GRACE_SECONDS)
    seen = {replicas[0].certificate}
    while len(seen) < 5:
        world.clock.advance(0.5)
        for at, replica in enumerate(chance.sample(replicas, 3)):
            if chance.random() < (0.9, 0.5, 0.2)[at]:
                if chance.random() < 0.3:
                    world.meanwhile = chance.choice(replicas).look
                replica.look()
            assert replica.is_believed(late_seconds=GRACE_SECONDS * 0.9)
            seen.add(replica.certificate)


def test_a_standby_serves_and_writes_nothing(world: World) -> None:
    """What the leader has kept, when it was before the standby and when it changes."""
    (leader,) = started(world, 1)
    standby, writes = Replica(world), world.writes
    world.is_led = False
    world.clock.advance(30)
    standby.look()
    assert standby.certificate == leader.certificate
    assert world.writes == writes
    world.data, world.version = {}, 0
    early = Replica(world)
    early.look()
    assert early.certificate == b""


def test_a_new_ca_is_trusted_before_its_certificate_is_served(world: World) -> None:
    """Not in the same round, nor before callers have had time."""
    (replica, _) = started(world)
    first = replica.certificate
    world.clock.advance(30)
    replica.look()
    assert len(certificates(world.bundles[0])) == 2
    world.clock.advance(GRACE_SECONDS - 0.1)
    for _ in range(3):
        replica.look()
        assert replica.certificate == first
    world.clock.advance(GRACE_SECONDS)
    replica.look()
    assert replica.certificate != first
    assert replica.is_believed()


def test_a_bundle_that_somebody_resets_delays_the_next_certificate(world: World) -> None:
    """It is put right in the next round, and the wait begins anew."""
    (replica, _) = started(world)
    first = replica.certificate
    world.clock.advance(30)
    replica.look()
    world.bundles[1] = b""
    world.clock.advance(GRACE_SECONDS)
    replica.look()
    assert world.bundles[1] == world.data[BUNDLE]
    replica.look()
    assert replica.certificate == first


def test_an_old_ca_goes_when_it_has_expired(world: World) -> None:
    """Until then a replica that has not looked may serve its certificate."""
    (replica, _) = started(world)
    counts = set()
    for _ in range(400):
        world.clock.advance(1)
        replica.look()
        counts.add(len(certificates(world.data[BUNDLE])))
    assert max(counts) == 2
    assert min(counts) == 1


def test_a_host_that_changes_gets_a_certificate(world: World) -> None:
    """The configuration says by which name it calls."""
    (replica, _) = started(world)
    world.host = "10.0.0.7"
    for _ in range(4):
        world.clock.advance(GRACE_SECONDS)
        replica.look()
    assert replica.is_believed()


def test_configurations_that_go_and_come_back_find_their_certificate() -> None:
    """A chart that is installed anew; before there was any, it is for the chart's Service."""
    world = World(FakeClock(), configurations=0)
    (replica,) = started(world, 1)
    assert hosts_of(certificates(replica.certificate)[0]) == {HOST}
    world = World(FakeClock(), host="10.0.0.7")
    (replica,) = started(world, 1)
    first, kept = replica.certificate, (world.bundles, world.versions)
    world.bundles, world.versions = [], []
    for _ in range(4):
        world.clock.advance(GRACE_SECONDS)
        replica.look()
    world.bundles, world.versions = kept
    assert replica.certificate == first
    assert replica.is_believed()


def test_no_key_of_a_ca_is_kept(world: World) -> None:
    """Who reads the Secret can make no certificate."""
    (replica, _) = started(world)
    world.clock.advance(30)
    replica.look()
    keys = [value for value in world.data.values() if b"PRIVATE" in value]
    assert len(keys) == 2
    assert world.data.keys() == {"ca.crt", "tls.crt", "tls.key", "next.crt", "next.key"}


def test_the_references_secret_is_taken_over(world: World) -> None:
    """Its certificate is served as long as it is good, so nobody notices the change."""
    made = issue("test", [HOST], world.clock.now(), LIFETIME * 100)
    world.data = {
        BUNDLE: made.authority,
        CERTIFICATE: made.pair.certificate,
        KEY: made.pair.key.reveal().encode(),
    }
    world.version = 1
    (replica, _) = started(world)
    assert replica.certificate == made.pair.certificate
    assert world.data[BUNDLE] == made.authority


@pytest.mark.parametrize("key", [BUNDLE, CERTIFICATE, KEY])
@pytest.mark.parametrize("content", [b"", b"nonsense", b"-----BEGIN CERTIFICATE-----"])
def test_what_cannot_be_used_is_made_anew(world: World, key: str, content: bytes) -> None:
    """A Secret that somebody has broken is put right."""
    (replica, _) = started(world)
    world.data = {**world.data, key: content}
    replica.look()
    assert replica.is_believed()


def test_a_keeper_goes_on_whatever_fails(world: World) -> None:
    """An outage is reported once, a bug with its traceback; then the certificate is there."""
    outage = Unreachable(0, "no answer", "GET")
    world.errors = [outage, outage, Stale(409, "Conflict", "changed"), ZeroDivisionError()]
    world.clock.is_sleep_skipped = True
    keeper = CertificateKeeper(world, world.clock, lifetime=LIFETIME)
    with structlog.testing.capture_logs() as logs:
        keeper.start()
        until(keeper.context)
        keeper.stop()
        keeper._thread.join(60)
    events = [log["event"] for log in logs if log["log_level"] != "info"]
    assert events == ["webhook_certificate_not_kept", "webhook_certificate_failed"]


def test_the_first_certificate_comes_soon_after_the_lease(world: World) -> None:
    """A new cluster's replica is not ready without one: it does not wait out its usual pause."""
    world.is_led = False
    keeper = CertificateKeeper(world, world.clock, lifetime=timedelta(days=365))
    keeper.start()
    until(lambda: world.clock.slept)
    assert keeper.context() is None
    world.is_led = True
    world.clock.advance(1.0)
    until(keeper.context)
    until(lambda: len(world.clock.slept) == 2)
    keeper.stop()
    keeper._thread.join(60)
    assert world.clock.slept == [1.0, 10.0]


def test_an_expired_certificate_is_replaced_at_once(world: World) -> None:
    """After all replicas were gone for long, there is nothing to wait for."""
    started(world)
    world.clock.advance(1000)
    (replica, _) = started(world)
    assert replica.is_believed()


def test_a_certificate_that_ends_gives_way_though_nobody_confirms_the_next(world: World) -> None:
    """A configuration that cannot be corrected does not make the others refuse an expired one."""
    (replica, _) = started(world)
    first = replica.certificate
    world.clock.advance(30)
    replica.look()
    for _ in range(26):
        world.bundles[1] = b"reset by somebody"
        world.clock.advance(1)
        replica.look()
    assert replica.certificate != first
