"""A reflector under every fault of a list or watch: the store ends right, and no hot loop.

The reflector's clock stands still, so it sends nothing after a pause until the test lets time
pass: requests are counted, not timed.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from structlog.testing import capture_logs

from alb_controller.kube import client as client_module
from alb_controller.kube import informer
from alb_controller.kube.client import KubeClient
from alb_controller.kube.informer import Informers, Reflector
from alb_controller.kube.store import Store, Stores
from alb_controller.objects.core import Service
from alb_controller.objects.kinds import SERVICE, TARGET_GROUP_BINDING
from alb_controller.sandbox.controller import hold_port
from tests.clocks import FakeClock
from tests.faults.kube.server import CUT, HANG, Answer, ApiServer, Request, Watch, status
from tests.waiting import until

SERVICES = "/api/v1/namespaces/ns/services"


class Rig:
    """A reflector of Services, and the clock that it pauses by."""

    def __init__(self, client: KubeClient) -> None:
        self.clock = FakeClock()
        self.store: Store[Service] = Store(SERVICE)
        self.changes: list[tuple[str | None, str | None]] = []
        self.store.on_change(self._note)
        self.reflector = Reflector(client, self.store, self.clock, namespace="ns")

    def _note(self, old: Service | None, new: Service | None) -> None:
        names = [obj.metadata.name if obj is not None else None for obj in (old, new)]
        self.changes.append((names[0], names[1]))

    def names(self) -> list[str]:
        """What the store holds."""
        return sorted(obj.metadata.name for obj in self.store.list())

    def await_pause(self, number: int) -> None:
        """Until the reflector has paused that often in all."""
        until(lambda: len(self.clock.slept) == number)

    def end_pause(self) -> None:
        """Let just the time pass that the reflector pauses for."""
        number = len(self.clock.slept)
        self.clock.advance(self.clock.slept[number - 1])


@pytest.fixture
def rig(client: KubeClient) -> Iterator[Rig]:
    """A rig whose reflector has not been started."""
    made = Rig(client)
    yield made
    made.reflector.stop()
    if made.reflector._thread.ident is not None:
        assert made.reflector.join(60)


def service(**metadata: Any) -> dict[str, Any]:
    """A Service as JSON."""
    return {"metadata": metadata, "spec": {"ports": [{"port": 80}]}}


def watching(api: ApiServer, rig: Rig, number: int = 1) -> Watch:
    """The watch that is open once that many have been opened in all."""
    rig.reflector.start() if rig.reflector._thread.ident is None else None

    def is_open() -> bool:
        asked = [request for request in list(api.requests) if request.is_watch]
        opened = [watch.request for watch in list(api.watches)]
        return len(asked) == number and any(asked[-1] is request for request in opened)

    until(is_open)
    return api.watches[-1]


def first_watches(number: int, answer: Answer | str) -> Any:
    """A fault for the first watches only."""
    left = [number]

    def fault(request: Request) -> Answer | str | None:
        if not request.is_watch or not left[0]:
            return None
        left[0] -= 1
        return answer

    return fault


def test_a_reflector_lists_in_pages_and_follows_the_watch(
    api: ApiServer, rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All pages are taken over at once, then every event as it comes."""
    monkeypatch.setattr(informer, "PAGE_SIZE", "2")
    for name in "abcde":
        api.put(f"{SERVICES}/{name}", service())
    watching(api, rig)
    assert rig.names() == ["a", "b", "c", "d", "e"]
    assert api.count(watch=False) == 3
    api.put(f"{SERVICES}/f", service())
    api.remove(f"{SERVICES}/a")
    until(lambda: rig.names() == ["b", "c", "d", "e", "f"])
    assert rig.changes[-2:] == [(None, "f"), ("a", None)]


def test_a_watch_asks_for_bookmarks_and_a_spread_end(api: ApiServer, rig: Rig) -> None:
    """The watch starts at the list's version, with bookmarks and 240 to 480 seconds to live."""
    watching(api, rig)
    query = api.requests[-1].query
    assert (query["allowWatchBookmarks"], query["resourceVersion"]) == ("true", "100")
    assert 240 <= int(query["timeoutSeconds"]) <= 480


def test_a_watch_that_ends_in_its_time_is_opened_again_at_once(api: ApiServer, rig: Rig) -> None:
    """A watch's normal end costs one request, no pause, no list and no event."""
    api.put(f"{SERVICES}/a", service())
    watch = watching(api, rig)
    rig.clock.advance(240)
    watch.end()
    watching(api, rig, 2)
    assert rig.clock.slept == []
    assert api.count(watch=False) == 1
    assert rig.changes == [(None, "a")]


def test_a_server_that_closes_watches_at_once_is_backed_off(api: ApiServer, rig: Rig) -> None:
    """Every short watch is followed by a pause; the pauses grow to half a minute at most."""
    api.fault = first_watches(100, Answer(200, b""))
    rig.reflector.start()
    for number in range(1, 10):
        rig.await_pause(number)
        assert api.count(watch=True) == number
        rig.end_pause()
    assert rig.clock.slept[0] == 0.5
    assert all(0.5 <= seconds <= 30 for seconds in rig.clock.slept)
    assert rig.clock.slept[8] >= 15
    assert api.count(watch=False) == 1


@pytest.mark.parametrize("code", [403, 429, 500, 503])
def test_an_error_status_is_backed_off_and_logged_once(api: ApiServer, rig: Rig, code: int) -> None:
    """A server that refuses is asked ever more rarely, with one warning, until it gives in."""
    api.fault = lambda _: status(code, "No", "rbac or worse")
    with capture_logs() as logs:
        rig.reflector.start()
        for number in range(1, 6):
            rig.await_pause(number)
            assert len(api.requests) == number
            rig.end_pause()
    assert not rig.store.synced.is_set()
    warnings = [log for log in logs if log["log_level"] == "warning"]
    assert [(log["event"], log["kind"]) for log in warnings] == [("watch_failed", "Service")]
    rig.await_pause(6)
    api.fault = lambda _: None
    rig.end_pause()
    until(rig.store.synced.is_set)


def test_a_missing_crd_is_reported_once_and_found_when_installed(
    api: ApiServer, client: KubeClient
) -> None:
    """A 404 keeps the kind unsynced, by name; the reflector comes back for it."""
    clock = FakeClock()
    stores = Stores([TARGET_GROUP_BINDING])
    informers = Informers(client, stores, clock)
    api.fault = lambda _: status(404, "NotFound", "the server could not find the resource")
    with capture_logs() as logs:
        informers.start()
        until(lambda: len(clock.slept) == 1)
        clock.advance(0.5)
        until(lambda: len(clock.slept) == 2)
    assert stores.unsynced() == ["TargetGroupBinding"]
    warnings = [log["error"] for log in logs if log["log_level"] == "warning"]
    assert warnings == [
        "the server has no targetgroupbindings of elbv2.k8s.aws/v1beta1: its CRD is not installed"
    ]
    api.fault = lambda _: None
    clock.advance(30)
    until(stores.has_synced)
    assert informers.stop(20)


def test_a_broken_watch_goes_on_where_it_was(api: ApiServer, rig: Rig) -> None:
    """A connection that breaks costs a pause and no list; events are neither lost nor doubled."""
    watch = watching(api, rig)
    api.put(f"{SERVICES}/a", service())
    until(lambda: rig.names() == ["a"])
    watch.cut()
    rig.await_pause(1)
    rig.end_pause()
    watching(api, rig, 2)
    assert api.requests[-1].query["resourceVersion"] == "101"
    api.put(f"{SERVICES}/b", service())
    until(lambda: rig.names() == ["a", "b"])
    assert rig.changes == [(None, "a"), (None, "b")]
    assert api.count(watch=False) == 1


def test_a_half_open_watch_is_noticed(
    api: ApiServer, rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A connection that has gone silent is given up, and the watch opened again."""
    monkeypatch.setattr(informer, "SILENCE_SECONDS", 0.2)
    watching(api, rig)
    rig.await_pause(1)
    rig.end_pause()
    watching(api, rig, 2)
    assert api.count(watch=False) == 1


def test_a_watch_that_never_starts_is_given_up(
    api: ApiServer, rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A server that accepts the request and says nothing at all is left after the timeout."""
    with monkeypatch.context() as impatience:
        impatience.setattr(client_module, "CONNECT_SECONDS", 0.2)
        api.fault = first_watches(1, HANG)
        rig.reflector.start()
        rig.await_pause(1)
    rig.end_pause()
    watching(api, rig, 2)


@pytest.mark.parametrize("is_event", [True, False])
def test_410_lists_again_and_finds_what_was_missed(
    api: ApiServer, rig: Rig, is_event: bool
) -> None:
    """After 410, as a status or as an event, a new list brings the store up to date."""
    for name in ("stays", "goes", "changes"):
        api.put(f"{SERVICES}/{name}", service())
    watch = watching(api, rig)
    rig.changes.clear()
    api.watches.clear()  # no watch sees what follows
    api.remove(f"{SERVICES}/goes")
    api.put(f"{SERVICES}/changes", service(labels={"new": "1"}))
    api.put(f"{SERVICES}/comes", service())
    gone = status(410, "Expired", "too old resource version")
    if is_event:
        watch.send(b'{"type": "ERROR", "object": ' + gone.body + b"}")
    else:
        api.fault = first_watches(1, gone)
        watch.end()
    api.watches.append(watch)
    rig.await_pause(1)
    if not is_event:
        rig.end_pause()
        rig.await_pause(2)
    rig.end_pause()
    until(lambda: rig.names() == ["changes", "comes", "stays"])
    assert sorted(rig.changes, key=str) == [
        ("changes", "changes"),
        ("goes", None),
        (None, "comes"),
    ]


def test_410_without_end_is_no_hot_loop(api: ApiServer, rig: Rig) -> None:
    """A server that calls every version too old costs one list and one watch per pause."""
    api.fault = first_watches(100, status(410, "Expired"))
    rig.reflector.start()
    for number in range(1, 7):
        rig.await_pause(number)
        assert len(api.requests) == 2 * number
        rig.end_pause()


def test_410_in_the_middle_of_a_list_starts_the_list_anew(
    api: ApiServer, rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An expired continue token loses the pages so far, not the list."""
    monkeypatch.setattr(informer, "PAGE_SIZE", "1")
    for name in "ab":
        api.put(f"{SERVICES}/{name}", service())
    expired = [status(410, "Expired")]
    api.fault = lambda r: expired.pop() if "continue" in r.query and expired else None
    rig.reflector.start()
    rig.await_pause(1)
    assert rig.names() == []
    rig.end_pause()
    until(lambda: rig.names() == ["a", "b"])


def test_any_other_error_event_lists_again(api: ApiServer, rig: Rig) -> None:
    """An ERROR event that is no 410 leaves the version unknown: list."""
    watch = watching(api, rig)
    watch.send({"type": "ERROR", "object": {"code": 500, "message": "etcd event lost"}})
    rig.await_pause(1)
    rig.end_pause()
    watching(api, rig, 2)
    assert api.count(watch=False) == 2


def test_an_error_event_without_a_status_lists_again(api: ApiServer, rig: Rig) -> None:
    """Whatever the ERROR event carries, the reflector goes on."""
    watch = watching(api, rig)
    watch.send({"type": "ERROR", "object": "?"})
    rig.await_pause(1)
    rig.end_pause()
    watching(api, rig, 2)


def test_a_restarted_server_is_found_again(api: ApiServer, rig: Rig) -> None:
    """While nobody listens there is one attempt per pause; then the watch goes on."""
    api.put(f"{SERVICES}/a", service())
    watching(api, rig)
    api.stop()
    with hold_port(api.port):
        for number in range(1, 5):
            rig.await_pause(number)
            rig.end_pause()
        rig.await_pause(5)
        api.restart()
    api.put(f"{SERVICES}/b", service())
    api.fault = first_watches(1, status(410, "Expired"))
    rig.end_pause()
    rig.await_pause(6)
    rig.end_pause()
    until(lambda: rig.names() == ["a", "b"])


def test_a_server_with_a_new_history_is_believed(api: ApiServer, rig: Rig) -> None:
    """A restored or new etcd counts from lower versions: the list wins over what was known."""
    api.version = 5000
    api.put(f"{SERVICES}/same", service(labels={"is": "old"}))
    api.put(f"{SERVICES}/lost", service())
    watch = watching(api, rig)
    api.objects.clear()
    api.version = 7
    api.put(f"{SERVICES}/same", service(labels={"is": "restored"}))
    watch.send({"type": "BOOKMARK", "object": {"metadata": {"resourceVersion": "8"}}})
    rig.await_pause(1)
    rig.end_pause()
    until(lambda: rig.names() == ["same"])
    same = rig.store.get("ns", "same")
    assert same is not None
    assert same.metadata.labels == {"is": "restored"}


def test_a_bookmark_moves_the_version_on(api: ApiServer, rig: Rig) -> None:
    """After a bookmark the next watch starts there, so a quiet kind does not grow too old."""
    watch = watching(api, rig)
    watch.send({"type": "BOOKMARK", "object": {"metadata": {"resourceVersion": "777"}}})
    watch.end()
    rig.await_pause(1)
    rig.end_pause()
    watching(api, rig, 2)
    assert api.requests[-1].query["resourceVersion"] == "777"


def test_a_bookmark_that_brings_no_news_costs_no_list(api: ApiServer, rig: Rig) -> None:
    """A quiet kind gets one a minute, at the version of the list: the same watch goes on."""
    watch = watching(api, rig)
    same = {"type": "BOOKMARK", "object": {"metadata": {"resourceVersion": "100"}}}
    watch.send(same)
    watch.send(same)
    api.put(f"{SERVICES}/a", service())
    until(lambda: rig.names() == ["a"])
    assert (api.count(watch=False), api.count(watch=True)) == (1, 1)
    assert rig.clock.slept == []
    assert rig.changes == [(None, "a")]


@pytest.mark.parametrize("line", [b"<html>502</html>", b"{", b"[]", b'{"type": 1}'])
def test_a_garbage_line_costs_a_new_watch(api: ApiServer, rig: Rig, line: bytes) -> None:
    """A line that is no event ends the watch; the next one goes on from the last good event."""
    watch = watching(api, rig)
    api.put(f"{SERVICES}/a", service())
    watch.send(line)
    rig.await_pause(1)
    rig.end_pause()
    watching(api, rig, 2)
    assert api.requests[-1].query["resourceVersion"] == "101"
    assert rig.names() == ["a"]


@pytest.mark.parametrize("body", [b"<html>", b"[]", b'{"items": 3}'])
def test_a_list_that_is_none_is_backed_off(api: ApiServer, rig: Rig, body: bytes) -> None:
    """A proxy's page instead of a list is an error like any other; nothing is taken over."""
    api.fault = lambda _: Answer(200, body)
    rig.reflector.start()
    for number in range(1, 4):
        rig.await_pause(number)
        assert len(api.requests) == number
        rig.end_pause()
    assert not rig.store.synced.is_set()


def test_an_object_of_another_shape_is_skipped_and_named(api: ApiServer, rig: Rig) -> None:
    """One object that we cannot read is logged by name; the events behind it arrive."""
    watching(api, rig)
    with capture_logs() as logs:
        api.put(f"{SERVICES}/odd", {"spec": {"ports": "none"}})
        api.put(f"{SERVICES}/even", service())
        until(lambda: rig.names() == ["even"])
    ignored = [log for log in logs if log["event"] == "object_ignored"]
    assert [(log["kind"], log["namespace"], log["name"]) for log in ignored] == [
        ("Service", "ns", "odd")
    ]
    assert "$.spec.ports" in ignored[0]["error"]


def test_an_object_that_turns_unreadable_is_not_taken_for_deleted(api: ApiServer, rig: Rig) -> None:
    """Neither an event nor a list with an unreadable object removes what was known of it."""
    api.put(f"{SERVICES}/a", service())
    watch = watching(api, rig)
    api.put(f"{SERVICES}/a", {"spec": {"ports": "none"}})
    watch.send(b'{"type": "ERROR", "object": ' + status(410, "Expired").body + b"}")
    rig.await_pause(1)
    rig.end_pause()
    watching(api, rig, 2)
    assert rig.names() == ["a"]
    assert rig.changes == [(None, "a")]


def test_a_deletion_is_seen_even_of_an_unreadable_object(api: ApiServer, rig: Rig) -> None:
    """To take an object away, its metadata is enough."""
    api.put(f"{SERVICES}/a", service())
    watching(api, rig)
    api.put(f"{SERVICES}/a", {"spec": {"ports": "none"}})
    api.remove(f"{SERVICES}/a")
    until(lambda: rig.names() == [])


def test_a_bug_of_ours_does_not_end_the_watch_for_ever(
    api: ApiServer, rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An unexpected exception is logged with its traceback; after a pause all starts anew."""
    api.put(f"{SERVICES}/a", service())
    replace = rig.store.replace
    faults = [ZeroDivisionError("oops")]

    def failing(*args: Any, **options: Any) -> None:
        if faults:
            raise faults.pop()
        replace(*args, **options)

    monkeypatch.setattr(rig.store, "replace", failing)
    with capture_logs() as logs:
        rig.reflector.start()
        rig.await_pause(1)
    assert [log["log_level"] for log in logs] == ["error"]
    rig.end_pause()
    until(lambda: rig.names() == ["a"])


@pytest.mark.parametrize("fault", [HANG, CUT])
def test_a_list_without_an_answer_is_tried_again(
    api: ApiServer, rig: Rig, monkeypatch: pytest.MonkeyPatch, fault: str
) -> None:
    """A list that hangs or is cut ends at its timeout and is repeated after a pause."""
    faults = [fault]
    api.fault = lambda _: faults.pop() if faults else None
    with monkeypatch.context() as impatience:
        impatience.setattr(informer, "LIST_SECONDS", 0.2)
        rig.reflector.start()
        rig.await_pause(1)
    rig.end_pause()
    until(rig.store.synced.is_set)


def test_stop_ends_an_open_watch_at_once(api: ApiServer, rig: Rig) -> None:
    """Stopping waits neither for the server nor for a timeout, and is no error."""
    watching(api, rig)
    with capture_logs() as logs:
        rig.reflector.stop()
        assert rig.reflector.join(60)
    assert logs == []


def test_stop_ends_a_pause_at_once(api: ApiServer, rig: Rig) -> None:
    """A reflector that backs off stops without sitting out its pause."""
    api.fault = lambda _: status(500, "Broken")
    rig.reflector.start()
    rig.await_pause(1)
    rig.reflector.stop()
    assert rig.reflector.join(60)
