"""AWS fails: the controller goes on by itself, and does not ask more than it must."""

from __future__ import annotations

import time
from functools import partial

import pytest

from tests.controller.aws_front import Call
from tests.controller.manifests import ingress
from tests.controller.rig import Rig


@pytest.mark.parametrize(
    "code, status",
    [("Throttling", 400), ("RequestLimitExceeded", 503), ("InternalFailure", 500)],
)
def test_a_call_that_fails_for_a_while_is_made_again(rig: Rig, code: str, status: int) -> None:
    """Throttled or broken: the same call again after a pause, and users hear nothing of it."""
    rig.aws.front.fail("Create*", code=code, status=status, times=3)
    rig.aws.front.fail("Describe*", code=code, status=status, times=3)
    rig.apply(ingress("web", ["/a"]))
    with rig.running() as controller:
        rig.until(rig.hostname)
        controller.settle()
    assert rig.aws.paths() == ["/a"]
    # AWS itself says of some names that nobody has them, where a slow start has to ask for each
    failed = [call for call in rig.aws.front.calls if call.is_fault]
    assert len(failed) == 6
    assert all(any(map(partial(_is_made_again, one), rig.aws.front.calls)) for one in failed)
    assert rig.warnings() == []


def _is_made_again(failed: Call, other: Call) -> bool:
    is_same = (other.operation, other.params) == (failed.operation, failed.params)
    return is_same and other.is_done and other.began > failed.at


def test_a_denial_in_the_first_moment_costs_seconds(rig: Rig) -> None:
    """The token of a new process may be known a little later: nobody waits minutes for that."""
    rig.aws.front.fail("Describe*", code="ExpiredToken", status=403)
    rig.apply(ingress("web", ["/a"]))
    with rig.running() as controller:
        rig.until(lambda: len(rig.aws.front.calls) >= 2)
        rig.aws.front.release()
        rig.until(rig.hostname)
        controller.settle()
    assert rig.aws.paths() == ["/a"]


def test_an_aws_that_is_down_is_not_stormed(rig: Rig) -> None:
    """Calls come farther and farther apart; nothing is lost, and work goes on when it is back."""
    rig.apply(ingress("web", ["/a"]))
    with rig.running() as controller:
        controller.settle()
        rig.aws.front.fail("*", code="ServiceUnavailable", status=503)
        mark = rig.mark()
        rig.apply(ingress("web", ["/b"]))
        rig.until(lambda: len(rig.aws.front.calls) - mark.calls >= 2)
        time.sleep(4.0)  # the time that is measured
        assert len(rig.aws.front.calls) - mark.calls <= 30
        rig.aws.front.release()
        rig.until(lambda: rig.aws.paths() == ["/b"])
        controller.settle()
    assert len(rig.aws.load_balancers()) == 1


def test_a_sweep_that_cannot_read_changes_nothing(rig: Rig) -> None:
    """A read that fails is no empty answer: nothing is made twice, nothing is removed."""
    rig.apply(ingress("web"), ingress("other"))
    with rig.running("--sync-period=1s") as controller:
        controller.settle()
        rig.aws.front.fail("Describe*", code="AccessDenied", status=403)
        mark = rig.mark()
        rig.until(lambda: len(rig.aws.front.calls) - mark.calls >= 3)
        assert rig.since(mark).aws == []
        assert "Traceback" not in controller.log.read_text()
        rig.aws.front.release()
    assert len(rig.aws.load_balancers()) == 2
    assert len(rig.aws.targets()) == 2


@pytest.mark.parametrize("failing", [1, 3, 5, 7])
def test_a_create_that_fails_anywhere_is_taken_up_again(rig: Rig, failing: int) -> None:
    """After the n-th write AWS is down and the process killed; the next one finishes the work."""
    count = 0

    def look(_: object) -> None:
        nonlocal count
        count += 1
        if count == failing:
            rig.aws.front.fail("*", code="ServiceUnavailable", status=503)

    rig.apply(ingress("web", ["/a"]))
    rig.aws.front.on_write = look
    with rig.running() as controller:
        rig.until(lambda: count >= failing)
        controller.process.kill()
        controller.process.wait(30)
    rig.aws.front.release()
    with rig.running() as controller:
        controller.settle()
        assert rig.hostname()
    assert rig.aws.paths() == ["/a"]
    assert len(rig.aws.load_balancers()) == 1
    assert len(rig.aws.target_groups()) == 1
    assert len(rig.aws.made_groups()) == 2
    assert len(rig.aws.targets()) == 2


@pytest.mark.parametrize("failing", [1, 3, 4, 5])
def test_a_deletion_that_breaks_off_anywhere_is_finished(rig: Rig, failing: int) -> None:
    """After the n-th write AWS is down and the process killed; the next one leaves nothing."""
    rig.apply(ingress("web", ["/a"]))
    with rig.running() as controller:
        controller.settle()
        done = len(rig.aws.front.writes())

        def look(_: object) -> None:
            if len(rig.aws.front.writes()) - done >= failing:
                rig.aws.front.fail("*", code="ServiceUnavailable", status=503)

        rig.aws.front.on_write = look
        rig.delete("Ingress", "web")
        rig.until(lambda: len(rig.aws.front.writes()) - done >= failing)
        controller.process.kill()
        controller.process.wait(30)
    rig.aws.front.on_write = None
    rig.aws.front.release()
    with rig.running() as controller:
        controller.settle()
    assert rig.is_gone("Ingress", "web")
    assert rig.aws.load_balancers() == []
    assert rig.aws.target_groups() == []
    assert rig.aws.made_groups() == []
    assert rig.aws.security_groups()["eks-cluster-sg-prod"]["IpPermissions"] == []
    assert rig.cluster.list("TargetGroupBinding") == []
