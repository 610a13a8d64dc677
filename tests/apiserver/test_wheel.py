"""The package as the image holds it: a wheel in an empty environment, under the image's user."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import requests

from alb_controller.sandbox.controller import environment_of
from tests.apiserver.conftest import go_without
from tests.apiserver.control_plane import Unavailable, free_ports, take_step
from tests.conformance.embedded import embedded
from tests.waiting import until

USER = 65532
READY_SECONDS = 4.0
"""To serve, with files in the page cache: the budget of ADR 21."""

WATCHER = """\
import os, sys

def watch(event, args):
    if event == "open":
        path, _, flags = args
        writes = flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT)
        wrote = writes and not str(path).startswith(("/dev/", "/proc/"))
    else:
        path, wrote = args[:1], event in ("os.mkdir", "os.rename", "os.remove", "os.symlink")
    if wrote:
        os.write(2, f"WROTE {path}\\n".encode())

sys.addaudithook(watch)
"""
"""Tells of every file that a Python process means to write, whatever its user may."""

pytestmark = pytest.mark.timeout(600)


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    """One that the image's user may read; pytest's own are for root alone."""
    with tempfile.TemporaryDirectory(prefix="alb-controller-") as name:
        path = Path(name)
        path.chmod(0o755)
        yield path


@pytest.fixture(scope="module")
def program(folder: Path) -> Path:
    """`alb-controller` out of the wheel, in an environment that has nothing else."""
    venv, wheels = folder / "venv", folder / "wheels"
    pip = [str(venv / "bin" / "python"), "-m", "pip", "--disable-pip-version-check", "--quiet"]
    try:
        take_step([sys.executable, "-m", "venv", str(venv)])
        take_step([*pip, "wheel", "--no-deps", "--wheel-dir", str(wheels), str(Path.cwd())])
        (wheel,) = wheels.glob("*.whl")
        take_step([*pip, "install", "--only-binary=:all:", str(wheel)])
    except Unavailable as error:
        go_without("wheel", error)
    (packages,) = (venv / "lib").glob("python*/site-packages")
    (packages / "watcher.py").write_text(WATCHER)
    (packages / "watcher.pth").write_text("import watcher\n")
    return venv / "bin" / "alb-controller"


def as_user() -> dict[str, Any]:
    """How a process becomes the image's user, if we may and that one can read the interpreter."""
    real = Path(sys.executable).resolve()
    may_read = all(parent.stat().st_mode & 0o001 for parent in real.parents)
    who: dict[str, Any] = {"user": USER, "group": USER, "extra_groups": []}
    return {"cwd": "/", **(who if os.geteuid() == 0 and may_read else {})}


def surroundings(url: str = "http://127.0.0.1:1") -> Mapping[str, str]:
    """As in the image: no home, and nothing compiled on the way."""
    made = environment_of(url, Path("/nonexistent"))
    return made | {"PYTHONDONTWRITEBYTECODE": "1", "PYTHONUNBUFFERED": "1"}


def test_help_is_printed(program: Path) -> None:
    """The image's arguments without a cluster: the program is whole."""
    command = [str(program), "run", "--help"]
    ran = subprocess.run(
        command, env=surroundings(), capture_output=True, text=True, check=False, **as_user()
    )
    assert ran.returncode == 0, ran.stderr
    assert "--cluster-name" in ran.stdout


def test_only_what_is_declared_is_installed(program: Path) -> None:
    """Nothing of the sandbox or of the tests comes with it."""
    listed = [str(program.with_name("python")), "-m", "pip", "list", "--format=freeze"]
    names = {
        line.partition("==")[0].lower()
        for line in subprocess.check_output(listed, text=True).split()
    }
    assert names.isdisjoint({"moto", "pytest", "rich", "jsonpatch"})
    assert "alb-controller" in names


def test_the_watcher_sees_a_write(program: Path, folder: Path) -> None:
    """Or the silence of the next test would mean nothing."""
    command = [str(program.with_name("python")), "-c", f"open({str(folder / 'x')!r}, 'w')"]
    ran = subprocess.run(command, capture_output=True, text=True, check=True)
    assert "WROTE" in ran.stderr


def test_it_is_ready_in_time_and_ends_cleanly(program: Path, folder: Path) -> None:
    """With the page cache warm it serves within 4 s, writes no file, and ends at SIGTERM with 0."""
    (health,) = free_ports(1)
    with embedded(folder) as (_, kubeconfig):
        command = [
            *(str(program), "run", f"--kubeconfig={kubeconfig}", "--cluster-name=c"),
            *("--aws-vpc-id=vpc-1", "--metrics-bind-addr=0", "--leader-election-namespace=default"),
            f"--health-probe-bind-addr=127.0.0.1:{health}",
        ]
        took = float("inf")
        for _ in range(2):  # the first start fills the page cache
            began = time.monotonic()
            with (folder / "log").open("w") as log:
                process = subprocess.Popen(
                    command, env=surroundings(), stdout=log, stderr=log, **as_user()
                )
            try:
                until(lambda: is_ready(health), seconds=60)
                took = time.monotonic() - began
            finally:
                process.terminate()
            assert process.wait(10) == 0, (folder / "log").read_text()
        assert took < READY_SECONDS
        assert "WROTE" not in (folder / "log").read_text()
    print(f"ready after {took:.2f} s")


def is_ready(port: int) -> bool:
    """Whether /readyz says so."""
    try:
        return requests.get(f"http://127.0.0.1:{port}/readyz", timeout=2).ok
    except requests.RequestException:
        return False
