"""`alb-controller sandbox` as a process, as a user runs it."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path

from tests.waiting import until

SECONDS = 150.0


class Sandbox:
    """A sandbox that runs; what it printed so far is `text()`."""

    def __init__(self, process: subprocess.Popen[bytes], output: Path) -> None:
        self.process, self._output = process, output

    def text(self) -> str:
        """All that it printed."""
        return self._output.read_text()

    def await_text(self, texts: str) -> None:
        """Wait until it printed these words."""
        until(lambda: texts in self.text() or self.process.poll() is not None, seconds=SECONDS)
        assert texts in self.text(), self.text()

    def controller_pid(self) -> int:
        """The process id of the controller that it runs."""
        found = re.search(r"controller running as process (\d+)", self.text())
        assert found, self.text()
        return int(found.group(1))

    def end(self) -> int:
        """Wait for its end; its exit code."""
        return self.process.wait(SECONDS)


@contextlib.contextmanager
def sandbox(*arguments: str, folder: Path, **environment: str) -> Iterator[Sandbox]:
    """Run it for as long as the block; its temporary folder is below `folder`."""
    output = folder / "output.txt"
    variables: Mapping[str, str] = {**os.environ, "TMPDIR": str(folder), **environment}
    with output.open("wb") as out:
        process = subprocess.Popen(
            [sys.executable, "-m", "alb_controller", "sandbox", "--timeout=140", *arguments],
            env=variables,
            stdout=out,
            stderr=subprocess.STDOUT,
            cwd=tempfile.gettempdir(),
        )
    try:
        yield Sandbox(process, output)
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
            process.wait(60)
