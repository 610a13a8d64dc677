"""What keeps the controller from starting is one clear line and an exit code that is not 0."""

from __future__ import annotations

import json
import socket
from pathlib import Path

import pytest

from tests.controller.rig import Rig


def _refusal(rig: Rig, *flags: str) -> str:
    """What it says as it ends."""
    with rig.started(*flags) as controller:
        assert controller.process.wait(60) not in (0, None)
        stated = controller.log.read_text()
    assert "Traceback" not in stated
    (line,) = (line for line in stated.splitlines() if '"level":"error"' in line)
    reported = json.loads(line)
    assert reported["event"] == "cannot_start"
    return str(reported["error"])


@pytest.mark.parametrize(
    "flag, texts",
    [
        ("--kubeconfig=/nowhere/config", "/nowhere/config"),
        ("--aws-region=", "--aws-region"),
        ("--aws-vpc-id=", "--aws-vpc-id"),
        ("--enable-leader-election=true", "--leader-election-namespace"),
    ],
)
def test_what_is_missing_is_named(rig: Rig, flag: str, texts: str) -> None:
    """The file that is not there, or the flag that helps."""
    assert texts in _refusal(rig, flag)


@pytest.mark.parametrize("flag", ["--metrics-bind-addr", "--health-probe-bind-addr"])
def test_a_port_in_use_is_named(rig: Rig, flag: str) -> None:
    """With its flag."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        stated = _refusal(rig, f"{flag}=127.0.0.1:{port}")
    assert flag in stated
    assert str(port) in stated


@pytest.mark.parametrize("text", ["[", "just words", "clusters: 3"])
def test_a_file_that_is_no_kubeconfig_is_named(rig: Rig, tmp_path: Path, text: str) -> None:
    """Whatever is in it."""
    path = tmp_path / "broken"
    path.write_text(text)
    assert str(path) in _refusal(rig, f"--kubeconfig={path}")
