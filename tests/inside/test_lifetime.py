"""How the whole controller starts and ends; it has nothing to do, and so no need of an AWS."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import requests
from structlog.testing import capture_logs

from alb_controller import app
from alb_controller.app import LOST_LEASE
from alb_controller.kube import events, informer
from alb_controller.objects.kinds import WATCHED
from alb_controller.objects.notes import STATUS
from alb_controller.sandbox.controller import Surroundings
from alb_controller.sandbox.kubeapi import ApiServer
from tests.apiserver.cluster import Cluster
from tests.conformance.embedded import embedded
from tests.controller.manifests import NAMESPACE, ingress, service, world
from tests.inside.running import made, running
from tests.optional_kind import CRD, ROUTE, Route
from tests.waiting import until

NOBODY = "http://127.0.0.1:1"
LEASE = ("Lease", NAMESPACE, "aws-load-balancer-controller-leader")
GATEWAYS = {
    "apiVersion": "apiextensions.k8s.io/v1",
    "kind": "CustomResourceDefinition",
    "metadata": {"name": "gateways.gateway.networking.k8s.io"},
    "spec": {
        "group": "gateway.networking.k8s.io",
        "scope": "Namespaced",
        "names": {"plural": "gateways", "kind": "Gateway"},
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
LEADING = {"enable_leader_election": "true", "leader_election_namespace": NAMESPACE}


@pytest.fixture
def api(tmp_path: Path) -> Iterator[tuple[ApiServer, Path]]:
    """An embedded API with a namespace and a class in it, and its kubeconfig."""
    with embedded(tmp_path) as (server, kubeconfig):
        for obj in world()[:2]:
            assert Cluster(kubeconfig).apply(obj) is None
        yield server, kubeconfig


@pytest.fixture
def around(api: tuple[ApiServer, Path], tmp_path: Path) -> Surroundings:
    """The API, and an AWS that does not answer."""
    return Surroundings(kubeconfig=api[1], aws_url=NOBODY, vpc_id="vpc-1", folder=tmp_path)


def test_a_controller_whose_lease_another_has_taken_ends(around: Surroundings) -> None:
    """With an exit code that has it started anew."""
    cluster = Cluster(around.kubeconfig)
    with running(around, **LEADING) as controller:
        until(lambda: cluster.get(*LEASE))
        controller.settle()
        taken = {"spec": {"holderIdentity": "another"}}
        cluster.merge(cluster.path(*LEASE), taken).raise_for_status()
        assert controller.end() == LOST_LEASE


def test_it_is_ready_once_it_has_read_the_cluster(
    api: tuple[ApiServer, Path], around: Surroundings
) -> None:
    """Before that it says what is missing; metrics that are switched off have no port."""
    api[0].faults.answer(503, verb="list")
    with running(around, metrics_bind_addr="0") as controller:
        (port,) = controller.ports
        url = f"http://127.0.0.1:{port}/readyz"
        early = requests.get(url, timeout=20)
        assert (early.status_code, early.text[:19]) == (503, "not synced: Ingress")
        api[0].faults.release()
        until(lambda: requests.get(url, timeout=20).status_code == 200)


def test_a_kind_that_a_cluster_may_lack_keeps_nobody_from_being_ready(
    around: Surroundings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its store is empty, and fills without a restart once the CRD is there."""
    monkeypatch.setattr(app, "WATCHED", (*WATCHED, ROUTE))
    monkeypatch.setattr(informer, "LOOK_SECONDS", (0.05, 0.1))
    cluster = Cluster(around.kubeconfig)
    with running(around) as controller:
        url = f"http://127.0.0.1:{controller.ports[0]}/readyz"
        until(lambda: requests.get(url, timeout=20).status_code == 200)
        routes = controller.store(Route)
        assert routes.list() == []
        cluster.establish([CRD])
        body = {"apiVersion": ROUTE.api_version, "kind": "Route", "metadata": {"name": "a"}}
        posted = cluster.http.post(cluster.url + ROUTE.path("default"), json=body)
        assert posted.status_code == 201
        until(lambda: routes.get("default", "a"))
        assert requests.get(url, timeout=20).status_code == 200


def test_who_is_stopped_while_it_starts_ends_cleanly(around: Surroundings) -> None:
    """It never begins to work."""
    with capture_logs() as lines, made(around) as controller:
        controller.stop()
        controller.start()
        assert controller.end() == 0
    assert "working" not in [line["event"] for line in lines]


def test_objects_that_wait_for_another_controller_are_reported_at_start(
    around: Surroundings,
) -> None:
    """A Service with the finalizer that nobody here will ever take away, by its kind."""
    held = service("held")
    held["metadata"]["finalizers"] = ["service.k8s.aws/resources"]
    assert Cluster(around.kubeconfig).apply(held) is None
    with capture_logs() as lines, running(around) as controller:
        controller.settle()
    (reported,) = (line for line in lines if line["event"] == "objects_not_served")
    assert reported["held_by_finalizer"] == {"Service": 1}


def test_a_start_does_not_wait_for_who_cannot_be_asked(
    api: tuple[ApiServer, Path], around: Surroundings
) -> None:
    """Gateways that may wait for another controller are unknown: that is logged, and all works."""
    Cluster(around.kubeconfig).establish([GATEWAYS])
    api[0].faults.answer(503, resource="gateways.gateway.networking.k8s.io")
    with capture_logs() as lines, running(around) as controller:
        controller.settle()
    (reported,) = (line for line in lines if line["event"] == "holders_unknown")
    assert "503" in reported["error"]


def test_a_leader_may_write(around: Surroundings) -> None:
    """With the Lease, users hear what is wrong with their objects."""
    cluster = Cluster(around.kubeconfig)
    assert cluster.apply(ingress("bad", scheme="open")) is None
    with running(around, **LEADING) as controller:
        until(lambda: cluster.list("Event"))
        controller.stop()
        assert controller.end() == 0


def noted(cluster: Cluster, name: str) -> dict[str, str]:
    """The annotations of an Ingress."""
    (annotations,) = (
        one["metadata"]["annotations"]
        for one in cluster.list("Ingress")
        if one["metadata"]["name"] == name
    )
    return dict(annotations)


def test_events_that_the_api_does_not_take_hold_nobody_up(
    api: tuple[ApiServer, Path], around: Surroundings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One worker goes from group to group; the process is not idle before they are written."""
    monkeypatch.setattr(events, "EVENT_SECONDS", 60.0)
    server, cluster = api[0], Cluster(around.kubeconfig)
    server.faults.hang(verb="create", resource="events")
    for name in ("a", "b", "c"):
        assert cluster.apply(ingress(name, scheme="open")) is None
    with running(around, ingress_max_concurrent_reconciles="1") as controller:
        until(lambda: all(STATUS in noted(cluster, name) for name in "abc"))
        until(lambda: controller.has_no_key)
        assert not controller.is_idle
        server.faults.release()
        controller.settle()
        found = cluster.list("Event")
    assert {event["involvedObject"]["name"] for event in found} == {"a", "b", "c"}


def test_it_is_alive_before_it_is_ready_and_after(
    api: tuple[ApiServer, Path], around: Surroundings
) -> None:
    """What has not started yet is not broken: a restart would not help it."""
    api[0].faults.answer(503, verb="list")
    with running(around) as controller:
        url = f"http://127.0.0.1:{controller.ports[0]}/healthz"
        assert requests.get(url, timeout=20).status_code == 200
        api[0].faults.release()
        controller.settle()
        assert requests.get(url, timeout=20).status_code == 200


def test_flags_without_effect_are_reported_once_at_start(around: Surroundings) -> None:
    """Those that were given in words."""
    with capture_logs() as lines, running(around, service_max_concurrent_reconciles="5") as here:
        here.settle()
    (reported,) = (line for line in lines if line["event"] == "not_served_yet")
    assert "--service-max-concurrent-reconciles" in str(reported["flags"])


def test_who_is_stopped_while_it_waits_for_lists_ends_cleanly(
    api: tuple[ApiServer, Path], around: Surroundings
) -> None:
    """An API that does not answer holds nothing up."""
    api[0].faults.answer(503, verb="list")
    with capture_logs() as lines, running(around) as controller:
        until(lambda: "watch_failed" in [line["event"] for line in lines])
        controller.stop()
        assert controller.end() == 0
    assert "working" not in [line["event"] for line in lines]
