"""Faults on purpose come as they are ordered, and go."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest
import requests

from alb_controller.sandbox.kubeapi import ApiServer
from tests.sandbox.kubeapi.conftest import CONFIGMAPS, Caller
from tests.waiting import until


def test_a_refusal_comes_so_many_times(server: ApiServer, caller: Caller) -> None:
    """429 with Retry-After, twice, for lists alone."""
    server.faults.answer(429, verb="list", resource="configmaps", times=2, retry_after=7)
    caller.make("a")
    answers = [caller.call("GET", CONFIGMAPS) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [429, 429, 200]
    assert answers[0].headers["Retry-After"] == "7"
    assert answers[0].json()["reason"] == "TooManyRequests"
    assert caller.call("GET", "/api/v1/namespaces").status_code == 200


@pytest.mark.parametrize("code", [403, 410, 500, 503])
def test_any_code_can_be_ordered(server: ApiServer, caller: Caller, code: int) -> None:
    """A watch is refused with an HTTP code, too, until the fault is released."""
    server.faults.answer(code, verb="watch")
    asked = {"watch": "1", "timeoutSeconds": "1"}
    assert caller.call("GET", CONFIGMAPS, params=asked).status_code == code
    server.faults.release()
    assert caller.call("GET", CONFIGMAPS, params=asked).status_code == 200


def open_watch(caller: Caller) -> tuple[requests.Response, Any]:
    """A watch that has begun."""
    asked = {"watch": "1", "timeoutSeconds": "30"}
    answer = caller.call("GET", CONFIGMAPS, params=asked, stream=True)
    until(lambda: caller.server.store.watchers("configmaps") > 0)
    return answer, answer.iter_lines(chunk_size=1)


def test_open_watches_end_with_an_error_event(server: ApiServer, caller: Caller) -> None:
    """The watch cache's way to say 410: an ERROR event, then the end."""
    answer, events = open_watch(caller)
    with answer:
        server.faults.watch_error(410)
        event = json.loads(next(events))
        assert (event["type"], event["object"]["code"]) == ("ERROR", 410)
        assert list(events) == []


def test_open_watches_end_in_peace(server: ApiServer, caller: Caller) -> None:
    """A server whose time is up closes without a word; the next watch is well."""
    answer, events = open_watch(caller)
    with answer:
        server.faults.close_watches()
        assert list(events) == []
    caller.make("a")
    answer, events = open_watch(caller)
    with answer:
        assert json.loads(next(events))["type"] == "ADDED"


def test_a_hanging_watch_says_nothing_and_loses_nothing(server: ApiServer, caller: Caller) -> None:
    """Silence while it hangs; what happened meanwhile comes afterwards."""
    answer, events = open_watch(caller)
    with answer:
        server.faults.hang(verb="watch")
        caller.make("a")
        began = time.monotonic()
        server.faults.release_after(0.3)
        assert json.loads(next(events))["object"]["metadata"]["name"] == "a"
        assert time.monotonic() - began > 0.25


def test_a_hanging_list_waits(server: ApiServer, caller: Caller) -> None:
    """A client's read timeout is what ends it."""
    server.faults.hang(verb="list")
    with pytest.raises(requests.exceptions.ReadTimeout):
        caller.http.get(server.url + CONFIGMAPS, timeout=(10, 0.3))


def test_events_come_late_if_ordered(server: ApiServer, caller: Caller) -> None:
    """Every event of a slow watch takes its time."""
    server.faults.delay_events(0.2)
    answer, events = open_watch(caller)
    with answer:
        began = time.monotonic()
        caller.make("a")
        next(events)
        assert time.monotonic() - began >= 0.2


def test_a_restart_keeps_state_port_and_token(server: ApiServer, caller: Caller) -> None:
    """While it is stopped connections are refused; afterwards all is as it was."""
    made = caller.make("a")
    answer, events = open_watch(caller)
    server.stop()
    with answer, pytest.raises(requests.exceptions.ConnectionError):
        caller.call("GET", CONFIGMAPS)
    del events
    server.start()
    found = caller.call("GET", f"{CONFIGMAPS}/a").json()
    assert found["metadata"]["uid"] == made["metadata"]["uid"]


def test_requests_are_remembered(server: ApiServer, caller: Caller) -> None:
    """Tests of clients count what was asked."""
    caller.make("a")
    caller.call("GET", f"{CONFIGMAPS}/b")
    seen = [(r.verb, r.resource, r.code) for r in server.requests if r.resource]
    assert seen == [("create", "configmaps", 201), ("get", "configmaps", 404)]
