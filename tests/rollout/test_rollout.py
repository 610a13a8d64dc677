"""A Deployment is rolled out, and no request is lost: the whole loop in virtual time."""

from __future__ import annotations

import pytest

from tests.rollout.report import percentile
from tests.rollout.simulation import Outcome, Plan, Simulation


@pytest.fixture(scope="module")
def outcome() -> Outcome:
    """20 pods, surge 25 %, gates on, preStop 10 s."""
    return Simulation(Plan()).roll_out()


def test_no_request_is_lost(outcome: Outcome) -> None:
    """None to a pod that has stopped or does not listen yet, and a target is healthy all along."""
    assert outcome.losses.total == 0


def test_enough_pods_are_ready_all_along(outcome: Outcome) -> None:
    """At no moment are fewer ready than 20 less the 5 that may be unavailable."""
    assert outcome.fewest_ready >= 15


def test_a_deleted_pod_is_deregistered_at_once(outcome: Outcome) -> None:
    """From deletionTimestamp to DeregisterTargets: 300 ms at most for 99 of 100 pods."""
    assert len(outcome.to_deregister) == 20
    assert percentile(outcome.to_deregister, 0.99) <= 0.3


def test_few_calls_are_made(outcome: Outcome) -> None:
    """Pods that come and go together share their calls: no more than 2.5 for each replaced pod."""
    assert sum(outcome.calls.values()) <= 2.5 * 20


@pytest.mark.parametrize(
    "plan, lost",
    [
        (Plan(pre_stop_seconds=0), "after_stop"),
        (Plan(has_gates=False), "unanswered"),
        (Plan(deregistration_lag=15.0), "after_stop"),
    ],
    ids=["no preStop", "no gates", "late deregistration"],
)
def test_what_is_needed_is_needed(plan: Plan, lost: str) -> None:
    """Without preStop, without gates, or with a slow controller the same rollout loses requests."""
    losses = Simulation(plan).roll_out().losses
    assert getattr(losses, lost) > 100
