"""Objects as users write them, for tests of the whole controller: namespace shop, class alb."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

Object = dict[str, Any]
NAMESPACE = "shop"
PREFIX = "alb.ingress.kubernetes.io/"
PODS = {"192.168.100.10": "node-a", "192.168.130.10": "node-b"}
"""Addresses that the account's nodes hold, and the nodes."""


def world() -> list[Object]:
    """What every test needs: a namespace, our class, and the Service app with its pods."""
    return [
        {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}},
        ingress_class(),
        *app(),
    ]


def ingress_class(name: str = "alb") -> Object:
    """A class of this controller."""
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "IngressClass",
        "metadata": {"name": name},
        "spec": {"controller": "ingress.k8s.aws/alb"},
    }


def ingress(
    name: str = "web",
    paths: Mapping[str, str] | Sequence[str] = ("/",),
    *,
    group: str = "",
    host: str = "",
    class_name: str = "alb",
    **annotations: str,
) -> Object:
    """Paths to Services (app where none is named); annotations by suffix, `_` for `-`."""
    backends = paths if isinstance(paths, Mapping) else dict.fromkeys(paths, "app")
    noted = {"target_type": "ip", **annotations}
    if group:
        noted["group.name"] = group
    rule: Object = {"http": {"paths": [_path(path, to) for path, to in backends.items()]}}
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "Ingress",
        "metadata": {
            "name": name,
            "namespace": NAMESPACE,
            "annotations": {PREFIX + k.replace("_", "-"): v for k, v in noted.items()},
        },
        "spec": {
            "ingressClassName": class_name,
            "rules": [{**rule, "host": host} if host else rule],
        },
    }


def _path(path: str, service_name: str) -> Object:
    backend = {"service": {"name": service_name, "port": {"number": 80}}}
    return {"path": path, "pathType": "Prefix", "backend": backend}


def app(name: str = "app", pods: Mapping[str, str] = PODS) -> Iterator[Object]:
    """A Service, its pods by address and node, and its EndpointSlice."""
    yield service(name)
    yield from (pod(name, address, node) for address, node in pods.items())
    yield endpoints(name, pods)


def service(name: str = "app") -> Object:
    """Port 80 to the pods' 8080."""
    ports = [{"name": "http", "protocol": "TCP", "port": 80, "targetPort": 8080}]
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": name, "namespace": NAMESPACE},
        "spec": {"type": "ClusterIP", "selector": {"app": name}, "ports": ports},
    }


def binding(name: str, **spec: Any) -> Object:
    """A binding of the Service app."""
    return {
        "apiVersion": "elbv2.k8s.aws/v1beta1",
        "kind": "TargetGroupBinding",
        "metadata": {"name": name, "namespace": NAMESPACE},
        "spec": {"serviceRef": {"name": "app", "port": 80}, **spec},
    }


def pod(name: str, address: str, node: str) -> Object:
    """A pod that is ready."""
    port = {"name": "http", "containerPort": 8080}
    ready = [{"type": kind, "status": "True"} for kind in ("Ready", "ContainersReady")]
    status = {"phase": "Running", "podIP": address, "podIPs": [{"ip": address}]}
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {
            "name": _pod_name(name, address),
            "namespace": NAMESPACE,
            "labels": {"app": name},
        },
        "spec": {
            "nodeName": node,
            "containers": [{"name": "main", "image": "pause", "ports": [port]}],
        },
        "status": {**status, "conditions": ready},
    }


def endpoints(name: str, pods: Mapping[str, str]) -> Object:
    """The EndpointSlice of a Service, all ready."""
    return {
        "apiVersion": "discovery.k8s.io/v1",
        "kind": "EndpointSlice",
        "addressType": "IPv4",
        "metadata": {
            "name": f"{name}-x",
            "namespace": NAMESPACE,
            "labels": {"kubernetes.io/service-name": name},
        },
        "ports": [{"name": "http", "port": 8080, "protocol": "TCP"}],
        "endpoints": [_endpoint(name, address, node) for address, node in pods.items()],
    }


def _endpoint(name: str, address: str, node: str) -> Object:
    reference = {"kind": "Pod", "namespace": NAMESPACE, "name": _pod_name(name, address)}
    return {
        "addresses": [address],
        "conditions": {"ready": True, "serving": True, "terminating": False},
        "nodeName": node,
        "targetRef": reference,
    }


def _pod_name(name: str, address: str) -> str:
    return f"{name}-{address.replace('.', '-')}"
