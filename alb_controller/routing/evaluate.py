"""One request, from the connection to the target: the stages in their order.

handshake -> rejections -> rules by priority -> guards -> redirect | fixed response | forward:
group by weight -> protocol version -> target by health, zone and cookie -> transforms -> headers.
"""

from __future__ import annotations

import msgspec

from alb_controller.model.actions import FixedResponseAction, RedirectAction, Transform
from alb_controller.model.elbv2 import Action, ForwardAction, Listener, ListenerRule
from alb_controller.model.stack import Found, FoundLoadBalancer
from alb_controller.routing.answers import location, response_headers, status_of
from alb_controller.routing.forwarding.forward import Forwarded, forward
from alb_controller.routing.forwarding.headers import without_invalid
from alb_controller.routing.forwarding.hosts import host_of
from alb_controller.routing.logins import stopped
from alb_controller.routing.matching import Facts, failed
from alb_controller.routing.outcome import Miss, Outcome
from alb_controller.routing.rejections import rejection
from alb_controller.routing.request import Chance, Request
from alb_controller.routing.state import State, attributes_of
from alb_controller.routing.tls import handshake


class NoListener(LookupError):
    """Nobody listens on the port: there is no connection."""


class LoadBalancerOf(msgspec.Struct, frozen=True):
    """A load balancer of a state, ready to be asked any number of requests."""

    balancer: FoundLoadBalancer
    state: State

    def evaluate(self, request: Request, chance: Chance) -> Outcome:
        """What becomes of the request. Raises NoListener."""
        listener = self._listener(request.listener)
        made = self._shake(listener, request, chance)
        if made.tls_error is not None:
            return made
        is_own = made.action != "forward" or made.status is not None
        added = response_headers(listener.resource, is_own=is_own)
        return msgspec.structs.replace(made, response_headers=added)

    def _listener(self, port: int) -> Found[Listener]:
        listeners = self.state.listeners_of(self.balancer)
        for one in listeners:
            if one.resource.port == port:
                return one
        ports = ", ".join(str(one.resource.port) for one in listeners) or "none"
        raise NoListener(
            f"load balancer {self.balancer.resource.name} has no listener on port {port}: "
            f"its ports are {ports}"
        )

    def _shake(self, found: Found[Listener], request: Request, chance: Chance) -> Outcome:
        listener, attributes = found.resource, attributes_of(self.balancer)
        shake = handshake(listener, request, self.state)
        made = Outcome(listener=listener.port, certificate=shake.certificate)
        if shake.refused:
            return Outcome(listener=listener.port, tls_error=shake.refused)
        if request.is_http2 and attributes.get("routing.http2.enabled") == "false":
            request = msgspec.structs.replace(request, http_version="1.1")
        reason = rejection(request, attributes, listener.protocol)
        if reason is not None:
            return msgspec.structs.replace(made, status=reason.status, why=reason.why)
        request = without_invalid(request, attributes)
        facts = Facts(request, host_of(request, attributes, self.balancer.dns_name))
        made = _routed(made, self.state.rules_of(found), facts)
        context = Forwarded(
            self.state, self.balancer, listener, facts, _transforms(made.rule), shake.client
        )
        rule = made.rule
        actions = listener.default_actions if rule is None else rule.actions
        return _act(made, actions, context, chance)


def _routed(made: Outcome, rules: tuple[Found[ListenerRule], ...], facts: Facts) -> Outcome:
    misses: list[Miss] = []
    for one in rules:
        condition = failed(one.resource.conditions, facts)
        if condition is None:
            return msgspec.structs.replace(
                made, rule=one.resource, misses=tuple(misses), is_routed=True
            )
        misses.append(Miss(one.resource, condition))
    return msgspec.structs.replace(made, misses=tuple(misses), is_routed=True)


def _transforms(rule: ListenerRule | None) -> tuple[Transform, ...]:
    return () if rule is None else rule.transforms


def _act(made: Outcome, actions: tuple[Action, ...], context: Forwarded, chance: Chance) -> Outcome:
    replace = msgspec.structs.replace
    for action in actions:
        match action:
            case FixedResponseAction():
                return replace(
                    made,
                    action="fixed-response",
                    status=int(action.status_code),
                    body=action.message_body or "",
                    content_type=action.content_type,
                )
            case RedirectAction():
                where = location(action, context.facts, context.listener)
                status = status_of(action)
                return replace(made, action="redirect", status=status, location=where)
            case ForwardAction():
                guarded = len(actions) > 1
                return forward(made, action, context, chance, is_guarded=guarded)
            case _:
                stop = stopped(action, context.facts.host, context.listener, chance)
                if stop is not None:
                    return replace(
                        made,
                        action=stop.action,
                        status=stop.status,
                        location=stop.location,
                        why=stop.why,
                    )
    return replace(made, status=500, why="the rule has no action that answers")
