"""A rollout on the wire: real requests, through Envoy, to pods that start and stop."""

from __future__ import annotations

from pathlib import Path

from tests.rollout.wire import Plan, roll_out


def test_twenty_pods_roll_under_load_and_every_request_is_answered(tmp_path: Path) -> None:
    """With readiness gates and a preStop sleep: hundreds of requests, each with 200."""
    outcome = roll_out(Plan(), tmp_path)
    assert outcome.failed == []
    assert len(outcome.asked) > 200
