"""What a watch shows, from where on, and when it says that it cannot."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from alb_controller.sandbox.kubeapi import (
    ApiServer,
    Kind,
    ListOptions,
    ResourceApi,
    StatusError,
    Store,
    Target,
    WatchOptions,
    watch,
)
from alb_controller.sandbox.kubeapi.kinds import Registry
from tests.sandbox.kubeapi.conftest import CONFIGMAPS, Caller
from tests.waiting import until

QUIET_TICKS = 3


class Shelf:
    """ConfigMaps of an API without HTTP, some events of history."""

    def __init__(self, history_events: int = 100) -> None:
        registry = Registry()
        self.kind: Kind = registry.named("ConfigMap")
        self.store = Store(history_events)
        self.api = ResourceApi(self.store, registry)
        for name in ("default", "other"):
            self.api.create(registry.named("Namespace"), {"metadata": {"name": name}})

    def put(self, name: str, namespace: str = "default", **labels: str) -> int:
        """Create a ConfigMap; the version after it."""
        body = {"metadata": {"name": name, "labels": labels}}
        return int(self.api.create(self.kind, body, namespace)["metadata"]["resourceVersion"])

    def drop(self, name: str) -> None:
        """Delete one of the namespace default."""
        self.api.delete(Target(self.kind, name, "default"))

    def events(
        self, selection: ListOptions, namespace: str | None = "default", **more: Any
    ) -> list[tuple[str, str]]:
        """All events that a watch has until nothing comes for a while: type, and name or code."""
        bookmark_seconds = more.pop("bookmark_seconds", 60.0)
        options = WatchOptions(selection, **more)
        stream = watch(
            self.store,
            self.kind,
            namespace,
            options,
            tick_seconds=0.01,
            bookmark_seconds=bookmark_seconds,
        )
        found, quiet = [], 0
        for event in stream:
            if event is not None:
                found.append((event.type, self._shown(event.object)))
            elif (quiet := quiet + 1) == QUIET_TICKS:
                break
        return found

    @staticmethod
    def _shown(obj: dict[str, Any]) -> str:
        return str(obj.get("code") or obj["metadata"].get("name", ""))


def since(version: int, *, field_selector: str = "", version_match: str = "") -> ListOptions:
    """A selection from a version on."""
    return ListOptions(
        resource_version=str(version), field_selector=field_selector, version_match=version_match
    )


def test_a_watch_replays_what_came_after_its_version() -> None:
    """Every change after the version, once and in order; nothing from elsewhere."""
    shelf = Shelf()
    version = shelf.put("a")
    shelf.put("b")
    shelf.put("c", "other")
    shelf.drop("a")
    assert shelf.events(since(version)) == [("ADDED", "b"), ("DELETED", "a")]
    assert shelf.events(since(version), None) == [("ADDED", "b"), ("ADDED", "c"), ("DELETED", "a")]


def test_a_watch_without_a_version_begins_with_what_is_there() -> None:
    """Objects that exist come as ADDED first."""
    shelf = Shelf()
    shelf.put("b", x="1")
    shelf.put("a", x="1")
    shelf.put("c")
    assert shelf.events(ListOptions("x=1")) == [("ADDED", "a"), ("ADDED", "b")]


def test_initial_events_end_with_a_bookmark() -> None:
    """A streaming list ends its first part with an annotated bookmark."""
    shelf = Shelf()
    shelf.put("a")
    options = WatchOptions(ListOptions(), bookmarks=True, initial_events=True, timeout_seconds=0.01)
    events = [event for event in watch(shelf.store, shelf.kind, None, options) if event]
    assert [event.type for event in events[:2]] == ["ADDED", "BOOKMARK"]
    marked = events[1].object["metadata"]
    assert marked["annotations"] == {"k8s.io/initial-events-end": "true"}
    assert marked["resourceVersion"] == str(shelf.store.version)


def test_bookmarks_come_only_if_asked_for() -> None:
    """A quiet watch learns how far the world has come."""
    shelf = Shelf()
    version = shelf.put("a")
    quiet = since(version, field_selector="metadata.name=zz")
    assert not shelf.events(quiet, bookmark_seconds=0.01)
    assert ("BOOKMARK", "") in shelf.events(quiet, bookmarks=True, bookmark_seconds=0.01)


def test_forgotten_history_is_an_event_410() -> None:
    """After compaction, or beyond the bound of the history, a watch says 410 and ends."""
    shelf = Shelf(history_events=3)
    version = shelf.put("first")
    for number in range(4):
        shelf.put(f"n{number}")
    assert shelf.events(since(version)) == [("ERROR", "410")]
    current = shelf.store.version
    assert shelf.events(since(current)) == []
    shelf.store.compact()
    assert shelf.events(since(current)) == []
    assert shelf.events(since(current - 1)) == [("ERROR", "410")]


def test_pages_are_of_one_moment() -> None:
    """What is deleted or made between two pages does not change the second."""
    shelf = Shelf()
    for name in "abc":
        shelf.put(name)
    first = shelf.api.list(shelf.kind, "default", ListOptions(limit=1))
    shelf.drop("b")
    shelf.put("bb")
    token = first["metadata"]["continue"]
    rest = shelf.api.list(shelf.kind, "default", ListOptions(continue_token=token))
    assert [item["metadata"]["name"] for item in rest["items"]] == ["b", "c"]
    assert rest["metadata"]["resourceVersion"] == first["metadata"]["resourceVersion"]
    assert first["metadata"]["remainingItemCount"] == 2


def test_a_page_of_a_forgotten_moment_is_410() -> None:
    """A token older than the history is refused, so that the client lists anew."""
    shelf = Shelf()
    for name in "abc":
        shelf.put(name)
    token = shelf.api.list(shelf.kind, "default", ListOptions(limit=1))["metadata"]["continue"]
    shelf.put("d")
    shelf.store.compact()
    with pytest.raises(StatusError) as refused:
        shelf.api.list(shelf.kind, "default", ListOptions(continue_token=token))
    assert (refused.value.code, refused.value.reason) == (410, "Expired")


def test_a_list_of_an_exact_version_is_of_then() -> None:
    """`resourceVersionMatch=Exact` shows the past."""
    shelf = Shelf()
    version = shelf.put("a")
    shelf.put("b")
    then = since(version, version_match="Exact")
    names = [i["metadata"]["name"] for i in shelf.api.list(shelf.kind, "default", then)["items"]]
    assert names == ["a"]


# ---------------------------------------------------------------- over HTTP

MERGE = {"Content-Type": "application/merge-patch+json"}
AS_TABLE = {"Accept": "application/json;as=Table;v=v1;g=meta.k8s.io"}


def lines(caller: Caller, **query: str) -> Iterator[dict[str, Any]]:
    """The events of a watch of ConfigMaps, as they come."""
    asked = {"watch": "true", "timeoutSeconds": "5", **query}
    with caller.call("GET", CONFIGMAPS, params=asked, stream=True) as answer:
        assert answer.status_code == 200
        for line in answer.iter_lines(chunk_size=1):
            yield json.loads(line)


def test_events_come_as_they_happen(caller: Caller) -> None:
    """A watch that is open shows a change at once, not at its end."""
    stream = lines(caller)
    caller.make("a")
    assert next(stream)["object"]["metadata"]["name"] == "a"
    caller.call("PATCH", f"{CONFIGMAPS}/a", {"data": {"k": "v"}}, headers=MERGE)
    changed = next(stream)
    assert (changed["type"], changed["object"]["data"]) == ("MODIFIED", {"k": "v"})


def test_a_watch_may_be_a_table(caller: Caller) -> None:
    """`kubectl get -w` gets rows."""
    caller.make("a", k="v")
    asked = {"watch": "true", "timeoutSeconds": "1"}
    answer = caller.call("GET", CONFIGMAPS, params=asked, headers=AS_TABLE)
    (event,) = [json.loads(line) for line in answer.text.splitlines()]
    assert event["object"]["kind"] == "Table"
    assert event["object"]["rows"][0]["cells"][:2] == ["a", 1]


def test_a_client_that_leaves_frees_its_watch(server: ApiServer, caller: Caller) -> None:
    """A closed connection ends its subscription soon, though nothing happens."""
    asked = {"watch": "true", "timeoutSeconds": "60"}
    with caller.call("GET", CONFIGMAPS, params=asked, stream=True):
        until(lambda: server.store.watchers("configmaps") == 1)
    caller.http.close()
    until(lambda: server.store.watchers("configmaps") == 0)
