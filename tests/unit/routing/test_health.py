"""The state of a target after each check."""

from __future__ import annotations

import pytest

from alb_controller.routing.health import Check, states_after

CHECK = Check(healthy_threshold=3, unhealthy_threshold=2)
GOOD, BAD = 200, "timeout"


@pytest.mark.parametrize(
    "initial, results, expected",
    [
        ("initial", [BAD, GOOD], ["initial", "healthy"]),
        ("initial", [BAD, BAD, GOOD], ["initial", "unhealthy", "unhealthy"]),
        ("healthy", [BAD, GOOD, BAD, BAD], ["healthy", "healthy", "healthy", "unhealthy"]),
        ("unhealthy", [GOOD, GOOD, BAD] + [GOOD] * 3, ["unhealthy"] * 5 + ["healthy"]),
        ("healthy", ["refused", 500], ["healthy", "unhealthy"]),
        ("draining", [GOOD, BAD, BAD], ["draining"] * 3),
        ("unused", [GOOD], ["unused"]),
    ],
)
def test_thresholds_count_results_in_a_row(
    initial: str, results: list[int | str], expected: list[str]
) -> None:
    """One success makes a new target healthy; a target that leaves stays as it is."""
    assert list(states_after(CHECK, initial, results)) == expected


@pytest.mark.parametrize(
    "matcher, good, bad",
    [
        ("200", [200], [201, 204, 404]),
        ("200,202", [200, 202], [201]),
        ("200-299, 404", [200, 250, 299, 404], [199, 300, 403]),
        ("12", [12], [0]),
        ("odd", [], [200]),
        ("²", [], [2]),
        ("9" * 5000, [], [200]),
        ("200-x", [], [200]),
    ],
)
def test_a_matcher_is_codes_and_ranges(matcher: str, good: list[int], bad: list[int]) -> None:
    """Both ends of a range are in it."""
    check = Check(matcher=matcher)
    assert all(check.passes(code) for code in good)
    assert not any(check.passes(code) for code in bad)
