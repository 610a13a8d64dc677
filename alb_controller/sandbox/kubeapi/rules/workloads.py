"""Pods, Deployments and ReplicaSets: the defaults that Go code computes, and the rules users meet.

Source: pkg/apis/core/v1/defaults.go, pkg/registry/core/pod, the DefaultTolerationSeconds and
Priority admission plugins.
"""

from __future__ import annotations

from collections.abc import Iterator

from alb_controller.sandbox.kubeapi.rules.names import dns_label
from alb_controller.sandbox.kubeapi.schemas import Json, clone
from alb_controller.sandbox.kubeapi.selectors import matches_label_selector
from alb_controller.sandbox.kubeapi.statuses import (
    Cause,
    duplicate,
    invalid_value,
    not_allowed,
    required,
)
from alb_controller.sandbox.kubeapi.writes import Write

_TOLERATED = ("node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable")
_TOPOLOGY = ("topology.kubernetes.io/zone", "topology.kubernetes.io/region")
_MUTABLE = (
    "pod updates may not change fields other than `spec.containers[*].image`,"
    "`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,`spec.tolerations` (only "
    "additions to existing tolerations),`spec.terminationGracePeriodSeconds` (allow it to be "
    "set to 1 if it was previously negative)"
)


def prepare_pod(write: Write) -> None:
    """Defaults of the spec and, for a new Pod, its first status."""
    spec: Json = write.new.setdefault("spec", {})
    _prepare_pod_spec(spec)
    spec.setdefault("enableServiceLinks", True)
    before = write.old["spec"] if write.old else {}
    spec.setdefault("priority", before.get("priority", 0))
    spec.setdefault("preemptionPolicy", before.get("preemptionPolicy", "PreemptLowerPriority"))
    _tolerate(spec)
    if write.old is None:
        _copy_topology(write)
        write.new["status"] = {"phase": "Pending", "qosClass": _qos_class(spec)}


def _copy_topology(write: Write) -> None:
    """A Pod created on a node gets the node's zone and region (PodTopologyLabels plugin)."""
    node = write.store.get("nodes", write.new["spec"].get("nodeName", ""))
    for label in _TOPOLOGY:
        value = node["metadata"].get("labels", {}).get(label) if node else None
        if value is not None:
            write.new["metadata"].setdefault("labels", {})[label] = value


def prepare_pod_status(write: Write) -> None:
    """`podIP` and the first of `podIPs` are one."""
    status = write.new.get("status", {})
    if status.get("podIP") and not status.get("podIPs"):
        status["podIPs"] = [{"ip": status["podIP"]}]
    elif status.get("podIPs"):
        status["podIP"] = status["podIPs"][0]["ip"]


def _prepare_pod_spec(spec: Json) -> None:
    for container in (*spec.get("containers", ()), *spec.get("initContainers", ())):
        image = container.get("image", "").rpartition("/")[2]
        tag = image.partition("@")[0].partition(":")[2]
        moves = "@" not in image and tag in ("", "latest")
        container.setdefault("imagePullPolicy", "Always" if moves else "IfNotPresent")
        limits = container["resources"].get("limits", {})
        if limits:
            requests = container["resources"].setdefault("requests", {})
            for name, amount in limits.items():
                requests.setdefault(name, amount)
    if spec.get("serviceAccountName"):
        spec["serviceAccount"] = spec["serviceAccountName"]


def _tolerate(spec: Json) -> None:
    tolerations = spec.setdefault("tolerations", [])
    for key in _TOLERATED:
        if not any(
            t.get("key") in (key, None) and t.get("effect") in ("NoExecute", None)
            for t in tolerations
        ):
            toleration = {"key": key, "operator": "Exists", "effect": "NoExecute"}
            tolerations.append({**toleration, "tolerationSeconds": 300})


def _qos_class(spec: Json) -> str:
    containers = [*spec.get("containers", ()), *spec.get("initContainers", ())]
    resources = [container.get("resources", {}) for container in containers]
    if not any(entry.get("requests") or entry.get("limits") for entry in resources):
        return "BestEffort"
    full = all({"cpu", "memory"} <= entry.get("limits", {}).keys() for entry in resources)
    same = all(entry.get("requests") == entry.get("limits") for entry in resources)
    return "Guaranteed" if full and same else "Burstable"


def check_pod(write: Write) -> Iterator[Cause]:
    """Causes for containers, and for updates of what is fixed once the Pod exists."""
    spec = write.new.get("spec", {})
    yield from _check_containers(spec, "spec")
    if write.old and _fixed_part(spec) != _fixed_part(write.old["spec"]):
        yield not_allowed("spec", _MUTABLE)


def _fixed_part(spec: Json) -> Json:
    fixed: Json = clone(spec)
    for name in ("activeDeadlineSeconds", "tolerations", "terminationGracePeriodSeconds"):
        fixed.pop(name, None)
    for container in (*fixed.get("containers", ()), *fixed.get("initContainers", ())):
        container.pop("image", None)
    return fixed


def _check_containers(spec: Json, path: str) -> Iterator[Cause]:
    if not spec.get("containers"):
        yield required(f"{path}.containers")
    names: list[str] = []
    for index, container in enumerate(spec.get("containers", ())):
        name = container.get("name", "")
        where = f"{path}.containers[{index}]"
        if not name:
            yield required(f"{where}.name")
        elif wrong := dns_label(name):
            yield invalid_value(f"{where}.name", name, wrong)
        elif name in names:
            yield duplicate(f"{where}.name", name)
        if not container.get("image"):
            yield required(f"{where}.image")
        names.append(name)


def prepare_workload(write: Write) -> None:
    """Defaults inside a Deployment's or ReplicaSet's Pod template."""
    spec = write.new.setdefault("spec", {})
    _prepare_pod_spec(spec.get("template", {}).get("spec", {}))
    strategy = spec.get("strategy", {})
    if strategy.get("type") == "RollingUpdate":
        rolling = strategy.setdefault("rollingUpdate", {})
        rolling.setdefault("maxUnavailable", "25%")
        rolling.setdefault("maxSurge", "25%")
    elif strategy:
        strategy.pop("rollingUpdate", None)


def check_workload(write: Write) -> Iterator[Cause]:
    """Causes for a selector that is absent, does not fit the template, or changed."""
    spec = write.new["spec"]
    selector, template = spec.get("selector"), spec.get("template", {})
    labels = template.get("metadata", {}).get("labels", {})
    if not selector:
        yield required("spec.selector")
    if not selector or not matches_label_selector(selector, labels):
        why = "`selector` does not match template `labels`"
        yield invalid_value("spec.template.metadata.labels", labels or None, why)
    if write.old and write.old["spec"]["selector"] != selector:
        yield invalid_value("spec.selector", selector, "field is immutable")
    yield from _check_containers(template.get("spec", {}), "spec.template.spec")
