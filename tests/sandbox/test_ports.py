"""Ports that are chosen before their server starts."""

from __future__ import annotations

import socket

import pytest

from alb_controller.sandbox.controller import hold_port


def test_a_held_port_waits_for_its_server() -> None:
    """Nobody answers there, the kernel gives it to no other, and one server may have it."""
    with hold_port() as held:
        address = held.getsockname()
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(address)
        others = [socket.create_server(("127.0.0.1", 0)) for _ in range(100)]
        assert address not in [other.getsockname() for other in others]
        with socket.create_server(address), pytest.raises(OSError, match="in use"):
            socket.create_server(address)
        for other in others:
            other.close()
