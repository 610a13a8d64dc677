"""An outcome in plain words."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from alb_controller.model.elbv2 import (
    Condition,
    HostHeader,
    HttpHeader,
    HttpRequestMethod,
    ListenerRule,
    PathPattern,
    QueryString,
    SourceIp,
)
from alb_controller.model.stack import FoundLoadBalancer
from alb_controller.routing.outcome import Outcome
from alb_controller.routing.request import Request
from alb_controller.routing.state import ServedTarget, State

_WIDTH = 15
_REGEX = "AWS does not document its regular expressions in full: this answer supposes RE2's"


def report(
    outcome: Outcome, request: Request, balancer: FoundLoadBalancer, state: State
) -> Iterator[str]:
    """The lines: what was asked of which listener, each rule and why, and what comes of it."""
    listener = next(
        one.resource
        for one in state.listeners_of(balancer)
        if one.resource.port == outcome.listener
    )
    yield f"{request.method} {request.path_and_query}"
    yield _line("load balancer", f"{balancer.resource.name} {balancer.dns_name}".rstrip())
    yield _line("listener", f"{listener.port} {listener.protocol}")
    if outcome.certificate is not None:
        yield _line("certificate", outcome.certificate)
    if outcome.tls_error is not None:
        yield _line("refused", f"TLS: {outcome.tls_error}")
        return
    yield from _block("rules", _rules(outcome))
    yield from _result(outcome, state)
    if _has_regex(outcome):
        yield _line("note", _REGEX)


def _line(name: str, text: str) -> str:
    return f"  {name:<{_WIDTH}}{text}"


def _block(name: str, lines: Iterable[str]) -> Iterator[str]:
    for line in lines:
        yield _line(name, line)
        name = ""


def _rules(outcome: Outcome) -> Iterator[str]:
    for miss in outcome.misses:
        yield f"{miss.rule.priority:<8}no: {shown_condition(miss.condition)}"
    if not outcome.is_routed:
        yield "none is tried"
    elif outcome.rule is None:
        yield "default yes"
    else:
        yield f"{outcome.rule.priority:<8}yes: {shown_rule(outcome.rule)}"


def shown_rule(rule: ListenerRule) -> str:
    """All conditions of a rule; one without any takes everything."""
    return "; ".join(shown_condition(one) for one in rule.conditions) or "every request"


def shown_condition(condition: Condition) -> str:
    """A condition as its field and values."""
    match condition:
        case HostHeader():
            return f"host {_values(condition)}"
        case PathPattern():
            return f"path {_values(condition)}"
        case HttpHeader():
            return f"header {condition.name}: {_values(condition)}"
        case HttpRequestMethod():
            return f"method {' or '.join(condition.values)}"
        case QueryString():
            pairs = (f"{one.key or '*'}={one.value}" for one in condition.values)
            return f"query {' or '.join(pairs)}"
        case SourceIp():
            return f"source {' or '.join(condition.values)}"


def _values(condition: HostHeader | PathPattern | HttpHeader) -> str:
    expressions = (f"/{one}/" for one in condition.regex_values)
    return " or ".join((*condition.values, *expressions))


def _result(outcome: Outcome, state: State) -> Iterator[str]:
    if outcome.target is not None:
        yield from _forwarded(outcome, state)
    else:
        yield _line("answer", _answer(outcome))
    yield from _block("sets", [f"cookie {name}" for name in outcome.cookies])
    shown = [f"{name}: {value}" for name, value in outcome.response_headers.items()]
    yield from _block("adds", shown)


def _answer(outcome: Outcome) -> str:
    text = f"{outcome.status} by {outcome.action}"
    if outcome.location is not None:
        text += f", Location: {outcome.location}"
    if outcome.body:
        text += f", {outcome.content_type or 'text/plain'}: {outcome.body}"
    return f"{text} ({outcome.why})" if outcome.why else text


def _forwarded(outcome: Outcome, state: State) -> Iterator[str]:
    total = sum(outcome.weights.values())
    groups = (
        f"{state.target_group(name).resource.name}  {weight} of {total}"
        for name, weight in outcome.weights.items()
    )
    yield from _block("target groups", groups)
    if outcome.is_open:
        yield _line("fails open", "too few targets are healthy, so all that there are get requests")
    yield from _block("targets", (_target(one) for one in outcome.targets))
    yield _line("target sees", f"{outcome.path_seen}  HTTP/{outcome.version_seen}")
    yield from _block("", (f"{name}: {value}" for name, value in outcome.headers_seen))


def _target(served: ServedTarget) -> str:
    identity, port = served.target.key
    where = f"[{identity}]:{port}" if ":" in identity and "/" not in identity else None
    zone = f" in {served.target.availability_zone}" if served.target.availability_zone else ""
    return f"{where or f'{identity}:{port}'} {served.state}{zone}"


def _has_regex(outcome: Outcome) -> bool:
    rules = [miss.rule for miss in outcome.misses]
    rules += [outcome.rule] if outcome.rule is not None else []
    return any(
        isinstance(one, HostHeader | PathPattern | HttpHeader) and one.regex_values
        for rule in rules
        for one in rule.conditions
    )
