"""Feature gates, seen from outside the whole controller."""

from __future__ import annotations

import json

from alb_controller.objects.annotations.names import PLAN_ANNOTATION
from tests.controller.manifests import ingress
from tests.controller.rig import Rig, Seen

BY_TAGS = "--feature-gates=EnableRGTAPI=true"
WITH_PLAN = "--feature-gates=IngressPlanAnnotation=true,WeightedTargetGroups=false"


def _plan(rig: Rig) -> str | None:
    annotations = rig.get("Ingress", "web")["metadata"]["annotations"]
    found: str | None = annotations.get(PLAN_ANNOTATION)
    return found


def test_the_tagging_api_finds_what_is_ours(rig: Rig) -> None:
    """A new process that looks by tags finds all as it should be, and lists nothing else."""
    rig.apply(ingress("web"))
    with rig.running() as controller:
        controller.settle()
    mark = rig.mark()
    with rig.running(BY_TAGS) as controller:
        controller.settle()
        assert rig.since(mark) == Seen([], [])
        asked = [c.operation for c in rig.aws.front.calls[mark.calls :]]
        assert asked.count("GetResources") == 4
        rig.delete("Ingress", "web")
        rig.until(lambda: rig.is_gone("Ingress", "web"))
    assert rig.aws.load_balancers() == rig.aws.target_groups() == []


def test_the_plan_is_on_the_ingress_while_the_gate_is_on(rig: Rig) -> None:
    """It is written once, names what is in AWS, and goes with the gate."""
    rig.apply(ingress("web"))
    with rig.running(WITH_PLAN) as controller:
        controller.settle()
        plan = json.loads(_plan(rig) or "")
        (balancer,) = plan["resources"]["AWS::ElasticLoadBalancingV2::LoadBalancer"].values()
        (made,) = rig.aws.load_balancers()
        assert balancer["spec"]["name"] == made["LoadBalancerName"]
        mark = rig.mark()
    with rig.running(WITH_PLAN) as controller:
        controller.settle()
        assert rig.since(mark) == Seen([], [])
    with rig.running() as controller:
        controller.settle()
        assert rig.since(mark) == Seen([], ["Ingress/web"])
        assert _plan(rig) is None
