"""What to register and what to deregister."""

from __future__ import annotations

from alb_controller.model.elbv2 import Target, TargetHealth
from alb_controller.targets.diff import TargetChanges, diff, registered


def test_missing_targets_are_registered_and_surplus_ones_deregistered() -> None:
    """By id and port; a known target goes back to AWS with the zone that it came with."""
    desired = [Target("10.0.0.2", 80), Target("10.0.0.1", 80), Target("10.0.0.3", 81)]
    known = [Target("10.0.0.1", 80, "us-west-2a"), Target("10.0.0.3", 80, "all")]
    assert diff(desired, known) == TargetChanges(
        register=(Target("10.0.0.2", 80), Target("10.0.0.3", 81)),
        deregister=(Target("10.0.0.3", 80, "all"),),
    )


def test_equal_sets_are_no_change() -> None:
    """The zone does not tell targets apart."""
    assert not diff([Target("i-1", 80)], [Target("i-1", 80, "us-west-2a")])


def test_draining_targets_do_not_count_as_registered() -> None:
    """An endpoint whose target is on its way out is registered again."""
    health = [
        TargetHealth(target=Target(id_, 80), state=state)
        for id_, state in [
            ("i-1", "healthy"),
            ("i-2", "draining"),
            ("i-3", "unhealthy.draining"),
            ("i-4", "unhealthy"),
        ]
    ]
    assert registered(health) == (Target("i-1", 80), Target("i-4", 80))
