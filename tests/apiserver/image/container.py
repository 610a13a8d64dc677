"""Runs an image's processes as a cluster does under the chart's securityContext, without a runtime.

Where root may make namespaces, a process is the first of its own, every mount is read-only, and it
has no capability. Elsewhere it refuses by an audit hook what its Python code would write; native
code passes that by, so it proves less.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec

from tests.apiserver.image.dockerfile import Image

_APART = ("unshare", "--mount", "--pid", "--fork")
_ENTER = """\
user=$1; shift
cut -d' ' -f5 /proc/self/mountinfo | while read -r point; do
  mount -o remount,bind,ro "$(printf %b "$point")"
done
mount -t proc -o ro,nosuid,nodev,noexec proc /proc
exec setpriv --reuid="${user%:*}" --regid="${user#*:}" --clear-groups \\
  --no-new-privs --inh-caps=-all --bounding-set=-all -- "$@"
"""
_REFUSAL = """\
import errno, os, sys

CHANGES = ("os.link", "os.mkdir", "os.remove", "os.rename", "os.rmdir", "os.symlink", "os.truncate")
WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC

def refuse(event, args):
    if event in CHANGES or (event == "open" and args[2] & WRITES):
        if args[0] != os.devnull:
            raise OSError(errno.EROFS, os.strerror(errno.EROFS), args[0])

sys.addaudithook(refuse)
"""
STOP_SECONDS = 60.0


class Container(msgspec.Struct, frozen=True):
    """A way to run an image."""

    image: Image
    why_not_apart: str = ""
    """What forbids namespaces of its own; nothing where it has them."""

    def run(self, *texts: str) -> subprocess.CompletedProcess[str]:
        """Run a program of the image to its end."""
        return subprocess.run(
            self._command(texts), capture_output=True, text=True, check=False, **self._how({})
        )

    @contextlib.contextmanager
    def running(
        self, arguments: Sequence[str], environment: Mapping[str, str], log: Path
    ) -> Iterator[Process]:
        """The image's own program with arguments in place of its command, as long as the block."""
        command = self._command([*self.image.entrypoint, *arguments])
        with log.open("wb") as output:
            started = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                **self._how(environment),
            )
        process = Process(started, is_apart=not self.why_not_apart)
        try:
            yield process
        finally:
            process.end(signal.SIGKILL)

    def _command(self, texts: Sequence[str]) -> list[str]:
        if self.why_not_apart:
            return list(texts)
        return _apart(self.image.user, texts)

    def _how(self, environment: Mapping[str, str]) -> dict[str, Any]:
        env = self.image.environ() | dict(environment)
        if not self.why_not_apart:
            return {"cwd": self.image.folder, "env": env}
        folder = self.image.root.with_name("refusal")
        folder.mkdir(exist_ok=True)
        (folder / "sitecustomize.py").write_text(_REFUSAL)
        user, group = map(int, self.image.user.split(":"))
        who = {"user": user, "group": group, "extra_groups": []} if os.geteuid() == 0 else {}
        return {"cwd": self.image.folder, "env": env | {"PYTHONPATH": str(folder)}, **who}


class Process:
    """A process of a container, seen from outside."""

    def __init__(self, started: subprocess.Popen[bytes], *, is_apart: bool) -> None:
        self._started, self._is_apart = started, is_apart

    def end(self, number: signal.Signals = signal.SIGTERM) -> int:
        """Send it a signal, unless it has ended; its exit code.

        Raises subprocess.TimeoutExpired where it goes on.
        """
        if self._started.poll() is None:
            for pid in self._pids() or [self._started.pid]:
                os.kill(pid, number)
        return self._started.wait(STOP_SECONDS)

    def _pids(self) -> list[int]:
        """The one process; what made its namespaces waits for it and passes no signal on."""
        pid = self._started.pid
        if not self._is_apart:
            return [pid]
        return [int(text) for text in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def _apart(user: str, texts: Sequence[str]) -> list[str]:
    return [*_APART, "sh", "-euc", _ENTER, "enter", user, *texts]


def ways(image: Image) -> list[Container]:
    """Those that work here, the one that proves most first."""
    refusing = Container(image, why_not_apart())
    if refusing.why_not_apart:
        return [refusing]
    return [Container(image), Container(image, "it is not asked for")]


def why_not_apart() -> str:
    """Why a process cannot have namespaces of its own on this machine; nothing if it can."""
    if os.geteuid() != 0:
        return "only root may make namespaces"
    if missing := [name for name in ("unshare", "mount", "setpriv") if not shutil.which(name)]:
        return f"util-linux has no {' and no '.join(missing)} here"
    tried = subprocess.run(
        _apart("65532:65532", ["true"]), capture_output=True, text=True, check=False
    )
    return "" if tried.returncode == 0 else tried.stderr.strip()
