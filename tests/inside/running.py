"""The whole controller in the test's own process: quick to start, and its coverage counts."""

from __future__ import annotations

import contextlib
import gc
import os
import threading
import time
from collections.abc import Iterator
from typing import Any, TypeVar

import pytest

from alb_controller.app import App, Parts, StopSignal
from alb_controller.kube.store import Store
from alb_controller.objects.core import KubeObject
from alb_controller.sandbox.controller import Surroundings, environment_of
from alb_controller.settings import BindAddress, parse_settings
from alb_controller.telemetry import metrics
from alb_controller.webhooks import serving
from tests.apiserver.cluster import Cluster
from tests.conformance.aws_account import CLUSTER, REGION
from tests.waiting import until

T = TypeVar("T", bound=KubeObject)
Versions = dict[tuple[str, str], str]
STILL_SECONDS = 0.05
"""For so long it must have had nothing to do: between a change's arrival and its key."""


class Inside:
    """A running controller."""

    def __init__(self, app: App, stop: StopSignal, cluster: Cluster) -> None:
        self._app, self._stop, self._cluster = app, stop, cluster
        self._busy_at = 0.0
        self._codes: list[int] = []
        self._thread = threading.Thread(target=self._run, name="controller", daemon=True)

    def _run(self) -> None:
        self._codes.append(self._app.run())

    def start(self) -> None:
        """Let it work in a thread of its own."""
        self._thread.start()

    def stop(self) -> None:
        """As SIGTERM does."""
        self._stop.event.set()

    def end(self) -> int:
        """The exit code, once it has ended."""
        self._thread.join(60)
        (code,) = self._codes
        return code

    @property
    def ports(self) -> list[int]:
        """Where it answers probes, and scrapes after that, once it is open."""
        self._parts()
        return [server.port for server in self._app._servers]

    @property
    def webhook_port(self) -> int:
        """Where it answers reviews."""
        webhooks = self._parts().webhooks
        assert webhooks is not None
        return webhooks._server.port

    def _parts(self) -> Parts:
        until(lambda: self._app._parts)
        assert self._app._parts is not None
        return self._app._parts

    def store(self, kind: type[T]) -> Store[T]:
        """What it knows of a kind."""
        return self._app._stores.of(kind)

    @property
    def is_idle(self) -> bool:
        """As `/debug/idle` says."""
        return self._app._is_idle()

    @property
    def has_no_key(self) -> bool:
        """Whether no worker has anything to do."""
        return self._parts().loops.is_idle(0.0)

    def settle(self) -> None:
        """Wait until it has seen all that the API has, and has nothing to do."""
        self._busy_at = time.monotonic()
        until(self._is_still)

    def _is_still(self) -> bool:
        if not (self._app._is_idle() and self._has_seen_all() and self._app._is_idle()):
            self._busy_at = time.monotonic()
        return time.monotonic() - self._busy_at >= STILL_SECONDS

    def _has_seen_all(self) -> bool:
        stores = list(self._app._stores)
        is_same = all(self._versions(store.kind.name) == _known(store) for store in stores)
        return is_same and not any(map(_is_reporting, stores))

    def _versions(self, kind: str) -> Versions:
        found = (obj["metadata"] for obj in self._cluster.list(kind))
        return {(m.get("namespace", ""), m["name"]): m["resourceVersion"] for m in found}


def _is_reporting(store: Store[Any]) -> bool:
    """Whether a change that can be seen has not woken its keys yet."""
    with store._lock:
        return store._feed.is_busy or bool(store._feed.pending)


def _known(store: Store[Any]) -> Versions:
    return {obj.key: obj.metadata.resource_version for obj in store.list()}


@contextlib.contextmanager
def running(around: Surroundings, **flags: str) -> Iterator[Inside]:
    """A controller for as long as the block."""
    with made(around, **flags) as controller:
        controller.start()
        yield controller


@contextlib.contextmanager
def made(around: Surroundings, **flags: str) -> Iterator[Inside]:
    """The same, for the block to start."""
    given = {
        "kubeconfig": str(around.kubeconfig),
        "cluster-name": CLUSTER,
        "aws-region": REGION,
        "aws-vpc-id": around.vpc_id,
        "enable-leader-election": "false",
        "metrics-bind-addr": "127.0.0.1:0",
        "health-probe-bind-addr": "127.0.0.1:0",
        "replacement-ready-timeout": "0",
        "replacement-drain": "0",
        **{name.replace("_", "-"): value for name, value in flags.items()},
    }
    with pytest.MonkeyPatch.context() as patch:
        for name, value in environment_of(around.aws_url, around.folder).items():
            patch.setenv(name, value)
        stop = StopSignal()
        # reviews: not at every address of this machine, and at a port that is free
        patch.setattr(serving, "BindAddress", lambda *_: BindAddress("127.0.0.1", 0))
        settings = parse_settings({name: [value] for name, value in given.items()})
        controller = Inside(App(settings, os.environ, stop), stop, Cluster(around.kubeconfig))
        try:
            yield controller
        finally:
            controller.stop()
            controller.end()
            gc.unfreeze()
            for gauge in (metrics.OBJECT_STATE, metrics.TARGET_GROUP_INFO, metrics.QUOTA_USED):
                gauge._shown.clear()  # as a process's end does; its keys are others' owners too
