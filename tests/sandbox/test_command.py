"""`alb-controller sandbox`: what a user sees, and that it ends what it started."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from tests.sandbox.command import sandbox

READY = "Ctrl-C ends it all."
BAD_SCHEME = """
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  name: bad
  annotations: {alb.ingress.kubernetes.io/scheme: sideways}
spec:
  ingressClassName: alb
  defaultBackend: {service: {name: web, port: {number: 80}}}
"""


def _is_running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def _left_behind(folder: Path) -> list[Path]:
    return list(folder.glob("alb-controller-sandbox-*"))


def test_once_shows_the_shared_load_balancer_and_ends(tmp_path: Path) -> None:
    """Three Ingresses become two load balancers, every Pod a healthy target, and it costs less."""
    with sandbox("--once", folder=tmp_path) as run:
        assert run.end() == 0, run.text()
    text = run.text()
    assert "shared by myapi/myapi, myapp/myapp" in text
    assert text.count("\nALB ") == 2
    assert text.count("healthy") == 6
    assert "One load balancer for each Ingress would be 3; there are 2." in text
    assert "host myapp.example" in text
    assert text.count("→ 200 from pod") == 3
    assert not _left_behind(tmp_path)


def test_ctrl_c_ends_everything(tmp_path: Path) -> None:
    """The exit code is 0, the controller is gone, no file is left."""
    with sandbox(folder=tmp_path) as run:
        run.await_text(READY)
        assert "export KUBECONFIG=" in run.text()
        assert "export AWS_ENDPOINT_URL=http://127.0.0.1:" in run.text()
        pid = run.controller_pid()
        assert _is_running(pid)
        run.process.send_signal(signal.SIGINT)
        assert run.end() == 0, run.text()
    assert not _is_running(pid)
    assert not _left_behind(tmp_path)


def test_an_early_signal_ends_it_too(tmp_path: Path) -> None:
    """Interrupted before all is made, it says so and exits with 130."""
    with sandbox(folder=tmp_path) as run:
        run.await_text("controller running as process")
        run.process.send_signal(signal.SIGTERM)
        code = run.end()
    assert code in (0, 130)
    assert code == 0 or "interrupted" in run.text()
    assert not _left_behind(tmp_path)


def test_a_part_that_dies_is_named(tmp_path: Path) -> None:
    """When the controller is killed the sandbox says so and ends with 1."""
    with sandbox(folder=tmp_path) as run:
        run.await_text(READY)
        os.kill(run.controller_pid(), signal.SIGKILL)
        assert run.end() == 1
    assert "the controller ended with exit code -9" in run.text()
    assert not _left_behind(tmp_path)


def test_an_ingress_that_is_refused_is_the_reason(tmp_path: Path) -> None:
    """--once is 1 and says which Ingress, and why."""
    (tmp_path / "bad.yaml").write_text(BAD_SCHEME)
    with sandbox("--once", "-f", str(tmp_path / "bad.yaml"), folder=tmp_path) as run:
        assert run.end() == 1
    assert "Ingress default/bad was refused: FailedBuildModel" in run.text()
    assert "sideways" in run.text()


def test_what_is_missing_is_named_when_the_time_is_up(tmp_path: Path) -> None:
    """An impossible time limit ends with 1 and the thing that was waited for."""
    with sandbox("--once", "--timeout", "0", folder=tmp_path) as run:
        assert run.end() == 1
    assert "after 0 s" in run.text()


@pytest.mark.parametrize("flag", ["--kube-port", "--aws-port"])
def test_a_taken_port_is_one_line(tmp_path: Path, flag: str) -> None:
    """The flag, the port and the reason; exit code 2."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with sandbox("--once", flag, str(port), folder=tmp_path) as run:
            assert run.end() == 2
    assert f"alb-controller: {flag}={port}: Address already in use" in run.text()
    assert "Traceback" not in run.text()


def test_a_missing_file_is_one_line(tmp_path: Path) -> None:
    """Nothing is started for it; exit code 2."""
    with sandbox("--once", "-f", "/nowhere.yaml", folder=tmp_path) as run:
        assert run.end() == 2
    assert len(run.text().splitlines()) == 1


def test_without_moto_the_extra_is_named() -> None:
    """Who installed the controller alone reads what the sandbox needs."""
    program = (
        "import sys; sys.modules['moto'] = None\n"
        "from alb_controller.cli import main\n"
        "sys.exit(main(['sandbox', '--once']))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 2
    assert "pip install 'alb-controller[sandbox]'" in done.stderr
    assert "Traceback" not in done.stderr
