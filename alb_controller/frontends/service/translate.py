"""A Service becomes its intent: a network load balancer, a listener and a backend for each port.

Source: spec B4 (listeners), B6 (names), B7 (security groups), B8 (binding networks).
"""

from __future__ import annotations

from collections.abc import Iterable

from alb_controller.errors import Invalid
from alb_controller.frontends.backends.assembly import Identity, assemble
from alb_controller.frontends.backends.service_ports import TRAFFIC_PORT, PortInUse, numbers_of
from alb_controller.frontends.backends.settings import TargetGroupSettings
from alb_controller.frontends.protection import attributes_given, deletion_choice
from alb_controller.frontends.service.load import Snapshot
from alb_controller.intent import (
    LOAD_BALANCER,
    BackendIntent,
    BalancerIntent,
    DefaultIntent,
    DiscoveredSubnets,
    ForwardIntent,
    InboundSources,
    ListenerIntent,
    ManagedSecurityGroup,
    NameSeed,
    NetworkOptions,
    Origin,
    StackIntent,
)
from alb_controller.model.health import HealthCheck
from alb_controller.model.protection import DeletionChoice
from alb_controller.objects.core import Service, ServicePort
from alb_controller.objects.kinds import ref_of
from alb_controller.settings import Settings

PREFIX = "service.beta.kubernetes.io/"
_ATTRIBUTES = PREFIX + "aws-load-balancer-attributes"
_ANYWHERE = InboundSources(cidrs_v4=("0.0.0.0/0",), cidrs_v6=("::/0",))
_HEALTH_CHECK = HealthCheck(
    port=TRAFFIC_PORT,
    protocol="TCP",
    path=None,
    interval_seconds=10,
    timeout_seconds=10,
    healthy_threshold=3,
    unhealthy_threshold=3,
    matcher=None,
)
"""The defaults of B2."""


def translate(snapshot: Snapshot, settings: Settings) -> StackIntent:
    """The intent of a Service, an empty one without a member; raises Invalid."""
    if not snapshot.members:
        gone = tuple(Origin(ref_of(one)) for one in snapshot.inactive)
        return StackIntent(key=snapshot.key, deletion=_deletion(snapshot.inactive), asked_by=gone)
    service = snapshot.members[0].object
    _refuse_what_is_not_served(service)
    backends = tuple(_backend(service, port, settings) for port in service.spec.ports)
    listeners = tuple(
        _listener(service, port, backend)
        for port, backend in zip(service.spec.ports, backends, strict=True)
    )
    balancer = _balancer(service, listeners, settings)
    return StackIntent(
        key=snapshot.key,
        balancers=(balancer,),
        backends=backends,
        deletion=_deletion([service]),
        asked_by=(Origin(ref_of(service)),),
    )


def _deletion(services: Iterable[Service]) -> dict[str, DeletionChoice]:
    """What is said of deletion protection, which is on in AWS where somebody has switched it on."""
    stated = [attributes_given(one.metadata.annotations.get(_ATTRIBUTES)) for one in services]
    return {LOAD_BALANCER: deletion_choice(stated, _ATTRIBUTES)}


def _refuse_what_is_not_served(service: Service) -> None:
    """A setting that is not understood is refused: it may restrict who has access."""
    for key in sorted(service.metadata.annotations):
        if key.startswith(PREFIX):
            raise Invalid(ref_of(service), key, "is not served yet")
    for port in service.spec.ports:
        if port.protocol != "TCP":
            problem = f"{port.protocol!r} of port {port.port} is not served yet: allowed is TCP"
            raise Invalid(ref_of(service), "spec.ports", problem)


def _balancer(
    service: Service, listeners: tuple[ListenerIntent, ...], settings: Settings
) -> BalancerIntent:
    meta, scheme = service.metadata, settings.default_load_balancer_scheme
    seed = (settings.cluster_name, meta.name, meta.namespace, meta.uid)
    return BalancerIntent(
        id=LOAD_BALANCER,
        options=NetworkOptions(),
        scheme=scheme,
        ip_address_type="ipv4",
        ip_address_type_origin=Origin(ref_of(service)),
        explicit_name=None,
        name=_name(service, settings.cluster_name, meta.uid, scheme),
        subnets=DiscoveredSubnets(),
        security=ManagedSecurityGroup(_name(service, *seed)),
        attributes={},
        tags={},
        listeners=listeners,
    )


def _listener(service: Service, port: ServicePort, backend: BackendIntent) -> ListenerIntent:
    return ListenerIntent(
        id=str(port.port),
        port=port.port,
        protocol="TCP",
        inbound=_ANYWHERE,
        default=DefaultIntent(
            action=ForwardIntent.to_backend(backend.id), origin=Origin(ref_of(service))
        ),
        routes=(),
        tags={},
    )


def _backend(service: Service, port: ServicePort, settings: Settings) -> BackendIntent:
    origin = Origin(ref_of(service), "spec.ports")
    wanted = TargetGroupSettings(
        target_type=settings.default_target_type,
        target_type_origin=origin,
        protocol="TCP",
        protocol_version=None,
        health_check=_HEALTH_CHECK,
        health_check_port_origin=origin,
        attributes={"proxy_protocol_v2.enabled": "false"},
    )
    used = PortInUse(service=service, written=port.port, found=port)
    numbers = numbers_of(used, wanted)
    checked = wanted.health_check
    seed = (
        *(settings.cluster_name, service.metadata.uid, str(numbers.target_group)),
        *(str(port.port), wanted.target_type, wanted.protocol),
        *(checked.protocol, str(checked.interval_seconds)),
    )
    identity = Identity(
        id=f"{'/'.join(service.key)}:{port.port}",
        name=_name(service, *seed),
        origin=origin,
        balancer=LOAD_BALANCER,
    )
    opens_all = settings.disable_restricted_sg_rules
    return assemble(identity, used, numbers=numbers, settings=wanted, opens_every_port=opens_all)


def _name(service: Service, *hashed: str) -> NameSeed:
    namespace, name = service.key
    return NameSeed(((namespace, 8), (name, 8)), hashed)
