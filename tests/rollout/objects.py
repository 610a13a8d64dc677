"""The objects of a rollout: four nodes, a Deployment, its Service and its binding."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

Json = dict[str, Any]
NAMESPACE = "default"
VPC, VPC_CIDR = "vpc-1", "10.0.0.0/16"
ARN = "arn:aws:elasticloadbalancing:us-west-2:123456789012:targetgroup/web/1"
GATE = "target-health.elbv2.k8s.aws/web"
"""The gate that the webhook would inject for the binding web."""
NODES = tuple(f"node-{letter}" for letter in "abcd")
ADDRESSES = {
    node: tuple(f"10.0.{number}.{host}" for host in range(10, 110))
    for number, node in enumerate(NODES)
}


def crds() -> list[Json]:
    """Our kinds."""
    return [
        document
        for path in sorted(Path("charts/alb-controller/crds").glob("*.yaml"))
        for document in yaml.load_all(path.read_text(), yaml.CSafeLoader)
    ]


def world(replicas: int, *, has_gates: bool, pre_stop_seconds: int) -> Iterator[Json]:
    """All of them, in the order in which a user would make them."""
    yield from (_node(name, number) for number, name in enumerate(NODES))
    yield {
        "kind": "Service",
        "metadata": {"name": "web"},
        "spec": {"selector": {"app": "web"}, "ports": [{"port": 80, "targetPort": "http"}]},
    }
    yield {
        "apiVersion": "elbv2.k8s.aws/v1beta1",
        "kind": "TargetGroupBinding",
        "metadata": {"name": "web"},
        "spec": {
            "targetGroupARN": ARN,
            "targetType": "ip",
            "serviceRef": {"name": "web", "port": 80},
        },
    }
    yield {
        "kind": "Deployment",
        "metadata": {"name": "web"},
        "spec": {
            "replicas": replicas,
            "selector": {"matchLabels": {"app": "web"}},
            "strategy": {"rollingUpdate": {"maxSurge": "25%", "maxUnavailable": "25%"}},
            "template": template(has_gates=has_gates, pre_stop_seconds=pre_stop_seconds),
        },
    }


def template(*, has_gates: bool, pre_stop_seconds: int, version: int = 1) -> Json:
    """Of the Deployment's Pods; another version rolls it out."""
    container: Json = {
        "name": "web",
        "image": f"web:{version}",
        "ports": [{"name": "http", "containerPort": 8080}],
    }
    if pre_stop_seconds:
        container["lifecycle"] = {"preStop": {"sleep": {"seconds": pre_stop_seconds}}}
    gates = [{"conditionType": GATE}] if has_gates else []
    return {
        "metadata": {"labels": {"app": "web"}},
        "spec": {"containers": [container], "readinessGates": gates},
    }


def _node(name: str, number: int) -> Json:
    return {
        "kind": "Node",
        "metadata": {"name": name, "labels": {"topology.kubernetes.io/zone": f"us-west-2{number}"}},
        "spec": {"providerID": f"aws:///us-west-2a/i-{number}"},
        "status": {
            "addresses": [{"type": "InternalIP", "address": f"10.0.9.{number}"}],
            "conditions": [{"type": "Ready", "status": "True"}],
        },
    }
