"""Token buckets let a burst through and then the rate."""

from __future__ import annotations

import pytest

from alb_controller.aws.rate import Throttle, TokenBucket
from alb_controller.settings.forms import ThrottleRule


def test_a_burst_goes_through_and_the_rest_queues() -> None:
    """After the burst, each call waits one interval longer than the one before it."""
    bucket = TokenBucket(4, 2)
    assert [bucket.reserve(10.0) for _ in range(4)] == [0, 0, 0.25, 0.5]


def test_tokens_come_back_with_time_and_no_more_than_the_burst() -> None:
    """An idle bucket is full, not overfull."""
    bucket = TokenBucket(4, 2)
    assert [bucket.try_take(0.0) for _ in range(3)] == [True, True, False]
    assert [bucket.try_take(100.0) for _ in range(3)] == [True, True, False]


def test_a_clock_that_goes_back_takes_nothing_away() -> None:
    """Threads read the clock before they take the lock, so times may arrive out of order."""
    bucket = TokenBucket(1, 2)
    assert bucket.try_take(10.0)
    assert bucket.try_take(9.0)


def test_a_rate_of_nothing_is_refused() -> None:
    """Such a bucket would never let a call through again."""
    with pytest.raises(ValueError, match="lets no call through"):
        TokenBucket(0, 5)


def test_an_operation_pays_to_every_rule_that_matches() -> None:
    """Rules are unanchored regexes; the slowest one decides; other services are free."""
    rules = [ThrottleRule("^Describe", 1, 1), ThrottleRule("Rules", 0.5, 1)]
    throttle = Throttle({"EC2": rules})
    assert throttle.reserve("EC2", "DescribeRules", 0) == 0
    assert throttle.reserve("EC2", "DescribeRules", 0) == 2
    assert throttle.reserve("EC2", "DeleteGroup", 0) == 0
    assert throttle.reserve("ACM", "DescribeRules", 0) == 0
