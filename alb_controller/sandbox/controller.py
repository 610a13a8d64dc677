"""The controller itself, unchanged: `alb-controller run` as a process of its own.

Its environment is built from nothing, so that no setting, credential, proxy or kubeconfig of the
caller's can lead it to a real account or cluster; and its calls to AWS are bound to loopback.
"""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from alb_controller.sandbox.aws.account import CLUSTER, CREDENTIALS, REGION
from alb_controller.sandbox.failures import PartEnded

AT_ONCE = ("--replacement-ready-timeout=0", "--replacement-drain=0")
"""What is replaced goes at once: who looks at a result waits for no ten minutes."""
STOP_SECONDS = 10.0
_LAST_LINES = 20
_DIRECT = urllib.request.build_opener(urllib.request.ProxyHandler({}))


@dataclass(frozen=True, slots=True)
class Surroundings:
    """Where the controller finds its two sides, and a folder for its home and its log."""

    kubeconfig: Path
    aws_url: str
    vpc_id: str
    folder: Path


def environment_of(aws_url: str, home: Path) -> dict[str, str]:
    """All variables that the controller gets; none is the caller's."""
    return {
        **CREDENTIALS,
        "AWS_ENDPOINT_URL": aws_url,
        "AWS_REGION": REGION,
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
        "ALB_CONTROLLER_LOOPBACK_ONLY": "1",
        "HOME": str(home),
        "NO_PROXY": "*",
        "PYTHONUTF8": "1",
    }


class ControllerProcess:
    """One running controller. Its log is `log`."""

    def __init__(self, surroundings: Surroundings, flags: Sequence[str] = ()) -> None:
        """Start it. `flags` come last and so win."""
        self._held = hold_port()
        self._health = int(self._held.getsockname()[1])
        home = surroundings.folder / "home"
        home.mkdir(exist_ok=True)
        self.log = surroundings.folder / "controller.log"
        command = [
            *(sys.executable, "-m", "alb_controller", "run"),
            f"--kubeconfig={surroundings.kubeconfig}",
            f"--cluster-name={CLUSTER}",
            f"--aws-region={REGION}",
            f"--aws-vpc-id={surroundings.vpc_id}",
            "--enable-leader-election=false",
            "--metrics-bind-addr=127.0.0.1:0",
            f"--health-probe-bind-addr=127.0.0.1:{self._health}",
            *AT_ONCE,
            *flags,
        ]
        with self.log.open("wb") as output:
            self._process = subprocess.Popen(
                command,
                env=environment_of(surroundings.aws_url, home),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,  # Ctrl-C is ours to pass on
            )

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._process.pid

    def check(self) -> None:
        """Raises PartEnded, with the end of its log, if it has ended."""
        code = self._process.poll()
        if code is not None:
            lines = self._last_lines()
            last = lines[-1] if lines else "it said nothing"
            raise PartEnded(f"the controller ended with exit code {code}: {last}", lines)

    def _last_lines(self) -> list[str]:
        lines = self.log.read_text(errors="replace").splitlines()
        return [line for line in lines if line.strip()][-_LAST_LINES:]

    def is_ready(self) -> bool:
        """Whether it has read the cluster."""
        return self._answers("/readyz")

    def is_idle(self) -> bool:
        """Whether it has nothing to do, now and in the next seconds."""
        return self._answers("/debug/idle")

    def _answers(self, path: str) -> bool:
        try:
            with _DIRECT.open(f"http://127.0.0.1:{self._health}{path}", timeout=2) as answer:
                return bool(answer.status == 200)
        except (urllib.error.URLError, OSError):
            return False

    def stop(self) -> None:
        """End it, kindly at first."""
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGTERM)
            try:
                self._process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
        self._held.close()


def hold_port(port: int = 0) -> socket.socket:
    """A port of loopback (any, or this one) that the kernel gives to nobody else meanwhile.

    It does not listen, so a server that sets SO_REUSEADDR (all do) may have the port (socket(7)).
    """
    held = socket.socket()
    held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    held.bind(("127.0.0.1", port))
    return held
