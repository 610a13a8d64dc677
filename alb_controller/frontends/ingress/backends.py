"""A Service port as a backend: target group settings from both objects' annotations (spec 5)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import cast

import msgspec

from alb_controller.errors import Invalid, InvalidAnnotation, Missing
from alb_controller.intent import BackendIntent, NameSeed, Origin
from alb_controller.model.elbv2 import HealthCheck, TargetType
from alb_controller.model.ownership import problems_of_keys
from alb_controller.objects.annotations import ingress_table as rows
from alb_controller.objects.annotations.rows import Reader, Source
from alb_controller.objects.core import Service, ServicePort, ref
from alb_controller.objects.elbv2 import IngressClassParamsSpec, ServiceReference
from alb_controller.settings import Settings
from alb_controller.values import PortRef, StackKey

TRAFFIC_PORT = "traffic-port"
NAMED_TARGET_PORT = 1
"""The target group's port where the Service's targetPort is a name (spec 5.2)."""
_GRPC = "GRPC"
_LAST_PORT = 65535


class _Port(msgspec.Struct, frozen=True, kw_only=True):
    """A Service port in use: as written in the Ingress, and as the Service has it."""

    service: Service
    written: PortRef
    found: ServicePort


class BackendTranslator:
    """Makes the backends of one Ingress; each Service port as written becomes one (spec 5.1)."""

    def __init__(
        self,
        *,
        key: StackKey,
        source: Source,
        params: IngressClassParamsSpec,
        services: Mapping[tuple[str, str], Service],
        settings: Settings,
    ) -> None:
        self._key, self._source, self._params = key, source, params
        self._services, self._settings = services, settings
        self._made: dict[str, BackendIntent] = {}

    @property
    def made(self) -> tuple[BackendIntent, ...]:
        """The backends that were asked for so far."""
        return tuple(self._made.values())

    def backend(self, name: str, written: PortRef, field: str) -> BackendIntent:
        """The backend for a port of a Service of the Ingress's namespace.

        Raises Missing where there is no such Service, Invalid for a port that it does not have;
        `field` is where the Ingress names it.
        """
        service = self.service(name)
        if service is None:
            problem = f"names Service {self._source.ref.namespace}/{name}, which does not exist"
            raise Missing(self._source.ref, field, problem)
        return self._backend(self._port(service, written, field))

    def service(self, name: str) -> Service | None:
        """A Service of the Ingress's namespace, if there is one."""
        return self._services.get((self._source.ref.namespace, name))

    def _port(self, service: Service, written: PortRef, field: str) -> _Port:
        for found in service.spec.ports:
            if written in (found.name, found.port):
                return _Port(service=service, written=written, found=found)
        ports = ", ".join(
            f"{p.port} ({p.name})" if p.name else str(p.port) for p in service.spec.ports
        )
        path = "/".join(service.key)
        problem = f"names port {written!r}, which Service {path} does not have: it has "
        raise Invalid(self._source.ref, field, problem + (ports or "none"))

    def _backend(self, port: _Port) -> BackendIntent:
        owner = self._source.ref
        id_ = f"{owner.path}-{port.service.metadata.name}:{port.written}"
        if id_ not in self._made:
            self._made[id_] = self._translate(id_, port)
        return self._made[id_]

    def _translate(self, id_: str, port: _Port) -> BackendIntent:
        service = port.service
        service_source = Source(ref("Service", service), service.metadata.annotations)
        reader = Reader(service_source, self._source)
        target_type = self._target_type(reader)
        protocol = reader.get_or(rows.BACKEND_PROTOCOL, "HTTP")
        version = reader.get_or(rows.BACKEND_PROTOCOL_VERSION, "HTTP1")
        group_port = self._group_port(port, target_type)
        check = _health_check(reader, port, target_type, protocol, version)
        control = self._control_port(reader, port, target_type)
        hashed = (str(group_port), target_type, protocol, version, str(control or ""))
        labels = reader.get(rows.TARGET_NODE_LABELS) if target_type == "instance" else None
        return BackendIntent(
            id=id_,
            origin=Origin(self._source.ref),
            namespace=service.metadata.namespace,
            service=ServiceReference(name=service.metadata.name, port=port.written),
            name=self._name(port, hashed),
            target_type=target_type,
            port=group_port,
            protocol=protocol,
            protocol_version=version,
            ip_family="ipv6" if "IPv6" in service.spec.ip_families else "ipv4",
            health_check=check,
            attributes=reader.get(rows.TARGET_GROUP_ATTRIBUTES) or {},
            tags=self._tags(service_source),
            network_ports=self._network_ports(port, target_type, check, control),
            target_control_port=control,
            node_labels=labels or None,
            multi_cluster=self._multi_cluster(service_source),
        )

    def _target_type(self, reader: Reader) -> TargetType:
        annotated = reader.get(rows.TARGET_TYPE) if self._params.target_type is None else None
        chosen = self._params.target_type or annotated or self._settings.default_target_type
        if chosen == "ip" and not self._settings.feature_gates.enable_ip_target_type:
            problem = "'ip' needs the feature gate EnableIPTargetType, which is off"
            raise InvalidAnnotation(self._source.ref, rows.TARGET_TYPE.key, problem)
        return cast("TargetType", chosen)

    def _group_port(self, port: _Port, target_type: TargetType) -> int:
        """The target group's port (spec 5.2)."""
        found, path = port.found, "/".join(port.service.key)
        if target_type == "instance":
            if found.node_port:
                return found.node_port
            problem = (
                f"'instance' needs Service {path} to be of type NodePort or LoadBalancer, "
                f"it is {port.service.spec.type}: change it, or use target-type ip"
            )
            raise InvalidAnnotation(self._source.ref, rows.TARGET_TYPE.key, problem)
        if isinstance(found.target_port, str):
            return NAMED_TARGET_PORT
        return found.target_port or found.port

    def _name(self, port: _Port, rest: tuple[str, ...]) -> NameSeed:
        meta, owner = port.service.metadata, self._source.ref
        hashed = (
            self._settings.cluster_name,
            self._key.id,
            owner.namespace,
            owner.name,
            meta.uid,
            str(port.written),
            *rest,
        )
        return NameSeed(((meta.namespace, 8), (meta.name, 8)), hashed)

    def _control_port(self, reader: Reader, port: _Port, target_type: TargetType) -> int | None:
        """Where the targets' control agent listens; only on pods (spec 1.1)."""
        row = rows.target_control_port(port.service.metadata.name, port.written)
        control, source = reader.get(row), reader.source(row)
        if control is not None and source is not None and target_type == "instance":
            raise InvalidAnnotation(source.ref, row.key, f"'{control}' needs target-type ip")
        return control

    def _tags(self, service: Source) -> dict[str, str]:
        """ICP over Service over Ingress, tag by tag (spec 7.2)."""
        tags: dict[str, str] = {}
        for source in (self._source, service):
            own = Reader(source).get(rows.TAGS) or {}
            for problem in problems_of_keys(own, self._settings.external_managed_tags):
                raise InvalidAnnotation(source.ref, rows.TAGS.key, problem)
            tags |= own
        return tags | {t.key: t.value for t in self._params.tags}

    def _multi_cluster(self, service: Source) -> bool:
        """True if the Ingress says so, else what the Service says (spec 1.1)."""
        said = Reader(self._source).get(rows.MULTI_CLUSTER)
        return said or Reader(service).get(rows.MULTI_CLUSTER) or False

    def _network_ports(
        self, port: _Port, target_type: TargetType, check: HealthCheck, control: int | None
    ) -> tuple[PortRef | None, ...]:
        """The ports that the load balancer must reach; None is every port (spec 5.4)."""
        if self._settings.disable_restricted_sg_rules:
            return (None,)
        traffic: PortRef = port.found.node_port
        if target_type == "ip":
            traffic = port.found.target_port or port.found.port
        checked = () if check.port == TRAFFIC_PORT else (int(check.port),)
        return (traffic, *checked, *(() if control is None else (control,)))


def _health_check(
    reader: Reader, port: _Port, target_type: TargetType, protocol: str, version: str
) -> HealthCheck:
    grpc = version == _GRPC
    return HealthCheck(
        port=_health_check_port(reader, port, target_type),
        protocol=reader.get_or(rows.HEALTH_CHECK_PROTOCOL, protocol),
        path=reader.get_or(rows.HEALTH_CHECK_PATH, "/AWS.ALB/healthcheck" if grpc else "/"),
        interval_seconds=reader.get_or(rows.HEALTH_CHECK_INTERVAL, 15),
        timeout_seconds=reader.get_or(rows.HEALTH_CHECK_TIMEOUT, 5),
        healthy_threshold=reader.get_or(rows.HEALTHY_THRESHOLD, 2),
        unhealthy_threshold=reader.get_or(rows.UNHEALTHY_THRESHOLD, 2),
        matcher=reader.get_or(rows.SUCCESS_CODES, "12" if grpc else "200"),
    )


def _health_check_port(reader: Reader, port: _Port, target_type: TargetType) -> str:
    """`traffic-port` or a number; a name is looked up on the Service (spec 1.1)."""
    raw = reader.get_or(rows.HEALTH_CHECK_PORT, TRAFFIC_PORT)
    if raw == TRAFFIC_PORT:
        return TRAFFIC_PORT
    if raw.isascii() and raw.isdigit() and len(raw) <= 5 and 1 <= int(raw) <= _LAST_PORT:
        return str(int(raw))
    source = reader.source(rows.HEALTH_CHECK_PORT)
    assert source is not None  # noqa: S101 - raw came from it
    named = next((p for p in port.service.spec.ports if p.name == raw), None)
    number = named and (named.node_port if target_type == "instance" else named.target_port)
    if isinstance(number, int) and number:
        return str(number)
    names = ", ".join(p.name for p in port.service.spec.ports if p.name) or "none"
    raise InvalidAnnotation(
        source.ref,
        rows.HEALTH_CHECK_PORT.key,
        f"{raw!r} must be traffic-port, a number from 1 to {_LAST_PORT}, or the name of a port of "
        f"Service {'/'.join(port.service.key)} (it has {names}) whose target is a number",
    )
