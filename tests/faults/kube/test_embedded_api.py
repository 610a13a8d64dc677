"""The Kubernetes edge on the sandbox's embedded API: TLS, faults and a restart in one process."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from alb_controller.clock import SystemClock
from alb_controller.kube import informer
from alb_controller.kube.client import KubeClient
from alb_controller.kube.connection import load
from alb_controller.kube.events import EventRecorder
from alb_controller.kube.informer import Informers
from alb_controller.kube.store import Stores
from alb_controller.kube.writer import Writer
from alb_controller.objects.core import Namespace, Service
from alb_controller.objects.kinds import NAMESPACE, SERVICE
from alb_controller.sandbox.controller import hold_port
from alb_controller.sandbox.kubeapi import ApiServer
from tests.apiserver.cluster import Cluster
from tests.conformance.embedded import embedded
from tests.optional_kind import live_through
from tests.waiting import until


class Rig:
    """Informers and a writer on one embedded API."""

    def __init__(self, server: ApiServer, kubeconfig: Path) -> None:
        self.client = KubeClient(load(str(server.write_kubeconfig(kubeconfig))), SystemClock())
        self.stores = Stores([SERVICE, NAMESPACE])
        self.informers = Informers(self.client, self.stores, SystemClock())
        events = EventRecorder(self.client, SystemClock(), lambda: None)
        self.writer = Writer(self.client, self.stores, lambda: None, events)

    def create(self, name: str) -> None:
        """Create a Service past our own stores, as a user would."""
        body = {"metadata": {"name": name}, "spec": {"ports": [{"port": 80}]}}
        self.client.request("POST", SERVICE.path("default"), body=body)

    def has(self, *names: str) -> bool:
        """Whether the store holds just these Services of ours."""
        known = {s.metadata.name for s in self.stores.list(Service)} - {"kubernetes"}
        return known == set(names)


@pytest.fixture
def server() -> Iterator[ApiServer]:
    """The embedded API."""
    with ApiServer() as made:
        yield made


@pytest.fixture
def rig(server: ApiServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Rig]:
    """Everything synced; pauses are short."""
    monkeypatch.setattr(informer, "BACKOFF_SECONDS", (0.05, 0.1))
    made = Rig(server, tmp_path / "kubeconfig")
    made.informers.start()
    until(made.stores.has_synced)
    yield made
    assert made.informers.stop(20)
    made.client.close()


def test_stop_over_tls_is_immediate(rig: Rig) -> None:
    """A watch that waits for bytes of an encrypted connection ends at once."""
    assert rig.informers.stop(20)  # its silence would be borne for 90 s


def test_written_read_watched_deleted(rig: Rig) -> None:
    """What is written is in the store at once, and goes with its deletion."""
    made = rig.writer.create(
        SERVICE,
        {"metadata": {"name": "a", "namespace": "default"}, "spec": {"ports": [{"port": 80}]}},
    )
    assert rig.has("a")
    held = rig.writer.add_finalizer(SERVICE, made, "x.y/z")
    rig.writer.delete(SERVICE, held)
    assert rig.has("a")
    rig.writer.remove_finalizer(SERVICE, held, "x.y/z")
    assert rig.has()


def test_every_fault_of_a_watch_heals(server: ApiServer, rig: Rig) -> None:
    """After ended and expired watches and refused requests the store still follows."""
    rig.create("a")
    server.faults.close_watches()
    rig.create("b")
    until(lambda: rig.has("a", "b"))
    server.faults.watch_error(410)
    rig.create("c")
    until(lambda: rig.has("a", "b", "c"))
    server.faults.answer(503, verb="watch", times=2)
    server.faults.answer(403, verb="list", times=2)
    server.faults.watch_error(410)
    rig.create("d")
    until(lambda: rig.has("a", "b", "c", "d"))


def test_a_restart_is_survived(server: ApiServer, rig: Rig) -> None:
    """Watches go on after the server was away; requests work again."""
    server.stop()
    with hold_port(urlsplit(server.url).port or 0):
        until(lambda: all(reflector._pulse.failures > 1 for reflector in rig.informers._reflectors))
        server.start()
    rig.create("late")
    until(lambda: rig.has("late"))
    assert rig.stores.get(Namespace, "", "default") is not None
    counted = [seen for seen in server.requests if seen.verb in {"list", "watch"}]
    assert len(counted) < 40


def test_an_optional_kind_comes_and_goes(tmp_path: Path) -> None:
    """As on a real server (tests/apiserver/test_kube_edge.py)."""
    with embedded(tmp_path) as (_, kubeconfig):
        client = KubeClient(load(str(kubeconfig)), SystemClock())
        live_through(Cluster(kubeconfig), client)
        client.close()
