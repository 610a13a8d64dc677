"""The webhook server over real HTTPS on loopback."""

from __future__ import annotations

import base64
import http.client
import json
import socket
import ssl
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from alb_controller.errors import Unreachable
from alb_controller.frontends.review import ALLOWED, AdmissionResponse, refuse
from alb_controller.objects.kinds import INGRESS
from alb_controller.objects.networking import Ingress
from alb_controller.webhooks import reviews
from alb_controller.webhooks import server as module
from alb_controller.webhooks.certificates.pairs import issue, server_context
from alb_controller.webhooks.reviews import Request
from tests.odd_json import ODD, Text, deep, dumps, managed_fields, put, sample
from tests.unit.webhooks.served import JSON, Process, review
from tests.waiting import until


@pytest.fixture
def process() -> Iterator[Process]:
    """A server that listens."""
    made = Process()
    yield made
    made.server.stop()


def test_a_response_is_answered(process: Process) -> None:
    """With the review's uid, and no more than there is to say."""
    assert process.review() == {"uid": "u-1", "allowed": True}


def test_a_refusal_carries_its_sentence(process: Process) -> None:
    """And is counted."""
    process.respond = lambda _: refuse("spec.a: no", "spec.b: no")
    response = process.review()
    assert not response["allowed"]
    assert response["status"]["message"] == "spec.a: no; spec.b: no"
    assert process.failures == ["refused"]


def test_patches_and_warnings_are_passed_on(process: Process) -> None:
    """As the API wants them: base64 of a JSON patch."""
    change = {"op": "add", "path": "/spec/a", "value": 1}
    process.respond = lambda _: AdmissionResponse(patch=(change,), warnings=("careful",))
    response = process.review()
    assert response["patchType"] == "JSONPatch"
    assert json.loads(base64.b64decode(response["patch"])) == [change]
    assert response["warnings"] == ["careful"]


@pytest.mark.parametrize(
    "body, path, headers, status",
    [
        (review(), "/other", JSON, 404),
        (b"{", "/review", JSON, 400),
        (b"", "/review", JSON, 400),
        (b"[]", "/review", JSON, 400),
        (b"\xff" * 10, "/review", JSON, 400),
        (review().replace(b"k8s.io/v1", b"k8s.io/v1beta1"), "/review", JSON, 400),
        (review(), "/review", {"Content-Type": "text/plain"}, 415),
        (b"x", "/review", {**JSON, "Content-Length": str(9 << 20)}, 413),
        (b"x", "/review", {**JSON, "Content-Length": "9" * 5000}, 413),
        (b"x", "/review", {**JSON, "Content-Length": "-1"}, 400),
        (b"1", "/review", {**JSON, "Transfer-Encoding": "chunked"}, 411),
    ],
)
def test_a_bad_request_is_answered(
    process: Process, body: bytes, path: str, headers: dict[str, str], status: int
) -> None:
    """With a status, and the next one is served."""
    assert process.send(body, path, headers)[0] == status
    assert process.review()["allowed"]


def test_other_methods_are_refused(process: Process) -> None:
    """A browser gets an answer too."""
    connection = process.connection()
    connection.request("GET", "/review")
    assert connection.getresponse().status == 501
    connection.close()


def test_nothing_is_reviewed_before_it_can_be(process: Process) -> None:
    """An error, so that failurePolicy decides: neither allowed nor refused."""
    process.reason = "not synced: Service"
    assert process.send(review()) == (503, b"not synced: Service")


def test_what_cannot_be_asked_is_an_error(process: Process) -> None:
    """An API that does not answer refuses nobody's object."""

    def fail(_: Request) -> AdmissionResponse:
        raise Unreachable(0, "no answer", "GET /x")

    process.respond = fail
    status, body = process.send(review())
    assert (status, process.failures) == (500, ["error"])
    assert b"no answer" in body


def test_an_object_that_cannot_be_read_is_an_error(process: Process) -> None:
    """Of a kind that is not the webhook's; no traceback."""
    process.respond = lambda request: request.new(Ingress)
    wrong: tuple[Any, ...] = (None, [], {"spec": {"rules": 1}})
    for found in wrong:
        status, body = process.send(review(object=found))
        assert (status, body[:25]) == (400, b"the object cannot be read")


def odd_review(**request: str) -> bytes:
    """A review with pieces of JSON in it as they stand."""
    parts = {"uid": Text('"u-1"'), "operation": Text('"UPDATE"'), "name": Text('"web"')}
    parts |= {key: Text(value) for key, value in request.items()}
    head = {"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview"}
    return dumps({**head, "request": parts}).encode()


def respond_new(request: Request) -> AdmissionResponse:
    """Allow what can be read."""
    request.new(Ingress)
    return ALLOWED


DEEP = dumps(sample(INGRESS, "web", managedFields=managed_fields(9990)))


def test_deep_managed_fields_are_not_looked_at(process: Process) -> None:
    """Neither of the object nor of the one before, or nobody could correct that."""
    process.respond = lambda request: ALLOWED if request.old(Ingress) else request.new(Ingress)
    body = odd_review(object=DEEP, oldObject=DEEP, options=deep(3000))
    assert process.send(body)[0] == 200
    assert process.failures == []


@pytest.mark.parametrize("odd", [*ODD, "<", "{"], ids=lambda odd: odd[:20])
def test_what_cannot_be_read_is_a_bad_request(process: Process, odd: str) -> None:
    """Wherever it is: counted, logged without a traceback, and the next review is served."""
    process.respond = respond_new
    strange = put(sample(INGRESS, "web"), ("spec", "tls"), Text(odd))
    bodies = [odd.encode(), odd_review(object=dumps(strange))]
    bodies += [odd_review(**{key: odd}) for key in ("object", "uid", "userInfo")]
    with capture_logs() as logs:
        statuses = [process.send(body)[0] for body in bodies]
    assert statuses[0] == 400
    assert set(statuses) <= {200, 400}
    reported = [log for log in logs if log["log_level"] != "debug"]
    assert process.failures == ["unreadable"] * statuses.count(400)
    assert [log["event"] for log in reported] == ["review_unreadable"] * statuses.count(400)
    assert not [log for log in reported if "exc_info" in log]
    assert process.review(object={})["allowed"]


def test_a_review_with_too_many_brackets_is_refused_at_once() -> None:
    """8 MiB of them would cost seconds to look through."""
    many = f'{{"x": {deep(3000)}, "y": [{",".join(["[]"] * 100_000)}]}}'
    with pytest.raises(ValueError, match="nested too deeply"):
        reviews.decode(odd_review(object=many))


def test_a_long_review_that_nests_too_deeply_is_refused_at_once() -> None:
    """Its parts are not copied: 8 MiB of memory are set aside for it, and no more."""
    many = f'{{"x": {deep(3000)}, "y": "{"y" * (1 << 20)}"}}'
    with pytest.raises(ValueError, match="nested too deeply"):
        reviews.decode(odd_review(object=many))


def test_a_bug_is_an_answer_without_its_traceback(process: Process) -> None:
    """And the server lives."""
    process.respond = lambda _: 1 / 0
    assert process.send(review()) == (500, b"internal error")
    assert process.failures == ["bug"]


def test_one_connection_serves_many_reviews_over_certificates(process: Process) -> None:
    """A new certificate is for new connections; kube-apiserver keeps the old ones."""
    connection = process.connection()
    for _ in range(3):
        connection.request("POST", "/review", review(), JSON)
        assert connection.getresponse().read()
        process.made = issue("test", ["127.0.0.1"], datetime.now(UTC), timedelta(hours=1))
        process.context = server_context(process.made.pair)
    connection.close()
    assert process.review()["allowed"]


def test_tls_1_1_is_refused(process: Process) -> None:
    """TLS 1.2 or newer."""
    context = process.trust()
    assert process.context is not None
    assert process.context.minimum_version is ssl.TLSVersion.TLSv1_2
    context.minimum_version = context.maximum_version = ssl.TLSVersion.TLSv1_2
    with (
        socket.create_connection(("127.0.0.1", process.server.port), 20) as plain,
        context.wrap_socket(plain, server_hostname="127.0.0.1") as secured,
    ):
        assert secured.version() == "TLSv1.2"


def test_a_client_without_the_wanted_certificate_is_refused(
    process: Process, tmp_path: Path
) -> None:
    """With --kube-ca-pem-filepath."""
    authority = tmp_path / "ca.pem"
    authority.write_bytes(process.made.authority)
    process.context = server_context(process.made.pair, str(authority))
    with pytest.raises((ssl.SSLError, ConnectionError, http.client.HTTPException)):
        process.send(review())


def test_without_a_certificate_connections_are_closed(process: Process) -> None:
    """Until there is one."""
    process.context = None
    with pytest.raises((ssl.SSLError, ConnectionError)):
        process.send(review())


def test_a_stop_does_not_wait_for_callers(
    process: Process, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who has not sent all of a request gets no answer; the stop is over in its time."""
    monkeypatch.setattr(module, "LAST_ANSWER_SECONDS", 0.5)
    connection = process.connection()
    connection.putrequest("POST", "/review")
    connection.putheader("Content-Type", "application/json")
    connection.putheader("Content-Length", "10")
    connection.endheaders(b"123")
    began = time.monotonic()
    process.server.stop()
    assert time.monotonic() - began < 5
    connection.close()


def test_a_stop_lets_an_answer_finish(process: Process) -> None:
    """The caller gets it, and learns that the connection closes."""
    began, release = threading.Event(), threading.Event()

    def wait(_: Request) -> AdmissionResponse:
        began.set()
        release.wait(30)
        return ALLOWED

    process.respond = wait
    connection = process.connection()
    connection.request("POST", "/review", review(), JSON)
    assert began.wait(60)
    stopping = threading.Thread(target=process.server.stop)
    stopping.start()
    until(lambda: process.server._work.is_ending)
    release.set()
    answer = connection.getresponse()
    assert answer.status == 200
    assert answer.headers["Connection"] == "close"
    stopping.join(60)
    assert not stopping.is_alive()
    connection.close()
