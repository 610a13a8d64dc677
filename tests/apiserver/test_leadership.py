"""One leader at a time on a real API server: handed over, asleep, robbed of its Lease."""

from __future__ import annotations

import math
import signal
import time
from contextlib import ExitStack
from datetime import datetime

from tests.apiserver.leadership import LEASE, LED, holder
from tests.conformance.controller import Controller
from tests.controller import test_quiet
from tests.controller.manifests import ingress
from tests.controller.rig import Rig

HANDOVER_SECONDS = 2.0
HANDOVERS = 5


def test_the_lease_is_handed_over_at_sigterm(rig: Rig) -> None:
    """While one leads, the other is ready and writes nothing; two seconds later it has written.

    It can; on a busy machine not every handover is so quick.
    """
    rig.apply(ingress("web", ["/first"]))
    took = [math.inf]
    with ExitStack() as stack:
        leader = stack.enter_context(rig.running(*LED))
        rig.until(lambda: holder(rig))
        while min(took) >= HANDOVER_SECONDS and len(took) <= HANDOVERS:
            standby = stack.enter_context(rig.running(*LED))
            took.append(_hand_over(rig, leader, standby, f"/{len(took)}"))
            leader = standby
    assert min(took) < HANDOVER_SECONDS, took


def _hand_over(rig: Rig, leader: Controller, standby: Controller, path: str) -> float:
    """Seconds from SIGTERM until the standby has written, which it does once."""
    leader.settle()
    assert "working" not in standby.log.read_text()
    mark, before = rig.mark(), holder(rig)
    leader.process.send_signal(signal.SIGTERM)
    sent = time.monotonic()
    assert leader.process.wait(30) == 0
    rig.apply(ingress("web", [path]))
    rig.until(lambda: rig.aws.paths() == [path])
    took = time.monotonic() - sent
    assert holder(rig) not in ("", before)
    standby.settle()
    assert [call.operation for call in rig.writes(mark)] == ["ModifyRule"]
    return took


def _at(rig: Rig, field: str) -> datetime:
    """A time in the Lease."""
    lease = rig.cluster.get(*LEASE)
    assert lease is not None
    return datetime.fromisoformat(lease["spec"][field])


def test_a_leader_that_sleeps_is_followed_and_writes_no_more_when_it_wakes(rig: Rig) -> None:
    """As after kill -9, its Lease runs out first. One request was on its way; no other begins."""
    rig.aws.front.hold("CreateLoadBalancer")
    with rig.running(*LED) as first:
        rig.until(lambda: holder(rig))
        with rig.running(*LED) as second:
            leader = holder(rig)
            rig.apply(ingress("web", ["/a"]))
            rig.until(lambda: rig.aws.front.is_holding)
            first.process.send_signal(signal.SIGSTOP)
            renewed = _at(rig, "renewTime")
            rig.until(lambda: holder(rig) != leader)
            assert 15 <= (_at(rig, "acquireTime") - renewed).total_seconds() < 25
            rig.until(lambda: rig.aws.paths() == ["/a"])
            second.settle()
            mark = rig.mark()
            rig.aws.front.release()
            first.process.send_signal(signal.SIGCONT)
            assert first.process.wait(60) != 0
            assert len(rig.writes(mark)) <= 1
            assert rig.since(mark).objects == []
            assert len(rig.aws.load_balancers()) == 1


def test_a_leader_that_loses_the_lease_ends(rig: Rig) -> None:
    """With a code that is not 0, and without another write."""
    with rig.running(*LED) as controller:
        rig.until(lambda: holder(rig))
        controller.settle()
        url = rig.cluster.path(*LEASE)
        rig.cluster.merge(url, {"spec": {"holderIdentity": "another"}}).raise_for_status()
        mark = rig.mark()
        assert controller.process.wait(60) != 0
        assert "lease_lost" in controller.log.read_text()
        assert rig.since(mark) == test_quiet.NOTHING
