"""A kind whose CRD a cluster may lack: not installed is an answer, anything else is none."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from structlog.testing import capture_logs

from alb_controller.kube import informer
from alb_controller.kube.client import KubeClient
from alb_controller.kube.discovery import served_versions
from alb_controller.kube.informer import Reflector
from alb_controller.kube.store import Store, Stores
from tests.clocks import FakeClock
from tests.faults.kube.server import Answer, ApiServer, Request, status
from tests.optional_kind import GROUP, ROUTE, Route
from tests.waiting import until

ROUTES = f"/apis/{GROUP}/v1/routes"


class Server:
    """What the API serves of the group, as its lists, watches and discovery documents have it."""

    def __init__(self, api: ApiServer) -> None:
        self.api = api
        self.served: dict[str, list[str]] = {}
        """Plurals by version."""
        self.refusal: Answer | None = None
        """The answer to every question for discovery documents."""
        api.fault = self._answer

    def _answer(self, request: Request) -> Answer | None:
        if request.path == ROUTES:
            return None if "routes" in self.served.get("v1", ()) else Answer(404, b"404 page")
        if self.refusal is not None:
            return self.refusal
        return _document(request.path, self.served)

    def installs(self) -> None:
        """The CRD is there."""
        self.served = {"v1": ["routes", "routes/status"]}

    def uninstalls(self) -> None:
        """It is gone, without an event for any object, and its watches end."""
        self.served = {}
        for path in list(self.api.objects):
            del self.api.objects[path]
        for watch in list(self.api.watches):
            watch.end()

    def looks(self) -> int:
        """How often the groups were asked for."""
        return sum(request.path == "/apis" for request in list(self.api.requests))


def _document(path: str, served: dict[str, list[str]]) -> Answer:
    versions = [{"version": version} for version in served]
    groups = [{"name": "apps", "versions": [{"version": "v1"}]}]
    if path == "/apis":
        groups += [{"name": GROUP, "versions": versions}] if served else []
        return Answer(200, json.dumps({"groups": groups}).encode())
    names = [{"name": name} for name in served.get(path.rsplit("/", 1)[1], ())]
    return Answer(200, json.dumps({"resources": names}).encode())


class Rig:
    """A reflector of Routes, and the clock that it pauses by."""

    def __init__(self, client: KubeClient) -> None:
        self.clock = FakeClock()
        self.stores = Stores([ROUTE])
        self.store: Store[Route] = self.stores.of(Route)
        self.gone: list[str] = []
        self.store.on_change(self._note)
        self.reflector = Reflector(client, self.store, self.clock)

    def _note(self, old: Route | None, new: Route | None) -> None:
        if old is not None and new is None:
            self.gone.append(old.metadata.name)

    def names(self) -> list[str]:
        """What the store holds."""
        return sorted(obj.metadata.name for obj in self.store.list())

    def pauses(self) -> float:
        """Let the reflector go on once, after the pause that it is in; how long that was."""
        number = len(self.clock.slept)
        seconds = self.clock.slept[number - 1]
        self.clock.advance(seconds)
        until(lambda: len(self.clock.slept) > number)
        return seconds

    def misses_it(self) -> None:
        """Let it go on until it has looked for the kind in vain and waits to look again."""
        until(lambda: self.clock.slept)
        while self.clock.slept[-1] < informer.LOOK_SECONDS[0]:
            self.pauses()

    def starts(self) -> None:
        """Let it run to its first pause."""
        self.reflector.start()
        until(lambda: self.clock.slept)

    def holds(self, server: Server, *names: str) -> None:
        """Let it run with these objects in the cluster until it watches them."""
        server.installs()
        for name in names:
            server.api.put(f"{ROUTES}/{name}", {})
        self.reflector.start()
        until(lambda: server.api.watches)
        assert self.names() == sorted(names)


@pytest.fixture
def server(api: ApiServer) -> Server:
    """An API without the kind."""
    return Server(api)


@pytest.fixture
def rig(client: KubeClient) -> Iterator[Rig]:
    """A rig whose reflector has not been started."""
    made = Rig(client)
    yield made
    made.reflector.stop()
    assert made.reflector.join(60)


def test_a_kind_that_is_not_installed_is_empty_and_synced(server: Server, rig: Rig) -> None:
    """One request finds out, nothing is listed, and one line of information says so."""
    with capture_logs() as logs:
        rig.starts()
    assert rig.stores.has_synced()
    assert rig.names() == []
    assert [request.path for request in server.api.requests] == ["/apis"]
    assert [(line["event"], line["log_level"]) for line in logs] == [("kind_not_installed", "info")]


def test_it_is_looked_for_once_in_a_while(server: Server, rig: Rig) -> None:
    """Every 30 to 60 s, by one request, and without a line each."""
    rig.starts()
    with capture_logs() as logs:
        pauses = [rig.pauses() for _ in range(5)]
    assert all(30 <= seconds <= 60 for seconds in pauses)
    assert len(set(pauses)) > 1
    assert len(server.api.requests) == server.looks() == 6
    assert logs == []


def test_it_is_noticed_when_it_is_installed(server: Server, rig: Rig) -> None:
    """Its objects come without a restart, and are followed from then on."""
    rig.starts()
    server.installs()
    server.api.put(f"{ROUTES}/early", {})
    rig.clock.advance(60)
    until(lambda: server.api.watches)
    assert rig.names() == ["early"]
    server.api.put(f"{ROUTES}/late", {})
    until(lambda: rig.names() == ["early", "late"])


def test_a_kind_that_is_installed_is_listed_at_once(server: Server, rig: Rig) -> None:
    """After its discovery documents, without a pause."""
    rig.holds(server, "a")
    paths = [request.path for request in server.api.requests]
    assert paths == ["/apis", f"/apis/{GROUP}/v1", ROUTES, ROUTES]
    assert rig.clock.slept == []


def test_objects_go_with_their_kind_at_the_second_look(server: Server, rig: Rig) -> None:
    """An API server that does not know a new CRD yet is not the only one: one look proves less."""
    rig.holds(server, "a", "b")
    server.uninstalls()
    rig.misses_it()
    assert (rig.names(), rig.gone) == (["a", "b"], [])
    rig.pauses()
    assert (rig.names(), sorted(rig.gone)) == ([], ["a", "b"])
    assert rig.stores.has_synced()


def test_a_kind_that_is_back_at_the_second_look_was_never_gone(server: Server, rig: Rig) -> None:
    """Nobody hears of a deletion; when it goes later it takes two looks again."""
    rig.holds(server, "a")
    kept = dict(server.api.objects)
    server.uninstalls()
    rig.misses_it()
    server.installs()
    server.api.objects.update(kept)
    rig.clock.advance(60)
    until(lambda: server.api.watches)
    assert (rig.names(), rig.gone) == (["a"], [])
    server.uninstalls()
    until(lambda: rig.clock.slept[-1] < 30)
    rig.misses_it()
    assert (rig.names(), rig.gone) == (["a"], [])
    rig.pauses()
    assert (rig.names(), rig.gone) == ([], ["a"])


def test_objects_that_come_back_with_their_kind_are_seen(server: Server, rig: Rig) -> None:
    """The very same ones: somebody took the CRD away by force, and the API kept its objects."""
    rig.holds(server, "a")
    kept = dict(server.api.objects)
    server.uninstalls()
    rig.misses_it()
    rig.pauses()
    assert rig.names() == []
    server.installs()
    server.api.objects.update(kept)
    rig.clock.advance(60)
    until(lambda: server.api.watches)
    assert rig.names() == ["a"]


@pytest.mark.parametrize(
    "refusal",
    [
        status(403, "Forbidden"),
        status(404, "NotFound"),
        status(503, "ServiceUnavailable"),
        Answer(200, b"{}"),
        Answer(200, b"<html>"),
    ],
)
def test_no_answer_is_not_an_empty_one(server: Server, rig: Rig, refusal: Answer) -> None:
    """Neither at the start, where the kind stays unsynced, nor for what is known."""
    server.refusal = refusal
    rig.starts()
    rig.pauses()
    assert rig.stores.unsynced() == ["Route"]
    server.refusal = None
    server.installs()
    server.api.put(f"{ROUTES}/a", {})
    rig.clock.advance(60)
    until(lambda: server.api.watches)
    server.refusal = refusal
    server.uninstalls()
    looks = server.looks()
    while server.looks() < looks + 3:
        rig.pauses()
    assert (rig.names(), rig.gone) == (["a"], [])


def test_a_kind_in_another_version_keeps_nobody_from_starting(server: Server, rig: Rig) -> None:
    """It is no empty kind, so it does not count as read; a warning names the versions."""
    server.served = {"v1alpha2": ["routes"], "v1": ["others"]}
    with capture_logs() as logs:
        rig.starts()
        rig.pauses()
    assert rig.stores.has_synced()
    assert not rig.store.synced.is_set()
    assert rig.store.unserved == "its CRD serves v1alpha2, not v1"
    warnings = [line["error"] for line in logs if line["log_level"] == "warning"]
    assert warnings == ["its CRD serves v1alpha2, not v1"]
    server.installs()
    rig.clock.advance(60)
    until(rig.store.synced.is_set)
    assert rig.store.unserved == ""


def test_a_version_that_is_served_no_more_takes_no_object_away(server: Server, rig: Rig) -> None:
    """They are there still, in another version: what is known of them stays.

    So it does where one look in between finds no version at all.
    """
    rig.holds(server, "a")
    server.uninstalls()
    server.served = {"v2": ["routes"]}
    rig.misses_it()
    for served in ({}, {"v2": ["routes"]}, {}, {"v2": ["routes"]}):
        server.served = served
        rig.pauses()
    assert (rig.names(), rig.gone) == (["a"], [])


def test_a_list_that_fails_though_the_kind_is_served_is_no_hot_loop(
    server: Server, rig: Rig
) -> None:
    """404 against the server's own documents, as for a moment after a CRD came: backed off."""
    server.installs()
    server.served["v1"].append("routes")
    real = server.api.fault
    server.api.fault = lambda r: Answer(404, b"") if r.path == ROUTES else real(r)
    rig.starts()
    for number in range(2, 6):
        rig.pauses()
        assert server.looks() == number
    assert rig.clock.slept[-1] > rig.clock.slept[0]
    assert rig.stores.unsynced() == ["Route"]


def test_versions_are_those_that_have_the_kind(server: Server, client: KubeClient) -> None:
    """Not all that the group has."""
    server.served = {"v1": ["routes"], "v1beta1": ["others"], "v1alpha2": ["others", "routes"]}
    assert served_versions(client, ROUTE) == ("v1", "v1alpha2")


def test_a_missing_document_is_not_a_missing_kind(server: Server, rig: Rig) -> None:
    """The warning names the document, and does not call the CRD missing."""
    server.refusal = status(404, "NotFound")
    with capture_logs() as logs:
        rig.starts()
    (warning,) = (line["error"] for line in logs if line["log_level"] == "warning")
    assert "no discovery document at /apis" in warning


def test_only_absent_is_asked_again_so_rarely(server: Server, rig: Rig) -> None:
    """An API that fails is backed off as for every kind."""
    server.refusal = status(503, "ServiceUnavailable")
    rig.starts()
    assert rig.clock.slept[0] <= informer.BACKOFF_SECONDS[0]
