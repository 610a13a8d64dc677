"""Forwards a request: group, protocol version, target, and the request that the target gets.

Sources: "Target groups for your Application Load Balancers" (protocol version), "Troubleshoot
your Application Load Balancers" (464, 503). Not documented, and chosen here: 464 goes before 503.
"""

from __future__ import annotations

import msgspec

from alb_controller.model.actions import Transform
from alb_controller.model.elbv2 import ForwardAction, Listener
from alb_controller.model.stack import FoundLoadBalancer
from alb_controller.routing.clients import headers_about, hidden_names
from alb_controller.routing.forwarding.groups import choose_group
from alb_controller.routing.forwarding.headers import CLAIMS, Passage, headers_for_target
from alb_controller.routing.forwarding.hosts import host_for_target
from alb_controller.routing.forwarding.targets import Group, choose_target
from alb_controller.routing.forwarding.transforms import transformed
from alb_controller.routing.matching import Facts
from alb_controller.routing.outcome import Outcome
from alb_controller.routing.request import Chance, Request, cookies_of, name_of
from alb_controller.routing.state import ClientCertificate, State, attributes_of

_HTTP1, _HTTP2, _GRPC = "HTTP1", "HTTP2", "GRPC"


class Forwarded(msgspec.Struct, frozen=True):
    """A request in front of an action, with all around it."""

    state: State
    balancer: FoundLoadBalancer
    listener: Listener
    facts: Facts
    transforms: tuple[Transform, ...]
    client: ClientCertificate | None


def forward(
    made: Outcome, action: ForwardAction, context: Forwarded, chance: Chance, *, is_guarded: bool
) -> Outcome:
    """The outcome with a target, or with the status of why there is none."""
    replace, request = msgspec.structs.replace, context.facts.request
    made = replace(made, action="forward")
    sent = cookies_of(request)
    choice = choose_group(action, sent, chance)
    if choice.chosen is None:
        return replace(made, status=503, why="no target group has a weight")
    found = context.state.target_group(choice.chosen)
    version = found.resource.protocol_version or _HTTP1
    problem = _mismatch(request, version)
    if problem is not None:
        return replace(made, status=464, why=f"{problem}, and {found.resource.name} is {version}")
    attributes = attributes_of(context.balancer)
    group = Group(
        found.identity,
        attributes_of(found),
        context.state.targets.get(found.identity, ()),
        attributes.get("load_balancing.cross_zone.enabled") != "false",
    )
    chosen = choose_target(group, request.zone, sent, chance)
    if chosen.target is None:
        return replace(made, status=503, why=f"{found.resource.name} has no target for it")
    made = replace(
        made,
        target_group=choice.chosen,
        weights=choice.weights,
        targets=chosen.eligible,
        target=chosen.target,
        is_open=chosen.is_open,
        cookies={**choice.cookies, **chosen.cookies},
    )
    return _passed(made, context, version, chance, is_guarded=is_guarded)


def _mismatch(request: Request, version: str) -> str | None:
    """Why a request of its protocol cannot go to a group of that version."""
    if not request.is_http2:
        return None if version == _HTTP1 else f"the request is HTTP/{request.http_version}"
    if request.is_grpc and version == _HTTP1:
        return "the request is gRPC"
    if version == _GRPC and request.method != "POST":
        return f"the request is HTTP/2 {request.method}, not POST"
    return None


def _passed(
    made: Outcome, context: Forwarded, version: str, chance: Chance, *, is_guarded: bool
) -> Outcome:
    """With the request as the target gets it."""
    facts, listener, attributes = context.facts, context.listener, attributes_of(context.balancer)
    host = host_for_target(_rewritten(facts.host, context.transforms), attributes, listener.port)
    passage = Passage(
        host=host,
        protocol=listener.protocol,
        attributes=attributes,
        about_client=tuple(headers_about(listener, context.client, attributes, chance)),
        hidden=(*hidden_names(listener, attributes), *(CLAIMS if is_guarded else ())),
    )
    return msgspec.structs.replace(
        made,
        path_seen=transformed(context.transforms, "url-rewrite", facts.request.path_and_query),
        host_seen=host,
        version_seen="1.1" if version == _HTTP1 else "2",
        headers_seen=tuple(headers_for_target(facts.request, passage, chance)),
    )


def _rewritten(host: str, transforms: tuple[Transform, ...]) -> str:
    """A host that is rewritten loses its port; one that is not stays as it was sent."""
    name = name_of(host).lower()
    new = transformed(transforms, "host-header-rewrite", name)
    return host if new == name else new
