"""Events: written once, never in the way."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from prometheus_client import REGISTRY
from structlog.testing import capture_logs

from alb_controller.clock import SystemClock
from alb_controller.errors import NotLeading
from alb_controller.kube import events
from alb_controller.kube.client import KubeClient
from alb_controller.kube.events import EventRecorder
from alb_controller.kube.store import Stores
from alb_controller.kube.writer import Writer
from alb_controller.values import ObjectRef
from tests.clocks import FakeClock
from tests.faults.kube.server import CUT, HANG, ApiServer, Request, status
from tests.waiting import until

WEB = ObjectRef("Ingress", "ns", "web", "uid-1")
NOTICE: dict[str, Any] = {
    "type": "Warning",
    "reason": "FailedBuildModel",
    "message": "scheme must be internal",
    "component": "ingress",
}


class Rig:
    """A writer that leads, and the recorder that it gives events to."""

    def __init__(
        self,
        client: KubeClient,
        *,
        clock: FakeClock | None = None,
        may_write: Callable[[], None] = lambda: None,
    ) -> None:
        self.events = EventRecorder(client, clock or FakeClock(), may_write)
        self.writer = Writer(client, Stores([]), may_write, self.events)

    def record(self, ref: ObjectRef = WEB, **change: str) -> None:
        """Without waiting for it."""
        self.writer.record_event(ref, **(NOTICE | change))

    def deliver(self, ref: ObjectRef = WEB, **change: str) -> None:
        """Wait until it is written, or given up."""
        self.events.start() if self.events._thread.ident is None else None
        self.record(ref, **change)
        until(lambda: self.events.is_idle)


@pytest.fixture
def make(client: KubeClient) -> Iterator[Callable[..., Rig]]:
    """Makes recorders, and stops them after the test."""
    made: list[Rig] = []

    def one(**options: Any) -> Rig:
        made.append(Rig(client, **options))
        return made[-1]

    yield one
    for each in made:
        each.events.stop(20)


MakeRig = Callable[..., Rig]


@pytest.fixture
def rig(make: MakeRig) -> Rig:
    """One whose clock stands still."""
    return make()


def posted(api: ApiServer) -> list[dict[str, Any]]:
    """The Events that the server was sent."""
    return [r.body for r in api.requests if r.method == "POST"]


def held_by(gate: threading.Event) -> Callable[[Request], None]:
    """Requests wait until the gate is set."""

    def fault(_: Request) -> None:
        assert gate.wait(60)

    return fault


def test_an_event_has_the_fields_that_kubectl_shows(api: ApiServer, rig: Rig) -> None:
    """Object, type, reason, message, source and times are core/v1's."""
    rig.deliver()
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


def test_the_same_event_is_sent_once(api: ApiServer, rig: Rig) -> None:
    """Reported again, it costs no request."""
    for _ in range(3):
        rig.deliver()
    assert len(posted(api)) == 1


def test_a_new_process_does_not_report_it_again(api: ApiServer, rig: Rig, make: MakeRig) -> None:
    """After a restart the server knows the Event by its name; that is no error, and remembered."""
    rig.deliver()
    restarted = make()
    with capture_logs() as logs:
        restarted.deliver()
        restarted.deliver()
    assert len([path for path in api.objects if "/events/" in path]) == 1
    assert len(posted(api)) == 2
    assert logs == []


@pytest.mark.parametrize(
    "change", [{"reason": "Other"}, {"message": "other"}, {"fingerprint": "generation 2"}]
)
def test_another_occasion_is_another_event(
    api: ApiServer, rig: Rig, change: dict[str, Any]
) -> None:
    """Reason, message and fingerprint each make it news."""
    rig.deliver()
    rig.deliver(**change)
    assert len({event["metadata"]["name"] for event in posted(api)}) == 2


def test_a_successor_is_reported_on_its_own(api: ApiServer, rig: Rig) -> None:
    """An object that was created again has no Event yet."""
    rig.deliver()
    rig.deliver(ObjectRef("Ingress", "ns", "web", "uid-2"))
    assert len(posted(api)) == 2


def test_long_texts_fit_the_apis_limits(api: ApiServer, rig: Rig) -> None:
    """Messages end at 1024 characters; names of long-named objects stay valid."""
    name = "a" * 199 + "." + "b" * 53
    rig.deliver(ObjectRef("Ingress", "ns", name, "u"), message="m" * 5000)
    (event,) = posted(api)
    assert len(event["message"]) == 1024
    assert event["message"].endswith("m…")
    assert event["metadata"]["name"].startswith("a" * 199 + ".")
    assert len(event["metadata"]["name"]) <= 253


def test_cluster_scoped_objects_are_reported_of_in_default(api: ApiServer, rig: Rig) -> None:
    """Events need a namespace; for an IngressClassParams it is `default`."""
    rig.deliver(ObjectRef("IngressClassParams", "", "alb", "u"))
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
    api: ApiServer, rig: Rig, fault: Any, level: str
) -> None:
    """No failure reaches the caller; only the expected ones are quiet."""
    api.fault = lambda _: fault
    with capture_logs() as logs:
        rig.deliver()
    assert [(log["event"], log["log_level"]) for log in logs] == [("event_not_written", level)]
    api.fault = lambda _: None
    rig.deliver()
    assert [path for path in api.objects if "/events/" in path]


def test_whoever_records_an_event_does_not_wait_for_it(
    api: ApiServer, rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They go one after the other, in their order, while the server takes its time."""
    monkeypatch.setattr(events, "EVENT_SECONDS", 60.0)
    gate = threading.Event()
    api.fault = held_by(gate)
    rig.events.start()
    for message in ("one", "two", "three"):
        rig.record(message=message)
    until(lambda: len(api.requests) == 1)
    assert not rig.events.is_idle
    gate.set()
    until(lambda: rig.events.is_idle)
    assert [event["message"] for event in posted(api)] == ["one", "two", "three"]


def test_an_event_takes_a_bounded_time(
    api: ApiServer, rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A server that hangs holds those behind it up for no longer than the limit."""
    monkeypatch.setattr(events, "EVENT_SECONDS", 0.2)
    api.fault = lambda request: HANG if request.body["message"] == "slow" else None
    began = time.monotonic()
    with capture_logs():
        rig.record(message="slow")
        rig.deliver(message="quick")
    assert time.monotonic() - began < 20  # the server lets go after 30
    assert [event["message"] for event in posted(api)] == ["slow", "quick"]


def test_what_waits_already_is_not_reported_twice(api: ApiServer, rig: Rig) -> None:
    """Recorded again before it could be written, it costs no request."""
    rig.record()
    rig.record()
    rig.deliver()
    assert len(posted(api)) == 1


def test_events_that_find_no_room_are_dropped_and_counted(
    api: ApiServer, rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Logged once until there is room, and reported when they are recorded again."""
    monkeypatch.setattr(events, "WAITING", 2)
    before = dropped()
    with capture_logs() as logs:
        for number in range(5):
            rig.record(message=f"event {number}")
        assert dropped() - before == 3
        assert [(log["event"], log["log_level"]) for log in logs] == [("events_dropped", "warning")]
        rig.events.start()
        until(lambda: rig.events.is_idle)
        rig.deliver(message="event 4")
    assert [event["message"] for event in posted(api)] == ["event 0", "event 1", "event 4"]
    assert dropped() - before == 3


def dropped() -> float:
    """The metric."""
    found = REGISTRY.get_sample_value("awslbc_events_dropped_total")
    assert found is not None
    return found


def test_what_waits_is_written_before_the_end(api: ApiServer, make: MakeRig) -> None:
    """Nothing is taken after it."""
    rig = make(clock=SystemClock())
    for number in range(20):
        rig.record(message=f"event {number}")
    rig.events.start()
    rig.events.stop(20)
    assert len(posted(api)) == 20
    assert rig.events.unhealthy_reasons() == []


def test_the_end_does_not_wait_for_a_server_that_hangs(
    api: ApiServer, make: MakeRig, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is left is counted in the log, and not sent later."""
    monkeypatch.setattr(events, "EVENT_SECONDS", 60.0)
    gate = threading.Event()
    api.fault = held_by(gate)
    rig = make(clock=SystemClock())
    for number in range(3):
        rig.record(message=f"event {number}")
    rig.events.start()
    until(lambda: len(api.requests) == 1)
    with capture_logs() as logs:
        rig.events.stop(0.1)
    assert rig.events._thread.is_alive()
    assert [(log["event"], log["count"]) for log in logs] == [("events_not_written", 3)]
    gate.set()
    until(lambda: not rig.events._thread.is_alive())
    assert len(api.requests) == 1


def test_a_bug_in_one_event_stops_no_other(api: ApiServer, rig: Rig) -> None:
    """It is logged with its traceback."""
    with capture_logs() as logs:
        rig.deliver(message="half of a pair: \ud800")
        rig.deliver(message="fine")
    assert [(log["event"], log["log_level"]) for log in logs] == [("event_failed", "error")]
    assert [event["message"] for event in posted(api)] == ["fine"]


def test_without_the_lease_no_event_is_sent(api: ApiServer, make: MakeRig) -> None:
    """A process that leads no more tells users nothing, and does not fail over it.

    It may have led when the event was recorded.
    """

    def may_write() -> None:
        if not leads:
            raise NotLeading("no Lease")

    leads = True
    rig = make(may_write=may_write)
    rig.record()
    leads = False
    with capture_logs() as logs:
        rig.deliver(message="other")
    assert api.requests == []
    assert [log["log_level"] for log in logs] == ["debug", "debug"]


def test_what_the_server_has_dropped_is_reported_again(api: ApiServer, make: MakeRig) -> None:
    """An hour later: a problem that still holds must not vanish from `kubectl describe`."""
    clock = FakeClock()
    rig = make(clock=clock)
    for seconds in (0, events.KEPT_SECONDS - 1, 1):
        clock.advance(seconds)
        rig.deliver()
    assert len(posted(api)) == 2


def test_the_memory_of_what_was_reported_is_bounded(
    api: ApiServer, rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Beyond its size the oldest is forgotten; the server still knows it."""
    monkeypatch.setattr(events, "REMEMBERED_EVENTS", 1)
    for message in ("one", "two", "one"):
        rig.deliver(message=message)
    assert len(posted(api)) == 3
    assert len([path for path in api.objects if "/events/" in path]) == 2
