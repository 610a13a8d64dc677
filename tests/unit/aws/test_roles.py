"""Roles are assumed once as long as their credentials hold, and none waits for another."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any, cast

import pytest

from alb_controller.aws.roles import EARLY, AssumedRoles
from alb_controller.errors import Refused
from tests.clocks import FakeClock

ONE, OTHER = "arn:aws:iam::111111111111:role/one", "arn:aws:iam::222222222222:role/other"


class Sts:
    """A sender as far as roles ask it: sessions hold an hour; a slow role takes until `finish`."""

    def __init__(self, clock: FakeClock) -> None:
        self._clock = clock
        self.assumed: list[str] = []
        self.slow = ""
        self.begun, self.finished = threading.Event(), threading.Event()

    def call(self, service: str, operation: str, **params: Any) -> dict[str, Any]:
        assert (service, operation) == ("sts", "AssumeRole")
        self.assumed.append(params["RoleArn"])
        if params["RoleArn"] == self.slow:
            self.begun.set()
            assert self.finished.wait(60)
        return {
            "Credentials": {
                "AccessKeyId": "id",
                "SecretAccessKey": "key",
                "SessionToken": params["RoleArn"],
                "Expiration": self._clock.now() + timedelta(hours=1),
            }
        }

    def with_credentials(self, *_: str) -> Sts:
        return self


@pytest.fixture
def clock() -> FakeClock:
    """Stands still."""
    return FakeClock()


@pytest.fixture
def sts(clock: FakeClock) -> Iterator[Sts]:
    """What is slow ends with the test."""
    made = Sts(clock)
    yield made
    made.finished.set()


def roles(sts: Sts, clock: FakeClock, *allowed: str) -> AssumedRoles:
    """As the process has them."""
    return AssumedRoles(
        cast(Any, sts), clock, vpc_id="vpc-1", cluster_name="prod", allowed=allowed or ("*",)
    )


def test_a_session_is_renewed_before_its_credentials_expire(sts: Sts, clock: FakeClock) -> None:
    """So that no call in flight loses them."""
    known = roles(sts, clock)
    first = known.elbv2(ONE, "x")
    clock.advance(3600 - EARLY.total_seconds() - 1)
    assert known.elbv2(ONE, "x") is first
    clock.advance(1)
    assert known.elbv2(ONE, "x") is not first
    assert sts.assumed == [ONE, ONE]


def test_a_role_that_does_not_answer_holds_up_no_other(sts: Sts, clock: FakeClock) -> None:
    """Neither one that is assumed already nor one that has to be; its own callers share a call."""
    known, sts.slow = roles(sts, clock), OTHER
    known.elbv2(ONE, "x")
    with ThreadPoolExecutor(4) as pool:
        slow = [pool.submit(known.elbv2, OTHER, "x") for _ in range(2)]
        assert sts.begun.wait(60)
        quick = pool.submit(lambda: [known.elbv2(ONE, "x"), known.elbv2(ONE, "y")])
        assert len(quick.result(10)) == 2
        assert not any(one.done() for one in slow)
        sts.finished.set()
        assert slow[0].result(10) is slow[1].result(10)
    assert sts.assumed == [ONE, OTHER, ONE]


@pytest.mark.parametrize("pattern", ["arn:aws:iam::[0-9]*:role/one", ONE.upper(), ONE[:-1], ""])
def test_only_star_and_question_mark_are_wildcards(
    sts: Sts, clock: FakeClock, pattern: str
) -> None:
    """A role that no pattern matches is refused before STS is asked."""
    with pytest.raises(Refused, match="--allowed-assume-role-arns allows"):
        roles(sts, clock, pattern).elbv2(ONE, "")
    assert sts.assumed == []
    roles(sts, clock, pattern, "arn:*::??????111111:*/one").elbv2(ONE, "")
    assert sts.assumed == [ONE]
