"""What is retried, how often, and for how long."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from alb_controller.aws.client import writes_of_thread
from alb_controller.errors import AwsError, NotFound, Rejected, Stopping, Throttled, Unavailable
from alb_controller.settings.forms import ThrottleRule
from tests.faults.aws.conftest import MakeRig
from tests.faults.aws.faulty_server import (
    BROKEN,
    CUT,
    GATEWAY,
    HANG,
    OK,
    THROTTLED,
    Answer,
    serving,
)


@pytest.mark.parametrize(
    "fault,status_code",
    [(THROTTLED, "400"), (BROKEN, "500"), (GATEWAY, "502"), (CUT, ""), (HANG, "")],
    ids=["400", "500", "502", "cut", "hang"],
)
def test_passing_faults_are_survived(rig: MakeRig, fault: Answer, status_code: str) -> None:
    """A throttled, failed, lost or unanswered request is sent again, and the caller sees none."""
    with serving(fault, fault, OK) as server:
        patience = {"read_timeout_seconds": 1.0} if fault is HANG else {}
        made = rig(server, **patience)
        made.sender.call("elbv2", "DescribeRules", ListenerArn="l")
        assert server.operations == ["DescribeRules"] * 3
    (reported,) = made.calls.seen
    attempts = reported["attempts"]
    assert [one.status_code for one in attempts] == [status_code, status_code, "200"]
    assert [one.error is None for one in attempts] == [False, False, True]
    assert reported["service"] == "Elastic Load Balancing v2"


@pytest.mark.parametrize(
    "fault,kind", [(THROTTLED, Throttled), (BROKEN, Unavailable), (CUT, Unavailable)]
)
def test_attempts_are_counted_once(rig: MakeRig, fault: Answer, kind: type[AwsError]) -> None:
    """As many requests leave as attempts are allowed: no second layer multiplies them."""
    with serving(fault) as server:
        made = rig(server, max_attempts=4)
        with pytest.raises(kind):
            made.sender.call("elbv2", "DescribeRules", ListenerArn="l")
        assert len(server.operations) == 4
    attempts = made.calls.seen[0]["attempts"]
    assert [type(one.error) for one in attempts] == [kind] * 4


def test_a_call_ends_at_its_deadline(rig: MakeRig) -> None:
    """However many attempts are allowed, none starts after the deadline."""
    with serving(THROTTLED) as server:
        made = rig(server, max_attempts=1000, deadline_seconds=30)
        began = made.clock.monotonic()
        with pytest.raises(Throttled):
            made.sender.call("elbv2", "DescribeRules", ListenerArn="l")
        assert 1 < len(server.operations) < 1000
    assert made.clock.monotonic() - began < 30


def test_an_outage_does_not_multiply_the_load(rig: MakeRig) -> None:
    """When an operation has used up its retries, further calls of it are tried once."""
    with serving(BROKEN) as server:
        made = rig(server, max_attempts=3)
        made.clock.stands_still = True
        for _ in range(40):
            with pytest.raises(Unavailable):
                made.sender.call("elbv2", "DescribeRules", ListenerArn="l")
        assert len(server.operations) == 40 + 50
        server.operations.clear()
        with pytest.raises(Unavailable):
            made.sender.call("elbv2", "DescribeListeners", LoadBalancerArn="l")
        assert len(server.operations) == 3


def test_our_mistakes_are_not_repeated(rig: MakeRig) -> None:
    """A request that AWS calls wrong is sent once."""
    with serving(Answer(400, "ValidationError", "no such field")) as server:
        with pytest.raises(Rejected, match="DescribeRules: ValidationError: no such field"):
            rig(server).sender.call("elbv2", "DescribeRules", ListenerArn="l")
        assert len(server.operations) == 1


def test_stopping_ends_the_retries(rig: MakeRig) -> None:
    """While the controller stops, a call in flight is finished and not tried again."""
    stop = threading.Event()
    stop.set()
    with serving(THROTTLED) as server:
        made = rig(server, {"stop": stop})
        with pytest.raises(Stopping):
            made.sender.call("elbv2", "DescribeRules", ListenerArn="l")
        assert len(server.operations) == 1


def test_stopping_ends_a_wait(rig: MakeRig) -> None:
    """A call that waits for its next attempt gives up when the controller stops."""
    stop = threading.Event()
    with serving(THROTTLED) as server:
        made = rig(server, {"stop": stop})
        made.clock.while_sleeping = stop.set
        with pytest.raises(Stopping, match="elbv2 DescribeRules was given up"):
            made.sender.call("elbv2", "DescribeRules", ListenerArn="l")
        assert len(server.operations) == 1


def test_our_own_rate_is_kept(rig: MakeRig) -> None:
    """Calls over the allowed rate wait their turn; other operations do not."""
    rules = {"Elastic Load Balancing v2": [ThrottleRule("^Describe", 2, 1)]}
    with serving(OK) as server:
        made = rig(server, throttle=rules)
        for _ in range(3):
            made.sender.call("elbv2", "DescribeRules", ListenerArn="l")
        assert made.clock.slept == [0.5, 0.5]
        made.sender.call("elbv2", "DeleteRule", RuleArn="r")
        assert made.clock.slept == [0.5, 0.5]
        assert len(server.operations) == 4


def test_retries_pay_to_our_own_rate_too(rig: MakeRig) -> None:
    """A retry takes a token like any other request."""
    rules = {"Elastic Load Balancing v2": [ThrottleRule("^Describe", 0.001, 1)]}
    with serving(THROTTLED, OK) as server:
        made = rig(server, throttle=rules)
        made.sender.call("elbv2", "DescribeRules", ListenerArn="l")
    assert max(made.clock.slept) > 900


def test_writes_that_aws_has_done_are_counted_for_each_thread(rig: MakeRig) -> None:
    """By whichever sender; no read, no failed write, none of another thread."""
    with serving(OK, OK, Answer(400, "RuleNotFound"), OK) as server:
        sender = rig(server).sender
        before = writes_of_thread()
        sender.call("elbv2", "DeleteRule", RuleArn="r")
        sender.call("elbv2", "DescribeRules", ListenerArn="l")
        with pytest.raises(NotFound):
            sender.call("elbv2", "DeleteRule", RuleArn="r")
        sender.with_credentials("a", "s", "t").call("elbv2", "DeleteRule", RuleArn="r")
        with ThreadPoolExecutor(1) as pool:
            pool.submit(sender.call, "elbv2", "DeleteRule", RuleArn="r").result(10)
            assert pool.submit(writes_of_thread).result(10) == 1
    assert writes_of_thread() - before == 2
