"""One leader at a time on a real API server: handed over, asleep, robbed of its Lease."""

from __future__ import annotations

import signal
import time

from tests.apiserver.leadership import LEASE, LED, holder
from tests.controller import test_quiet
from tests.controller.manifests import ingress
from tests.controller.rig import Rig


def test_the_lease_is_handed_over_at_sigterm(rig: Rig) -> None:
    """While one leads, the other is ready and writes nothing; two seconds later it has written."""
    with rig.running(*LED) as first:
        rig.until(lambda: holder(rig))
        first.settle()
        with rig.running(*LED) as second:
            rig.apply(ingress("web", ["/a"]))
            first.settle()
            assert rig.aws.paths() == ["/a"]
            assert "working" not in second.log.read_text()
            mark, leader = rig.mark(), holder(rig)
            first.process.send_signal(signal.SIGTERM)
            sent = time.monotonic()
            assert first.process.wait(5) == 0
            rig.apply(ingress("web", ["/b"]))
            rig.until(lambda: rig.aws.paths() == ["/b"])
            assert time.monotonic() - sent < 2.0
            assert holder(rig) not in ("", leader)
            second.settle()
            assert [call.operation for call in rig.writes(mark)] == ["ModifyRule"]


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
            stopped = time.monotonic()
            rig.until(lambda: holder(rig) != leader, seconds=25)
            assert 12 < time.monotonic() - stopped < 18
            rig.until(lambda: rig.aws.paths() == ["/a"])
            second.settle()
            mark = rig.mark()
            rig.aws.front.release()
            first.process.send_signal(signal.SIGCONT)
            assert first.process.wait(12) != 0
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
        assert controller.process.wait(12) != 0
        assert "lease_lost" in controller.log.read_text()
        assert rig.since(mark) == test_quiet.NOTHING
