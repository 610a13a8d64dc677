"""The backends of one Ingress: target group settings from annotations of it and of its Services."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

from alb_controller.errors import InvalidAnnotation, Missing
from alb_controller.frontends.backends.assembly import Identity, assemble
from alb_controller.frontends.backends.limits import limited
from alb_controller.frontends.backends.service_ports import (
    TRAFFIC_PORT,
    PortInUse,
    PortNumbers,
    find_port,
    numbers_of,
)
from alb_controller.frontends.backends.settings import TargetGroupSettings
from alb_controller.intent import LOAD_BALANCER, BackendIntent, NameSeed, Origin, TargetType
from alb_controller.model.health import HealthCheck
from alb_controller.model.origins import Origins
from alb_controller.model.ownership import problems_of_keys, tag_value
from alb_controller.objects.annotations import ingress_table as rows
from alb_controller.objects.annotations.rows import Annotation, Reader, Source
from alb_controller.objects.core import Service, ref
from alb_controller.objects.elbv2 import IngressClassParamsSpec
from alb_controller.settings import Settings
from alb_controller.values import PortRef, StackKey

_GRPC = "GRPC"
_FIELD = "TargetGroup."
_INTERVAL = limited(rows.HEALTH_CHECK_INTERVAL, f"{_FIELD}HealthCheckIntervalSeconds")
_TIMEOUT = limited(rows.HEALTH_CHECK_TIMEOUT, f"{_FIELD}HealthCheckTimeoutSeconds")
_HEALTHY = limited(rows.HEALTHY_THRESHOLD, f"{_FIELD}HealthyThresholdCount")
_UNHEALTHY = limited(rows.UNHEALTHY_THRESHOLD, f"{_FIELD}UnhealthyThresholdCount")
_CHECK_ROWS: dict[str, Annotation[Any]] = {
    "port": rows.HEALTH_CHECK_PORT,
    "protocol": rows.HEALTH_CHECK_PROTOCOL,
    "path": rows.HEALTH_CHECK_PATH,
    "interval_seconds": _INTERVAL,
    "timeout_seconds": _TIMEOUT,
    "healthy_threshold": _HEALTHY,
    "unhealthy_threshold": _UNHEALTHY,
    "matcher": rows.SUCCESS_CODES,
}
_ROWS: dict[str, tuple[Annotation[Any], ...]] = {
    "target_type": (rows.TARGET_TYPE,),
    "protocol": (rows.BACKEND_PROTOCOL,),
    "protocol_version": (rows.BACKEND_PROTOCOL_VERSION,),
    "health_check": tuple(_CHECK_ROWS.values()),
    **{f"health_check.{name}": (row,) for name, row in _CHECK_ROWS.items()},
    "attributes": (rows.TARGET_GROUP_ATTRIBUTES,),
    "multi_cluster": (rows.MULTI_CLUSTER,),
    "node_labels": (rows.TARGET_NODE_LABELS,),
}
"""The annotations of each setting that goes to AWS, or into a binding."""


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
        service, owner = self.service(name), self._source.ref
        if service is None:
            problem = f"names Service {owner.namespace}/{name}, which does not exist"
            raise Missing(owner, field, problem)
        port = find_port(service, written, Origin(owner, field))
        id_ = tag_value(f"{owner.path}-{service.metadata.name}:{written}")
        if id_ not in self._made:
            self._made[id_] = self._translate(id_, port)
        return self._made[id_]

    def service(self, name: str) -> Service | None:
        """A Service of the Ingress's namespace, if there is one."""
        return self._services.get((self._source.ref.namespace, name))

    def _translate(self, id_: str, port: PortInUse) -> BackendIntent:
        reader = SettingsReader(self._source, port, self._params, self._settings)
        settings = reader.settings()
        numbers = numbers_of(port, settings)
        name = self._name(port, numbers, settings)
        return assemble(
            Identity(id=id_, name=name, origin=Origin(self._source.ref), balancer=LOAD_BALANCER),
            port,
            numbers=numbers,
            settings=settings,
            opens_every_port=self._settings.disable_restricted_sg_rules,
        )

    def _name(
        self, port: PortInUse, numbers: PortNumbers, settings: TargetGroupSettings
    ) -> NameSeed:
        meta, owner = port.service.metadata, self._source.ref
        hashed = (
            self._settings.cluster_name,
            self._key.id,
            owner.namespace,
            owner.name,
            meta.uid,
            str(port.written),
            str(numbers.target_group),
            settings.target_type,
            settings.protocol,
            settings.protocol_version or "",
            str(settings.target_control_port or ""),
        )
        return NameSeed(((meta.namespace, 8), (meta.name, 8)), hashed)


class SettingsReader:
    """Reads the target group settings of one backend: the class over the Service over the Ingress.

    Values that cannot be read or do not fit each other are InvalidAnnotations.
    """

    def __init__(
        self,
        ingress: Source,
        port: PortInUse,
        params: IngressClassParamsSpec,
        settings: Settings,
    ) -> None:
        service = port.service
        self._port, self._params, self._settings = port, params, settings
        self._ingress = ingress
        self._service = Source(ref("Service", service), service.metadata.annotations)
        self._reader = Reader(self._service, self._ingress)

    def settings(self) -> TargetGroupSettings:
        """All of them; raises InvalidAnnotation."""
        reader, owner, target_type = self._reader, self._ingress.ref, self._target_type()
        check, control = self._health_check(), self._control_port(target_type)
        labels = reader.get(rows.TARGET_NODE_LABELS) if target_type == "instance" else None
        checked = reader.source(rows.HEALTH_CHECK_PORT)
        return TargetGroupSettings(
            target_type=target_type,
            target_type_origin=Origin(owner, rows.TARGET_TYPE.key),
            protocol=self._protocol(),
            protocol_version=self._protocol_version(),
            health_check=check,
            health_check_port_origin=Origin(
                checked.ref if checked else owner, rows.HEALTH_CHECK_PORT.key
            ),
            attributes=reader.get(rows.TARGET_GROUP_ATTRIBUTES) or {},
            tags=self._tags(),
            node_labels=labels or None,
            multi_cluster=self._multi_cluster(),
            target_control_port=control,
            asked_by=self._asked_by(),
        )

    def _asked_by(self) -> dict[str, Origins]:
        """By annotations; fields of the class name none, and are the Ingress's."""
        found = {
            setting: tuple(
                Origin(source.ref, row.key)
                for row in of_setting
                if (source := self._reader.source(row)) is not None
            )
            for setting, of_setting in _ROWS.items()
        }
        attributes = self._reader.get(rows.TARGET_GROUP_ATTRIBUTES) or {}
        found |= {f"attributes.{key}": found["attributes"] for key in attributes}
        del found["attributes"]
        for source in (self._ingress, self._service):
            own = Reader(source).get(rows.TAGS) or {}
            found |= {f"tags.{key}": (Origin(source.ref, rows.TAGS.key),) for key in own}
        return {setting: origins for setting, origins in found.items() if origins}

    def _target_type(self) -> TargetType:
        of_class = self._params.target_type
        annotated = self._reader.get(rows.TARGET_TYPE) if of_class is None else None
        chosen = of_class or annotated or self._settings.default_target_type
        if chosen == "ip" and not self._settings.feature_gates.enable_ip_target_type:
            problem = "'ip' needs the feature gate EnableIPTargetType, which is off"
            raise InvalidAnnotation(self._ingress.ref, rows.TARGET_TYPE.key, problem)
        return cast("TargetType", chosen)

    def _protocol(self) -> str:
        return self._reader.get_or(rows.BACKEND_PROTOCOL, "HTTP")

    def _protocol_version(self) -> str:
        return self._reader.get_or(rows.BACKEND_PROTOCOL_VERSION, "HTTP1")

    def _health_check(self) -> HealthCheck:
        reader, is_grpc = self._reader, self._protocol_version() == _GRPC
        return HealthCheck(
            port=reader.get_or(rows.HEALTH_CHECK_PORT, TRAFFIC_PORT),
            protocol=reader.get_or(rows.HEALTH_CHECK_PROTOCOL, self._protocol()),
            path=reader.get_or(rows.HEALTH_CHECK_PATH, "/AWS.ALB/healthcheck" if is_grpc else "/"),
            interval_seconds=reader.get_or(_INTERVAL, 15),
            timeout_seconds=reader.get_or(_TIMEOUT, 5),
            healthy_threshold=reader.get_or(_HEALTHY, 2),
            unhealthy_threshold=reader.get_or(_UNHEALTHY, 2),
            matcher=reader.get_or(rows.SUCCESS_CODES, "12" if is_grpc else "200"),
        )

    def _control_port(self, target_type: TargetType) -> int | None:
        """Where the targets' control agent listens; only on pods (spec 1.1)."""
        row = rows.target_control_port(self._port.service.metadata.name, self._port.written)
        control, source = self._reader.get(row), self._reader.source(row)
        if control is not None and source is not None and target_type == "instance":
            raise InvalidAnnotation(source.ref, row.key, f"'{control}' needs target-type ip")
        return control

    def _tags(self) -> dict[str, str]:
        """ICP over Service over Ingress, tag by tag (spec 7.2)."""
        tags: dict[str, str] = {}
        for source in (self._ingress, self._service):
            own = Reader(source).get(rows.TAGS) or {}
            for problem in problems_of_keys(own, self._settings.external_managed_tags):
                raise InvalidAnnotation(source.ref, rows.TAGS.key, problem)
            tags |= own
        return tags | {t.key: t.value for t in self._params.tags}

    def _multi_cluster(self) -> bool:
        """True if the Ingress sets it, else what the Service sets (spec 1.1)."""
        on_ingress = Reader(self._ingress).get(rows.MULTI_CLUSTER)
        return on_ingress or Reader(self._service).get(rows.MULTI_CLUSTER) or False
