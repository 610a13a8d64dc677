"""What the condition of a readiness gate says."""

from __future__ import annotations

from datetime import UTC, datetime

import msgspec
import pytest

from alb_controller.model.elbv2 import Target, TargetHealth
from alb_controller.objects.core import Condition, Pod
from alb_controller.targets.readiness import condition_for, gate_of, has_gate, status_patch
from tests.unit.targets.cluster import pod

GATE = "target-health.elbv2.k8s.aws/mine"
NOW = datetime(2026, 1, 2, 3, 4, 5, 678, tzinfo=UTC)


def with_condition(*conditions: Condition) -> Pod:
    """A pod with the gate and these conditions."""
    made = pod("a", "10.0.0.1", gates=[GATE])
    status = msgspec.structs.replace(made.status, conditions=list(conditions))
    return msgspec.structs.replace(made, status=status)


def test_a_gate_is_named_after_its_binding() -> None:
    """As LBC, so that pods that were made under it go on."""
    assert gate_of("mine") == GATE
    assert has_gate(pod("a", "10.0.0.1", gates=[GATE]), GATE)
    assert not has_gate(pod("a", "10.0.0.1", gates=["other/gate"]), GATE)


@pytest.mark.parametrize(
    "state,status",
    [
        ("healthy", "True"),
        ("initial", "False"),
        ("unhealthy", "False"),
        ("unused", "False"),
        ("draining", "False"),
        ("unavailable", "False"),
    ],
)
def test_the_gate_is_open_for_healthy_targets_alone(state: str, status: str) -> None:
    """With AWS's reason and description."""
    health = TargetHealth(
        target=Target("10.0.0.1", 80), state=state, reason="Target.X", description="because"
    )
    assert condition_for(GATE, health) == Condition(GATE, status, "Target.X", "because")


def test_a_target_that_aws_knows_nothing_of_leaves_the_gate_unknown() -> None:
    """Neither open nor closed."""
    assert condition_for(GATE, None) == Condition(GATE, "Unknown")


def test_a_condition_that_is_as_it_should_be_is_not_written() -> None:
    """Status, reason and message."""
    known = Condition(GATE, "False", "Target.Timeout", "slow")
    assert status_patch(with_condition(known), known, NOW) is None


def test_the_time_of_the_transition_changes_with_the_status_alone() -> None:
    """In whole seconds, as the Kubernetes API keeps times."""
    was = with_condition(Condition(GATE, "False", "Elb.InitialHealthChecking", ""))
    same = status_patch(was, Condition(GATE, "False", "Target.Timeout", ""), NOW)
    other = status_patch(was, Condition(GATE, "True"), NOW)
    first = status_patch(with_condition(), Condition(GATE, "False"), NOW)
    assert [same and same["conditions"][0].get("lastTransitionTime")] == [None]
    assert other is not None
    assert other["conditions"][0]["lastTransitionTime"] == ("2026-01-02T03:04:05Z")
    assert first is not None
    assert "lastTransitionTime" in first["conditions"][0]
