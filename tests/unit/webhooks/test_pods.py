"""Readiness gates that new pods get (spec 8.9)."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from alb_controller.frontends.review import ALLOWED
from alb_controller.objects.core import Pod, PodSpec, ReadinessGate
from alb_controller.objects.elbv2 import TargetGroupBinding
from alb_controller.webhooks.pods import inject_gates
from tests.factories import BORN, NAMESPACE, changed, cluster, meta, service

SELECTOR = {"app": "web"}
GATE = "target-health.elbv2.k8s.aws/"


def binding(name: str = "b", service_name: str = "app", **spec: Any) -> TargetGroupBinding:
    """A binding of pods to a Service."""
    body = {"targetType": "ip", "serviceRef": {"name": service_name, "port": 80}, **spec}
    made = msgspec.convert({"spec": body}, TargetGroupBinding)
    return msgspec.structs.replace(made, metadata=meta(name))


def pod(*gates: str, **labels: str) -> Pod:
    """A pod as a ReplicaSet asks for it: without a namespace."""
    spec = PodSpec(readiness_gates=[ReadinessGate(gate) for gate in gates])
    return Pod(meta("", "", labels=labels or SELECTOR), spec)


def gates_of(asked: Pod, *objects: Any) -> list[str] | None:
    """The gates that the patch sets; None where the pod stays as it is."""
    response = inject_gates(asked, NAMESPACE, cluster(*objects))
    if response == ALLOWED:
        return None
    (change,) = response.patch
    assert (change["op"], change["path"]) == ("add", "/spec/readinessGates")
    return [gate["conditionType"] for gate in change["value"]]


def test_each_binding_of_the_pods_service_gets_a_gate() -> None:
    """In the order of their names, after those that are there."""
    objects = (service(selector=SELECTOR), binding("z"), binding("a"))
    assert gates_of(pod("mine"), *objects) == ["mine", GATE + "a", GATE + "z"]


def test_a_gate_is_injected_once() -> None:
    """A pod that has all its gates is left alone, legacy ones too."""
    legacy = "target-health.alb.ingress.k8s.aws/old"
    assert gates_of(pod(GATE + "b", legacy), service(selector=SELECTOR), binding()) is None


def test_legacy_gates_go_with_the_first_new_one() -> None:
    """Nobody would open them."""
    asked = pod("target-health.alb.ingress.k8s.aws/old", "mine")
    assert gates_of(asked, service(selector=SELECTOR), binding()) == ["mine", GATE + "b"]


@pytest.mark.parametrize(
    "objects",
    [
        (service(), binding()),
        (binding(),),
        (service(selector={"app": "other"}), binding()),
        (service(selector=SELECTOR), binding(targetType="instance")),
        (service(selector=SELECTOR), changed(binding(), deletion_timestamp=BORN)),
        (service(selector=SELECTOR), changed(binding(), namespace="elsewhere")),
    ],
    ids=["no selector", "no Service", "other pods", "nodes", "deleted", "other namespace"],
)
def test_others_get_no_gate(objects: tuple[Any, ...]) -> None:
    """A gate that nobody opens would keep the pod from being ready for ever."""
    assert gates_of(pod(), *objects) is None
