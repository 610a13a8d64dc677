"""An optional kind for tests, and its life in a cluster: the same on every API server."""

from __future__ import annotations

from typing import Any

import pytest
from structlog.testing import capture_logs

from alb_controller.clock import SystemClock
from alb_controller.kube import informer
from alb_controller.kube.client import KubeClient
from alb_controller.kube.informer import Informers
from alb_controller.kube.store import Stores
from alb_controller.objects.core import KubeObject
from alb_controller.objects.kinds import Kind
from tests.apiserver.cluster import Cluster
from tests.waiting import until

GROUP = "routes.example.com"
CRD: dict[str, Any] = {
    "apiVersion": "apiextensions.k8s.io/v1",
    "kind": "CustomResourceDefinition",
    "metadata": {"name": f"routes.{GROUP}"},
    "spec": {
        "group": GROUP,
        "scope": "Namespaced",
        "names": {"plural": "routes", "kind": "Route"},
        "versions": [
            {
                "name": "v1",
                "served": True,
                "storage": True,
                "schema": {"openAPIV3Schema": {"type": "object"}},
            }
        ],
    },
}
_CRD = ("CustomResourceDefinition", None, f"routes.{GROUP}")


class Route(KubeObject, frozen=True):
    """An object of the optional kind."""


ROUTE = Kind("Route", GROUP, "v1", "routes", True, Route, optional=True)


def live_through(cluster: Cluster, client: KubeClient) -> None:
    """Not installed; installed while the informer runs; an object of it; taken away for good.

    The object has a finalizer: the server holds the CRD until it is taken off.
    """
    stores = Stores([ROUTE])
    informers = Informers(client, stores, SystemClock())
    url = f"{cluster.url}{ROUTE.path('default')}"
    with capture_logs() as logs, pytest.MonkeyPatch.context() as patch:
        patch.setattr(informer, "LOOK_SECONDS", (0.05, 0.1))
        patch.setattr(informer, "BACKOFF_SECONDS", (0.05, 0.1))
        informers.start()
        until(stores.has_synced)
        assert stores.list(Route) == []
        cluster.establish([CRD])
        held = {"name": "a", "finalizers": ["example.com/held"]}
        body = {"apiVersion": ROUTE.api_version, "kind": "Route", "metadata": held}
        until(lambda: cluster.http.post(url, json=body).status_code in (201, 409))
        until(lambda: stores.get(Route, "default", "a"))
        cluster.delete(*_CRD)
        until(lambda: (found := stores.get(Route, "default", "a")) and found.is_deleting)
        assert cluster.get(*_CRD)
        cluster.merge(f"{url}/a", {"metadata": {"finalizers": None}}).raise_for_status()
        until(lambda: stores.get(Route, "default", "a") is None)
        until(lambda: cluster.get(*_CRD) is None)
        until(lambda: [line["event"] for line in logs].count("kind_not_installed") == 2)
    assert stores.has_synced()
    assert informers.stop(20)
