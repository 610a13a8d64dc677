"""What each built-in kind does beside its schema when it is written: computed fields and checks.

A strategy is what kube-apiserver calls by that name (pkg/registry/*/strategy.go): `prepare` runs
on the new object after defaults, `check` gives the causes for a refusal. Kinds without an entry,
and custom ones, have the plain strategy.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from alb_controller.sandbox.kubeapi.kinds import Kind
from alb_controller.sandbox.kubeapi.rules import crds, endpoints, ingresses, services, workloads
from alb_controller.sandbox.kubeapi.rules.names import (
    NameRule,
    any_name,
    dns_1035_label,
    dns_label,
    dns_subdomain,
    path_segment,
)
from alb_controller.sandbox.kubeapi.schemas import Json
from alb_controller.sandbox.kubeapi.statuses import (
    Cause,
    bad_request,
    immutable,
    invalid_value,
    not_allowed,
    required,
)
from alb_controller.sandbox.kubeapi.writes import Write


def _nothing(_write: Write) -> None:
    return None


def _no_causes(_write: Write) -> Iterable[Cause]:
    return ()


@dataclass(frozen=True, slots=True)
class Strategy:
    """How one kind is written.

    `generation` names the top-level fields whose change moves metadata.generation (`annotations`
    and `labels` stand for those of the metadata); `new_status` is the status of a new object
    where users may not give one.
    """

    prepare: Callable[[Write], None] = _nothing
    prepare_status: Callable[[Write], None] = _nothing
    check: Callable[[Write], Iterable[Cause]] = _no_causes
    check_status: Callable[[Write], Iterable[Cause]] = _no_causes
    name_rule: NameRule = dns_subdomain
    generation: tuple[str, ...] = ()
    new_status: Json | None = None
    returns_deleted: bool = False
    needs_version: bool = False
    free_finalizers: bool = False
    create_on_update: bool = False
    fields: tuple[str, ...] = field(default=())


def strategy_of(kind: Kind) -> Strategy:
    """How the kind is written."""
    return CUSTOM if kind.is_custom else STRATEGIES.get(kind.resource, PLAIN)


def _prepare_namespace(write: Write) -> None:
    metadata = write.new["metadata"]
    metadata.setdefault("labels", {})["kubernetes.io/metadata.name"] = metadata.get("name", "")
    if write.subresource != "finalize":
        write.new["spec"] = write.old["spec"] if write.old else {"finalizers": ["kubernetes"]}


def _prepare_secret(write: Write) -> None:
    for key, text in write.new.pop("stringData", {}).items():
        write.new.setdefault("data", {})[key] = base64.b64encode(text.encode()).decode()
    for value in write.new.get("data", {}).values():
        _check_base64(value)


def _check_base64(value: str) -> None:
    """Raises 400, as Go's decoder does before any validation."""
    try:
        base64.b64decode(value, validate=True)
    except binascii.Error:
        place = re.match("[A-Za-z0-9+/]*", value)
        head = 'Secret in version "v1" cannot be handled as a Secret'
        where = place.end() if place else 0
        raise bad_request(f"{head}: illegal base64 data at input byte {where}") from None


_DATA_KEY = re.compile(r"[-._a-zA-Z0-9]+")
_DATA_KEY_SENTENCE = (
    "a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. "
    "'key.name',  or 'KEY_NAME',  or 'key-name', regex used for validation is '[-._a-zA-Z0-9]+')"
)


def _check_data(write: Write) -> Iterable[Cause]:
    """ConfigMaps and Secrets: keys, and what `immutable: true` promises."""
    for key in (*write.new.get("data", {}), *write.new.get("binaryData", {})):
        if not _DATA_KEY.fullmatch(key):
            yield invalid_value(f"data[{key}]", key, _DATA_KEY_SENTENCE)
    if write.new.get("type") == "kubernetes.io/tls":
        for key in ("tls.crt", "tls.key"):
            if key not in write.new.get("data", {}):
                yield required(f"data[{key}]")
    old = write.old
    if old and old.get("immutable"):
        for name in ("immutable", "data", "binaryData"):
            if old.get(name) != write.new.get(name):
                yield not_allowed(name, "field is immutable when `immutable` is set")
    if old and old.get("type") != write.new.get("type"):
        yield immutable("type", write.new.get("type"))


def _check_event(write: Write) -> Iterable[Cause]:
    about = write.new.get("involvedObject", {}).get("namespace", "")
    if (about or "default") != write.new["metadata"].get("namespace"):
        yield invalid_value("involvedObject.namespace", about, "does not match event.namespace")


def _check_node(write: Write) -> Iterable[Cause]:
    before = write.old["spec"].get("providerID") if write.old else None
    if before and write.new["spec"].get("providerID") != before:
        why = 'node updates may not change providerID except from "" to valid'
        yield not_allowed("spec.providerID", why)


def _prepare_node(write: Write) -> None:
    status = write.new.setdefault("status", {})
    write.new.setdefault("spec", {})
    status.setdefault("daemonEndpoints", {"kubeletEndpoint": {"Port": 0}})
    status.setdefault("nodeInfo", dict.fromkeys(_NODE_INFO, ""))
    if write.old is None:
        taint = {"key": "node.kubernetes.io/not-ready", "effect": "NoSchedule"}
        taints = write.new.setdefault("spec", {}).setdefault("taints", [])
        if not any(found.get("key") == taint["key"] for found in taints):
            taints.append(taint)


_NODE_INFO = (
    "machineID",
    "systemUUID",
    "bootID",
    "kernelVersion",
    "osImage",
    "containerRuntimeVersion",
    "kubeletVersion",
    "kubeProxyVersion",
    "operatingSystem",
    "architecture",
)


def _check_lease(write: Write) -> Iterable[Cause]:
    for name in ("leaseDurationSeconds", "leaseTransitions"):
        value = write.new.get("spec", {}).get(name)
        low = 1 if name == "leaseDurationSeconds" else 0
        if value is not None and value < low:
            why = "must be greater than 0" if low else "must be greater than or equal to 0"
            yield invalid_value(f"spec.{name}", value, why)


def _check_ingress_class(write: Write) -> Iterable[Cause]:
    controller = write.new.get("spec", {}).get("controller", "")
    if write.old and write.old["spec"].get("controller") != controller:
        yield immutable("spec.controller", controller)
    elif not controller:
        yield required("spec.controller")
    elif "/" not in controller:
        why = 'must be a domain-prefixed path (such as "acme.io/foo")'
        yield invalid_value("spec.controller", controller, why)


_EVENT_FIELDS = (
    *(
        f"involvedObject.{name}"
        for name in (
            "kind",
            "namespace",
            "name",
            "uid",
            "apiVersion",
            "resourceVersion",
            "fieldPath",
        )
    ),
    "reason",
    "reportingComponent",
    "source",
    "type",
)
_POD_FIELDS = (
    "spec.nodeName",
    "spec.restartPolicy",
    "spec.schedulerName",
    "spec.serviceAccountName",
    "spec.hostNetwork",
    "status.phase",
    "status.podIP",
    "status.nominatedNodeName",
)
PLAIN = Strategy()
CUSTOM = Strategy(check=crds.check_custom, needs_version=True, free_finalizers=True)
STRATEGIES: dict[str, Strategy] = {
    "namespaces": Strategy(
        prepare=_prepare_namespace,
        name_rule=dns_label,
        new_status={"phase": "Active"},
        fields=("status.phase",),
    ),
    "services": Strategy(
        prepare=services.prepare_service,
        check=services.check_service,
        check_status=services.check_service_status,
        name_rule=dns_1035_label,
        new_status={"loadBalancer": {}},
        returns_deleted=True,
        create_on_update=True,
        fields=("spec.clusterIP", "spec.type"),
    ),
    "pods": Strategy(
        prepare=workloads.prepare_pod,
        prepare_status=workloads.prepare_pod_status,
        check=workloads.check_pod,
        generation=("spec",),
        returns_deleted=True,
        fields=_POD_FIELDS,
    ),
    "nodes": Strategy(prepare=_prepare_node, check=_check_node, fields=("spec.unschedulable",)),
    "secrets": Strategy(prepare=_prepare_secret, check=_check_data, fields=("type",)),
    "configmaps": Strategy(check=_check_data),
    "events": Strategy(
        check=_check_event,
        name_rule=any_name,
        create_on_update=True,
        free_finalizers=True,
        fields=_EVENT_FIELDS,
    ),
    "serviceaccounts": Strategy(returns_deleted=True),
    "deployments.apps": Strategy(
        prepare=workloads.prepare_workload,
        check=workloads.check_workload,
        generation=("spec", "annotations"),
        new_status={},
    ),
    "replicasets.apps": Strategy(
        prepare=workloads.prepare_workload,
        check=workloads.check_workload,
        generation=("spec",),
        new_status={"replicas": 0},
    ),
    "ingresses.networking.k8s.io": Strategy(
        prepare=ingresses.prepare_ingress,
        check=ingresses.check_ingress,
        generation=("spec",),
        new_status={"loadBalancer": {}},
    ),
    "ingressclasses.networking.k8s.io": Strategy(check=_check_ingress_class, generation=("spec",)),
    "endpointslices.discovery.k8s.io": Strategy(
        prepare=endpoints.prepare_endpoint_slice,
        check=endpoints.check_endpoint_slice,
        generation=("addressType", "endpoints", "ports", "labels"),
    ),
    "leases.coordination.k8s.io": Strategy(
        check=_check_lease, needs_version=True, create_on_update=True, free_finalizers=True
    ),
    "poddisruptionbudgets.policy": Strategy(generation=("spec",), new_status={}),
    **{
        f"{plural}.rbac.authorization.k8s.io": Strategy(name_rule=path_segment)
        for plural in ("clusterroles", "clusterrolebindings", "roles", "rolebindings")
    },
    **{
        f"{kind}webhookconfigurations.admissionregistration.k8s.io": Strategy(
            generation=("webhooks",)
        )
        for kind in ("mutating", "validating")
    },
    crds.RESOURCE: Strategy(
        prepare=crds.prepare_definition,
        check=crds.check_definition,
        generation=("spec",),
        free_finalizers=True,
    ),
}
