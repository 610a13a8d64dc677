"""The controller as a black box: a process, its two health addresses, and what it logged."""

from __future__ import annotations

import contextlib
import http.client
import signal
import subprocess
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import requests

from alb_controller.sandbox.controller import AT_ONCE, environment_of
from tests.apiserver.control_plane import free_ports
from tests.conformance.aws_account import CLUSTER, REGION
from tests.conformance.launcher import Launched

START_SECONDS = 60
SETTLE_SECONDS = 120
STOP_SECONDS = 30
STILL_SECONDS = 0.2
STILL_ANSWERS = 4
"""In a row, too: on a busy machine a time alone may be over before anybody had a turn."""
WATCH_SECONDS = 0.1


class ControllerError(AssertionError):
    """The controller ended by itself, did not start or did not settle."""


class Controller:
    """A running controller."""

    def __init__(self, process: Launched, ports: tuple[int, int], log: Path) -> None:
        self.process, self.log = process, log
        self.metrics, self.health = (f"http://127.0.0.1:{port}" for port in ports)
        self._probed = f"127.0.0.1:{ports[1]}"

    def await_ready(self) -> None:
        """Wait until /readyz says so."""
        self._await("/readyz", START_SECONDS)

    def settle(self) -> None:
        """Wait until it says for a while that it has nothing to do."""
        time.sleep(WATCH_SECONDS)  # the change must reach its watch first
        deadline = time.monotonic() + SETTLE_SECONDS
        still_since, answers = time.monotonic(), 0
        while answers < STILL_ANSWERS or time.monotonic() - still_since < STILL_SECONDS:
            if self._answers("/debug/idle"):
                answers += 1
                time.sleep(0.05)
            else:
                self._await("/debug/idle", deadline - time.monotonic())
                still_since, answers = time.monotonic(), 0

    def _await(self, path: str, seconds: float) -> None:
        deadline = time.monotonic() + seconds
        while not self._answers(path):
            code = self.process.returncode
            if code is not None:
                raise ControllerError(f"the controller ended with {code}:\n{self.tail()}")
            if time.monotonic() > deadline:
                raise ControllerError(f"{path} was not 200 within {seconds:.0f} s:\n{self.tail()}")
            time.sleep(0.05)

    def _answers(self, path: str) -> bool:
        with contextlib.closing(http.client.HTTPConnection(self._probed, timeout=10)) as probe:
            try:
                probe.request("GET", path)
                return probe.getresponse().status == 200
            except (OSError, http.client.HTTPException):
                return False

    def scrape(self) -> str:
        """What Prometheus gets."""
        return requests.get(self.metrics + "/metrics", timeout=30).text

    def tail(self) -> str:
        """The end of its log."""
        return self.log.read_text()[-3000:]


@contextlib.contextmanager
def running(
    kubeconfig: Path, endpoint: str, vpc: str, log: Path, flags: Sequence[str] = ()
) -> Iterator[Controller]:
    """Our controller over one cluster and one AWS endpoint, for as long as the block."""
    with started(kubeconfig, endpoint, vpc, log, flags) as controller:
        controller.await_ready()
        yield controller


@contextlib.contextmanager
def started(
    kubeconfig: Path, endpoint: str, vpc: str, log: Path, flags: Sequence[str] = ()
) -> Iterator[Controller]:
    """The same, without a wait for it to be ready; flags that are given again win."""
    metrics, health = free_ports(2)
    arguments = [
        "run",
        f"--kubeconfig={kubeconfig}",
        f"--cluster-name={CLUSTER}",
        f"--aws-region={REGION}",
        f"--aws-vpc-id={vpc}",
        "--enable-leader-election=false",
        f"--metrics-bind-addr=127.0.0.1:{metrics}",
        f"--health-probe-bind-addr=127.0.0.1:{health}",
        *AT_ONCE,
        *flags,
    ]
    environment = environment_of(endpoint, log.parent)  # nothing of the caller's
    process = Launched(arguments, environment, log)
    try:
        yield Controller(process, (metrics, health), log)
    finally:
        _stop(process)


def _stop(process: Launched) -> None:
    process.send_signal(signal.SIGTERM)
    try:
        process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
        texts = f"the controller did not end within {STOP_SECONDS} s of SIGTERM"
        raise ControllerError(texts) from None
