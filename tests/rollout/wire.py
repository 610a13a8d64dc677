"""A Deployment rolls out in the sandbox while requests are sent through its load balancer.

Real: the controller's process, HTTP, the pods' sockets, what arrives. Modelled: when a target is
healthy (the local AWS counts seconds), and how long a pod takes to start and to stop.
"""

from __future__ import annotations

import http.client
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from alb_controller.sandbox.applying import apply_all
from alb_controller.sandbox.aws.moto_patches import TIMES
from alb_controller.sandbox.convergence import wait_for_controller
from alb_controller.sandbox.kubeapi.api import MERGE_PATCH
from alb_controller.sandbox.manifests import Manifest, read_crds
from alb_controller.sandbox.world import World
from tests.waiting import until

Json = dict[str, Any]
INITIAL_SECONDS = 2.0
"""From a target's registration until it is healthy."""
_CLIENTS = 6
_PAUSE_SECONDS = 0.01
_LONGEST_SECONDS = 120.0


@dataclass(frozen=True)
class Plan:
    """What the user has set."""

    replicas: int = 20
    has_gates: bool = True
    pre_stop_seconds: int = 2


@dataclass(frozen=True)
class Asked:
    """One request: when it was sent, in seconds from the start, and its status; 0 without one."""

    at: float
    status: int


@dataclass(frozen=True)
class Outcome:
    """All requests of a rollout, and how long it took."""

    asked: Sequence[Asked]
    lasted: float

    @property
    def failed(self) -> list[Asked]:
        """Those that no pod answered."""
        return [one for one in self.asked if one.status != 200]


def roll_out(plan: Plan, folder: Path) -> Outcome:
    """Bring the Deployment up, then change its template under load."""
    with _world(folder) as world:
        _apply(world, plan)
        _await_rollout(world, plan.replicas)
        if plan.has_gates:
            _set_template(world, _template(plan, 1, _gate(world)))
            _await_rollout(world, plan.replicas)
        gate = _gate(world) if plan.has_gates else ""
        with _Load(_address(world)) as load:
            began = time.monotonic()
            until(lambda: len(load.asked) > 50)
            _set_template(world, _template(plan, 2, gate))
            _await_rollout(world, plan.replicas)
            lasted = time.monotonic() - began
        return Outcome(load.asked, lasted)


@contextmanager
def _world(folder: Path) -> Iterator[World]:
    world = World(folder)
    try:
        world.start()
        TIMES.initial_seconds = INITIAL_SECONDS
        yield world
    finally:
        world.stop()


def _apply(world: World, plan: Plan) -> None:
    bodies = [*_objects(plan)]
    apply_all(world.kube.api, [*read_crds(), *(Manifest("", one) for one in bodies)], print)
    world.start_controller()
    wait_for_controller(world, _LONGEST_SECONDS)


def _objects(plan: Plan) -> Iterator[Json]:
    yield {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "IngressClass",
        "metadata": {"name": "alb"},
        "spec": {"controller": "ingress.k8s.aws/alb"},
    }
    yield {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "web", "namespace": "default"},
        "spec": {
            "replicas": plan.replicas,
            "selector": {"matchLabels": {"app": "web"}},
            "strategy": {"rollingUpdate": {"maxSurge": "25%", "maxUnavailable": "25%"}},
            "template": _template(plan, 1, ""),
        },
    }
    yield {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": "web", "namespace": "default"},
        "spec": {"selector": {"app": "web"}, "ports": [{"port": 80, "targetPort": 8080}]},
    }
    yield {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "Ingress",
        "metadata": {
            "name": "web",
            "namespace": "default",
            "annotations": {"alb.ingress.kubernetes.io/target-type": "ip"},
        },
        "spec": {
            "ingressClassName": "alb",
            "defaultBackend": {"service": {"name": "web", "port": {"number": 80}}},
        },
    }


def _template(plan: Plan, version: int, gate: str) -> Json:
    container: Json = {
        "name": "web",
        "image": f"web:{version}",
        "ports": [{"containerPort": 8080}],
        "lifecycle": {"preStop": {"sleep": {"seconds": plan.pre_stop_seconds}}},
    }
    gates = [{"conditionType": gate}] if gate else []
    return {
        "metadata": {"labels": {"app": "web"}},
        "spec": {"containers": [container], "readinessGates": gates},
    }


def _set_template(world: World, template: Json) -> None:
    target = world.kube.api.target("Deployment", "web", "default")
    world.kube.api.patch(target, MERGE_PATCH, {"spec": {"template": template}})


def _gate(world: World) -> str:
    """What the webhook would inject: the condition of the one binding."""
    api = world.kube.api
    (binding,) = api.list(api.registry.named("TargetGroupBinding"))["items"]
    return f"target-health.elbv2.k8s.aws/{binding['metadata']['name']}"


def _await_rollout(world: World, replicas: int) -> None:
    """All pods are of the last template, no other is left, and all get requests."""
    api = world.kube.api

    def is_done() -> bool:
        world.check()
        deployment = api.get(api.target("Deployment", "web", "default"))
        status = deployment.get("status", {})
        return (
            status.get("observedGeneration") == deployment["metadata"]["generation"]
            and status.get("updatedReplicas") == status.get("availableReplicas") == replicas
            and len(world.kube.store.values("pods")) == replicas
            and _healthy(world) == replicas
            and world.data_plane.is_current()
        )

    until(is_done, seconds=_LONGEST_SECONDS)


def _healthy(world: World) -> int:
    groups = world.aws.read_document()["target_groups"].values()
    return sum(target["State"] == "healthy" for one in groups for target in one["Targets"])


def _address(world: World) -> str:
    assert world.data_plane.wire is not None
    (ports,) = world.data_plane.wire.places().values()
    return ports["80"]


class _Load:
    """Clients that ask one request after the other, on connections that they keep."""

    def __init__(self, address: str) -> None:
        host, _, port = address.rpartition(":")
        self._host, self._port = host, int(port)
        self._began, self._stop = time.monotonic(), threading.Event()
        self.asked: list[Asked] = []
        self._threads = [threading.Thread(target=self._run, daemon=True) for _ in range(_CLIENTS)]

    def __enter__(self) -> Self:
        for one in self._threads:
            one.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        for one in self._threads:
            one.join(30)

    def _run(self) -> None:
        connection = http.client.HTTPConnection(self._host, self._port, timeout=20)
        while not self._stop.wait(_PAUSE_SECONDS):
            at = time.monotonic() - self._began
            try:
                connection.request("GET", "/")
                answer = connection.getresponse()
                answer.read()
                status = answer.status
            except (OSError, http.client.HTTPException):
                connection.close()
                status = 0
            self.asked.append(Asked(at, status))
        connection.close()
