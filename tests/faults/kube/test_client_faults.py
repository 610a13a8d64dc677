"""The client: every answer of the API as the right error, every silence bounded."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from alb_controller import errors
from alb_controller.clock import SystemClock
from alb_controller.kube.client import MERGE_PATCH, KubeClient
from alb_controller.kube.connection import load
from tests.faults.kube.conftest import write_kubeconfig
from tests.faults.kube.server import CUT, HANG, Answer, ApiServer, status
from tests.waiting import until


def test_a_request_carries_credentials_query_and_body(api: ApiServer, client: KubeClient) -> None:
    """What is sent is what was given: JSON values encoded, bytes as they are."""
    answer = Answer(200, b'{"ok": 1}')
    api.fault = lambda _: answer
    assert client.request("GET", "/x", query={"a": "b c&d"}) == answer.body
    client.request("PATCH", "/x", body={"é": [1]}, content_type=MERGE_PATCH)
    client.request("POST", "/x", body=b"[2]")
    got, patch, post = api.requests
    assert (got.query, got.body, got.content_type) == ({"a": "b c&d"}, None, "")
    assert (patch.body, patch.content_type) == ({"é": [1]}, MERGE_PATCH)
    assert (post.body, post.content_type) == ([2], "application/json")
    assert got.token == "one"


@pytest.mark.parametrize(
    "code, reason, error",
    [
        (400, "BadRequest", errors.KubeError),
        (401, "Unauthorized", errors.Forbidden),
        (403, "Forbidden", errors.Forbidden),
        (404, "NotFound", errors.ObjectMissing),
        (409, "Conflict", errors.Stale),
        (409, "AlreadyExists", errors.ObjectExists),
        (410, "Expired", errors.Gone),
        (422, "Invalid", errors.KubeError),
        (429, "TooManyRequests", errors.Unreachable),
        (500, "InternalError", errors.Unreachable),
        (504, "Timeout", errors.Unreachable),
    ],
)
def test_a_status_is_an_error_of_its_class(
    api: ApiServer, client: KubeClient, code: int, reason: str, error: type[errors.KubeError]
) -> None:
    """Status, reason and message are the server's; requests and watches alike."""
    api.fault = lambda _: status(code, reason, "why")
    for attempt in (lambda: client.request("GET", "/x"), lambda: client.stream("/x", {}, 1)):
        with pytest.raises(errors.KubeError) as raised:
            attempt()
        assert type(raised.value) is error
        assert (raised.value.status, raised.value.reason, raised.value.message) == (
            code,
            reason,
            "why",
        )


def test_an_error_page_of_a_proxy_is_quoted_in_part(api: ApiServer, client: KubeClient) -> None:
    """An answer that is no Status keeps its code, and the beginning of its text."""
    api.fault = lambda _: Answer(502, b"<html>" + b"x" * 5000)
    with pytest.raises(errors.Unreachable, match=r"502 Bad Gateway: <html>x+$") as raised:
        client.request("GET", "/x")
    assert len(str(raised.value)) < 300


def test_a_redirect_is_not_followed(api: ApiServer, client: KubeClient) -> None:
    """A token is sent to the configured server alone."""
    api.fault = lambda _: Answer(302, b"")
    with pytest.raises(errors.KubeError, match="302 Found"):
        client.request("GET", "/x")
    assert len(api.requests) == 1


@pytest.mark.parametrize("fault", [HANG, CUT])
def test_no_answer_is_unreachable_after_one_attempt(
    api: ApiServer, client: KubeClient, fault: str
) -> None:
    """A server that hangs or cuts costs one request and no more than the timeout."""
    api.fault = lambda _: fault
    began = time.monotonic()
    with pytest.raises(errors.Unreachable, match="no answer: GET /x"):
        client.request("GET", "/x", timeout_seconds=0.2)
    assert time.monotonic() - began < 10  # the server lets go after 30
    until(lambda: api.requests)
    assert len(api.requests) == 1


def test_nobody_there_is_unreachable(api: ApiServer, client: KubeClient) -> None:
    """A refused connection is no traceback of the transport."""
    api.stop()
    with pytest.raises(errors.Unreachable):
        client.request("GET", "/x")
    with pytest.raises(errors.Unreachable):
        client.stream("/x", {}, 1)


@contextlib.contextmanager
def dripping(prefix: bytes) -> Iterator[str]:
    """A server that sends the prefix, then a byte now and then without end; its URL."""
    ended = threading.Event()

    def serve(listener: socket.socket) -> None:
        with contextlib.suppress(OSError):
            connection, _ = listener.accept()
            connection.recv(4096)
            connection.sendall(prefix)
            while not ended.wait(0.05):
                connection.sendall(b" ")
            connection.close()

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=serve, args=(listener,), daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        ended.set()
        thread.join(60)


def test_a_dripping_answer_does_not_outlast_the_timeout(tmp_path: Path) -> None:
    """A body that comes byte by byte gets the time of the request as a whole, not per byte."""
    head = b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n"
    with dripping(head) as url:
        client = KubeClient(load(str(write_kubeconfig(tmp_path / "k", url))), SystemClock())
        began = time.monotonic()
        with pytest.raises(errors.Unreachable):
            client.request("GET", "/x", timeout_seconds=0.3)
        assert time.monotonic() - began < 20  # each byte renews what 0.3 s for one would allow
        client.close()


def test_lines_come_whole_however_they_are_cut(api: ApiServer, client: KubeClient) -> None:
    """A long line arrives as one; a cut-off last line is dropped."""
    stream = client.stream("/x", {"watch": "true"}, 20)
    watch = api.watches[0]
    long = b'{"x": "' + b"y" * 300_000 + b'"}'
    watch.send(b"one\ntwo")
    watch.send(long)
    watch.end()
    assert list(stream) == [b"one", b"two", long]


def test_a_silent_stream_is_an_error(api: ApiServer, client: KubeClient) -> None:
    """Silence longer than the read timeout is reported, not waited out."""
    stream = client.stream("/x", {"watch": "true"}, 0.1)
    with pytest.raises(errors.Unreachable, match="watch /x"):
        list(stream)
    assert api.watches


def test_a_stream_is_closed_from_another_thread(api: ApiServer, client: KubeClient) -> None:
    """A reader that waits for the network ends at once, without an error."""
    stream = client.stream("/x", {"watch": "true"}, 60)
    lines: list[bytes] = []
    reader = threading.Thread(target=lambda: lines.extend(stream))
    reader.start()
    api.watches[0].send(b"one")
    until(lambda: lines == [b"one"])
    stream.close()
    reader.join(60)
    assert not reader.is_alive()


def test_connections_are_reused(api: ApiServer, client: KubeClient) -> None:
    """Requests one after the other, errors among them, share one connection."""
    for code in (200, 404, 200, 500, 200):
        api.fault = lambda _, c=code: Answer(c, b"{}")  # type: ignore[misc]  # the loop's value
        with contextlib.suppress(errors.KubeError):
            client.request("GET", "/x")
    assert len(api.clients) == 1
