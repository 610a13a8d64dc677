"""An object that cannot be read, or hardly, harms itself alone: on lists, watches and restarts."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from prometheus_client import REGISTRY
from structlog.testing import capture_logs

from alb_controller.errors import UnreadableObject
from alb_controller.kube.client import KubeClient
from alb_controller.kube.informer import Reflector
from alb_controller.kube.store import Store
from alb_controller.objects.core import KubeObject
from alb_controller.objects.kinds import INGRESS, SERVICE, WATCHED, Kind
from tests.clocks import FakeClock
from tests.faults.kube.server import Answer, ApiServer, Request, status
from tests.odd_json import NUMBERS, ODD, deep, dumps, managed_fields, sample
from tests.waiting import until

EXPIRED = b'{"type": "ERROR", "object": %s}' % status(410, "Expired").body


class Api:
    """Serves one kind from objects whose JSON is a test's, and a reflector that follows."""

    def __init__(self, api: ApiServer, client: KubeClient, kind: Kind) -> None:
        self.server, self.client, self.kind = api, client, kind
        self.items: list[str] = []
        self.version = 100
        api.fault = self._answer
        self.reflectors: list[Reflector] = []
        self.restart()

    def _answer(self, request: Request) -> Answer | None:
        """Lists are these items; watches are the server's."""
        if request.is_watch:
            return None
        head = f'{{"resourceVersion": "{self.version}"}}'
        return Answer(200, f'{{"metadata": {head}, "items": [{",".join(self.items)}]}}'.encode())

    def restart(self) -> None:
        """Another process: nothing is known."""
        self.clock = FakeClock()
        self.store: Store[Any] = Store(self.kind)
        self.changes: list[tuple[KubeObject | None, KubeObject | None]] = []
        self.store.on_change(lambda old, new: self.changes.append((old, new)))
        self.reflectors.append(Reflector(self.client, self.store, self.clock))

    def watch(self) -> None:
        """List, and wait for the watch that follows."""
        if self.reflectors[-1]._thread.ident is None:
            self.opened = self.server.count(watch=True)
            self.reflectors[-1].start()
            self.await_watch()
        else:
            self.send(EXPIRED)
            self.end_pause()

    def end_pause(self) -> None:
        """The watch has ended: wait for the next one."""
        until(lambda: self.clock.slept and self.clock.sleeps_until > self.clock.monotonic())
        self.clock.advance(60)
        self.await_watch()

    def await_watch(self) -> None:
        """One more is open."""
        self.opened += 1
        until(lambda: self.server.count(watch=True) == self.opened)
        asked = [request for request in list(self.server.requests) if request.is_watch][-1]
        until(lambda: any(watch.request is asked for watch in list(self.server.watches)))

    def send(self, line: bytes) -> None:
        """A line of the watch that was opened last."""
        self.server.watches[-1].send(line)

    def report(self, type_: str, text: str) -> None:
        """An event."""
        self.send(f'{{"type": "{type_}", "object": {text}}}'.encode())

    def text(self, name: str, **more: Any) -> str:
        """A good object, of a new version; `metadata` and others instead of what it has."""
        self.version += 1
        metadata = {"uid": name, "resourceVersion": str(self.version), **more.pop("metadata", {})}
        return dumps(sample(self.kind, name, **metadata) | more)

    def bad(self, odd: Any) -> str:
        """An object that cannot be read: JSON as it stands, or what is odd in it."""
        return odd if isinstance(odd, str) else self.text("odd", **odd)

    def get(self, name: str) -> Any:
        """What is known."""
        return self.store.get("ns" if self.kind.namespaced else "", name)

    def follow(self) -> None:
        """Until an event behind all others has come."""
        name = f"last-{self.version}"
        self.report("ADDED", self.text(name))
        until(lambda: self.get(name))

    def unreadable(self) -> float:
        """The metric."""
        labels = {"kind": self.kind.name}
        return REGISTRY.get_sample_value("awslbc_unreadable_objects", labels) or 0.0


@pytest.fixture
def kind() -> Kind:
    """Which kind is served."""
    return SERVICE


@pytest.fixture
def rig(api: ApiServer, client: KubeClient, kind: Kind) -> Iterator[Api]:
    """An API that serves nothing yet."""
    made = Api(api, client, kind)
    yield made
    for reflector in made.reflectors:
        reflector.stop()
        if reflector._thread.ident is not None:
            assert reflector.join(60)


UNREADABLE = [
    {"spec": "none"},
    {"spec": {"ports": [{"port": 1.5}]}},
    {"metadata": {"labels": {"a": deep(1200)}}},
    {"metadata": {"annotations": {"a": ODD[8]}}},
    {"metadata": {"generation": managed_fields(3000)}},
    {"metadata": {"labels": []}},
]
"""Of a Service whose name can be read."""
NAMELESS = ["7", "null", "[]", '{"metadata": 1}', '{"metadata": {"name": {}}}', deep(3000)]
"""Nobody knows which one."""


@pytest.mark.parametrize("kind", WATCHED, ids=lambda kind: kind.name)
def test_deep_managed_fields_stop_nothing(rig: Api) -> None:
    """Neither a list nor a watch nor the next process; the object itself is read, too."""
    rig.items = [rig.text("odd", metadata={"managedFields": managed_fields(9990)}), rig.text("a")]
    for generation in (2, 3):
        rig.watch()
        assert len(rig.store) == 2
        rig.report("MODIFIED", rig.text("odd", metadata={"managedFields": managed_fields(1200)}))
        rig.items[1] = rig.text("a", metadata={"generation": generation})
        rig.report("MODIFIED", rig.items[1])
        rig.follow()
        assert rig.get("a").metadata.generation == generation
        assert rig.unreadable() == 0
        rig.restart()


@pytest.mark.parametrize("odd", [*UNREADABLE, *NAMELESS], ids=lambda odd: dumps(odd)[:40])
def test_one_bad_object_harms_no_other(rig: Api, odd: Any) -> None:
    """In a list, a watch, and the list of the next process."""
    for _ in range(2):
        rig.items = [rig.text("a"), rig.bad(odd), rig.text("b")]
        rig.watch()
        assert [one.metadata.name for one in rig.store.list()] == ["a", "b"]
        assert rig.unreadable() == 1
        rig.report("MODIFIED", rig.bad(odd))
        rig.report("DELETED", rig.text("b"))
        rig.follow()
        assert rig.get("b") is None
        assert rig.unreadable() == 1
        rig.restart()


def test_a_bad_object_is_named_once(rig: Api) -> None:
    """Not at each list or event; again when something else is wrong, and after it was good."""
    with capture_logs() as logs:
        for _ in range(3):
            rig.items = [rig.text("odd", spec=7)]
            rig.watch()
            rig.report("MODIFIED", rig.text("odd", spec=7))
        rig.report("MODIFIED", rig.text("odd", spec={"ports": 7}))
        rig.report("MODIFIED", rig.text("odd"))
        rig.report("MODIFIED", rig.text("odd", spec={"ports": 7}))
        rig.follow()
    reported = [log for log in logs if log["event"] == "object_ignored"]
    assert [(log["kind"], log["namespace"], log["name"]) for log in reported] == [
        ("Service", "ns", "odd")
    ] * 3
    assert ["$.spec" in log["error"] for log in reported] == [True] * 3
    assert not [log for log in logs if "exc_info" in log]


def test_an_object_that_is_cut_is_named_once(rig: Api) -> None:
    """It works, and somebody means harm."""
    rig.items = [rig.text("odd", metadata={"managedFields": managed_fields(1200)})]
    with capture_logs() as logs:
        for _ in range(3):
            rig.watch()
    reported = [(log["event"], log["name"]) for log in logs if log["event"] == "object_cut"]
    assert reported == [("object_cut", "odd")]


@pytest.mark.parametrize("odd", UNREADABLE, ids=lambda odd: dumps(odd)[:40])
def test_what_was_known_of_a_bad_object_stays(rig: Api, odd: dict[str, Any]) -> None:
    """Through events and lists, until it is good again."""
    rig.items = [rig.text("a")]
    rig.watch()
    known = rig.get("a")
    rig.items = [rig.text("a", **odd)]
    rig.report("MODIFIED", rig.items[0])
    rig.watch()
    assert rig.get("a") is known
    assert rig.changes == [(None, known)]
    assert rig.unreadable() == 1
    rig.report("MODIFIED", rig.text("a", metadata={"labels": {"is": "good"}}))
    until(lambda: rig.get("a") is not known)
    assert rig.unreadable() == 0


@pytest.mark.parametrize("odd", NAMELESS, ids=lambda odd: dumps(odd)[:40])
def test_while_an_object_has_no_name_nothing_is_taken_for_gone(rig: Api, odd: str) -> None:
    """It may be any that the list lacks; the next list tells, and so does a deletion."""
    rig.items = [rig.text("a"), rig.text("b"), rig.text("c")]
    rig.watch()
    rig.items = [rig.items[0], odd]
    rig.watch()
    assert len(rig.store) == 3
    rig.report("DELETED", rig.text("b"))
    until(lambda: rig.get("b") is None)
    rig.items = rig.items[:1]
    rig.watch()
    assert [one.metadata.name for one in rig.store.list()] == ["a"]
    assert rig.unreadable() == 0


def test_the_deletion_of_a_bad_object_is_seen(rig: Api) -> None:
    """Its name is enough; in a list its absence is."""
    rig.items = [rig.text("a"), rig.text("b")]
    rig.watch()
    rig.items = [rig.text("a", spec=7), rig.text("b", spec=7)]
    for item in rig.items:
        rig.report("MODIFIED", item)
    rig.report("DELETED", rig.text("a", spec=7))
    until(lambda: rig.get("a") is None)
    assert rig.get("b") is not None
    rig.items = []
    rig.watch()
    assert len(rig.store) == 0
    assert rig.unreadable() == 0


def test_a_bad_object_that_is_being_deleted_is_so_by_its_last_state(rig: Api) -> None:
    """Whoever holds a finalizer has to let go: of what it was."""
    rig.items = [rig.text("a")]
    rig.watch()
    known = rig.get("a")
    gone = {"deletionTimestamp": "2026-02-01T00:00:00Z", "finalizers": ["f"]}
    rig.report("MODIFIED", rig.text("a", metadata=gone, spec=7))
    until(lambda: rig.get("a").is_deleting)
    found = rig.get("a")
    assert found.spec == known.spec
    assert found.metadata.finalizers == ["f"]
    assert found.metadata.resource_version == str(rig.version)
    rig.report("MODIFIED", rig.text("a", metadata=gone | {"labels": 7, "finalizers": []}, spec=7))
    rig.follow()
    assert rig.get("a") is found


def test_a_bad_successor_is_another_object(rig: Api) -> None:
    """What was known of its predecessor is not true of it."""
    rig.items = [rig.text("a")]
    rig.watch()
    rig.items = [rig.text("a", metadata={"uid": "other"}, spec=7)]
    rig.watch()
    with pytest.raises(UnreadableObject, match=r"Service ns/a cannot be read: .*`\$.spec`"):
        rig.get("a")
    assert [new for _, new in rig.changes][1:] == [None]
    assert [item.key for item in rig.store.unreadable()] == [("ns", "a")]


def test_what_was_never_known_is_neither_there_nor_missing(rig: Api) -> None:
    """It is in no list; asking for it is an error, and who looks for what is unknown finds it."""
    rig.items = [rig.text("a", spec=7), rig.text("b")]
    rig.watch()
    assert [one.metadata.name for one in rig.store.list()] == ["b"]
    (item,) = rig.store.unreadable()
    assert (item.key, item.obj.metadata.uid) == (("ns", "a"), "a")
    with pytest.raises(UnreadableObject):
        rig.get("a")
    rig.report("DELETED", rig.text("a", spec=7))
    until(lambda: not rig.store.unreadable())
    assert rig.get("a") is None
    assert [(old and old.key, new) for old, new in rig.changes][1:] == [(("ns", "a"), None)]


@pytest.mark.parametrize("is_there", [True, False])
def test_the_end_of_what_was_never_known_is_reported(rig: Api, is_there: bool) -> None:
    """By a list that has it no more, and not where it can be read by now."""
    rig.items = [rig.text("a", spec=7)]
    rig.watch()
    rig.items = [rig.text("a")] if is_there else []
    rig.watch()
    ((old, new),) = rig.changes
    assert ((old and old.key), (new and new.key)) == (
        (None, ("ns", "a")) if is_there else (("ns", "a"), None)
    )


def test_late_news_of_a_bad_object_is_none(rig: Api) -> None:
    """An older state than the known one, or one of an object that is gone."""
    rig.items = [rig.text("a")]
    rig.watch()
    old, new = rig.text("a", spec=7), rig.text("a")
    rig.report("MODIFIED", new)
    until(lambda: len(rig.changes) == 2)
    rig.store.delete(rig.get("a"))
    rig.items = [rig.text("b"), old]
    rig.watch()
    assert rig.get("a") is None
    assert rig.unreadable() == 0


@pytest.mark.parametrize("line", [b"<html>", b"[", b'{"type": 1}', b'{"type": "NEWS"}', b"{}"])
def test_a_line_that_is_no_event_again_and_again_costs_a_list(rig: Api, line: bytes) -> None:
    """The watch cannot get past it; what came meanwhile is in the list."""
    rig.items = [rig.text("a")]
    rig.watch()
    lists = rig.server.count(watch=False)
    for _ in range(2):
        rig.send(line)
        rig.items = [rig.text("b")]
        rig.end_pause()
    until(lambda: rig.get("b"))
    assert rig.server.count(watch=False) == lists + 1


@pytest.mark.parametrize("number", [*NUMBERS, "x", "٣", "9" * 5000])
def test_a_version_that_is_none_stops_nothing(rig: Api, number: str) -> None:
    """Such an object counts as news."""
    rig.items = [rig.text("a", metadata={"resourceVersion": number})]
    rig.watch()
    rig.report("MODIFIED", rig.text("a", metadata={"resourceVersion": number, "uid": "new"}))
    rig.follow()
    assert rig.get("a").metadata.uid == "new"


@pytest.mark.parametrize("kind", [INGRESS])
def test_a_list_without_items_is_none(rig: Api) -> None:
    """It must not pass for an empty one."""
    rig.items = [rig.text("a")]
    rig.watch()
    rig.server.fault = lambda request: None if request.is_watch else Answer(200, b"{}")
    rig.send(EXPIRED)
    until(lambda: len(rig.clock.slept) == 1)
    rig.clock.advance(60)
    until(lambda: len(rig.clock.slept) == 2)
    assert rig.get("a") is not None
