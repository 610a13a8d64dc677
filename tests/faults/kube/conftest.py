"""A faulting API server per test, and a client that is connected to it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from alb_controller.clock import SystemClock
from alb_controller.kube.client import KubeClient
from alb_controller.kube.connection import load
from tests.faults.kube.server import ApiServer


@pytest.fixture
def api() -> Iterator[ApiServer]:
    """The server."""
    made = ApiServer()
    yield made
    made.stop()


@pytest.fixture
def client(api: ApiServer, tmp_path: Path) -> Iterator[KubeClient]:
    """A client that has read the server's address from a kubeconfig."""
    made = KubeClient(load(str(write_kubeconfig(tmp_path / "kubeconfig", api.url))), SystemClock())
    yield made
    made.close()


def write_kubeconfig(path: Path, url: str, user: str = "one") -> Path:
    """A kubeconfig with that user's token for the server at that URL."""
    path.write_text(
        f"""apiVersion: v1
kind: Config
current-context: test
clusters: [{{name: test, cluster: {{server: "{url}"}}}}]
users: [{{name: me, user: {{token: {user}}}}}]
contexts: [{{name: test, context: {{cluster: test, user: me}}}}]
"""
    )
    return path
