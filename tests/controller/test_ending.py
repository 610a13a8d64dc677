"""SIGTERM ends the process cleanly and soon, whatever state the world is in."""

from __future__ import annotations

import signal
from pathlib import Path

from alb_controller.sandbox.kubeapi import ApiServer
from tests.conformance.controller import Controller
from tests.controller.manifests import ingress
from tests.controller.rig import Rig

SECONDS = 10.0
"""What a pod gets (spec 10.7)."""


def _end(controller: Controller) -> None:
    """SIGTERM; it must end with 0, in time and without a traceback."""
    controller.process.send_signal(signal.SIGTERM)
    assert controller.process.wait(SECONDS) == 0, controller.tail()
    assert "Traceback" not in controller.log.read_text()


def test_it_ends_when_idle(rig: Rig) -> None:
    """Nothing is in work, so nothing is waited for."""
    rig.apply(ingress("web"))
    with rig.running() as controller:
        controller.settle()
        _end(controller)


def test_it_ends_once_however_often_it_is_asked(rig: Rig) -> None:
    """An impatient operator, or a kubelet beside a shell, changes nothing."""
    with rig.running() as controller:
        for _ in range(50):
            controller.process.send_signal(signal.SIGTERM)
        controller.process.send_signal(signal.SIGINT)
        _end(controller)


def test_it_ends_while_aws_throttles(rig: Rig) -> None:
    """A call that waits for its next attempt gives up at once, and no user hears of it."""
    rig.aws.front.fail("Create*", code="Throttling", text="Rate exceeded")
    rig.apply(ingress("web"))
    with rig.running() as controller:
        rig.until(lambda: rig.aws.front.operations().count("CreateSecurityGroup") >= 3)
        _end(controller)
    assert rig.warnings() == []


def test_it_ends_while_the_api_is_down(rig: Rig, api: tuple[ApiServer, Path]) -> None:
    """Watches and the Lease are let go without an answer."""
    flags = ("--enable-leader-election=true", "--leader-election-namespace=shop")
    with rig.running(*flags) as controller:
        controller.settle()
        api[0].stop()
        _end(controller)


def test_it_ends_before_it_has_begun(rig: Rig, api: tuple[ApiServer, Path]) -> None:
    """Also where the API never answered."""
    api[0].stop()
    with rig.started() as controller:
        rig.until(lambda: "watch_failed" in controller.log.read_text())
        _end(controller)


def test_what_was_begun_is_finished(rig: Rig) -> None:
    """A create that is on its way is waited for; the next process needs no second one."""
    rig.aws.front.hold("CreateLoadBalancer")
    rig.apply(ingress("web"))
    with rig.running() as controller:
        rig.until(lambda: "CreateTargetGroup" in rig.aws.front.operations())
        controller.process.send_signal(signal.SIGTERM)
        rig.until(lambda: "stopping" in controller.log.read_text())
        rig.aws.front.release()
        assert controller.process.wait(SECONDS) == 0, controller.tail()
    with rig.running() as controller:
        controller.settle()
        assert rig.hostname()
    assert rig.aws.front.operations().count("CreateLoadBalancer") <= 1
    assert len(rig.aws.load_balancers()) == 1
