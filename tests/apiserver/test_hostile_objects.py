"""Objects that a real API server takes and a decoder does not: the controller goes on."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from tests.apiserver.cluster import MERGE, Object
from tests.conformance.controller import Controller
from tests.controller.manifests import (
    NAMESPACE,
    PODS,
    app,
    endpoints,
    ingress,
    ingress_class,
    service,
)
from tests.controller.rig import Rig
from tests.odd_json import Text, dumps, managed_fields

LEVELS = (1200, 3000, 9990)


class Hostile:
    """Nests the managedFields of objects, and takes that back at the end."""

    def __init__(self, rig: Rig) -> None:
        self._rig = rig
        self._urls: list[str] = []

    def nest(self, obj: Object, levels: int) -> None:
        """As anybody who may update the object."""
        meta = obj["metadata"]
        url = self._rig.cluster.path(obj["kind"], meta.get("namespace"), meta["name"])
        self._urls.append(url)
        self._merge(url, managed_fields(levels, obj["apiVersion"]))
        assert self._rig.cluster.http.get(url).text.count('{"f:a":') == levels

    def end(self) -> None:
        """The tests' own reader does not take them either."""
        for url in self._urls:
            self._merge(url, Text("[{}]"))

    def _merge(self, url: str, value: Text) -> None:
        patch = dumps({"metadata": {"managedFields": value}})
        self._rig.cluster.http.patch(url, headers=MERGE, data=patch).raise_for_status()


@pytest.fixture
def hostile(rig: Rig) -> Iterator[Hostile]:
    """Nothing is nested yet."""
    made = Hostile(rig)
    yield made
    made.end()


def strangers() -> list[Object]:
    """Objects that are none of ours, of each kind that a tenant may make."""
    return [ingress("strange", class_name="other"), service("strange"), endpoints("strange", {})]


def own(rig: Rig) -> list[Object]:
    """What stands behind the Ingress that is served, its binding, and itself."""
    (made,) = rig.cluster.list("TargetGroupBinding")
    node = {"apiVersion": "v1", "kind": "Node", "metadata": {"name": "node-a"}}
    namespace = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}}
    return [made, ingress("web"), *app(), ingress_class(), node, namespace]


def serve(rig: Rig, path: str) -> None:
    """Change the Ingress, and wait until AWS has it."""
    url = rig.cluster.path("Ingress", NAMESPACE, "web")
    patch = json.dumps({"spec": ingress("web", [path])["spec"]})
    rig.cluster.http.patch(url, headers=MERGE, data=patch).raise_for_status()
    rig.until(lambda: rig.aws.paths() == [path])


def logged(controller: Controller) -> list[Object]:
    """Every line, which is JSON: a traceback would be none."""
    return [json.loads(line) for line in controller.log.read_text().splitlines()]


def test_deep_objects_stop_neither_a_watch_nor_a_restart(rig: Rig, hostile: Hostile) -> None:
    """They nest up to the 10,000 levels that the server takes; what is innocent is served."""
    rig.apply(ingress("web", ["/a"]), *strangers())
    with rig.running() as controller:
        rig.until(lambda: rig.aws.paths() == ["/a"])
        controller.settle()
        for number, obj in enumerate([*strangers(), *own(rig)]):
            hostile.nest(obj, LEVELS[number % len(LEVELS)])
        serve(rig, "/b")
        assert not [log for log in logged(controller) if log["level"] == "error"]
    with rig.running() as controller:
        controller.settle()
        assert rig.aws.paths() == ["/b"]
        assert rig.aws.targets() == set(PODS)
        serve(rig, "/c")
        controller.await_ready()
        cut = [log for log in logged(controller) if log["event"] == "object_cut"]
        assert len(cut) == len({(log["kind"], log["name"]) for log in cut})
        assert {"web", "strange", "node-a", "alb"} <= {log["name"] for log in cut}
        assert not [log for log in logged(controller) if log["level"] == "error"]
