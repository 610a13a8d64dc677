"""Which rules answer some request, and which Ingresses some listener serves."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping

import msgspec

from alb_controller.frontends.ingress.group_listeners import redirects_all
from alb_controller.frontends.ingress.member import MemberIntent
from alb_controller.frontends.ingress.routing.optimize import loops
from alb_controller.frontends.restrictions import is_refused, on_listener
from alb_controller.intent import (
    LOAD_BALANCER,
    BalancerIntent,
    ListenerIntent,
    ManagedSecurityGroup,
    Origin,
    RouteIntent,
    SourceMatch,
    StackIntent,
)
from alb_controller.intent.covering import Covering, Effort
from alb_controller.model.actions import RedirectAction
from alb_controller.objects.annotations import ingress_table as rows
from alb_controller.values import ObjectRef, parse_cidr


class Reach(msgspec.Struct):
    """What requests reach, of all members whose present settings are used.

    A rule is known by its origin; ports ascend.
    """

    live: set[Origin] = set()
    """Rules that some listener comes to."""
    hidden: dict[Origin, dict[Origin, list[int]]] = {}
    """Rules with those that come first and have all of their requests, and on which ports."""
    looping: dict[Origin, list[int]] = {}
    """Redirects that are left out, as they lead to themselves."""
    refused: dict[ObjectRef, list[int]] = {}
    """Ingresses with the ports that cannot have the guard that they ask for."""
    foreign: dict[Origin, list[int]] = {}
    """Rules for IPv6 sources alone, where clients come over IPv4."""
    closed: list[int] = []
    """Ports to which nobody can connect."""
    served: set[ObjectRef] = set()
    """Ingresses of which a rule or the default backend answers."""


def reach_of(members: Collection[MemberIntent], intent: StackIntent) -> Reach:
    """The reach of a group."""
    reach = Reach()
    if intent.is_empty:
        return reach
    balancer, effort = intent.balancer(LOAD_BALANCER), Effort()
    for listener in balancer.listeners:
        if _is_closed(listener, balancer):
            reach.closed.append(listener.port)
        if not redirects_all(listener):
            routes = [r for m in members if listener.port in m.listeners for r in m.routes]
            foreign = _foreign(listener.routes) if balancer.ip_address_type == "ipv4" else ()
            for origin in foreign:
                reach.foreign.setdefault(origin, []).append(listener.port)
            _look_at(listener, routes, reach, Covering[Origin](effort))
    return reach


def _is_closed(listener: ListenerIntent, balancer: BalancerIntent) -> bool:
    """Its security group has only IPv6 sources, and the load balancer only IPv4 addresses."""
    is_managed = isinstance(balancer.security, ManagedSecurityGroup)
    if not is_managed or balancer.ip_address_type != "ipv4":
        return False
    return not (listener.inbound.cidrs_v4 or listener.inbound.prefix_lists)


def _foreign(routes: Iterable[RouteIntent]) -> Iterator[Origin]:
    """Rules that no client over IPv4 fits."""
    for route in routes:
        sources = [one.cidrs for one in route.matches if isinstance(one, SourceMatch)]
        if any(all(parse_cidr(cidr) == "ipv6" for cidr in cidrs) for cidrs in sources):
            yield route.origin


def _look_at(
    listener: ListenerIntent,
    routes: Iterable[RouteIntent],
    reach: Reach,
    rules: Covering[Origin],
) -> None:
    """`routes` are all that members have, those that were left out among them."""
    port = listener.port
    for route in listener.routes:
        hiding = rules.first(route.matches)
        rules.add(route.matches, route.origin)
        if hiding is not None:
            _hide(route.origin, hiding, port, reach)
        elif port not in reach.foreign.get(route.origin, ()):
            reach.live.add(route.origin)
            _answer(route.origin, port, reach, is_refused=is_refused(route))
    kept = {route.origin for route in listener.routes}
    for route in (one for one in routes if one.origin not in kept):
        if loops(on_listener(route, listener.protocol), port, listener.protocol):
            reach.looping.setdefault(route.origin, []).append(port)
        elif (hiding := rules.first(route.matches)) is not None:
            _hide(route.origin, hiding, port, reach)
    default = listener.default
    if default.origin is not None:
        _answer(default.origin, port, reach, is_refused=is_refused(default))


def _hide(origin: Origin, hiding: Origin, port: int, reach: Reach) -> None:
    reach.hidden.setdefault(origin, {}).setdefault(hiding, []).append(port)


def _answer(origin: Origin, port: int, reach: Reach, *, is_refused: bool) -> None:
    if not is_refused:
        if port not in reach.closed:
            reach.served.add(origin.ref)
    elif port not in (ports := reach.refused.setdefault(origin.ref, [])):
        ports.append(port)


def unreachable_rules(member: MemberIntent, reach: Reach) -> Iterator[str]:
    """A sentence for each rule of a member that answers nothing on any of its ports.

    On some of them it may: a redirect of all paths to HTTPS is left out there (spec 4.4).
    """
    for origin in (route.origin for route in member.routes if route.origin not in reach.live):
        if origin in reach.looping:
            ports = on_ports(reach.looping[origin])
            yield f"{origin.field} is left out {ports}, as its redirect leads to itself"
        if origin in reach.foreign:
            yield (
                f"{origin.field} answers no request {on_ports(reach.foreign[origin])}: its "
                "source-ip condition has IPv6 networks alone, and the load balancer is ipv4: add "
                f"an IPv4 network, or set {rows.IP_ADDRESS_TYPE.key} to dualstack"
            )
        for hiding, found in reach.hidden.get(origin, {}).items():
            other = hiding.field if hiding.ref == origin.ref else f"{hiding.field} of {hiding.ref}"
            yield (
                f"{origin.field} answers no request {on_ports(found)}: {other} comes first and "
                "takes all of them"
            )


def unserved(member: MemberIntent, listeners: Mapping[int, ListenerIntent]) -> Iterator[str]:
    """Why no listener serves a member, with what to add; nothing where rules alone say why."""
    if not member.routes and member.default is None:
        yield "no listener serves it: it has neither a path in spec.rules nor a defaultBackend"
        return
    redirected = [port for port in member.listeners if redirects_all(listeners[port])]
    if len(redirected) < len(member.listeners):
        return
    action = listeners[redirected[0]].default.action
    secure = action.port if isinstance(action, RedirectAction) else ""
    wanted = [*(f'{{"HTTP": {port}}}' for port in redirected), f'{{"HTTPS": {secure}}}']
    yield (
        f"no listener serves it: requests {on_ports(redirected)} are redirected to HTTPS port "
        f"{secure}, on which it does not listen: set {rows.LISTEN_PORTS.key} to "
        f"'[{', '.join(wanted)}]'"
    )


def closed_ports(member: MemberIntent, reach: Reach) -> Iterator[str]:
    """Ports of a member to which nobody can connect, with what to change."""
    ports = [port for port in member.listeners if port in reach.closed]
    if ports:
        yield (
            f"nobody can connect {on_ports(ports)}: {rows.INBOUND_CIDRS.suffix} has IPv6 networks "
            f"alone, and the load balancer is ipv4: add an IPv4 network, or set "
            f"{rows.IP_ADDRESS_TYPE.key} to dualstack"
        )


def on_ports(ports: Collection[int]) -> str:
    """For sentences."""
    return f"on port{'s' if len(ports) > 1 else ''} {', '.join(map(str, ports))}"
