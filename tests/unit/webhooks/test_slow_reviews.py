"""Callers of webhooks that do not finish, and bodies that take much memory."""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
from collections.abc import Iterator
from types import SimpleNamespace
from typing import cast

import pytest
from prometheus_client import REGISTRY

from alb_controller.frontends.review import ALLOWED, AdmissionResponse
from alb_controller.runtime.connections import Connection, Limits
from alb_controller.webhooks import bodies
from alb_controller.webhooks.reviews import Request
from alb_controller.webhooks.server import LIMITS, LONGEST_BODY
from tests.unit.webhooks.served import JSON, Process, review
from tests.waiting import until

QUICK = Limits(connections=8, request_seconds=1.0)
PATIENT = Limits(connections=8, request_seconds=60)
MIB = 1 << 20
_HEAD = b"POST /review HTTP/1.1\r\nContent-Type: application/json\r\n"
LARGE = review(object={"metadata": {"annotations": {"a": "x" * 7 * MIB}}})


class Callers:
    """A server, and connections to it that a test holds."""

    def __init__(self, limits: Limits) -> None:
        self.process = Process(limits)
        self._open = contextlib.ExitStack()

    def plain(self) -> socket.socket:
        """A connection before its handshake."""
        made = socket.create_connection(("127.0.0.1", self.process.server.port), 20)
        return self._open.enter_context(made)

    def secured(self) -> ssl.SSLSocket:
        """One that has shaken hands."""
        trust = self.process.trust()
        made = trust.wrap_socket(self.plain(), server_hostname="127.0.0.1")
        return self._open.enter_context(made)

    def half(self, sent: int) -> ssl.SSLSocket:
        """One that has sent so much of the longest body."""
        made = self.secured()
        length = f"Content-Length: {LONGEST_BODY}\r\n\r\n"
        with contextlib.suppress(OSError):
            made.sendall(_HEAD + length.encode() + b" " * sent)
        return made

    def end(self) -> None:
        """Close all."""
        self._open.close()
        self.process.server.stop()


@pytest.fixture
def callers(request: pytest.FixtureRequest) -> Iterator[Callers]:
    """With PATIENT limits, or those of the test's parameter."""
    made = Callers(getattr(request, "param", PATIENT))
    yield made
    made.end()


quick = pytest.mark.parametrize("callers", [QUICK], indirect=True, ids=["quick"])


def is_closed(client: socket.socket, *, sends: bytes = b"") -> bool:
    """Whether the server ends the connection within 10 s, while a byte is sent ever again."""
    client.settimeout(0.05)
    for at in range(10 * 20):
        try:
            client.sendall(sends[at : at + 1])
            if not client.recv(1 << 16):
                return True
        except TimeoutError:
            continue
        except OSError:
            return True
    return False


def dropped(reason: str) -> float:
    """How many connections have been dropped so far."""
    labels = {"server": "webhook-bind-port", "reason": reason}
    return REGISTRY.get_sample_value("awslbc_dropped_connections_total", labels) or 0.0


def hello() -> bytes:
    """The first message of a handshake."""
    sent = ssl.MemoryBIO()
    with contextlib.suppress(ssl.SSLWantReadError):
        ssl.create_default_context().wrap_bio(
            ssl.MemoryBIO(), sent, server_hostname="a"
        ).do_handshake()
    return sent.read()


@quick
def test_a_handshake_has_a_deadline(callers: Callers) -> None:
    """However often a byte of it comes; reviews are answered meanwhile."""
    client = callers.plain()
    assert callers.process.review()["allowed"]
    assert is_closed(client, sends=hello())


@quick
def test_a_review_has_one_deadline(callers: Callers) -> None:
    """Its head and its body together, however often a byte comes."""
    head = _HEAD + b"Content-Length: 300\r\n\r\n"
    for sent in (b"", head):
        client = callers.secured()
        client.sendall(sent)
        assert is_closed(client, sends=head + b" " * 300)


def test_in_a_crowd_a_review_is_answered(callers: Callers) -> None:
    """Callers that are silent before the handshake, or after it, take nobody's place."""
    before = dropped("crowded")
    for _ in range(2 * PATIENT.connections):
        callers.plain()
        callers.secured()
    assert callers.process.review()["allowed"]
    assert dropped("crowded") > before


def test_unfinished_bodies_make_room(callers: Callers) -> None:
    """The longest first; a large review that comes at once is answered."""
    before = dropped("memory")
    for _ in range(5):
        callers.half(7 * MIB)
    assert callers.process.send(LARGE)[0] == 200
    assert callers.process.review()["allowed"]
    assert dropped("memory") > before


def test_memory_comes_back(callers: Callers) -> None:
    """However reviews end, there is room for as many as before."""
    for body in (LARGE, LARGE[:-1], LARGE.replace(b"k8s.io/v1", b"k8s.io/v2")):
        for _ in range(5):
            callers.process.send(body)
    callers.half(6 * MIB).close()
    until(lambda: not callers.process.server._server.budget._used)  # type: ignore[attr-defined]  # of _TlsServer


def test_a_review_of_many_values_is_refused(callers: Callers) -> None:
    """Each may cost a KiB, however short it is; the answer has the numbers."""
    body = review(object=[{}] * (bodies.BUDGET // 1024))
    status, text = callers.process.send(body)
    assert status == 413
    assert f"allowed are {bodies.BUDGET}" in text.decode()
    assert callers.process.send(review(object={"a": "{" * 100}))[0] == 200


def test_without_room_a_review_is_asked_for_again(
    callers: Callers, monkeypatch: pytest.MonkeyPatch
) -> None:
    """503 with Retry-After, on which kube-apiserver comes again; small reviews find room."""
    monkeypatch.setattr(bodies, "WAIT_SECONDS", 0.1)
    arrived, release = threading.Semaphore(0), threading.Event()

    def wait(request: Request) -> AdmissionResponse:
        if len(request.object) > MIB:
            arrived.release()
            release.wait(30)
        return ALLOWED

    process = callers.process
    process.respond = wait
    others = [threading.Thread(target=process.send, args=(LARGE,)) for _ in range(3)]
    for other in others:
        other.start()
        assert arrived.acquire(timeout=20)
    with contextlib.closing(process.connection()) as connection:
        connection.request("POST", "/review", LARGE, JSON)
        answer = connection.getresponse()
        assert (answer.status, answer.headers["Retry-After"]) == (503, "1")
        assert b"try again" in answer.read()
    assert process.review()["allowed"]
    release.set()
    for other in others:
        other.join(60)
    assert process.send(LARGE)[0] == 200


def test_a_common_review_needs_no_room(callers: Callers) -> None:
    """It is answered though others hold all memory that is set aside."""
    budget = callers.process.server._server.budget  # type: ignore[attr-defined]  # of _TlsServer
    other = cast("Connection", SimpleNamespace(holds_memory=False))
    with budget.claim(other) as claim:
        claim.reach(bodies.BUDGET + bodies.UNCOUNTED)
        assert callers.process.review()["allowed"]


def test_a_caller_that_asks_before_it_sends_is_answered(callers: Callers) -> None:
    """Expect: 100-continue, as curl does with large bodies."""
    client, body = callers.secured(), review()
    client.sendall(_HEAD + f"Expect: 100-continue\r\nContent-Length: {len(body)}\r\n\r\n".encode())
    assert client.recv(4096).startswith(b"HTTP/1.1 100 ")
    client.sendall(body)
    assert client.recv(4096).startswith(b"HTTP/1.1 200 ")


def test_an_answer_reaches_a_caller_that_still_sends(callers: Callers) -> None:
    """What is refused by its head alone is answered, and its body dropped."""
    assert callers.process.send(LARGE, "/other") == (404, b"no webhook has this path")


def test_an_idle_caller_is_kept_for_longer_than_kube_apiserver_keeps_one() -> None:
    """90 s, so that it closes connections, and never sends into one that closes."""
    assert LIMITS.idle_seconds > 90
