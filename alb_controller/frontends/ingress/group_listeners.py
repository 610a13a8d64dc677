"""A group's listeners: what members must agree on port by port, and what adds up (spec 3.2)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

import msgspec

from alb_controller.errors import Invalid
from alb_controller.frontends.conflicts import Agreement, Key, MapKeys, PortKeys, Setting
from alb_controller.frontends.ingress.addons.member import PARAMS
from alb_controller.frontends.ingress.listeners import HTTP, HTTPS, MemberListener
from alb_controller.frontends.ingress.member import MemberIntent
from alb_controller.frontends.ingress.routing.optimize import optimize
from alb_controller.frontends.restrictions import on_listener
from alb_controller.intent import (
    ActionIntent,
    BackendIntent,
    DefaultIntent,
    ForwardIntent,
    InboundSources,
    ListenerIntent,
    MutualTlsIntent,
    Origin,
    TlsIntent,
)
from alb_controller.model.actions import FixedResponseAction, RedirectAction
from alb_controller.model.origins import AskedBy, Origins, asked_by, entries
from alb_controller.objects.annotations import ingress_table as rows
from alb_controller.settings import Settings
from alb_controller.values import ObjectRef, Scheme, parse_cidr

NO_MATCH = DefaultIntent(action=FixedResponseAction("404", content_type="text/plain"))
"""What a listener answers without a default backend (spec 3.5)."""
PROTOCOL = PortKeys[str]("protocol")
"""The first to set it has the port."""
INBOUND_CIDRS = PortKeys[frozenset[str]]("inbound CIDRs")
_PREFIX_LISTS = PortKeys[frozenset[str]]("prefix lists")
TAGS = MapKeys[str]("tag")
_SSL_POLICY = PortKeys[str]("ssl policy")
_MUTUAL = PortKeys[MutualTlsIntent]("mutual authentication")
_DEFAULT = PortKeys[DefaultIntent]("default backend")
_REDIRECT = Key[int]("ssl redirect")


class ClassDefaults(msgspec.Struct, frozen=True, kw_only=True):
    """What is settled before conflicts are: on it no member can disagree."""

    attributes: Mapping[str, str] = {}
    """Attributes of the load balancer that the first member's class sets (spec 2.2)."""
    listener_attributes: Mapping[int, Mapping[str, str]] = {}
    """By port, those that the class of the port's first member sets."""
    is_redirected: bool = False
    """Plain HTTP listeners redirect: no backends are behind them."""
    first: MemberIntent | None = None
    """Whose class decides capacity and address pool (spec 2.2)."""
    names_a_web_acl: bool = False
    """Some member names one: no ARN counts."""
    names_security_groups: bool = False
    """Some member names some: without them no setting of their rules counts (spec 1.1)."""
    scheme: Scheme
    """Of a load balancer on whose scheme nobody has decided."""
    has_front: bool = False
    """AWS has one already."""
    wants_front: bool = False
    """Some member asks for a network load balancer in front: its settings count."""


def class_defaults(
    members: Sequence[MemberIntent], settings: Settings, published: Iterable[MemberIntent] = ()
) -> ClassDefaults:
    """What the classes of the first members decide; `members` are in group order.

    `published` are members as AWS has them.
    """
    by_port: dict[int, Mapping[str, str]] = {}
    for member in members:
        for port, listener in member.listeners.items():
            by_port.setdefault(port, listener.params_attributes)
    return ClassDefaults(
        attributes=members[0].params_attributes if members else {},
        listener_attributes=by_port,
        is_redirected=any(member.ssl_redirect is not None for member in members),
        first=members[0] if members else None,
        names_a_web_acl=any(member.addons.web_acl_name is not None for member in members),
        scheme=settings.default_load_balancer_scheme,
        names_security_groups=any(member.security_groups for member in members),
        has_front=any(member.front.is_wanted for member in published),
        wants_front=any(member.front.is_wanted for member in members),
    )


def listener_settings(member: MemberIntent, defaults: ClassDefaults) -> Iterator[Setting[object]]:
    """What a member sets for each of its ports, and for all plain ones."""
    if member.ssl_redirect is not None:
        yield _REDIRECT.setting(member.ssl_redirect, rows.SSL_REDIRECT.key)
    for port, listener in sorted(member.listeners.items()):
        yield from _port_settings(port, listener)
        params = defaults.listener_attributes.get(port, {})
        row, keys = rows.listener_attributes(listener.protocol, port), _attributes(port)
        for key, value in sorted(listener.attributes.items()):
            yield keys.of(key).setting(value, row.key, is_exclusive=key not in params)
        if member.default is not None:
            is_hidden = defaults.is_redirected and listener.protocol == HTTP
            yield _DEFAULT.of(port).setting(
                member.default,
                "spec.defaultBackend",
                is_exclusive=not is_hidden,
                compared=str(member.ref),
            )


def _port_settings(port: int, listener: MemberListener) -> Iterator[Setting[object]]:
    yield PROTOCOL.of(port).setting(listener.protocol, rows.LISTEN_PORTS.key)
    if listener.cidrs is not None:
        yield INBOUND_CIDRS.of(port).setting(listener.cidrs, rows.INBOUND_CIDRS.key)
    if listener.prefix_lists is not None:
        yield _PREFIX_LISTS.of(port).setting(listener.prefix_lists, rows.PREFIX_LISTS.key)
    if listener.ssl_policy is not None:
        yield _SSL_POLICY.of(port).setting(listener.ssl_policy, rows.SSL_POLICY.key)
    mutual = listener.mutual
    if mutual is not None:
        options = (mutual.ignore_client_certificate_expiry, mutual.advertise_trust_store_ca_names)
        compared = " ".join((mutual.mode, mutual.trust_store or "", *map(str, options)))
        field = rows.MUTUAL_AUTHENTICATION.key
        yield _MUTUAL.of(port).setting(mutual, field, compared=compared)


def _attributes(port: int) -> MapKeys[str]:
    return MapKeys("listener attribute", port)


def redirect_problem(agreed: Agreement, members: Sequence[MemberIntent]) -> Invalid | None:
    """Why the redirect that was agreed on cannot be, as a problem of the member that asks for it.

    A last known good one stays: a redirect to a port that is not served any more is safer than
    plain HTTP.
    """
    found = agreed.find(_REDIRECT)
    if found is None or found.is_last_known_good:
        return None
    port = found.setting.value
    protocol = agreed.get(PROTOCOL.of(port))
    if protocol == HTTPS and any(port in member.listeners for member in members):
        return None
    problem = f"names port {port}, which is no listener of the group"
    if protocol is not None:
        problem = f"names port {port}, which is an {protocol} listener: it must be an HTTPS one"
    return Invalid(found.set_by, rows.SSL_REDIRECT.key, problem)


def merge_listeners(
    members: Sequence[MemberIntent], agreed: Agreement, settings: Settings
) -> tuple[ListenerIntent, ...]:
    """The ports of all members, ascending; `members` are in group order."""
    ports = sorted({port for member in members for port in member.listeners})
    return tuple(_listener(port, members, agreed, settings) for port in ports)


def served_backends(member: MemberIntent, agreed: Agreement) -> Iterator[BackendIntent]:
    """Those that some port of a member sends requests to, so that they need target groups.

    As in LBC that counts for backends that a redirect before them hides too (spec 4.4).
    """
    ports = [port for port in member.listeners if _redirect(port, agreed) is None]
    targets = {
        target.value
        for protocol in {agreed[PROTOCOL.of(port)] for port in ports}
        for action in _actions(member, protocol)
        if isinstance(action, ForwardIntent)
        for target in action.targets
        if target.kind == "backend"
    }
    yield from (backend for backend in member.backends if backend.id in targets)


def _actions(member: MemberIntent, protocol: str) -> Iterator[ActionIntent]:
    """What listeners of a protocol do for a member."""
    yield from (on_listener(route, protocol).action for route in member.routes)
    if member.default is not None:
        yield on_listener(member.default, protocol).action


def _redirect(port: int, agreed: Agreement) -> int | None:
    """The HTTPS port that a port sends everything to, None where it has routes."""
    return agreed.get(_REDIRECT) if agreed.get(PROTOCOL.of(port)) == HTTP else None


def _listener(
    port: int, members: Sequence[MemberIntent], agreed: Agreement, settings: Settings
) -> ListenerIntent:
    listening = [m for m in members if port in m.listeners]
    protocol = agreed[PROTOCOL.of(port)]
    redirect = _redirect(port, agreed)
    routes = (on_listener(route, protocol) for m in listening for route in m.routes)
    default = on_listener(agreed.get(_DEFAULT.of(port)) or NO_MATCH, protocol)
    tags: dict[str, str] = {}
    for member in listening:
        tags = member.tags | tags
    return ListenerIntent(
        id=str(port),
        port=port,
        protocol=protocol,
        inbound=_inbound(agreed.get(INBOUND_CIDRS.of(port)), agreed.get(_PREFIX_LISTS.of(port))),
        default=default if redirect is None else _to_https(redirect),
        routes=optimize(routes, port, protocol) if redirect is None else (),
        tags=tags,
        attributes=(
            agreed.entries(_attributes(port)) | listening[0].listeners[port].params_attributes
        ),
        tls=_tls(port, listening, agreed, settings) if protocol == HTTPS else None,
        asked_by=_asked_by(port, listening, agreed, is_redirected=redirect is not None),
    )


def _asked_by(
    port: int, listening: Sequence[MemberIntent], agreed: Agreement, *, is_redirected: bool
) -> AskedBy:
    """Those who listen ask for the port, and some of them for a setting of it."""
    tags = {key: agreed.asked(TAGS.of(key)) for one in listening for key in one.tags}
    params = class_origins(
        listening[0].listeners[port].params_attributes,
        ((one.ref, one.listeners[port].params_attributes) for one in listening),
        f"{PARAMS}listeners",
    )
    return asked_by(
        (Origin(member.ref, rows.LISTEN_PORTS.key) for member in listening),
        {
            "inbound": (
                *agreed.asked(INBOUND_CIDRS.of(port)),
                *agreed.asked(_PREFIX_LISTS.of(port)),
            ),
            **_default_origins(port, agreed, is_redirected=is_redirected),
            "policy": agreed.asked(_SSL_POLICY.of(port)),
            "mutual": agreed.asked(_MUTUAL.of(port)),
            **entries("attributes", agreed.asked_entries(_attributes(port)) | params),
            **entries("tags", tags),
        },
    )


def _default_origins(port: int, agreed: Agreement, *, is_redirected: bool) -> AskedBy:
    """By annotations where they say what the default backend does."""
    default = None if is_redirected else agreed.get(_DEFAULT.of(port))
    if default is None:
        return {"default": agreed.asked(_REDIRECT) if is_redirected else ()}
    own = {name.replace("action", "default", 1): one for name, one in default.asked_by.items()}
    return {"default": agreed.asked(_DEFAULT.of(port)), **own}


def class_origins(
    settings: Mapping[str, str],
    by_member: Iterable[tuple[ObjectRef, Mapping[str, str]]],
    field: str,
) -> dict[str, Origins]:
    """Who asks for what a class sets: all members whose class sets the same."""
    others = list(by_member)
    return {
        key: tuple(Origin(one, field) for one, of_class in others if of_class.get(key) == text)
        for key, text in settings.items()
    }


def redirects_all(listener: ListenerIntent) -> bool:
    """Whether it sends everything to HTTPS, so that no member is behind it (spec 3.5)."""
    default = listener.default
    return default.origin is None and isinstance(default.action, RedirectAction)


def _to_https(port: int) -> DefaultIntent:
    return DefaultIntent(action=RedirectAction("HTTP_301", port=str(port), protocol=HTTPS))


def _tls(
    port: int, listening: Sequence[MemberIntent], agreed: Agreement, settings: Settings
) -> TlsIntent:
    certificates = (member.listeners[port].certificates for member in listening)
    return TlsIntent(
        policy=agreed.get(_SSL_POLICY.of(port)) or settings.default_ssl_policy,
        certificates=tuple(one for one in certificates if one is not None),
        mutual=agreed.get(_MUTUAL.of(port)),
        origin=Origin(listening[0].ref, rows.LISTEN_PORTS.key),
        keeps_certificates=any(member.is_remembered for member in listening),
    )


def _inbound(cidrs: frozenset[str] | None, prefix_lists: frozenset[str] | None) -> InboundSources:
    """Open to the world only if no member names a source (spec 3.2)."""
    if cidrs is None and prefix_lists is None:
        return InboundSources(("0.0.0.0/0",), ("::/0",))
    families: dict[str, list[str]] = {"ipv4": [], "ipv6": []}
    for cidr in sorted(cidrs or ()):
        families[parse_cidr(cidr)].append(cidr)
    return InboundSources(
        tuple(families["ipv4"]), tuple(families["ipv6"]), tuple(sorted(prefix_lists or ()))
    )
