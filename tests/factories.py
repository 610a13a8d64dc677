"""Kubernetes objects for tests, one line each: override what the test is about.

Unless said otherwise everything lives in namespace shop, Ingresses are of class alb, and the
Service is app with the port http: 80 -> 8080, node port 30080.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

from alb_controller.frontends.ingress.select import CONTROLLER, DEFAULT_CLASS_ANNOTATION
from alb_controller.kube.store import Stores
from alb_controller.objects.annotations.ingress_table import PREFIX
from alb_controller.objects.core import (
    KubeObject,
    Metadata,
    Namespace,
    Service,
    ServicePort,
    ServiceSpec,
)
from alb_controller.objects.elbv2 import IngressClassParams
from alb_controller.objects.kinds import WATCHED
from alb_controller.objects.networking import (
    HttpIngressPath,
    HttpIngressRuleValue,
    Ingress,
    IngressBackend,
    IngressClass,
    IngressClassParametersReference,
    IngressClassSpec,
    IngressLoadBalancerIngress,
    IngressLoadBalancerStatus,
    IngressPortStatus,
    IngressRule,
    IngressServiceBackend,
    IngressSpec,
    IngressStatus,
    ServiceBackendPort,
)
from alb_controller.values import PortRef

NAMESPACE = "shop"
BORN = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
HOSTNAME = "k8s-shop-1.us-west-2.elb.amazonaws.com"


def meta(name: str, namespace: str = NAMESPACE, **fields: Any) -> Metadata:
    """Metadata with a uid made of the name."""
    fields = {"uid": f"uid-{name}", "creation_timestamp": BORN, "generation": 1, **fields}
    return Metadata(name=name, namespace=namespace, **fields)


def changed(obj: Any, **fields: Any) -> Any:
    """The object with metadata fields changed."""
    metadata = msgspec.structs.replace(obj.metadata, **fields)
    return msgspec.structs.replace(obj, metadata=metadata)


def service(
    name: str = "app",
    *,
    namespace: str = NAMESPACE,
    type_: str = "ClusterIP",
    ports: Sequence[ServicePort] | None = None,
    families: Iterable[str] = (),
    alb: Mapping[str, str] | None = None,
    selector: Mapping[str, str] | None = None,
) -> Service:
    """A Service; `alb` are annotations without their prefix."""
    made = ports if ports is not None else [ServicePort("http", "TCP", 80, 8080, 30080)]
    return Service(
        meta(name, namespace, annotations=_annotations(alb)),
        ServiceSpec(type_, list(made), list(families), dict(selector or {})),
    )


def to(name: str = "app", port: PortRef = 80) -> IngressBackend:
    """A backend by Service and port."""
    written = ServiceBackendPort(port, 0) if isinstance(port, str) else ServiceBackendPort("", port)
    return IngressBackend(IngressServiceBackend(name, written))


def path(
    text: str = "/", type_: str | None = "Prefix", backend: IngressBackend | None = None
) -> HttpIngressPath:
    """One path of a rule, to Service app unless a backend is given."""
    return HttpIngressPath(text, type_, backend or to())


def rule(host: str = "", *paths: HttpIngressPath) -> IngressRule:
    """One entry of `spec.rules`; without paths it has no `http` part."""
    return IngressRule(host, HttpIngressRuleValue(list(paths)) if paths else None)


def ingress(
    name: str = "web",
    *,
    namespace: str = NAMESPACE,
    alb: Mapping[str, str] | None = None,
    rules: Iterable[IngressRule] | None = None,
    default_backend: IngressBackend | None = None,
    class_name: str | None = "alb",
    age_minutes: int = 0,
    shows: str = "",
    **metadata: Any,
) -> Ingress:
    """An Ingress that sends everything to Service app.

    `alb` are annotations without their prefix, `age_minutes` makes it that much older than others,
    `shows` is the host name in its status, `metadata` any further fields.
    """
    annotations = {**_annotations(alb), **metadata.pop("annotations", {})}
    born = BORN - timedelta(minutes=age_minutes)
    fields = {"creation_timestamp": born, "annotations": annotations, **metadata}
    made = [rule("", path())] if rules is None else list(rules)
    return Ingress(
        meta(name, namespace, **fields),
        IngressSpec(class_name, default_backend, made),
        _status(shows, (80,)) if shows else IngressStatus(),
    )


def member(name: str, group: str = "team", **fields: Any) -> Ingress:
    """An Ingress of an explicit group."""
    alb = {"group.name": group, **fields.pop("alb", {})}
    return ingress(name, alb=alb, **fields)


def site(name: str, **fields: Any) -> Ingress:
    """A member with a host of its own, so that it hides no other."""
    return member(name, rules=[rule(f"{name}.example", path())], **fields)


def deleted(obj: Ingress) -> Ingress:
    """The Ingress as the API shows it once a user has deleted it."""
    made: Ingress = changed(obj, deletion_timestamp=BORN)
    return made


def with_status(obj: Ingress, hostname: str, *ports: int) -> Ingress:
    """The Ingress with a load balancer in its status."""
    return msgspec.structs.replace(obj, status=_status(hostname, ports))


def ingress_class(
    name: str = "alb",
    *,
    controller: str = CONTROLLER,
    params: str = "",
    is_default: bool = False,
) -> IngressClass:
    """A class of ours; `params` names its IngressClassParams."""
    annotations = {DEFAULT_CLASS_ANNOTATION: "true"} if is_default else {}
    parameters = (
        IngressClassParametersReference("elbv2.k8s.aws", "IngressClassParams", params)
        if params
        else None
    )
    return IngressClass(
        meta(name, "", annotations=annotations), IngressClassSpec(controller, parameters)
    )


def params(name: str = "params", **spec: Any) -> IngressClassParams:
    """IngressClassParams; spec fields as in the manifest."""
    made = msgspec.convert({"spec": spec}, IngressClassParams)
    return msgspec.structs.replace(made, metadata=meta(name, ""))


def namespace(name: str = NAMESPACE, **labels: str) -> Namespace:
    """A namespace with labels."""
    return Namespace(meta(name, "", labels=labels))


def cluster(*objects: KubeObject) -> Stores:
    """What is known of a cluster with these objects: a store of every watched kind."""
    stores = Stores(WATCHED)
    for obj in objects:
        stores.of(type(obj)).upsert(obj)
    return stores


def _annotations(alb: Mapping[str, str] | None) -> dict[str, str]:
    return {PREFIX + suffix: value for suffix, value in (alb or {}).items()}


def _status(hostname: str, ports: Iterable[int]) -> IngressStatus:
    entry = IngressLoadBalancerIngress(hostname, "", [IngressPortStatus(p) for p in ports])
    return IngressStatus(IngressLoadBalancerStatus([entry]))
