"""The offline world cannot reach a real account or cluster, whatever the caller's set-up is."""

from __future__ import annotations

import contextlib
import os
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from alb_controller.sandbox.applying import apply_all
from alb_controller.sandbox.command import forget_caller
from alb_controller.sandbox.controller import ControllerProcess, Surroundings, environment_of
from alb_controller.sandbox.kubeapi import ApiServer
from alb_controller.sandbox.manifests import read_crds, read_example
from tests.sandbox.command import sandbox
from tests.waiting import until

AWS_CONFIG = """
[default]
endpoint_url = {url}
[profile prod]
region = eu-west-1
services = elsewhere
[services elsewhere]
elastic_load_balancing_v2 =
  endpoint_url = {url}
"""
KUBECONFIG = """
apiVersion: v1
kind: Config
current-context: prod
clusters: [{{name: prod, cluster: {{server: "{url}"}}}}]
users: [{{name: prod, user: {{token: secret}}}}]
contexts: [{{name: prod, context: {{cluster: prod, user: prod}}}}]
"""


class Trap:
    """A place on this machine that nobody may come to; counts who does."""

    def __init__(self) -> None:
        self._server = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._server.getsockname()[1]}"
        self.visits = 0
        threading.Thread(target=self._count, daemon=True).start()

    def _count(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self._server.accept()
                self.visits += 1
                connection.close()

    def close(self) -> None:
        """Let go of the port."""
        self._server.shutdown(socket.SHUT_RDWR)
        self._server.close()


@pytest.fixture
def trap() -> Iterator[Trap]:
    """A trap."""
    made = Trap()
    yield made
    made.close()


def _hostile(home: Path, url: str) -> dict[str, str]:
    """All that could lead a client elsewhere: variables, files, proxies."""
    for name, content in (
        (".aws/config", AWS_CONFIG.format(url=url)),
        (".aws/credentials", "[default]\naws_access_key_id = real\naws_secret_access_key = real\n"),
        (".kube/config", KUBECONFIG.format(url=url)),
    ):
        (home / name).parent.mkdir(exist_ok=True, parents=True)
        (home / name).write_text(content)
    services = ("ELASTIC_LOAD_BALANCING_V2", "EC2", "ACM", "WAFV2", "STS", "SHIELD")
    return {
        "HOME": str(home),
        "AWS_PROFILE": "prod",
        "AWS_ENDPOINT_URL": url,
        **{f"AWS_ENDPOINT_URL_{service}": url for service in services},
        "AWS_CONFIG_FILE": str(home / ".aws/config"),
        "AWS_SHARED_CREDENTIALS_FILE": str(home / ".aws/credentials"),
        "AWS_ACCESS_KEY_ID": "real",
        "AWS_SECRET_ACCESS_KEY": "real",
        "AWS_ROLE_ARN": "arn:aws:iam::123456789012:role/admin",
        "AWS_WEB_IDENTITY_TOKEN_FILE": str(home / ".aws/credentials"),
        "KUBECONFIG": str(home / ".kube/config"),
        "KUBERNETES_SERVICE_HOST": "127.0.0.1",
        "KUBERNETES_SERVICE_PORT": url.rpartition(":")[2],
        **dict.fromkeys(("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"), url),
        **dict.fromkeys(("http_proxy", "https_proxy", "all_proxy"), url),
    }


def test_a_hostile_environment_leads_nowhere(tmp_path: Path, trap: Trap) -> None:
    """With every variable and file pointing elsewhere the demo works, and nobody goes there."""
    with sandbox("--once", folder=tmp_path, **_hostile(tmp_path / "home", trap.url)) as run:
        assert run.end() == 0, run.text()
    assert trap.visits == 0
    assert "there are 2" in run.text()


def test_the_controller_gets_no_variable_of_the_caller(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its environment is built from nothing."""
    for name, value in _hostile(tmp_path, "http://127.0.0.1:1").items():
        monkeypatch.setenv(name, value)
    made = environment_of("http://127.0.0.1:2", tmp_path / "own")
    assert made["AWS_ENDPOINT_URL"] == "http://127.0.0.1:2"
    assert made["AWS_CONFIG_FILE"] == made["AWS_SHARED_CREDENTIALS_FILE"] == os.devnull
    assert made["HOME"] == str(tmp_path / "own")
    assert "real" not in made.values()
    assert not {"KUBECONFIG", "AWS_PROFILE", "PATH"} & set(made)


def test_the_sandbox_forgets_its_caller(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Clients in this process find no profile, endpoint, proxy or cluster either."""
    before = dict(os.environ)
    for name, value in _hostile(tmp_path, "http://127.0.0.1:1").items():
        monkeypatch.setenv(name, value)
    forget_caller()
    left = {name for name in os.environ if name.startswith(("AWS_", "KUBE")) or "roxy" in name}
    assert left == {"AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE", "AWS_EC2_METADATA_DISABLED"}
    assert os.environ["AWS_CONFIG_FILE"] == os.devnull
    assert set(os.environ) <= set(before) | left | {"HOME"}


def test_the_controllers_calls_are_bound_to_this_machine(tmp_path: Path) -> None:
    """Even an endpoint elsewhere is not called: the sender refuses before it connects."""
    with ApiServer() as server:
        apply_all(server.api, [*read_crds(), *read_example()], print)
        kubeconfig = server.write_kubeconfig(tmp_path / "kubeconfig")
        elsewhere = Surroundings(kubeconfig, "http://192.0.2.1:80", "vpc-1", tmp_path)
        controller = ControllerProcess(elsewhere)
        try:
            texts = "192.0.2.1 is not this machine"
            until(lambda: texts in controller.log.read_text(), seconds=60)
        finally:
            controller.stop()
