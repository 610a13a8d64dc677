"""A state as everything that Envoy reads: listeners, routes, clusters, endpoints."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from alb_controller.model.elbv2 import ForwardAction, groups_of
from alb_controller.model.stack import FoundLoadBalancer
from alb_controller.routing.forwarding.targets import by_health
from alb_controller.routing.state import ServedTarget, State, attributes_of
from alb_controller.sandbox.dataplane.compiler.actions import cluster_name
from alb_controller.sandbox.dataplane.compiler.clusters import cluster, endpoints
from alb_controller.sandbox.dataplane.compiler.listeners import Setting, listener
from alb_controller.sandbox.dataplane.compiler.matching import headers_asked
from alb_controller.sandbox.dataplane.compiler.routes import route_configuration
from alb_controller.sandbox.dataplane.compiler.tcp import tcp_listener
from alb_controller.sandbox.dataplane.compiler.tls import Identities

Json = dict[str, Any]
Endpoints = Callable[[ServedTarget], Sequence[str]]
"""Where a target listens; several where one stands for many."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Surroundings:
    """What a data plane adds to a state."""

    folder: str
    identities: Identities
    endpoints: Endpoints
    source_header: str | None = None
    addresses: tuple[str, ...] = ("127.0.0.1",)
    takes_2: bool = True
    """Whether targets of version HTTP2 and GRPC take HTTP/2."""


@dataclass(frozen=True, slots=True)
class Place:
    """What a listener of Envoy serves, and where."""

    balancer: str
    port: int
    address: str


@dataclass(slots=True)
class Documents:
    """Resources by the file they belong in; endpoints and routes by their names."""

    listeners: list[Json] = field(default_factory=list)
    clusters: list[Json] = field(default_factory=list)
    endpoints: dict[str, Json] = field(default_factory=dict)
    routes: dict[str, Json] = field(default_factory=dict)
    places: dict[str, Place] = field(default_factory=dict)
    """By the names of Envoy's listeners."""


def compile_state(state: State, around: Surroundings) -> Documents:
    """All that application load balancers need, and TCP and TLS listeners of network ones."""
    made = Documents()
    groups = {one.identity: one.resource for one in state.observed.target_groups}
    served: set[str] = set()
    for balancer in state.observed.load_balancers:
        add = _add_network if balancer.resource.type == "network" else _add_balancer
        served |= add(made, state, balancer, around)
    for identity in sorted(served & groups.keys()):
        name, group = cluster_name(identity), groups[identity]
        path = f"{around.folder}/endpoints-{name}.json"
        made.clusters.append(cluster(identity, group, path, takes_2=around.takes_2))
        found, _ = by_health(state.targets.get(identity, ()), group.attributes or {})
        addresses = [address for one in found for address in around.endpoints(one)]
        made.endpoints[name] = endpoints(identity, addresses)
    return made


def _add_balancer(
    made: Documents, state: State, balancer: FoundLoadBalancer, around: Surroundings
) -> set[str]:
    groups = {one.identity: one.resource for one in state.observed.target_groups}
    served: set[str] = set()
    for found in state.listeners_of(balancer):
        one, rules = found.resource, [rule.resource for rule in state.rules_of(found)]
        actions = [one.default_actions, *(rule.actions for rule in rules)]
        served |= {str(group) for each in actions for group in groups_of(each)}
        name = listener_name(balancer.identity, one.port)
        made.routes[name] = route_configuration(name, one, rules, groups)
        for number, address in enumerate(around.addresses):
            setting = Setting(
                name=f"{name}-{number}",
                routes=name,
                routes_file=f"{around.folder}/routes-{name}.json",
                listener=one,
                balancer=attributes_of(balancer),
                dns_name=balancer.dns_name,
                headers=sorted({h for rule in rules for h in headers_asked(rule.conditions)}),
                source_header=around.source_header,
            )
            made.listeners.append(listener(setting, address, around.identities))
            made.places[setting.name] = Place(balancer.identity, one.port, address)
    return served


def _add_network(
    made: Documents, state: State, balancer: FoundLoadBalancer, around: Surroundings
) -> set[str]:
    served: set[str] = set()
    for found in state.listeners_of(balancer):
        forwards = [one for one in found.resource.default_actions if isinstance(one, ForwardAction)]
        if found.resource.protocol not in ("TCP", "TLS") or not forwards:
            continue
        served |= {str(group) for group in groups_of(forwards)}
        for number, address in enumerate(around.addresses):
            name = f"{listener_name(balancer.identity, found.resource.port)}-{number}"
            made.listeners.append(
                tcp_listener(name, address, found.resource, forwards[0], around.identities)
            )
            made.places[name] = Place(balancer.identity, found.resource.port, address)
    return served


def listener_name(balancer: str, port: int) -> str:
    """The name of a listener's routes."""
    return f"{hashlib.sha256(balancer.encode()).hexdigest()[:12]}-{port}"
