"""Nobody answers the chart's webhooks: who can still work, on a real API server."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.apiserver.applying import Applier, refusals
from tests.apiserver.chart import UNBOUND, Chart, calls, installed, refusal
from tests.apiserver.cluster import Object
from tests.apiserver.control_plane import free_ports
from tests.apiserver.webhooks import GATED, spread
from tests.controller import manifests
from tests.controller.manifests import NAMESPACE, binding, ingress
from tests.controller.rig import Rig

ARN = "arn:aws:elasticloadbalancing:us-west-2:123456789012:targetgroup/mine/0123456789abcdef"
HELD = {"finalizers": ["example.com/held"]}

pytestmark = pytest.mark.usefixtures("helm_program")


@pytest.fixture
def chart(rig: Rig, kubeconfig: Path, tmp_path: Path) -> Iterator[Chart]:
    """Webhooks that are called and not there; an Ingress and a binding are older than they."""
    rig.merge("Namespace", NAMESPACE, {"metadata": {"labels": GATED}})
    for obj in (ingress("old"), binding("old", targetGroupARN=ARN)):
        rig.apply(obj | {"metadata": obj["metadata"] | HELD})
    with installed(kubeconfig, tmp_path) as made:
        rig.until(lambda: "failed calling webhook" in refusal(rig.cluster, UNBOUND))
        rig.until(lambda: knows_all(rig))
        yield made
    rig.merge("Namespace", NAMESPACE, {"metadata": {"labels": dict.fromkeys(GATED)}})


def knows_all(rig: Rig) -> bool:
    """Whether the API server calls the validating webhooks too."""
    before = calls(rig.cluster)
    assert refusal(rig.cluster, ingress("probe")) == ""
    return calls(rig.cluster) != before


def of(kind: str, version: str, **body: object) -> Object:
    """An object that is none of ours."""
    meta = {"name": "new", "namespace": NAMESPACE}
    return {"apiVersion": version, "kind": kind, "metadata": meta, **body}


def deployment() -> Object:
    """With pods of the Service app."""
    labels = {"app": "app"}
    spec = {"containers": [{"name": "main", "image": "pause"}]}
    template = {"metadata": {"labels": labels}, "spec": spec}
    wanted = {"selector": {"matchLabels": labels}, "template": template}
    return of("Deployment", "apps/v1", spec=wanted)


def without_class() -> Object:
    """An Ingress that another controller may take for its own."""
    made = ingress("no-class")
    made["spec"].pop("ingressClassName")
    return made


def test_a_dead_controller_blocks_a_new_binding_alone(rig: Rig, chart: Chart) -> None:
    """All else is created, of ours and of others; who is refused reads which webhook failed."""
    applier, before = Applier(rig.cluster), calls(rig.cluster)
    params = of("IngressClassParams", "elbv2.k8s.aws/v1beta1", spec={"scheme": "internal"})
    made = [
        of("ConfigMap", "v1", data={"a": "b"}),
        manifests.service("new"),
        deployment(),
        manifests.pod("gated", "192.168.100.10", "node-a"),
        params,
        ingress("ours"),
        ingress("others", class_name="nginx"),
        without_class(),
    ]
    assert refusals(applier, made, dry=False) == []
    unanswered = {"mpod": 1, "vingressclassparams": 1, "vingress": 3}
    assert calls(rig.cluster) - before == {
        (f"{name}.elbv2.k8s.aws", "503"): count for name, count in unanswered.items()
    }
    texts = refusal(rig.cluster, binding("new", targetGroupARN=ARN))
    assert 'failed calling webhook "mtargetgroupbinding.elbv2.k8s.aws"' in texts
    assert f"127.0.0.1:{chart.port}: connect: connection refused" in texts
    for obj in made:
        applier.delete(obj)


@pytest.mark.usefixtures("chart")
@pytest.mark.parametrize(
    "kind, change",
    [
        ("Ingress", {"ingressClassName": "other"}),
        ("TargetGroupBinding", {"serviceRef": {"port": 81}}),
    ],
)
def test_what_was_there_changes_and_goes(rig: Rig, kind: str, change: Object) -> None:
    """It is changed, deleted and let go of as if there were no webhooks."""
    rig.merge(kind, "old", {"spec": change})
    rig.delete(kind, "old")
    assert not rig.is_gone(kind, "old")
    rig.merge(kind, "old", {"metadata": {"finalizers": None}})
    rig.until(lambda: rig.is_gone(kind, "old"))


@pytest.mark.timeout(600)
def test_the_controllers_own_binding_waits(rig: Rig, chart: Chart) -> None:
    """A leader whose webhooks cannot be reached makes no half of a load balancer, and goes on."""
    (port,) = free_ports(1)
    kubeconfig, flags = chart.installation.kubeconfig, chart.installation.flags
    leader = Rig(rig.cluster, kubeconfig, rig.aws, rig.folder)
    with leader.running(*flags, f"--webhook-bind-port={port}") as controller:
        leader.until(lambda: "failed calling webhook" in controller.log.read_text())
        assert len(leader.aws.target_groups()) == 1
        assert leader.aws.load_balancers() == []
        with spread(chart.port, [port]):
            leader.until(lambda: leader.hostname("old"), seconds=60)
