"""Events: told once, never in the way."""

from __future__ import annotations

import time
from typing import Any

import pytest
from structlog.testing import capture_logs

from alb_controller.errors import NotLeading
from alb_controller.kube import events
from alb_controller.kube.client import KubeClient
from alb_controller.kube.store import Stores
from alb_controller.kube.writer import Writer
from alb_controller.values import ObjectRef
from tests.clocks import FakeClock
from tests.faults.kube.server import CUT, HANG, ApiServer, status

WEB = ObjectRef("Ingress", "ns", "web", "uid-1")
NOTICE: dict[str, Any] = {
    "type": "Warning",
    "reason": "FailedBuildModel",
    "message": "scheme must be internal",
    "component": "ingress",
}


@pytest.fixture
def writer(client: KubeClient) -> Writer:
    """A writer that leads."""
    return Writer(client, Stores([]), lambda: None, FakeClock())


def posted(api: ApiServer) -> list[dict[str, Any]]:
    """The Events that the server was sent."""
    return [r.body for r in api.requests if r.method == "POST"]


def test_an_event_has_the_fields_that_kubectl_shows(api: ApiServer, writer: Writer) -> None:
    """Object, type, reason, message, source and times are core/v1's."""
    writer.record_event(WEB, **NOTICE)
    (event,) = posted(api)
    assert api.requests[0].path == "/api/v1/namespaces/ns/events"
    assert event["involvedObject"] == {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "Ingress",
        "namespace": "ns",
        "name": "web",
        "uid": "uid-1",
    }
    assert (event["type"], event["reason"], event["message"], event["count"]) == (
        "Warning",
        "FailedBuildModel",
        "scheme must be internal",
        1,
    )
    assert event["source"] == {"component": "ingress"}
    assert event["firstTimestamp"] == event["lastTimestamp"] == "2026-01-01T00:00:00Z"


def test_the_same_event_is_sent_once(api: ApiServer, writer: Writer) -> None:
    """Told again, it costs no request."""
    for _ in range(3):
        writer.record_event(WEB, **NOTICE)
    assert len(posted(api)) == 1


def test_a_new_process_does_not_tell_it_again(
    api: ApiServer, writer: Writer, client: KubeClient
) -> None:
    """After a restart the server knows the Event by its name; that is no error, and remembered."""
    writer.record_event(WEB, **NOTICE)
    restarted = Writer(client, Stores([]), lambda: None, FakeClock())
    with capture_logs() as logs:
        restarted.record_event(WEB, **NOTICE)
        restarted.record_event(WEB, **NOTICE)
    assert len([path for path in api.objects if "/events/" in path]) == 1
    assert len(posted(api)) == 2
    assert logs == []


@pytest.mark.parametrize(
    "change", [{"reason": "Other"}, {"message": "other"}, {"fingerprint": "generation 2"}]
)
def test_another_occasion_is_another_event(
    api: ApiServer, writer: Writer, change: dict[str, str]
) -> None:
    """Reason, message and fingerprint each make it news."""
    writer.record_event(WEB, **NOTICE)
    writer.record_event(WEB, **(NOTICE | change))
    assert len({event["metadata"]["name"] for event in posted(api)}) == 2


def test_a_successor_is_told_on_its_own(api: ApiServer, writer: Writer) -> None:
    """An object that was created again has not been told."""
    writer.record_event(WEB, **NOTICE)
    writer.record_event(ObjectRef("Ingress", "ns", "web", "uid-2"), **NOTICE)
    assert len(posted(api)) == 2


def test_long_texts_fit_the_apis_limits(api: ApiServer, writer: Writer) -> None:
    """Messages end at 1024 characters; names of long-named objects stay valid."""
    name = "a" * 199 + "." + "b" * 53
    writer.record_event(ObjectRef("Ingress", "ns", name, "u"), **(NOTICE | {"message": "m" * 5000}))
    (event,) = posted(api)
    assert len(event["message"]) == 1024
    assert event["message"].endswith("m…")
    assert event["metadata"]["name"].startswith("a" * 199 + ".")
    assert len(event["metadata"]["name"]) <= 253


def test_cluster_scoped_objects_are_told_of_in_default(api: ApiServer, writer: Writer) -> None:
    """Events need a namespace; for an IngressClassParams it is `default`."""
    writer.record_event(ObjectRef("IngressClassParams", "", "alb", "u"), **NOTICE)
    assert api.requests[0].path == "/api/v1/namespaces/default/events"
    assert posted(api)[0]["metadata"]["namespace"] == "default"
    assert posted(api)[0]["involvedObject"]["namespace"] == ""


ENDING = "unable to create new content in namespace ns because it is being terminated"


@pytest.mark.parametrize(
    "fault, level",
    [
        (status(403, "Forbidden", ENDING), "debug"),
        (status(404, "NotFound", 'namespaces "ns" not found'), "debug"),
        (status(403, "Forbidden", "no RBAC"), "warning"),
        (status(500, "InternalError"), "warning"),
        (CUT, "warning"),
    ],
)
def test_an_event_that_cannot_be_written_is_logged_and_tried_next_time(
    api: ApiServer, writer: Writer, fault: Any, level: str
) -> None:
    """No failure reaches the caller; only the expected ones are quiet."""
    api.fault = lambda _: fault
    with capture_logs() as logs:
        writer.record_event(WEB, **NOTICE)
    assert [(log["event"], log["log_level"]) for log in logs] == [("event_not_written", level)]
    api.fault = lambda _: None
    writer.record_event(WEB, **NOTICE)
    assert [path for path in api.objects if "/events/" in path]


def test_an_event_takes_a_bounded_time(
    api: ApiServer, writer: Writer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A hanging server holds a reconcile up for no longer than the limit."""
    monkeypatch.setattr(events, "EVENT_SECONDS", 0.2)
    api.fault = lambda _: HANG
    began = time.monotonic()
    with capture_logs():
        writer.record_event(WEB, **NOTICE)
    assert time.monotonic() - began < 10  # the server lets go after 30


def test_without_the_lease_no_event_is_sent(api: ApiServer, client: KubeClient) -> None:
    """A process that does not lead tells users nothing, and does not fail over it."""

    def may_write() -> None:
        raise NotLeading("no Lease")

    with capture_logs() as logs:
        Writer(client, Stores([]), may_write, FakeClock()).record_event(WEB, **NOTICE)
    assert api.requests == []
    assert [log["log_level"] for log in logs] == ["debug"]


def test_what_the_server_has_dropped_is_told_again(api: ApiServer, client: KubeClient) -> None:
    """An hour later: a problem that still holds must not vanish from `kubectl describe`."""
    clock = FakeClock()
    writer = Writer(client, Stores([]), lambda: None, clock)
    for seconds in (0, events.KEPT_SECONDS - 1, 1):
        clock.advance(seconds)
        writer.record_event(WEB, **NOTICE)
    assert len(posted(api)) == 2


def test_the_memory_of_what_was_told_is_bounded(
    api: ApiServer, writer: Writer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Beyond its size the oldest is forgotten; the server still knows it."""
    monkeypatch.setattr(events, "TOLD", 1)
    for message in ("one", "two", "one"):
        writer.record_event(WEB, **(NOTICE | {"message": message}))
    assert len(posted(api)) == 3
    assert len([path for path in api.objects if "/events/" in path]) == 2
