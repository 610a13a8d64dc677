"""Nobody but the owner of the kubeconfig gets in."""

from __future__ import annotations

import socket
import stat
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import requests
import yaml

from alb_controller.sandbox.kubeapi import ApiServer
from tests.sandbox.kubeapi.conftest import CONFIGMAPS, Caller


@pytest.mark.parametrize("header", ["", "Bearer", "Bearer wrong", "Basic YTpi"])
def test_a_request_without_the_token_is_refused(caller: Caller, header: str) -> None:
    """401 with a Status, and nothing of the answer."""
    answer = caller.call("GET", CONFIGMAPS, headers={"Authorization": header})
    assert (answer.status_code, answer.json()["reason"]) == (401, "Unauthorized")


@pytest.mark.parametrize("path", ["/version", "/api", "/openapi/v3", "/healthz", "/nope"])
def test_every_path_wants_the_token(caller: Caller, path: str) -> None:
    """Discovery and health tell nothing to strangers either."""
    answer = caller.call("GET", path, headers={"Authorization": ""})
    assert answer.status_code == 401


@pytest.mark.parametrize(
    "host", ["evil.example", "127.0.0.1.evil.example", "localhost.", "192.0.2.1", ""]
)
def test_a_foreign_host_is_refused(caller: Caller, host: str) -> None:
    """A web page that points a name of its own at loopback is turned away, token or not."""
    assert caller.call("GET", "/version", headers={"Host": host}).status_code in (400, 421)


def test_it_listens_on_loopback_alone(server: ApiServer) -> None:
    """The URL is 127.0.0.1, and another loopback address is closed."""
    assert urlsplit(server.url).hostname == "127.0.0.1"
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.2", urlsplit(server.url).port or 0), timeout=2)


def test_a_client_without_the_ca_does_not_trust_it(server: ApiServer) -> None:
    """The certificate is no public one."""
    with pytest.raises(requests.exceptions.SSLError):
        requests.get(server.url + "/version", timeout=20)


def test_each_server_has_a_token_of_its_own() -> None:
    """A token is long, random, and of one server."""
    tokens = {ApiServer().token for _ in range(3)}
    assert len(tokens) == 3
    assert min(map(len, tokens)) >= 40


def test_the_kubeconfig_is_its_owners_alone(server: ApiServer, tmp_path: Path) -> None:
    """It holds the token, so nobody else may read it, even if the file was there before."""
    path = tmp_path / "kubeconfig"
    path.touch(mode=0o644)
    config = yaml.safe_load(server.write_kubeconfig(path).read_text())
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert config["users"][0]["user"] == {"token": server.token}
    assert config["clusters"][0]["cluster"]["server"] == server.url


def test_a_huge_body_is_refused(caller: Caller) -> None:
    """413 above 3 MiB, as on a real server."""
    answer = caller.call("POST", CONFIGMAPS, data=b"x" * (3 * 1024 * 1024 + 1))
    assert (answer.status_code, answer.json()["reason"]) == (413, "RequestEntityTooLarge")


def test_a_silent_client_blocks_nobody(server: ApiServer, caller: Caller) -> None:
    """A connection that never speaks TLS holds up its own thread only."""
    with socket.create_connection(("127.0.0.1", urlsplit(server.url).port or 0)):
        assert caller.call("GET", "/readyz").text == "ok"
