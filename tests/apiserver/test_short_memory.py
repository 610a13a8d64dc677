"""What kube-apiserver does where a webhook has no memory for a review at the moment."""

from __future__ import annotations

import base64
import contextlib
import threading
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any, cast

import pytest

from alb_controller.frontends.review import ALLOWED, AdmissionResponse
from alb_controller.runtime.connections import Connection
from alb_controller.webhooks import bodies
from alb_controller.webhooks.reviews import Request
from tests.apiserver.cluster import Cluster
from tests.apiserver.webhooks import ROOT
from tests.unit.webhooks.served import Process
from tests.waiting import until

NAME = "short-memory"
CONFIGURATIONS = f"{ROOT}/validatingwebhookconfigurations"
HELD_SECONDS = 0.5
LARGE = {"data": {str(n): "" for n in range(200)}}
"""200 values: more than every review may have."""


@contextlib.contextmanager
def installed(cluster: Cluster, process: Process) -> Iterator[None]:
    """A webhook for ConfigMaps, for as long as the block."""
    bundle = base64.b64encode(process.made.authority).decode()
    url = f"https://127.0.0.1:{process.server.port}/review"
    rule = {
        "apiGroups": [""],
        "apiVersions": ["v1"],
        "resources": ["configmaps"],
        "operations": ["CREATE"],
    }
    webhook = {
        "name": f"{NAME}.example.com",
        "clientConfig": {"url": url, "caBundle": bundle},
        "rules": [rule],
        "failurePolicy": "Fail",
        "sideEffects": "None",
        "admissionReviewVersions": ["v1"],
        "timeoutSeconds": 5,
    }
    body = {
        "apiVersion": "admissionregistration.k8s.io/v1",
        "kind": "ValidatingWebhookConfiguration",
        "metadata": {"name": NAME},
        "webhooks": [webhook],
    }
    try:
        cluster.http.post(f"{cluster.url}/{CONFIGURATIONS}", json=body).raise_for_status()
        yield
    finally:
        cluster.http.delete(f"{cluster.url}/{CONFIGURATIONS}/{NAME}")


@contextlib.contextmanager
def held(process: Process) -> Iterator[None]:
    """All memory for bodies, for a moment."""
    server = cast("Any", process.server)._server
    client = cast("Connection", SimpleNamespace(holds_memory=False))
    with contextlib.ExitStack() as claims:
        claim = claims.enter_context(server.budget.claim(client))
        claim.reach(bodies.BUDGET + bodies.UNCOUNTED)
        timer = threading.Timer(HELD_SECONDS, claims.close)
        timer.start()
        yield
        timer.join()


def test_it_asks_again(control_plane: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    """By itself, a second later: its client sees an object that is taken, and no error."""
    monkeypatch.setattr(bodies, "WAIT_SECONDS", 0.0)
    process, seen = Process(), list[Request]()

    def note(request: Request) -> AdmissionResponse:
        seen.append(request)
        return ALLOWED

    def create(name: str) -> str:
        url = f"{control_plane.url}/api/v1/namespaces/default/configmaps"
        body = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, **LARGE}
        return control_plane.http.post(url, params={"dryRun": "All"}, json=body, timeout=30).text

    process.respond = note
    with installed(control_plane, process):
        until(lambda: create("probe") and seen)  # it learns of webhooks after a moment
        seen.clear()
        with held(process):
            assert '"name":"mine"' in create("mine")
        assert len(seen) == 1
    process.server.stop()
