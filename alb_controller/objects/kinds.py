"""THE table of kinds: where the Kubernetes API serves each, and how it is decoded."""

from __future__ import annotations

import msgspec

from alb_controller.objects import core, elbv2, networking, secrets
from alb_controller.objects.core import KubeObject
from alb_controller.values import ObjectRef


class Kind(msgspec.Struct, frozen=True):
    """One kind of object: its API path and the struct that holds it."""

    name: str
    group: str
    """Empty for core/v1."""
    version: str
    plural: str
    namespaced: bool
    struct: type[KubeObject]
    optional: bool = False
    """Whether a cluster may do without its CRD: there is then no object of it (ADR 30)."""

    @property
    def api_version(self) -> str:
        return f"{self.group}/{self.version}" if self.group else self.version

    def path(self, namespace: str = "", name: str = "") -> str:
        """The URL path of the collection (name empty) or of one object."""
        root = f"/apis/{self.group}/{self.version}" if self.group else f"/api/{self.version}"
        scope = f"/namespaces/{namespace}" if self.namespaced and namespace else ""
        return f"{root}{scope}/{self.plural}" + (f"/{name}" if name else "")


INGRESS = Kind("Ingress", "networking.k8s.io", "v1", "ingresses", True, networking.Ingress)
INGRESS_CLASS = Kind(
    "IngressClass", "networking.k8s.io", "v1", "ingressclasses", False, networking.IngressClass
)
INGRESS_CLASS_PARAMS = Kind(
    "IngressClassParams",
    "elbv2.k8s.aws",
    "v1beta1",
    "ingressclassparams",
    False,
    elbv2.IngressClassParams,
)
TARGET_GROUP_BINDING = Kind(
    "TargetGroupBinding",
    "elbv2.k8s.aws",
    "v1beta1",
    "targetgroupbindings",
    True,
    elbv2.TargetGroupBinding,
)
SERVICE = Kind("Service", "", "v1", "services", True, core.Service)
ENDPOINT_SLICE = Kind(
    "EndpointSlice", "discovery.k8s.io", "v1", "endpointslices", True, networking.EndpointSlice
)
POD = Kind("Pod", "", "v1", "pods", True, core.Pod)
NODE = Kind("Node", "", "v1", "nodes", False, core.Node)
NAMESPACE = Kind("Namespace", "", "v1", "namespaces", False, core.Namespace)
CONFIG_MAP = Kind("ConfigMap", "", "v1", "configmaps", True, core.ConfigMap)
"""Read one by one by name, never watched."""
SECRET = Kind("Secret", "", "v1", "secrets", True, secrets.OidcSecret)
"""Watched one by one by name (`kube.secrets`), never as a kind."""

WATCHED: tuple[Kind, ...] = (
    INGRESS,
    INGRESS_CLASS,
    INGRESS_CLASS_PARAMS,
    TARGET_GROUP_BINDING,
    SERVICE,
    ENDPOINT_SLICE,
    POD,
    NODE,
    NAMESPACE,
)
"""Every kind that the controller keeps a store of."""

_BY_STRUCT = {kind.struct: kind for kind in WATCHED}


def kind_of(obj: KubeObject) -> Kind:
    """The kind of an object that a store holds; raises KeyError for another one."""
    return _BY_STRUCT[type(obj)]


def ref_of(obj: KubeObject) -> ObjectRef:
    """Which object it is, for problems and events."""
    return core.ref(kind_of(obj).name, obj)
