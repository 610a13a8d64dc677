"""The Kubernetes API fails: the controller goes on by itself, and asks no more than it must."""

from __future__ import annotations

import collections
import time
from urllib.parse import urlsplit

import pytest

from alb_controller.sandbox.controller import hold_port
from alb_controller.sandbox.kubeapi import ApiServer
from tests.controller.manifests import PREFIX, ingress
from tests.controller.rig import Rig

KINDS = 9
"""Kinds that are watched."""


def _asked(server: ApiServer, start: int) -> collections.Counter[str]:
    """Requests by verb, from a position on."""
    return collections.Counter(seen.verb for seen in list(server.requests)[start:])


def _serves(rig: Rig, *paths: str) -> bool:
    return rig.aws.paths() == list(paths)


@pytest.mark.parametrize("fault", ["ends", "410"])
def test_a_watch_that_breaks_is_opened_again(rig: Rig, server: ApiServer, fault: str) -> None:
    """Changes made afterwards arrive; each kind asks once or twice, not in a loop."""
    rig.apply(ingress("web", ["/a"]))
    with rig.running() as controller:
        controller.settle()
        start = len(server.requests)
        if fault == "ends":
            server.faults.close_watches()
        else:
            server.faults.watch_error(410)
        rig.until(lambda: _asked(server, start)["watch"] >= KINDS)
        rig.apply(ingress("web", ["/b"]))
        rig.until(lambda: _serves(rig, "/b"))
        controller.settle()
        asked = _asked(server, start)
        assert asked["watch"] <= 2 * KINDS
        assert asked["list"] <= (20 if fault == "ends" else 20 + KINDS)


def test_a_watch_that_hangs_loses_nothing(rig: Rig, server: ApiServer) -> None:
    """What happened meanwhile arrives when it speaks again; the silence costs no request."""
    rig.apply(ingress("web", ["/a"]))
    with rig.running() as controller:
        controller.settle()
        server.faults.hang(verb="watch")
        start = len(server.requests)
        rig.apply(ingress("web", ["/b"]))
        time.sleep(1.0)  # the time that is measured
        assert _asked(server, start)["watch"] == 0
        assert _serves(rig, "/a")
        server.faults.release()
        rig.until(lambda: _serves(rig, "/b"))


@pytest.mark.parametrize(
    "verb, resource",
    [
        ("patch", "ingresses.networking.k8s.io"),
        ("create", "targetgroupbindings.elbv2.k8s.aws"),
        ("patch", "targetgroupbindings.elbv2.k8s.aws"),
    ],
)
def test_a_write_that_conflicts_is_done_again(
    rig: Rig, server: ApiServer, verb: str, resource: str
) -> None:
    """409 means that somebody was quicker: the object is written anew, and nothing is reported."""
    with rig.running() as controller:
        server.faults.answer(409, verb=verb, resource=resource, times=2)
        start = len(server.requests)
        _create(rig, "web")
        rig.until(rig.hostname)
        controller.settle()
        conflicts = [seen for seen in list(server.requests)[start:] if seen.code == 409]
        assert len(conflicts) == 2
        assert _serves(rig, "/*")
        assert len(rig.aws.targets()) == 2
    assert rig.warnings() == []
    reported = rig.events("web", reason="SuccessfullyReconciled")
    assert len(reported) == 1


def test_success_is_reported_though_the_status_could_not_be_written_at_once(
    rig: Rig, server: ApiServer
) -> None:
    """What changed in the pass that broke off is reported by the one that ends well."""
    rig.apply(ingress("web"))
    with rig.running() as controller:
        controller.settle()
        server.faults.answer(409, verb="patch", resource="ingresses.networking.k8s.io", times=2)
        url = rig.cluster.path("Ingress", "shop", "web")
        changed = rig.get("Ingress", "web")
        changed["metadata"]["annotations"][PREFIX + "listen-ports"] = '[{"HTTP": 8080}]'
        rig.cluster.http.put(url, json=changed).raise_for_status()
        controller.settle()
        (entry,) = rig.get("Ingress", "web")["status"]["loadBalancer"]["ingress"]
        assert [port["port"] for port in entry["ports"]] == [8080]
    assert len(rig.events("web", reason="SuccessfullyReconciled")) == 2


def _create(rig: Rig, name: str) -> None:
    """By POST: the fault may be on patches."""
    made = rig.cluster.http.post(rig.cluster.path("Ingress", "shop"), json=ingress(name))
    made.raise_for_status()


def test_an_api_that_restarts_is_found_again(rig: Rig, server: ApiServer) -> None:
    """What was changed while it was away, or just after, is served."""
    rig.apply(ingress("web", ["/a"]))
    with rig.running() as controller:
        controller.settle()
        mark = rig.mark()
        server.stop()
        with hold_port(urlsplit(server.url).port or 0):
            time.sleep(1.0)  # an outage has a length
            server.start()
        rig.apply(ingress("web", ["/b"]))
        rig.until(lambda: _serves(rig, "/b"))
        controller.settle()
        writes = {call.operation for call in rig.writes(mark)}
        assert writes == {"ModifyRule"}


def test_an_api_that_refuses_everything_is_not_stormed(rig: Rig, server: ApiServer) -> None:
    """While it answers 503, requests come farther and farther apart; then all goes on."""
    rig.apply(ingress("web", ["/a"]))
    with rig.running() as controller:
        controller.settle()
        server.faults.answer(503)
        server.faults.close_watches()
        start = len(server.requests)
        rig.until(lambda: len(server.requests) - start >= KINDS)
        time.sleep(3.0)  # the time that is measured
        assert len(server.requests) - start <= 6 * KINDS
        server.faults.release()
        rig.apply(ingress("web", ["/b"]))
        rig.until(lambda: _serves(rig, "/b"))
