"""The rules of an Ingress. Source: pkg/apis/networking/validation; sentences recorded from a
kube-apiserver 1.35.
"""

from __future__ import annotations

from collections.abc import Iterator
from operator import itemgetter

from alb_controller.sandbox.kubeapi.rules.names import (
    dns_1035_label,
    dns_subdomain,
    wildcard_subdomain,
)
from alb_controller.sandbox.kubeapi.schemas import Json
from alb_controller.sandbox.kubeapi.statuses import Cause, invalid_value, required, unsupported
from alb_controller.sandbox.kubeapi.writes import Write

CLASS_ANNOTATION = "kubernetes.io/ingress.class"
DEFAULT_ANNOTATION = "ingressclass.kubernetes.io/is-default-class"
PATH_TYPES = ["Exact", "ImplementationSpecific", "Prefix"]
_FORBIDDEN_IN_PATHS = ("//", "/./", "/../", "%2f", "%2F")
_FORBIDDEN_ENDINGS = ("/..", "/.")


def prepare_ingress(write: Write) -> None:
    """Give a new Ingress without a class the default one, as the DefaultIngressClass plugin does.

    Of several default classes the youngest is taken, and of those of one age the first by name.
    """
    spec, annotations = write.new.get("spec", {}), write.new["metadata"].get("annotations", {})
    if write.old or "ingressClassName" in spec or CLASS_ANNOTATION in annotations:
        return
    classes = [
        found["metadata"]
        for found in write.store.values("ingressclasses.networking.k8s.io")
        if found["metadata"].get("annotations", {}).get(DEFAULT_ANNOTATION) == "true"
    ]
    classes.sort(key=itemgetter("name"))
    classes.sort(key=itemgetter("creationTimestamp"), reverse=True)
    if classes:
        spec["ingressClassName"] = classes[0]["name"]


def check_ingress(write: Write) -> Iterator[Cause]:
    """Causes for the class, the rules and the backends."""
    spec = write.new.get("spec", {})
    legacy = write.new["metadata"].get("annotations", {}).get(CLASS_ANNOTATION)
    chosen = spec.get("ingressClassName")
    if write.old is None and legacy is not None and chosen is not None and legacy != chosen:
        why = "must match `ingressClassName` when both are specified"
        yield invalid_value(f"annotations.{CLASS_ANNOTATION}", legacy, why)
    if not spec.get("rules") and "defaultBackend" not in spec:
        yield invalid_value("spec", None, "either `defaultBackend` or `rules` must be specified")
    if "defaultBackend" in spec:
        yield from _check_backend(spec["defaultBackend"], "spec.defaultBackend")
    for index, entry in enumerate(spec.get("tls", ())):
        for place, host in enumerate(entry.get("hosts", ())):
            yield from _check_host(host, f"spec.tls[{index}].hosts[{place}]")
    for index, rule in enumerate(spec.get("rules", ())):
        yield from _check_rule(rule, f"spec.rules[{index}]")
    if chosen is not None and (wrong := dns_subdomain(chosen)):
        yield invalid_value("spec.ingressClassName", chosen, wrong)


def _check_rule(rule: Json, path: str) -> Iterator[Cause]:
    if rule.get("host"):
        yield from _check_host(rule["host"], f"{path}.host")
    if "http" not in rule:
        return
    if not rule["http"].get("paths"):
        yield required(f"{path}.http.paths")
    for index, entry in enumerate(rule["http"].get("paths", ())):
        yield from _check_path(entry, f"{path}.http.paths[{index}]")


def _check_host(host: str, path: str) -> Iterator[Cause]:
    wrong = wildcard_subdomain(host) if "*" in host else dns_subdomain(host)
    if wrong:
        yield invalid_value(path, host, wrong)


def _check_path(entry: Json, path: str) -> Iterator[Cause]:
    kind, value = entry.get("pathType"), entry.get("path", "")
    if kind is None:
        yield required(f"{path}.pathType", "pathType must be specified")
    elif kind not in PATH_TYPES:
        yield unsupported(f"{path}.pathType", kind, PATH_TYPES)
    elif kind == "ImplementationSpecific":
        if value and not value.startswith("/"):
            yield invalid_value(f"{path}.path", value, "must be an absolute path")
    elif not value.startswith("/"):
        yield invalid_value(f"{path}.path", value, "must be an absolute path")
    else:
        for part in _FORBIDDEN_IN_PATHS:
            if part in value:
                yield invalid_value(f"{path}.path", value, f"must not contain '{part}'")
        for ending in _FORBIDDEN_ENDINGS:
            if value.endswith(ending):
                yield invalid_value(f"{path}.path", value, f"cannot end with '{ending}'")
    yield from _check_backend(entry.get("backend", {}), f"{path}.backend")


def _check_backend(backend: Json, path: str) -> Iterator[Cause]:
    service, resource = backend.get("service"), backend.get("resource")
    if service is None and resource is None:
        yield invalid_value(path, "", "resource or service backend is required")
    elif service is not None and resource is not None:
        yield invalid_value(path, "", "cannot set both resource and service backends")
    elif service is not None:
        yield from _check_service_backend(service, path)


def _check_service_backend(service: Json, path: str) -> Iterator[Cause]:
    name, port = service.get("name", ""), service.get("port", {})
    if not name:
        yield required(f"{path}.service.name")
    elif wrong := dns_1035_label(name):
        yield invalid_value(f"{path}.service.name", name, wrong)
    number, port_name = port.get("number", 0), port.get("name", "")
    if number and port_name:
        yield invalid_value(path, "", "cannot set both port name & port number")
    elif not number and not port_name:
        yield required(path, "port name or number is required")
    elif number and not 0 < number < 65536:
        yield invalid_value(
            f"{path}.service.port.number", number, "must be between 1 and 65535, inclusive"
        )
