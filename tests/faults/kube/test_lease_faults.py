"""The Lease: never two leaders, whatever the network and the clocks do."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from alb_controller.clock import SystemClock
from alb_controller.errors import ControllerError, NotLeading
from alb_controller.kube.client import KubeClient
from alb_controller.kube.connection import load
from alb_controller.kube.lease import Elector, LeaseSettings, own_identity, own_namespace
from tests.clocks import FakeClock
from tests.faults.kube.conftest import write_kubeconfig
from tests.faults.kube.server import CUT, HANG, Answer, ApiServer, Request, status
from tests.waiting import until

LEASES = "/apis/coordination.k8s.io/v1/namespaces/kube-system/leases"
LEASE = f"{LEASES}/alb"


class Candidate:
    """An elector, its clock, and what was reported to it."""

    def __init__(
        self, client: KubeClient, identity: str, *, is_real: bool = False, **periods: float
    ) -> None:
        self.clock = FakeClock()
        self.reported: list[str] = []
        settings = LeaseSettings(name="alb", namespace="kube-system", identity=identity, **periods)
        self.elector = Elector(
            client,
            settings,
            SystemClock() if is_real else self.clock,
            on_started=lambda: self.reported.append("started"),
            on_lost=lambda: self.reported.append("lost"),
        )

    def lead(self) -> None:
        """Start, and return when the Lease is held and the first pause has begun."""
        self.elector.start()
        until(lambda: self.reported == ["started"] and self.clock.slept)

    def step(self, seconds: float = 2.0) -> None:
        """Let time pass; if that ends the elector's pause, return at its next one or its end."""
        pauses = len(self.clock.slept)
        self.clock.advance(seconds)
        if self.clock.sleeps_until <= self.clock.monotonic():
            until(lambda: len(self.clock.slept) > pauses or not self.elector._thread.is_alive())

    def is_leading(self) -> bool:
        """Whether it would write."""
        try:
            self.elector.check()
        except NotLeading:
            return False
        return True


@pytest.fixture
def one(client: KubeClient) -> Iterator[Candidate]:
    """A candidate that has not been started."""
    made = Candidate(client, "one")
    yield made
    made.elector._stop.set()
    if made.elector._thread.ident is not None:
        made.elector.stop(20)


@pytest.fixture
def two(api: ApiServer, tmp_path: Path) -> Iterator[Candidate]:
    """Another candidate, with connections and a clock of its own."""
    client = KubeClient(
        load(str(write_kubeconfig(tmp_path / "two", api.url, "two"))), SystemClock()
    )
    made = Candidate(client, "two")
    yield made
    if made.elector._thread.ident is not None:
        made.elector.stop(20)
    client.close()


def spec(api: ApiServer) -> dict[str, Any]:
    """What the Lease says."""
    return dict(api.objects[LEASE]["spec"])


def test_nobody_leads_before_it_started(one: Candidate) -> None:
    """Writes are refused until the Lease is held."""
    with pytest.raises(NotLeading, match="does not hold the Lease alb"):
        one.elector.check()
    assert not one.elector.is_leading


def test_the_first_candidate_creates_the_lease(api: ApiServer, one: Candidate) -> None:
    """A Lease that is not there is created, with the fields and formats of client-go."""
    one.lead()
    assert one.is_leading()
    assert one.elector.is_leading
    assert spec(api) == {
        "holderIdentity": "one",
        "leaseDurationSeconds": 15,
        "acquireTime": "2026-01-01T00:00:00.000000Z",
        "renewTime": "2026-01-01T00:00:00.000000Z",
        "leaseTransitions": 0,
    }


def test_a_leader_renews_every_two_seconds(api: ApiServer, one: Candidate) -> None:
    """A renewal is one PUT that moves renewTime alone."""
    one.lead()
    before = len(api.requests)
    for _ in range(5):
        one.step()
    assert [r.method for r in api.requests[before:]] == ["PUT"] * 5
    assert one.clock.slept[:5] == [2.0] * 5
    assert spec(api)["acquireTime"] == "2026-01-01T00:00:00.000000Z"
    assert spec(api)["renewTime"] == "2026-01-01T00:00:10.000000Z"
    assert one.is_leading()


def test_what_others_keep_in_the_lease_stays(api: ApiServer, one: Candidate) -> None:
    """Labels and fields that we do not know survive our writes."""
    api.put(LEASE, {"metadata": {"labels": {"a": "b"}}, "spec": {"strategy": "OldestEmulation"}})
    one.lead()
    one.step()
    assert api.objects[LEASE]["metadata"]["labels"] == {"a": "b"}
    assert spec(api)["strategy"] == "OldestEmulation"
    assert spec(api)["leaseTransitions"] == 1


def test_a_second_candidate_waits_as_long_as_the_lease_is_renewed(
    one: Candidate, two: Candidate
) -> None:
    """While the leader renews, nobody else ever leads, however long it takes."""
    one.lead()
    two.elector.start()
    until(lambda: two.clock.slept)
    for _ in range(20):
        one.step()
        two.step(5)
        assert one.is_leading()
        assert not two.is_leading()
    assert two.reported == []
    assert all(0.5 <= seconds <= 1.0 for seconds in two.clock.slept)


def test_a_dead_leaders_lease_is_taken_after_its_duration(api: ApiServer, two: Candidate) -> None:
    """A Lease is free when it stayed the same for as long as it says, seen on our own clock."""
    held = {"holderIdentity": "dead", "leaseDurationSeconds": 40, "leaseTransitions": 3}
    stale = {"renewTime": "1999-01-01T00:00:00.000000Z"}
    api.put(LEASE, {"spec": held | stale})
    two.elector.start()
    until(lambda: two.clock.slept)
    for _ in range(7):
        two.step(5)
        assert two.reported == []
    two.step(6)
    until(lambda: two.reported == ["started"])
    assert (spec(api)["holderIdentity"], spec(api)["leaseTransitions"]) == ("two", 4)


def test_release_hands_over_at_the_next_attempt(
    api: ApiServer, one: Candidate, two: Candidate
) -> None:
    """A leader that stops leaves an empty holder, as client-go; the next one need not wait."""
    one.lead()
    two.elector.start()
    until(lambda: two.clock.slept)
    one.elector.stop(20)
    assert not one.is_leading()
    assert one.reported == ["started"]
    assert (spec(api)["holderIdentity"], spec(api)["leaseDurationSeconds"]) == ("", 1)
    two.step(1)
    until(lambda: two.reported == ["started"])
    assert spec(api)["leaseTransitions"] == 1
    assert spec(api)["leaseDurationSeconds"] == 15


@pytest.mark.parametrize("fault", [CUT, status(500, "No"), status(403, "No")])
def test_a_leader_that_cannot_renew_stops_before_another_may_start(
    api: ApiServer, one: Candidate, two: Candidate, fault: Any
) -> None:
    """Both clocks run alike: one stops writing at 9 s and ends at 10 s, two starts after 15 s."""
    one.lead()
    two.elector.start()
    until(lambda: two.clock.slept)
    api.fault = lambda r: fault if r.token == "one" else None
    for _ in range(4):
        one.step()
        two.step()
        assert one.is_leading()
        assert not two.is_leading()
    one.clock.advance(1)
    assert not one.is_leading()
    one.step(1)
    until(lambda: one.reported == ["started", "lost"])
    for _ in range(6):
        two.step(1)
        assert two.reported == []
    for _ in range(6):
        two.step(1)
    until(lambda: two.reported == ["started"])
    assert not one.is_leading()


def test_attempts_while_the_api_is_down_are_spaced(api: ApiServer, one: Candidate) -> None:
    """A candidate and a failing leader send one attempt per pause, no more."""
    api.fault = lambda _: CUT
    one.elector.start()
    until(lambda: len(one.clock.slept) == 1)
    for number in range(2, 6):
        one.step(4.4)
        assert len(api.requests) == number


def test_a_passing_fault_costs_no_leadership(api: ApiServer, one: Candidate) -> None:
    """A renewal that failed is made good by the next attempt, which reads first."""
    one.lead()
    api.fault = lambda _: CUT
    one.step()
    api.fault = lambda _: None
    one.step()
    assert [r.method for r in api.requests[-2:]] == ["GET", "PUT"]
    one.step(2)
    assert one.is_leading()
    assert one.reported == ["started"]


def test_a_renewal_whose_answer_was_lost_is_still_ours(api: ApiServer, one: Candidate) -> None:
    """A Lease that names us is renewed without a new transition."""
    one.lead()
    api.put(LEASE, {**api.objects[LEASE]})
    one.step()
    one.step()
    assert one.reported == ["started"]
    assert spec(api)["leaseTransitions"] == 0


def test_a_hung_renewal_leaves_time_for_another(api: ApiServer, client: KubeClient) -> None:
    """No request takes more than half of the renew deadline, so that one hang is no loss."""
    periods = {"lease_seconds": 8.0, "renew_deadline_seconds": 6.0, "retry_seconds": 0.1}
    candidate = Candidate(client, "real", is_real=True, **periods)
    hung: list[Request] = []

    def fault(request: Request) -> str | None:
        if candidate.reported and not hung:
            hung.append(request)
            return HANG
        return None

    api.fault = fault
    candidate.elector.start()
    until(lambda: hung)
    before = len(api.requests)
    until(lambda: len(api.requests) > before + 2)
    assert candidate.reported == ["started"]
    candidate.elector.stop(20)


def test_an_api_that_hangs_for_good_ends_leadership_in_time(
    api: ApiServer, client: KubeClient
) -> None:
    """A leader whose requests all hang stops writing at its deadline, and learns of the loss."""
    periods = {"lease_seconds": 15.0, "renew_deadline_seconds": 1.2, "retry_seconds": 0.1}
    candidate = Candidate(client, "real", is_real=True, **periods)
    api.fault = lambda _: HANG if candidate.reported else None
    candidate.elector.start()
    until(lambda: candidate.reported == ["started", "lost"], seconds=15.0)
    assert not candidate.is_leading()


def test_check_refuses_even_when_the_elector_is_stuck(one: Candidate) -> None:
    """Writing ends by the clock, not by a thread that has to notice first."""
    one.lead()
    one.clock.advance(8.9)
    assert one.is_leading()
    one.clock.advance(0.2)
    assert not one.is_leading()


def test_wall_clocks_do_not_matter(api: ApiServer, one: Candidate, two: Candidate) -> None:
    """A wall clock that jumps years in either direction changes nobody's mind."""
    one.lead()
    two.elector.start()
    until(lambda: two.clock.slept)
    one.clock.wall_offset = timedelta(days=-4000)
    two.clock.wall_offset = timedelta(days=4000)
    for _ in range(10):
        one.step()
        two.step()
        assert one.is_leading()
        assert not two.is_leading()
    assert spec(api)["renewTime"].startswith("2015-")


def test_somebody_elses_name_in_the_lease_ends_leadership(api: ApiServer, one: Candidate) -> None:
    """A Lease that was taken from us by hand is lost at the next renewal, not fought for."""
    one.lead()
    api.put(LEASE, {"spec": spec(api) | {"holderIdentity": "usurper"}})
    one.step()
    one.step()
    until(lambda: one.reported == ["started", "lost"])
    assert spec(api)["holderIdentity"] == "usurper"


def test_a_deleted_lease_is_created_again_by_its_leader(api: ApiServer, one: Candidate) -> None:
    """Deleting the Lease does not stop the leader."""
    one.lead()
    api.objects.clear()
    one.step()
    one.step()
    assert spec(api)["holderIdentity"] == "one"
    assert one.reported == ["started"]


def test_two_candidates_for_a_free_lease_end_in_one_leader(
    api: ApiServer, one: Candidate, two: Candidate
) -> None:
    """Both read that it is free; the version lets one write win."""
    api.put(LEASE, {"spec": {"holderIdentity": "", "leaseTransitions": 1}})
    rivals = [two]

    def fault(request: Request) -> None:
        if request.method == "PUT" and rivals:
            rivals.pop().lead()

    api.fault = fault
    one.elector.start()
    until(lambda: one.clock.slept)
    assert (one.reported, two.reported) == ([], ["started"])
    assert spec(api)["holderIdentity"] == "two"


def test_a_process_that_ends_before_it_competes_leaves_the_lease_alone(
    api: ApiServer, one: Candidate
) -> None:
    """A signal between the first sync and the election: stopping asks nothing, raises nothing."""
    one.elector.stop()
    assert one.reported == []
    assert api.requests == []


def test_a_failing_start_gives_leadership_up(client: KubeClient) -> None:
    """When the work cannot be started, the process exits rather than holds on."""
    reported: list[str] = []

    def broken() -> None:
        raise ZeroDivisionError

    settings = LeaseSettings(name="alb", namespace="kube-system", identity="broken")
    elector = Elector(
        client, settings, FakeClock(), on_started=broken, on_lost=lambda: reported.append("lost")
    )
    with capture_logs() as logs:
        elector.start()
        until(lambda: reported == ["lost"])
    assert [log["event"] for log in logs if log["log_level"] == "error"] == [
        "election_failed",
        "lease_lost",
    ]
    assert not elector.is_leading


def test_a_release_that_fails_is_logged_and_bounded(api: ApiServer, one: Candidate) -> None:
    """Stopping without a network ends all the same."""
    one.lead()
    api.fault = lambda _: CUT
    with capture_logs() as logs:
        one.elector.stop(20)
    assert [log["event"] for log in logs] == ["lease_not_released"]
    assert not one.elector._thread.is_alive()


def test_a_release_after_a_failed_renewal_reads_first(api: ApiServer, one: Candidate) -> None:
    """Also a leader unsure of the version hands over."""
    one.lead()
    api.fault = lambda _: CUT
    one.step()
    api.fault = lambda _: None
    one.elector.stop(20)
    assert spec(api)["holderIdentity"] == ""


def test_stop_before_leading_leaves_the_lease_alone(api: ApiServer, two: Candidate) -> None:
    """A candidate that never led writes nothing when it goes."""
    held = {"holderIdentity": "other", "leaseDurationSeconds": 15}
    api.put(LEASE, {"spec": held})
    two.elector.start()
    until(lambda: two.clock.slept)
    two.elector.stop(20)
    assert spec(api) == held
    assert two.reported == []


def test_an_answer_that_is_no_lease_is_an_error_like_any_other(
    api: ApiServer, one: Candidate
) -> None:
    """Garbage from a proxy is retried, not believed."""
    api.fault = lambda _: Answer(200, b"<html>")
    one.elector.start()
    until(lambda: one.clock.slept)
    api.fault = lambda _: None
    one.step(4.4)
    until(lambda: one.reported == ["started"])


def test_the_namespace_is_the_pods_own(tmp_path: Path) -> None:
    """The service account's namespace file decides; outside of a pod the flag is named."""
    file = tmp_path / "namespace"
    file.write_text("kube-system\n")
    assert own_namespace(file) == "kube-system"
    with pytest.raises(ControllerError, match="--leader-election-namespace"):
        own_namespace(tmp_path / "missing")


def test_identities_are_unique() -> None:
    """Two processes on one host never take each other's Lease for their own."""
    assert own_identity() != own_identity()
