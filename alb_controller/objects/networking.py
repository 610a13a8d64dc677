"""networking.k8s.io/v1: Ingress and IngressClass; discovery.k8s.io/v1: EndpointSlice."""

from __future__ import annotations

from alb_controller.objects.core import KubeObject, KubeStruct


class ServiceBackendPort(KubeStruct):
    name: str = ""
    number: int = 0


class IngressServiceBackend(KubeStruct):
    name: str = ""
    port: ServiceBackendPort = ServiceBackendPort()


class IngressBackend(KubeStruct):
    """A backend by Service; a `resource` backend decodes with `service` None."""

    service: IngressServiceBackend | None = None


class HttpIngressPath(KubeStruct):
    path: str = ""
    path_type: str | None = None
    backend: IngressBackend = IngressBackend()


class HttpIngressRuleValue(KubeStruct):
    paths: list[HttpIngressPath] = []


class IngressRule(KubeStruct):
    host: str = ""
    http: HttpIngressRuleValue | None = None


class IngressTls(KubeStruct):
    hosts: list[str] = []
    secret_name: str = ""


class IngressSpec(KubeStruct):
    ingress_class_name: str | None = None
    default_backend: IngressBackend | None = None
    rules: list[IngressRule] = []
    tls: list[IngressTls] = []


class IngressPortStatus(KubeStruct):
    port: int = 0


class IngressLoadBalancerIngress(KubeStruct):
    hostname: str = ""
    ip: str = ""
    ports: list[IngressPortStatus] = []


class IngressLoadBalancerStatus(KubeStruct):
    ingress: list[IngressLoadBalancerIngress] = []


class IngressStatus(KubeStruct):
    load_balancer: IngressLoadBalancerStatus = IngressLoadBalancerStatus()


class Ingress(KubeObject):
    spec: IngressSpec = IngressSpec()
    status: IngressStatus = IngressStatus()


class IngressClassParametersReference(KubeStruct):
    api_group: str | None = None
    kind: str = ""
    name: str = ""


class IngressClassSpec(KubeStruct):
    controller: str = ""
    parameters: IngressClassParametersReference | None = None


class IngressClass(KubeObject):
    spec: IngressClassSpec = IngressClassSpec()


class EndpointConditions(KubeStruct):
    ready: bool | None = None
    serving: bool | None = None
    terminating: bool | None = None


class EndpointTargetRef(KubeStruct):
    kind: str = ""
    namespace: str = ""
    name: str = ""


class Endpoint(KubeStruct):
    addresses: list[str] = []
    conditions: EndpointConditions = EndpointConditions()
    target_ref: EndpointTargetRef | None = None
    node_name: str = ""


class EndpointPort(KubeStruct):
    name: str | None = None
    port: int | None = None
    protocol: str | None = None


class EndpointSlice(KubeObject):
    address_type: str = ""
    endpoints: list[Endpoint] | None = None
    ports: list[EndpointPort] | None = None
