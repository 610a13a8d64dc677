"""Quick enough that nobody notices it: starting, writing, watching."""

from __future__ import annotations

import json
import statistics
import time

import pytest

from alb_controller.sandbox.kubeapi import ApiServer
from tests.sandbox.kubeapi.conftest import CONFIGMAPS, Caller

pytestmark = pytest.mark.perf


def test_it_starts_in_a_fifth_of_a_second() -> None:
    """A test that wants a cluster of its own can have one."""
    began = time.perf_counter()
    with ApiServer():
        assert time.perf_counter() - began < 0.2


def test_it_takes_five_hundred_creates_a_second(caller: Caller) -> None:
    """One client, one connection, TLS and all."""
    began, count = time.perf_counter(), 500
    for number in range(count):
        caller.make(f"c{number}", k="v")
    assert count / (time.perf_counter() - began) > 500


def test_an_event_arrives_within_five_milliseconds(server: ApiServer, caller: Caller) -> None:
    """From before the write to behind the read, by the median."""
    asked = {"watch": "1", "timeoutSeconds": "30"}
    kind, spent = server.registry.named("ConfigMap"), []
    with caller.call("GET", CONFIGMAPS, params=asked, stream=True) as answer:
        events = answer.iter_lines(chunk_size=1)
        for number in range(200):
            began = time.perf_counter()
            server.api.create(kind, {"metadata": {"name": f"c{number}"}}, "default")
            assert json.loads(next(events))["type"] == "ADDED"
            spent.append(time.perf_counter() - began)
    assert statistics.median(spent) < 0.005
