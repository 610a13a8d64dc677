"""Probes and metrics over real HTTP on loopback."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import pytest
import requests
from prometheus_client import CollectorRegistry, Counter

from alb_controller.errors import ControllerError
from alb_controller.runtime.health import Reply, Route, Server, health_routes, metrics_routes
from alb_controller.settings import BindAddress

LOOPBACK = BindAddress("127.0.0.1", 0)


class Process:
    """What the probes ask."""

    def __init__(self) -> None:
        self.reason = "waiting for Ingress"
        self.idle = False
        self.problem = ""

    def routes(self) -> dict[str, Route]:
        """The probes of this process."""
        return health_routes(
            not_ready=lambda: self.reason,
            is_idle=lambda: self.idle,
            broken=lambda: self.problem,
        )


@pytest.fixture
def process() -> Process:
    """A process that waits and works."""
    return Process()


def broken(_: str) -> Reply:
    """A check with a bug."""
    raise ZeroDivisionError


@pytest.fixture
def server(process: Process) -> Iterator[Server]:
    """The probes of that process, on a free port."""
    routes = process.routes()
    routes["/broken"] = broken
    made = Server("--health-probe-bind-addr", LOOPBACK, routes)
    yield made
    made.stop()


def get(server: Server, path: str) -> tuple[int, str]:
    """Status and text of one GET."""
    with requests.get(f"http://127.0.0.1:{server.port}{path}", timeout=20) as response:
        return response.status_code, response.text


def test_alive_as_soon_as_it_listens(server: Server) -> None:
    """/healthz answers ok from the start, whatever else is missing."""
    assert get(server, "/healthz") == (200, "ok")


def test_alive_until_only_a_new_process_helps(server: Server, process: Process) -> None:
    """/healthz says 503 and what is broken; what merely waits is alive."""
    process.problem = "thread ingress-0 has ended"
    assert get(server, "/healthz") == (503, "thread ingress-0 has ended")
    process.problem = ""
    assert get(server, "/healthz") == (200, "ok")


def test_ready_when_nothing_is_missing(server: Server, process: Process) -> None:
    """/readyz says 503 with the reason, then 200."""
    assert get(server, "/readyz") == (503, "waiting for Ingress")
    process.reason = ""
    assert get(server, "/readyz?verbose") == (200, "ok")


def test_idle_reports_when_all_work_is_done(server: Server, process: Process) -> None:
    """/debug/idle says 503 while there is work."""
    assert get(server, "/debug/idle") == (503, "busy")
    process.idle = True
    assert get(server, "/debug/idle") == (200, "idle")


def test_unknown_paths_are_404(server: Server) -> None:
    """A path that is not served is said to be so."""
    assert get(server, "/metrics")[0] == 404


def test_a_failing_check_is_500_and_the_server_lives(server: Server) -> None:
    """An exception in a check reaches the log, not the client, and ends nothing."""
    assert get(server, "/broken") == (500, "internal error")
    assert get(server, "/healthz") == (200, "ok")


def test_head_has_no_body(server: Server) -> None:
    """HEAD answers as GET, without the text."""
    with requests.head(f"http://127.0.0.1:{server.port}/healthz", timeout=20) as response:
        assert (response.status_code, response.text) == (200, "")


@pytest.mark.parametrize(
    "request_bytes",
    [b"\x16\x03\x01 TLS?\r\n\r\n", b"GET\r\n\r\n", b"BREW /healthz HTTP/1.1\r\n\r\n", b""],
)
def test_garbage_harms_nobody(server: Server, request_bytes: bytes) -> None:
    """Whatever a client sends, the next one is served."""
    with socket.create_connection(("127.0.0.1", server.port), timeout=20) as client:
        client.sendall(request_bytes)
        client.shutdown(socket.SHUT_WR)
        while client.recv(4096):
            pass
    assert get(server, "/healthz") == (200, "ok")


def test_a_taken_port_is_named_with_its_flag() -> None:
    """An address that is in use is one sentence with flag and address, no traceback."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(ControllerError, match=f"--metrics-bind-addr.*127.0.0.1:{port}.*in use"):
            Server("--metrics-bind-addr", BindAddress("127.0.0.1", port), {})


def test_an_address_of_another_machine_is_refused_at_once() -> None:
    """A host that does not parse is one sentence too."""
    with pytest.raises(ControllerError, match="cannot listen on"):
        Server("--metrics-bind-addr", BindAddress("127.0.0.1.1", 0), {})


def test_ipv6_addresses_work() -> None:
    """A host with colons listens by IPv6."""
    server = Server(
        "--health-probe-bind-addr", BindAddress("::1", 0), {"/": lambda _: Reply(200, "v6")}
    )
    with requests.get(f"http://[::1]:{server.port}/", timeout=20) as response:
        assert response.text == "v6"
    server.stop()


def test_metrics_come_in_the_format_asked_for() -> None:
    """Prometheus text by default, OpenMetrics where the scraper accepts it."""
    registry = CollectorRegistry()
    Counter("things", "Things.", registry=registry).inc()
    server = Server("--metrics-bind-addr", LOOPBACK, metrics_routes(registry))
    url = f"http://127.0.0.1:{server.port}/metrics"
    with requests.get(url, timeout=20) as plain:
        assert "things_total 1.0" in plain.text
        assert plain.headers["Content-Type"].startswith("text/plain")
    accept = {"Accept": "application/openmetrics-text; version=1.0.0"}
    with requests.get(url, headers=accept, timeout=20) as open_metrics:
        assert open_metrics.text.endswith("# EOF\n")
    server.stop()
