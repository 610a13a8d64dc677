"""How soon AWS hears of pods, by the clock: the real process, 50 ms for every call to AWS."""

from __future__ import annotations

import statistics
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from alb_controller.sandbox.kubeapi import ApiServer
from alb_controller.sandbox.kubeapi.api import MERGE_PATCH
from alb_controller.sandbox.nodes import pod_addresses
from alb_controller.sandbox.simulated_controllers import Pace, SimulatedControllers
from tests.apiserver.cluster import Cluster
from tests.conformance.embedded import embedded
from tests.controller import manifests
from tests.controller.rig import Rig, seeded_account
from tests.rollout.constants import seconds
from tests.rollout.pod_log import NEVER, PodLog
from tests.rollout.report import percentile
from tests.rollout.simulation import follow

pytestmark = [pytest.mark.perf, pytest.mark.timeout(180)]
REPLICAS = 20
NAME, NAMESPACE = "web", manifests.NAMESPACE
LABELS = {"app": NAME}


class SimulatedCluster(msgspec.Struct, frozen=True):
    """A cluster that lives, a controller that serves its one Ingress, and what its pods did."""

    rig: Rig
    server: ApiServer
    log: PodLog
    gate: str

    def deploy(self) -> None:
        """Create the Deployment, and wait until it is up."""
        spec = {"replicas": REPLICAS, "selector": {"matchLabels": LABELS}, **self._template(1)}
        body = {"metadata": {"name": NAME}, "spec": spec}
        self.server.api.create(self.server.registry.named("Deployment"), body, NAMESPACE)
        self.await_rollout()

    def roll_out(self) -> None:
        """Change its template, and wait until all pods are new."""
        target = self.server.api.target("Deployment", NAME, NAMESPACE)
        self.server.api.patch(target, MERGE_PATCH, {"spec": self._template(2)})
        self.await_rollout()

    def _template(self, version: int) -> dict[str, Any]:
        container = {"name": NAME, "image": f"web:{version}", "ports": [{"containerPort": 8080}]}
        spec = {"containers": [container], "readinessGates": [{"conditionType": self.gate}]}
        return {"template": {"metadata": {"labels": LABELS}, "spec": spec}}

    def await_rollout(self) -> None:
        """Wait until all pods are of the last template and ready, and no other is left."""

        def is_done() -> bool:
            found = self.server.api.get(self.server.api.target("Deployment", NAME, NAMESPACE))
            status = found.get("status", {})
            counts = {status.get(f"{term}Replicas") for term in ("updated", "ready", "available")}
            is_seen = status.get("observedGeneration") == found["metadata"]["generation"]
            return is_seen and counts == {status.get("replicas")} == {REPLICAS}

        self.rig.until(is_done, seconds=90)

    def sent(self, operation: str) -> dict[str, float]:
        """Address -> when a call first named it; DeregisterTargets when it began, else its end."""
        found: dict[str, float] = {}
        for call in self.rig.aws.front.calls:
            for value in call.values("Targets.member") if call.operation == operation else ():
                found.setdefault(value, call.began if operation[0] == "D" else call.at)
        return found


@pytest.fixture
def simulated(tmp_path: Path) -> Iterator[SimulatedCluster]:
    """Pods start after 0.3 s; AWS takes its time from the beginning."""
    with embedded(tmp_path) as (server, kubeconfig), seeded_account(tmp_path) as aws:
        rig = Rig(Cluster(kubeconfig), kubeconfig, aws, tmp_path)
        rig.apply(manifests.service(NAME), manifests.ingress(NAME, {"/": NAME}))
        aws.front.delay_seconds = seconds("aws_call")
        log = PodLog(time.monotonic)
        follow(server.store, "pods", log.note)
        controllers = SimulatedControllers(
            server, pod_addresses(), Pace(start_seconds=0.3, stop_seconds=1.0)
        )
        with rig.running() as controller:
            controller.settle()
            (binding,) = rig.cluster.list("TargetGroupBinding")
            controllers.start()
            gate = f"target-health.elbv2.k8s.aws/{binding['metadata']['name']}"
            yield SimulatedCluster(rig, server, log, gate)
        controllers.stop()


def in_ms(values: Iterable[float]) -> str:
    """Median and 99th percentile, as one reads them."""
    found = list(values)
    return f"{statistics.median(found) * 1e3:.0f} ms (p99 {percentile(found, 0.99) * 1e3:.0f} ms)"


def test_a_rollout(simulated: SimulatedCluster, figures: list[str]) -> None:
    """Deleted pods are on their way out within 300 ms, ready ones registered within 150 ms."""
    simulated.deploy()
    old = set(simulated.log.pods)
    simulated.roll_out()
    pods = simulated.log.pods
    gone = [pod for pod in pods.values() if pod.deleted < NEVER]
    come = [pod for name, pod in pods.items() if name not in old]
    simulated.rig.until(
        lambda: {p.listens.address for p in gone} <= simulated.sent("DeregisterTargets").keys()
    )
    sent, registered = simulated.sent("DeregisterTargets"), simulated.sent("RegisterTargets")
    out = [sent[pod.listens.address] - pod.deleted for pod in gone]
    in_ = [registered[pod.listens.address] - pod.contained for pod in come]
    assert (len(out), len(in_)) == (REPLICAS, REPLICAS)
    figures.append(f"from deletionTimestamp to DeregisterTargets sent: {in_ms(out)}")
    figures.append(f"from a pod's containers being ready to its registration: {in_ms(in_)}")
    assert percentile(out, 0.99) <= 0.3
    assert statistics.median(in_) <= 0.15
