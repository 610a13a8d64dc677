"""The Kubernetes API fails: the controller goes on by itself, and asks no more than it must."""

from __future__ import annotations

import collections
import time

import pytest

from alb_controller.sandbox.kubeapi import ApiServer
from tests.controller.manifests import ingress
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
    """409 means that somebody was quicker: the object is read and written anew, and nobody told."""
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
        time.sleep(3.0)  # the time that is measured
        refused = len(server.requests) - start
        assert KINDS <= refused <= 5 * KINDS
        server.faults.release()
        rig.apply(ingress("web", ["/b"]))
        rig.until(lambda: _serves(rig, "/b"))
