"""A running embedded API for each test, and clients of it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from alb_controller.sandbox.kubeapi import ApiServer


@pytest.fixture
def server() -> Iterator[ApiServer]:
    """A server of its own."""
    with ApiServer() as started:
        yield started


class Caller:
    """Plain HTTP to one server."""

    def __init__(self, server: ApiServer, authority: Path) -> None:
        self.server = server
        self.http = requests.Session()
        self.http.verify, self.http.trust_env = str(authority), False
        self.http.headers["Authorization"] = f"Bearer {server.token}"

    def call(self, method: str, path: str, body: Any = None, **more: Any) -> requests.Response:
        """One request; the answer, whatever its code."""
        return self.http.request(method, self.server.url + path, json=body, timeout=60, **more)

    def make(self, name: str, **data: str) -> dict[str, Any]:
        """A new ConfigMap in the namespace default."""
        answer = self.call("POST", CONFIGMAPS, {"metadata": {"name": name}, "data": data})
        assert answer.status_code == 201, answer.text
        return dict(answer.json())


CONFIGMAPS = "/api/v1/namespaces/default/configmaps"


@pytest.fixture
def authority(server: ApiServer, tmp_path: Path) -> Path:
    """The server's CA as a file."""
    path = tmp_path / "ca.pem"
    path.write_bytes(server.ca_certificate)
    return path


@pytest.fixture
def caller(server: ApiServer, authority: Path) -> Iterator[Caller]:
    """A client that trusts the server and has its token."""
    made = Caller(server, authority)
    yield made
    made.http.close()
