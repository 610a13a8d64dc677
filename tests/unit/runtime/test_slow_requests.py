"""Clients that do not finish, at the port of the probes, with limits of a test's own."""

from __future__ import annotations

import contextlib
import select
import socket
import threading
import time
from collections.abc import Iterator

import pytest
import requests
from prometheus_client import REGISTRY

from alb_controller.runtime.connections import Limits
from alb_controller.runtime.health import Reply, Server
from alb_controller.settings import BindAddress
from tests.waiting import until

LARGE = b"x" * (8 << 20)
"""More than the kernel's buffers hold."""
QUICK = Limits(connections=4, request_seconds=1.0, idle_seconds=1.0, answer_seconds=1.0)
PATIENT = Limits(connections=4, request_seconds=60, idle_seconds=60, answer_seconds=60)


class Port:
    """A server and its clients."""

    def __init__(self, limits: Limits) -> None:
        self.held, self.release = threading.Event(), threading.Event()
        routes = {
            "/healthz": lambda _: Reply(200, "ok"),
            "/large": lambda _: Reply(200, LARGE),
            "/held": lambda _: self._wait(),
        }
        self.server = Server(
            "--health-probe-bind-addr", BindAddress("127.0.0.1", 0), routes, limits
        )
        self._clients = contextlib.ExitStack()

    def _wait(self) -> Reply:
        self.held.set()
        self.release.wait(30)
        return Reply(200, "held")

    def client(self, source: str = "127.0.0.1") -> socket.socket:
        """A connection that says nothing yet."""
        made = socket.create_connection(("127.0.0.1", self.server.port), 20, (source, 0))
        return self._clients.enter_context(made)

    def probe(self) -> str:
        """What a probe gets."""
        with requests.get(f"http://127.0.0.1:{self.server.port}/healthz", timeout=20) as answer:
            return answer.text

    def end(self) -> None:
        """Close all."""
        self.release.set()
        self._clients.close()
        self.server.stop()


@pytest.fixture
def port(request: pytest.FixtureRequest) -> Iterator[Port]:
    """With QUICK limits, or those of the test's parameter."""
    made = Port(getattr(request, "param", QUICK))
    yield made
    made.end()


def drain(client: socket.socket) -> None:
    """Read until the end."""
    while client.recv(1 << 20):
        pass


def is_reset(client: socket.socket) -> bool:
    """Whether the other side has broken the connection off; nothing is read."""
    poller = select.poll()
    poller.register(client, 0)
    return any(event & select.POLLERR for _, event in poller.poll(0))


def dropped() -> float:
    """How many connections missed a deadline."""
    labels = {"server": "health-probe-bind-addr", "reason": "deadline"}
    return REGISTRY.get_sample_value("awslbc_dropped_connections_total", labels) or 0.0


patient = pytest.mark.parametrize("port", [PATIENT], indirect=True, ids=["patient"])


def seconds_until_closed(client: socket.socket, *, sends: bytes = b"") -> float:
    """How long the server keeps the connection, while a byte is sent ever again."""
    began = time.monotonic()
    client.settimeout(0.05)
    for at in range(20 * 20):
        with contextlib.suppress(TimeoutError, BrokenPipeError):
            client.sendall(sends[at : at + 1])
        try:
            if not client.recv(1 << 16):
                break
        except ConnectionError:
            break
        except TimeoutError:
            continue
    return time.monotonic() - began


@pytest.mark.parametrize(
    "sends", [b"", b"GET /healthz HTTP/1.1\r\n", b"G" * 400], ids=["silent", "head", "line"]
)
def test_a_request_has_one_deadline(port: Port, sends: bytes) -> None:
    """However often a byte of it comes, the connection is closed; others are served meanwhile."""
    client = port.client()
    assert port.probe() == "ok"
    assert 0.5 < seconds_until_closed(client, sends=sends) < 10


@pytest.mark.parametrize(
    "port, sends",
    [
        (Limits(connections=4, request_seconds=1.0, idle_seconds=60, answer_seconds=60), b"GET /"),
        (Limits(connections=4, request_seconds=60, idle_seconds=1.0, answer_seconds=60), b""),
    ],
    indirect=["port"],
    ids=["request", "idle"],
)
def test_a_later_request_has_its_own_deadline(port: Port, sends: bytes) -> None:
    """From its first byte on; until then the connection is idle."""
    client = port.client()
    client.sendall(b"GET /healthz HTTP/1.1\r\n\r\n")
    assert client.recv(4096).endswith(b"ok")
    assert 0.5 < seconds_until_closed(client, sends=sends) < 10


def test_an_answer_that_is_not_taken_has_a_deadline(port: Port) -> None:
    """The rest of it is not kept for the client."""
    client, before = port.client(), dropped()
    client.sendall(b"GET /large HTTP/1.1\r\n\r\n")
    until(lambda: dropped() > before, seconds=20)
    until(lambda: is_reset(client), seconds=20)  # or a quick reader has all before it is
    with pytest.raises(ConnectionResetError):
        drain(client)


@patient
def test_in_a_crowd_the_longest_wait_makes_place(port: Port) -> None:
    """A probe is answered at once, though all places are taken and no deadline is over."""
    silent = [port.client() for _ in range(PATIENT.connections)]
    assert port.probe() == "ok"
    assert silent[0].recv(1) == b""
    silent[-1].sendall(b"GET /healthz HTTP/1.1\r\n\r\n")
    assert silent[-1].recv(4096).endswith(b"ok")


@patient
def test_an_idle_connection_makes_place_too(port: Port) -> None:
    """Having been answered once is no ticket for ever."""
    idle = [port.client() for _ in range(PATIENT.connections)]
    for client in idle:
        client.sendall(b"GET /healthz HTTP/1.1\r\n\r\n")
        assert client.recv(4096).endswith(b"ok")
    assert port.probe() == "ok"
    # each waits from when its thread has seen its answer off, which may be in another order
    (dropped,) = select.select(idle, [], [], 10)[0]
    assert dropped.recv(1) == b""


@patient
def test_a_crowd_of_one_address_leaves_others_alone(port: Port) -> None:
    """The kubelet's connection stays, though it waits for longest."""
    kubelet = port.client("127.0.0.2")
    for _ in range(3 * PATIENT.connections):
        port.client()
    kubelet.sendall(b"GET /healthz HTTP/1.1\r\n\r\n")
    assert kubelet.recv(4096).endswith(b"ok")


@pytest.mark.parametrize("port", [Limits(connections=1)], indirect=True, ids=["one place"])
def test_a_connection_at_work_is_not_dropped(port: Port) -> None:
    """Another is closed at once instead."""
    client = port.client()
    client.sendall(b"GET /held HTTP/1.1\r\n\r\n")
    assert port.held.wait(60)
    assert port.client().recv(1) == b""
    port.release.set()
    assert client.recv(4096).endswith(b"held")


@pytest.mark.parametrize(
    "head",
    [b"GET /healthz HTTP/1.1\r\n" + b"a: %s\r\n" % (b"b" * 1000) * 20, b"GET /" + b"a" * 20_000],
    ids=["headers", "line"],
)
def test_a_long_head_is_refused(port: Port, head: bytes) -> None:
    """16 KiB in all, whether in one line or many."""
    client = port.client()
    with contextlib.suppress(ConnectionError):
        client.sendall(head + b"\r\n\r\n")
    assert client.recv(4096).startswith(b"HTTP/1.1 431 ")
    assert port.probe() == "ok"
