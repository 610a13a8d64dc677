"""Where nothing that counts has changed, nothing is written."""

from __future__ import annotations

from tests.controller.manifests import ingress
from tests.controller.rig import Mark, Rig, Seen

NOTHING = Seen([], [])
LABEL = {"metadata": {"labels": {"touched": "yes"}}}


def test_a_restart_writes_nothing(rig: Rig) -> None:
    """A new process finds all as it should be: no AWS write, no Kubernetes write, no event."""
    rig.apply(ingress("web"), ingress("a", ["/a"], group="g"), ingress("b", ["/b"], group="g"))
    with rig.running() as controller:
        controller.settle()
    assert len(rig.aws.load_balancers()) == 2
    mark = rig.mark()
    with rig.running() as controller:
        controller.settle()
        assert rig.since(mark) == NOTHING


def test_a_resync_writes_nothing(rig: Rig) -> None:
    """Sweeps read everything anew and find nothing to do."""
    rig.apply(ingress("web"))
    with rig.running("--sync-period=1s") as controller:
        controller.settle()
        mark = rig.mark()
        rig.until(lambda: _sweeps(rig, mark) >= 2)
        controller.settle()
        assert rig.since(mark) == NOTHING


def _sweeps(rig: Rig, mark: Mark) -> int:
    asked = rig.aws.front.operations(mark.calls)
    return min(map(asked.count, ("DescribeLoadBalancers", "DescribeTargetHealth")))


def test_a_touched_label_writes_nothing(rig: Rig) -> None:
    """A label that says nothing to us moves nothing, whatever it is put on."""
    rig.apply(ingress("web"))
    with rig.running() as controller:
        controller.settle()
        (binding,) = rig.cluster.list("TargetGroupBinding")
        touched = {
            "Ingress": "web",
            "Service": "app",
            "Pod": "app-192-168-100-10",
            "Node": "node-a",
            "EndpointSlice": "app-x",
            "IngressClass": "alb",
            "TargetGroupBinding": binding["metadata"]["name"],
        }
        for kind, name in touched.items():
            mark = rig.mark()
            rig.merge(kind, name, LABEL)
            controller.settle()
            assert rig.since(mark, besides=[f"{kind}/{name}"]) == NOTHING, kind
            meta = rig.get(kind, name)["metadata"]
            assert meta["labels"]["touched"] == "yes"
            before = mark.versions[kind, meta.get("namespace", ""), name]
            assert int(meta["resourceVersion"]) > int(before)
