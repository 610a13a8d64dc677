"""Starts the controller as a process of its own that need not import everything again.

A server process imports the program and parses the SDK's models once; each controller is a fork of
it, with arguments, environment and output of its own. What it does from `main` on is what the
command does. The command itself is started by tests/sandbox.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

_CONTEXT = multiprocessing.get_context("forkserver")
_CONTEXT.set_forkserver_preload(
    ["alb_controller.cli", "alb_controller.app", "botocore.handlers", "tests.conformance.preloaded"]
)


class Launched:
    """One process, with what tests need of `subprocess.Popen`."""

    def __init__(self, arguments: Sequence[str], environment: Mapping[str, str], log: Path) -> None:
        """Start `alb-controller` with these arguments, this environment alone, and its log."""
        log.write_bytes(b"")  # there is one to read before the fork has begun
        self._process = _CONTEXT.Process(
            target=_become, args=(list(arguments), dict(environment), str(log)), daemon=True
        )
        self._process.start()

    @property
    def pid(self) -> int:
        """Its process id."""
        assert self._process.pid is not None
        return self._process.pid

    @property
    def returncode(self) -> int | None:
        """The exit code, minus a signal's number, or None while it runs."""
        return self._process.exitcode

    def wait(self, timeout: float | None = None) -> int:
        """The exit code once it has ended. Raises subprocess.TimeoutExpired."""
        self._process.join(timeout)
        if self.returncode is None:
            raise subprocess.TimeoutExpired("alb-controller", timeout or 0)
        return self.returncode

    def send_signal(self, number: int) -> None:
        """Send a signal to a process that still runs."""
        if self.returncode is None:
            os.kill(self.pid, number)

    def kill(self) -> None:
        """Kill it, as the kernel would."""
        self.send_signal(signal.SIGKILL)


def _become(arguments: list[str], environment: dict[str, str], log: str) -> None:
    """In the fork: nothing of the caller's but this, then the program."""
    output = os.open(log, os.O_WRONLY | os.O_APPEND)
    for stream in (sys.stdout, sys.stderr):
        stream.flush()
    os.dup2(output, 1)
    os.dup2(output, 2)
    os.environ.clear()
    os.environ.update(environment)
    from alb_controller.cli import main  # noqa: PLC0415  # in the server process, not in pytest's

    sys.exit(main(arguments))
