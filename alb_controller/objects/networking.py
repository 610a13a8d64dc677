"""networking.k8s.io/v1: Ingress and IngressClass; discovery.k8s.io/v1: EndpointSlice."""

from __future__ import annotations

from alb_controller.objects.core import KubeObject, KubeStruct


class ServiceBackendPort(KubeStruct, frozen=True):
    name: str = ""
    number: int = 0


class IngressServiceBackend(KubeStruct, frozen=True):
    name: str = ""
    port: ServiceBackendPort = ServiceBackendPort()


class IngressBackend(KubeStruct, frozen=True):
    """A backend by Service; a `resource` backend decodes with `service` None."""

    service: IngressServiceBackend | None = None


class HttpIngressPath(KubeStruct, frozen=True):
    path: str = ""
    path_type: str | None = None
    backend: IngressBackend = IngressBackend()


class HttpIngressRuleValue(KubeStruct, frozen=True):
    paths: list[HttpIngressPath] = []


class IngressRule(KubeStruct, frozen=True):
    host: str = ""
    http: HttpIngressRuleValue | None = None


class IngressTls(KubeStruct, frozen=True):
    hosts: list[str] = []
    secret_name: str = ""


class IngressSpec(KubeStruct, frozen=True):
    ingress_class_name: str | None = None
    default_backend: IngressBackend | None = None
    rules: list[IngressRule] = []
    tls: list[IngressTls] = []


class IngressPortStatus(KubeStruct, frozen=True):
    port: int = 0


class IngressLoadBalancerIngress(KubeStruct, frozen=True):
    hostname: str = ""
    ip: str = ""
    ports: list[IngressPortStatus] = []


class IngressLoadBalancerStatus(KubeStruct, frozen=True):
    ingress: list[IngressLoadBalancerIngress] = []


class IngressStatus(KubeStruct, frozen=True):
    load_balancer: IngressLoadBalancerStatus = IngressLoadBalancerStatus()


class Ingress(KubeObject, frozen=True):
    spec: IngressSpec = IngressSpec()
    status: IngressStatus = IngressStatus()


class IngressClassParametersReference(KubeStruct, frozen=True):
    api_group: str | None = None
    kind: str = ""
    name: str = ""


class IngressClassSpec(KubeStruct, frozen=True):
    controller: str = ""
    parameters: IngressClassParametersReference | None = None


class IngressClass(KubeObject, frozen=True):
    spec: IngressClassSpec = IngressClassSpec()


class EndpointConditions(KubeStruct, frozen=True):
    ready: bool | None = None
    serving: bool | None = None
    terminating: bool | None = None


class EndpointTargetRef(KubeStruct, frozen=True):
    kind: str = ""
    namespace: str = ""
    name: str = ""


class Endpoint(KubeStruct, frozen=True):
    addresses: list[str] = []
    conditions: EndpointConditions = EndpointConditions()
    target_ref: EndpointTargetRef | None = None
    node_name: str = ""


class EndpointPort(KubeStruct, frozen=True):
    name: str | None = None
    port: int | None = None
    protocol: str | None = None


class EndpointSlice(KubeObject, frozen=True):
    address_type: str = ""
    endpoints: list[Endpoint] | None = None
    ports: list[EndpointPort] | None = None
