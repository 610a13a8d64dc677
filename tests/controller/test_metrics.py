"""What Prometheus gets: the whole table, one state an object, all that is drawn or alerted on."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families as parse

from alb_controller.telemetry.metrics import TABLE
from tests.controller.manifests import ingress
from tests.controller.rig import Rig
from tests.meta.sources import ROOT

CHART = ROOT / "charts" / "alb-controller"
_OURS = "awslbc aws_api aws_target controller_runtime workqueue rest_client leader_election process"
_METRIC = re.compile(rf"\b(?:{'|'.join(_OURS.split())})_\w+")


def _series(text: str, name: str) -> dict[tuple[str, ...], float]:
    return {
        tuple(v for _, v in sorted(sample.labels.items())): sample.value
        for family in parse(text)
        for sample in family.samples
        if sample.name == name
    }


def test_each_object_has_one_state_until_it_is_gone(rig: Rig) -> None:
    """Served or the category of its error; a quota's use for each load balancer; then nothing."""
    rig.apply(ingress("good", ["/a", "/b"]), ingress("bad", scheme="open"))
    with rig.running() as controller:
        controller.settle()
        text = controller.scrape()
        states = _series(text, "awslbc_object_state")
        (binding,) = rig.cluster.list("TargetGroupBinding")
        assert {(kind, name, state) for kind, name, _, state in states} == {
            ("Ingress", "good", "served"),
            ("Ingress", "bad", "invalid"),
            ("TargetGroupBinding", binding["metadata"]["name"], "served"),
        }
        used = _series(text, "awslbc_load_balancer_quota_used")
        (balancer,) = rig.aws.load_balancers()
        assert used[balancer["LoadBalancerName"], "rules-per-application-load-balancer"] == 2
        assert set(_series(text, "aws_target_group_info")) == {
            ("shop", "app", rig.aws.target_groups()[0]["TargetGroupArn"])
        }
        rig.delete("Ingress", "good")
        rig.delete("Ingress", "bad")
        controller.settle()
        text = controller.scrape()
        for name in ("object_state", "load_balancer_quota_used"):
            assert _series(text, f"awslbc_{name}") == {}
        assert _series(text, "aws_target_group_info") == {}
        names = {family.name.removesuffix("_total") for family in parse(text)}
        assert {row.name.removesuffix("_total") for row in TABLE} <= names
        assert _drawn() - names == set()


def _drawn() -> set[str]:
    """Names of the metrics in the dashboard and in the alerts, as families."""
    return {
        re.sub(r"_(bucket|sum|count|total)$", "", name)
        for expression in _expressions()
        for name in _METRIC.findall(expression)
    }


def _expressions() -> Iterator[str]:
    dashboard = json.loads(Path(CHART / "dashboards" / "alb-controller.json").read_text())
    for panel in dashboard["panels"]:
        yield from (target["expr"] for target in panel["targets"])
    for group in _alerts():
        yield from (rule["expr"] for rule in group["rules"])


def _alerts() -> list[Any]:
    found: list[Any] = yaml.safe_load((CHART / "alerts" / "alb-controller.yaml").read_text())
    return found


@pytest.mark.parametrize("expression", tuple(_expressions()))
def test_each_expression_is_about_us(expression: str) -> None:
    """It names a metric of ours, with labels that this metric has."""
    names = [re.sub(r"_(bucket|sum|count)$", "", name) for name in _METRIC.findall(expression)]
    labels = {row.name: {*row.labels, "le"} for row in TABLE}
    assert names
    for name in names:
        if name in labels:
            asked = re.findall(r"\bby \(([^)]*)\)", expression)
            for label in {one.strip() for part in asked for one in part.split(",")}:
                assert any(label in labels.get(other, ()) for other in names), label
