"""Settings of an Ingress that apply to nothing: it has no such backend and no such listener."""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator, Mapping

from alb_controller.frontends.ingress.listeners import HTTPS
from alb_controller.frontends.ingress.member import MemberIntent
from alb_controller.intent import BalancerIntent, GivenSecurityGroups
from alb_controller.objects.annotations import ingress_table as rows
from alb_controller.objects.annotations.rows import Reader, Source, without_line_end
from alb_controller.objects.core import Service
from alb_controller.objects.networking import Ingress, IngressBackend
from alb_controller.objects.references import (
    USE_ANNOTATION,
    backends,
    path_backends,
    service_names,
)

_ACTIONS, _TRANSFORMS, _ATTRIBUTES = (
    rows.PREFIX + family for family in ("actions.", "transforms.", "listener-attributes.")
)


def unused_settings(
    ingress: Ingress,
    member: MemberIntent,
    balancer: BalancerIntent,
    services: Mapping[tuple[str, str], Service],
) -> Iterator[str]:
    """A sentence for each; `member` is what the Ingress was translated to."""
    source = Source(member.ref, ingress.metadata.annotations)
    annotated = _names(one for one in backends(ingress) if _is_annotated(one))
    reason = "no backend of port use-annotation has that name"
    yield from _of_family(source, _ACTIONS, annotated, reason)
    reason = "no path of spec.rules has a backend of that name"
    yield from _of_family(source, _TRANSFORMS, _names(path_backends(ingress)), reason)
    yield from _of_listeners(source, member)
    if isinstance(balancer.security, GivenSecurityGroups):
        yield from _of_sources(source)
    named = {name: services.get((member.ref.namespace, name)) for name in service_names(ingress)}
    yield from _of_logins(source, {n: one for n, one in named.items() if one}, sorted(annotated))


def _names(found: Iterable[IngressBackend]) -> set[str]:
    return {one.service.name for one in found if one.service is not None}


def _is_annotated(backend: IngressBackend) -> bool:
    return backend.service is not None and backend.service.port.name == USE_ANNOTATION


def _of_family(source: Source, family: str, names: Container[str], reason: str) -> Iterator[str]:
    for key in sorted(source.annotations):
        if key.startswith(family) and key.removeprefix(family) not in names:
            yield f"{key} has no effect: {reason}"


def _of_listeners(source: Source, member: MemberIntent) -> Iterator[str]:
    """Those of a port or a protocol that the Ingress does not listen on."""
    own = {f"{one.protocol}-{port}" for port, one in member.listeners.items()}
    reason = f"listen-ports of the Ingress are {', '.join(sorted(own))}"
    yield from _of_family(source, _ATTRIBUTES, own, reason)
    mutual = rows.MUTUAL_AUTHENTICATION
    for one in Reader(source).get(mutual) or ():
        if f"{HTTPS}-{one.port}" not in own:
            yield f"{mutual.key} has no effect on port {one.port}: {reason}"
    if not any(one.protocol == HTTPS for one in member.listeners.values()):
        for key in (rows.SSL_POLICY.key, rows.CERTIFICATE_ARN.key):
            if source.annotations.get(key, "").strip():
                yield f"{key} has no effect without an HTTPS listener: {reason}"


def _of_sources(source: Source) -> Iterator[str]:
    for row in (rows.INBOUND_CIDRS, rows.PREFIX_LISTS):
        if row.key in source.annotations:
            yield (
                f"{row.key} has no effect beside {rows.SECURITY_GROUPS.key}: "
                "who may connect is for those groups to say"
            )


def _of_logins(
    source: Source, services: Mapping[str, Service], annotated: Iterable[str]
) -> Iterator[str]:
    """`services` are the Ingress's own, by name; `annotated` the names of its actions."""
    on_services = (one.metadata.annotations for one in services.values())
    if not any(rows.AUTH_TYPE.key in one for one in (source.annotations, *on_services)):
        for row in (rows.AUTH_IDP_OIDC, rows.AUTH_IDP_COGNITO):
            if row.key in source.annotations:
                yield f"{row.key} has no effect without {rows.AUTH_TYPE.key}: no login is asked for"
    if not _asks(source.annotations):
        for name in annotated:
            yield from _of_shares(source, name, services)


def _of_shares(source: Source, name: str, services: Mapping[str, Service]) -> Iterator[str]:
    """A Service's login counts only where it alone gets the traffic (spec 1.1)."""
    row = rows.action(name)
    action = Reader(source).get(row)
    forward = action.forward_config if action is not None else None
    targets = forward.target_groups if forward is not None else []
    for service in {one.service_name or "" for one in targets} if len(targets) > 1 else ():
        if service in services and _asks(services[service].metadata.annotations):
            yield (
                f"{rows.AUTH_TYPE.key} of Service {service} has no effect, as {row.key} shares "
                "requests among several target groups: set it on the Ingress"
            )


def _asks(annotations: Mapping[str, str]) -> bool:
    return without_line_end(annotations.get(rows.AUTH_TYPE.key, "none")) != "none"
