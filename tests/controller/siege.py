"""A controller under slow clients: how soon it answers others, and what memory it takes."""

from __future__ import annotations

import contextlib
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from pathlib import Path

import msgspec

from tests.apiserver.control_plane import free_ports
from tests.conformance.controller import Controller
from tests.controller.rig import Rig
from tests.controller.test_webhooks import place
from tests.perf.process import peak_mib, rss_mib
from tests.slow_clients import REVIEW_PATH, review

ASK_SECONDS = 10.0
"""For one answer; what takes longer has failed."""
PAUSE_SECONDS = 0.1


class Seen(msgspec.Struct, kw_only=True):
    """What one asker has got."""

    name: str
    seconds: list[float] = []
    """How long each answer took."""
    failures: list[str] = []

    @property
    def worst_ms(self) -> float:
        return max(self.seconds) * 1000


class Fort(msgspec.Struct, frozen=True):
    """A controller with all its ports."""

    controller: Controller
    webhooks: int
    trust: ssl.SSLContext

    @property
    def health(self) -> int:
        return _port(self.controller.health)

    @property
    def metrics(self) -> int:
        return _port(self.controller.metrics)

    def ask(self, seconds: float) -> list[Seen]:
        """Ask each port again and again for so long, each time by a new connection."""
        askers = {"probe": self._probe, "scrape": self._scrape, "review": self._review}
        seen = [Seen(name=name) for name in askers]
        end = time.monotonic() + seconds
        threads = [
            threading.Thread(target=_ask, args=(ask, one, end))
            for one, ask in zip(seen, askers.values(), strict=True)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return seen

    def grown_mib(self, since: float) -> float:
        """The most memory since `forget_peak`, above what it was then."""
        return peak_mib(self.controller.process.pid) - since

    def forget_peak(self) -> float:
        """The memory that it has now, from which its peak begins anew (proc_pid_clear_refs(5))."""
        pid = self.controller.process.pid
        Path(f"/proc/{pid}/clear_refs").write_text("5")
        return rss_mib(pid)

    def _probe(self) -> bool:
        client = HTTPConnection("127.0.0.1", self.health, timeout=ASK_SECONDS)
        return _answer(client, "GET", "/healthz") == b"ok"

    def _scrape(self) -> bool:
        client = HTTPConnection("127.0.0.1", self.metrics, timeout=ASK_SECONDS)
        return b"process_open_fds" in _answer(client, "GET", "/metrics")

    def _review(self) -> bool:
        client = HTTPSConnection(
            "127.0.0.1", self.webhooks, timeout=ASK_SECONDS, context=self.trust
        )
        return b'"allowed":' in _answer(client, "POST", REVIEW_PATH, review(1))


@contextlib.contextmanager
def fort(rig: Rig, folder: Path) -> Iterator[Fort]:
    """A controller that serves webhooks, and has answered once at each port."""
    (port,) = free_ports(1)
    trust = ssl.create_default_context(cadata=place(folder).authority.decode())
    flags = (f"--webhook-bind-port={port}", f"--webhook-cert-dir={folder}")
    with rig.running(*flags) as controller:
        controller.settle()
        made = Fort(controller, port, trust)
        made.ask(0.5)
        yield made


def _port(url: str) -> int:
    return int(url.rpartition(":")[2])


def _answer(client: HTTPConnection, method: str, path: str, body: bytes | None = None) -> bytes:
    with contextlib.closing(client):
        client.request(method, path, body, {"Content-Type": "application/json"})
        return client.getresponse().read()


def _ask(ask: Callable[[], bool], seen: Seen, end: float) -> None:
    while time.monotonic() < end:
        began = time.monotonic()
        try:
            problem = "" if ask() else "another answer"
        except (OSError, HTTPException) as error:
            problem = repr(error)
        took = time.monotonic() - began
        seen.seconds.append(took)
        if problem:
            seen.failures.append(f"{problem} after {took:.2f} s")
        time.sleep(PAUSE_SECONDS)
