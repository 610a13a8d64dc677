"""The rules of tests/conftest.py hold."""

from __future__ import annotations

import os
import socket

import pytest


@pytest.mark.parametrize("address", [("192.0.2.1", 80), ("2001:db8::1", 80)])
def test_a_connection_beyond_loopback_is_refused(address: tuple[str, int]) -> None:
    """No test reaches another machine by address."""
    family = socket.AF_INET6 if ":" in address[0] else socket.AF_INET
    with socket.socket(family) as client, pytest.raises(RuntimeError, match="stay on loopback"):
        client.connect(address)


def test_a_name_beyond_localhost_is_not_looked_up() -> None:
    """No test asks a name server."""
    with pytest.raises(RuntimeError, match="stay on loopback"):
        socket.getaddrinfo("elasticloadbalancing.us-west-2.amazonaws.com", 443)


@pytest.mark.parametrize("host", ["0.0.0.0", ""])
def test_a_server_may_not_listen_beyond_loopback(host: str) -> None:
    """A listening socket of a test is no door into the machine."""
    with socket.socket() as server, pytest.raises(RuntimeError, match="stay on loopback"):
        server.bind((host, 0))


def test_loopback_is_open() -> None:
    """Real HTTP between a test and its own server works."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        client = socket.create_connection(("localhost", server.getsockname()[1]), timeout=20)
        with client:
            assert client.getpeername()[0] == "127.0.0.1"


def test_no_setting_of_the_caller_leaks_in() -> None:
    """The only AWS variables are ours, and they lead nowhere."""
    ours = {"AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE", "AWS_EC2_METADATA_DISABLED"}
    assert {name for name in os.environ if name.startswith("AWS_")} == ours
    assert "KUBECONFIG" not in os.environ
    assert not [name for name in os.environ if name.upper().endswith("_PROXY")]
