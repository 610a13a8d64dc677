"""The columns and cells of the kinds that the demo shows; others have a name and a date.

Source: k8s.io/kubernetes pkg/printers/internalversion/printers.go; names, types and priorities
recorded from a server.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from math import inf
from typing import Any

from alb_controller.sandbox.kubeapi.schemas import Json

Cells = Callable[[Json, datetime], list[Any]]
NONE = "<none>"


@dataclass(frozen=True, slots=True)
class TableRow:
    """The columns of a kind (name, type, priority) and how an object fills them."""

    columns: Sequence[tuple[str, str, int]]
    cells: Cells


@dataclass(frozen=True, slots=True)
class _Span:
    """Ages below `limit` seconds are shown in `unit`s, and what is left in `rest`s, if given."""

    limit: float
    unit: str
    rest: str = ""


_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "y": 365 * 86400}
_SPANS = (
    _Span(120, "s"),
    _Span(600, "m", "s"),
    _Span(180 * 60, "m"),
    _Span(8 * 3600, "h", "m"),
    _Span(48 * 3600, "h"),
    _Span(8 * 86400, "d", "h"),
    _Span(730 * 86400, "d"),
    _Span(8 * 365 * 86400, "y", "d"),
    _Span(inf, "y"),
)


def age(since: str | None, now: datetime) -> str:
    """A duration as kubectl writes it: `5s`, `3m20s`, `4h`, `12d`."""
    if not since:
        return "<unknown>"
    moment = datetime.fromisoformat(since.replace("Z", "+00:00"))
    seconds = max(0, int((now - moment).total_seconds()))
    span = next(span for span in _SPANS if seconds < span.limit)
    count, left = divmod(seconds, _SECONDS[span.unit])
    rest = left // _SECONDS[span.rest] if span.rest else 0
    return f"{count}{span.unit}" + (f"{rest}{span.rest}" if rest else "")


def _columns(
    names: str, wide: str = "", integers: Iterable[str] = ()
) -> list[tuple[str, str, int]]:
    """Columns from their names, `|` between them; the wide ones show with `-o wide` only."""
    listed = [(name, 0) for name in names.split("|")] + [(n, 1) for n in wide.split("|") if n]
    return [(name, "integer" if name in integers else "string", p) for name, p in listed]


def _name(obj: Json) -> str:
    name: str = obj["metadata"]["name"]
    return name


def _age(obj: Json, now: datetime) -> str:
    return age(obj["metadata"].get("creationTimestamp"), now)


def _joined(parts: Iterable[Any], empty: str = NONE) -> str:
    return ",".join(str(part) for part in parts) or empty


def _pod(pod: Json, now: datetime) -> list[Any]:
    spec, status = pod["spec"], pod.get("status", {})
    statuses = status.get("containerStatuses", [])
    restarts = sum(entry.get("restartCount", 0) for entry in statuses)
    ready = sum(bool(entry.get("ready")) for entry in statuses)
    gates = spec.get("readinessGates", [])
    conditions = {c["type"]: c.get("status") for c in status.get("conditions", ())}
    passed = sum(conditions.get(gate["conditionType"]) == "True" for gate in gates)
    return [
        _name(pod),
        f"{ready}/{len(spec['containers'])}",
        _pod_status(pod, statuses),
        str(restarts),
        _age(pod, now),
        status.get("podIP") or NONE,
        spec.get("nodeName") or NONE,
        status.get("nominatedNodeName") or NONE,
        f"{passed}/{len(gates)}" if gates else NONE,
    ]


def _pod_status(pod: Json, statuses: list[Json]) -> str:
    if pod["metadata"].get("deletionTimestamp"):
        return "Terminating"
    shown: str = pod.get("status", {}).get("reason") or pod.get("status", {}).get("phase", "")
    for entry in reversed(statuses):
        state = entry.get("state", {})
        for name in ("waiting", "terminated"):
            shown = state.get(name, {}).get("reason") or shown
    return shown


def _service(service: Json, now: datetime) -> list[Any]:
    spec = service["spec"]
    ports = (
        f"{port['port']}"
        + (f":{port['nodePort']}" if port.get("nodePort") else "")
        + f"/{port['protocol']}"
        for port in spec.get("ports", ())
    )
    return [
        _name(service),
        spec["type"],
        spec.get("clusterIP") or NONE,
        _external_address(service),
        _joined(ports),
        _age(service, now),
        _labels(spec.get("selector")),
    ]


def _external_address(service: Json) -> str:
    spec = service["spec"]
    external = spec.get("externalIPs", [])
    if spec["type"] == "ExternalName":
        return str(spec.get("externalName"))
    if spec["type"] == "LoadBalancer":
        return _joined([*_addresses(service), *external], "<pending>")
    return _joined(external)


def _addresses(obj: Json) -> list[str]:
    entries = obj.get("status", {}).get("loadBalancer", {}).get("ingress", [])
    return [entry.get("hostname") or entry.get("ip", "") for entry in entries]


def _labels(labels: Json | None) -> str:
    return _joined(f"{key}={value}" for key, value in sorted((labels or {}).items()))


def _ingress(ingress: Json, now: datetime) -> list[Any]:
    spec = ingress["spec"]
    hosts = [rule["host"] for rule in spec.get("rules", ()) if rule.get("host")]
    shown = ",".join(hosts[:3]) + (f" + {len(hosts) - 3} more..." if len(hosts) > 3 else "")
    name = spec.get("ingressClassName")
    legacy = ingress["metadata"].get("annotations", {}).get("kubernetes.io/ingress.class")
    return [
        _name(ingress),
        name or legacy or NONE,
        shown or "*",
        ",".join(_addresses(ingress)),
        "80, 443" if spec.get("tls") else "80",
        _age(ingress, now),
    ]


def _ingress_class(ingress_class: Json, now: datetime) -> list[Any]:
    spec = ingress_class["spec"]
    parameters = spec.get("parameters")
    shown = NONE
    if parameters:
        group = f".{parameters['apiGroup']}" if parameters.get("apiGroup") else ""
        shown = f"{parameters['kind']}{group}/{parameters['name']}"
    return [_name(ingress_class), spec["controller"], shown, _age(ingress_class, now)]


def _node(node: Json, now: datetime) -> list[Any]:
    status = node.get("status", {})
    ready = {c["type"]: c["status"] for c in status.get("conditions", ())}.get("Ready")
    texts = ["Unknown" if ready is None else "Ready" if ready == "True" else "NotReady"]
    if node.get("spec", {}).get("unschedulable"):
        texts.append("SchedulingDisabled")
    prefix = "node-role.kubernetes.io/"
    labels = node["metadata"].get("labels", {})
    roles = sorted(key.removeprefix(prefix) for key in labels if key.startswith(prefix))
    info = status.get("nodeInfo", {})
    found = {entry["type"]: entry["address"] for entry in reversed(status.get("addresses", []))}
    return [
        _name(node),
        ",".join(texts),
        _joined(roles),
        _age(node, now),
        info.get("kubeletVersion", ""),
        found.get("InternalIP", NONE),
        found.get("ExternalIP", NONE),
        info.get("osImage") or "<unknown>",
        info.get("kernelVersion") or "<unknown>",
        info.get("containerRuntimeVersion") or "<unknown>",
    ]


def _limited(parts: list[Any]) -> str:
    if not parts:
        return "<unset>"
    return _joined(parts[:3]) + (f" + {len(parts) - 3} more..." if len(parts) > 3 else "")


def _endpoint_slice(endpoint_slice: Json, now: datetime) -> list[Any]:
    ports = [
        port.get("port") or port.get("name") or "*" for port in endpoint_slice.get("ports") or ()
    ]
    endpoints = endpoint_slice.get("endpoints") or ()
    addresses = [address for endpoint in endpoints for address in endpoint["addresses"]]
    family = endpoint_slice["addressType"]
    return [
        _name(endpoint_slice),
        family,
        _limited(ports),
        _limited(addresses),
        _age(endpoint_slice, now),
    ]


def _event(event: Json, now: datetime) -> list[Any]:
    about, source = event["involvedObject"], event.get("source") or {}
    count = event.get("count") or (event.get("series") or {}).get("count") or 1
    first = event.get("firstTimestamp") or event.get("eventTime")
    last = (
        (event.get("series") or {}).get("lastObservedTime") or event.get("lastTimestamp") or first
    )
    component = source.get("component") or event.get("reportingComponent", "")
    host = source.get("host") or event.get("reportingInstance", "")
    return [
        age(last, now),
        event.get("type", ""),
        event.get("reason", ""),
        f"{about.get('kind', '').lower()}/{about.get('name', '')}",
        about.get("fieldPath", ""),
        ", ".join(filter(None, (component, host))),
        event.get("message", "").strip(),
        age(first, now),
        count,
        _name(event),
    ]


def _deployment(deployment: Json, now: datetime) -> list[Any]:
    spec, status = deployment["spec"], deployment.get("status", {})
    return [
        _name(deployment),
        f"{status.get('readyReplicas', 0)}/{spec.get('replicas', 1)}",
        status.get("updatedReplicas", 0),
        status.get("availableReplicas", 0),
        _age(deployment, now),
        *_template(spec),
    ]


def _replica_set(replica_set: Json, now: datetime) -> list[Any]:
    spec, status = replica_set["spec"], replica_set.get("status", {})
    counts = (spec.get("replicas", 1), status.get("replicas", 0), status.get("readyReplicas", 0))
    return [_name(replica_set), *counts, _age(replica_set, now), *_template(spec)]


def _template(spec: Json) -> list[str]:
    containers = spec["template"]["spec"]["containers"]
    names = ",".join(container["name"] for container in containers)
    images = ",".join(container["image"] for container in containers)
    return [names, images, _labels(spec.get("selector", {}).get("matchLabels"))]


def _aged(*path: str) -> Cells:
    """Name, one field, and age."""

    def cells(obj: Json, now: datetime) -> list[Any]:
        value: Any = obj
        for part in path:
            value = value.get(part, {})
        return [_name(obj), value or "", _age(obj, now)]

    return cells


ROWS: dict[str, TableRow] = {
    "pods": TableRow(
        _columns("Name|Ready|Status|Restarts|Age", "IP|Node|Nominated Node|Readiness Gates"), _pod
    ),
    "services": TableRow(
        _columns("Name|Type|Cluster-IP|External-IP|Port(s)|Age", "Selector"), _service
    ),
    "ingresses.networking.k8s.io": TableRow(
        _columns("Name|Class|Hosts|Address|Ports|Age"), _ingress
    ),
    "ingressclasses.networking.k8s.io": TableRow(
        _columns("Name|Controller|Parameters|Age"), _ingress_class
    ),
    "nodes": TableRow(
        _columns(
            "Name|Status|Roles|Age|Version",
            "Internal-IP|External-IP|OS-Image|Kernel-Version|Container-Runtime",
        ),
        _node,
    ),
    "endpointslices.discovery.k8s.io": TableRow(
        _columns("Name|AddressType|Ports|Endpoints|Age"), _endpoint_slice
    ),
    "secrets": TableRow(
        _columns("Name|Type|Data|Age"),
        lambda obj, now: [_name(obj), obj["type"], len(obj.get("data", {})), _age(obj, now)],
    ),
    "configmaps": TableRow(
        _columns("Name|Data|Age"),
        lambda obj, now: [
            _name(obj),
            len(obj.get("data", {})) + len(obj.get("binaryData", {})),
            _age(obj, now),
        ],
    ),
    "events": TableRow(
        [
            (name, "string", int(name in ("Subobject", "Source", "First Seen", "Count", "Name")))
            for name in (
                [
                    "Last Seen",
                    "Type",
                    "Reason",
                    "Object",
                    "Subobject",
                    "Source",
                    "Message",
                    "First Seen",
                    "Count",
                    "Name",
                ]
            )
        ],
        _event,
    ),
    "leases.coordination.k8s.io": TableRow(
        _columns("Name|Holder|Age"), _aged("spec", "holderIdentity")
    ),
    "deployments.apps": TableRow(
        _columns("Name|Ready|Up-to-date|Available|Age", "Containers|Images|Selector"), _deployment
    ),
    "replicasets.apps": TableRow(
        _columns(
            "Name|Desired|Current|Ready|Age",
            "Containers|Images|Selector",
            integers=("Desired", "Current", "Ready"),
        ),
        _replica_set,
    ),
    "namespaces": TableRow(_columns("Name|Status|Age"), _aged("status", "phase")),
}
