"""Losses are counted as the load balancer would deal requests out: 1000 a second."""

from __future__ import annotations

import pytest

from tests.rollout.constants import CONSTANTS
from tests.rollout.data_plane import Span
from tests.rollout.report import Losses, count_losses, fewest, percentile

ALWAYS = Span("a", 0.0)


@pytest.mark.parametrize(
    "rotation, apps, expected",
    [
        ([ALWAYS], [ALWAYS], Losses()),
        ([ALWAYS], [Span("a", 0.0, 6.0)], Losses(after_stop=4000)),
        ([ALWAYS], [Span("a", 3.0)], Losses(before_listening=3000)),
        ([Span("a", 2.0)], [ALWAYS], Losses(unanswered=2000)),
        ([ALWAYS, Span("b", 0.0)], [ALWAYS, Span("b", 0.0, 6.0)], Losses(after_stop=2000)),
        ([ALWAYS], [Span("a", 0.0, 4.0), Span("a", 5.0)], Losses(after_stop=1000)),
    ],
    ids=["none", "stopped", "not yet", "nobody", "half of them", "the next at the same address"],
)
def test_losses(rotation: list[Span], apps: list[Span], expected: Losses) -> None:
    """In ten seconds, by what befell them."""
    assert count_losses(rotation, apps, 0.0, 10.0) == expected


def test_the_fewest_at_once() -> None:
    """Over all moments of the time that is looked at, its first included."""
    spans = [Span("a", 0.0, 4.0), Span("b", 1.0), Span("c", 3.0, 9.0)]
    assert fewest(spans, 0.0, 10.0) == 1
    assert fewest(spans, 3.0, 8.0) == 2
    assert fewest(spans, 9.0, 10.0) == 1


def test_percentiles_are_values_that_were_measured() -> None:
    """The smallest that so many do not pass."""
    values = [float(n) for n in range(1, 21)]
    assert [percentile(values, share) for share in (0.5, 0.99, 0.0)] == [10.0, 20.0, 1.0]


def test_every_constant_says_what_it_is_and_whose_term_it_is() -> None:
    """The table is complete."""
    for name, constant in CONSTANTS.items():
        assert constant.value > 0, name
        assert constant.meaning, name
        assert constant.source, name
