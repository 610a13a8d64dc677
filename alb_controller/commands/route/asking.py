"""The form for people: a method and a URL, and which load balancer of a state is asked."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator, Sequence
from urllib.parse import urlsplit

import msgspec

from alb_controller.commands.route.people import report
from alb_controller.routing.evaluate import LoadBalancerOf, NoListener
from alb_controller.routing.outcome import Outcome
from alb_controller.routing.request import Chance, Request
from alb_controller.routing.state import State
from alb_controller.state.nodes import is_unicode

ANSWERED, REFUSED = 0, 1
"""Exit codes: a rule answers or a target does; or the load balancer does with an error."""


class BadRequest(ValueError):
    """What was asked cannot be asked: the argument, the value, what is allowed."""


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """The arguments of the command."""

    method: str
    url: str
    headers: Sequence[str] = ()
    source: str = "127.0.0.1"
    zone: str | None = None
    http_version: str = "1.1"
    load_balancer: str = ""


class Answer(msgspec.Struct, frozen=True):
    """What is printed, and the exit code."""

    lines: tuple[str, ...]
    code: int


def ask(asked: Asked, state: State, chance: Chance) -> Answer:
    """What becomes of the request, of each load balancer that may get it. Raises BadRequest.

    DNS decides among several; those with a rule for the request are the likelier ones.
    """
    request = request_of(asked)
    found = list(_outcomes(asked, request, state, chance))
    fitting = [one for one in found if one[1].rule is not None] or found
    lines: list[str] = []
    for balancer, outcome in fitting:
        lines += ["", *report(outcome, request, balancer.balancer, state)]
    codes = [REFUSED if _is_refusal(outcome) else ANSWERED for _, outcome in fitting]
    if len(fitting) > 1:
        lines.append(f"\n{len(fitting)} load balancers may get it: --load-balancer says which")
    return Answer(tuple(lines[1:]), max(codes))


def _is_refusal(outcome: Outcome) -> bool:
    if outcome.tls_error is not None or outcome.action == "error":
        return True
    return outcome.action == "forward" and outcome.target is None


def _outcomes(
    asked: Asked, request: Request, state: State, chance: Chance
) -> Iterator[tuple[LoadBalancerOf, Outcome]]:
    """Of the load balancers that listen on the port, or of the one that is named."""
    balancers = [
        LoadBalancerOf(one, state)
        for one in state.observed.load_balancers
        if one.resource.type == "application"
        and asked.load_balancer in ("", one.resource.name, one.dns_name)
    ]
    if not balancers:
        names = ", ".join(one.resource.name for one in state.observed.load_balancers) or "none"
        wanted = f"no application load balancer {asked.load_balancer}".rstrip()
        raise BadRequest(f"{wanted}: there are {names}")
    problems, has_listener = [], False
    for one in balancers:
        try:
            outcome = one.evaluate(request, chance)
        except NoListener as problem:
            problems.append(str(problem))
        else:
            has_listener = True
            yield one, outcome
    if not has_listener:
        raise BadRequest("; ".join(problems))


def request_of(asked: Asked) -> Request:
    """The request as a client would send it. Raises BadRequest."""
    _check_text("METHOD", asked.method)
    _check_text("URL", asked.url)
    try:
        parts = urlsplit(asked.url)
        port, host = parts.port, parts.hostname
    except ValueError as error:
        raise BadRequest(f"URL {asked.url!r}: {error}") from None
    if parts.scheme not in ("http", "https") or not host or " " in parts.netloc or port == 0:
        raise BadRequest(f"URL {asked.url!r} must be http://HOST/PATH or https://HOST/PATH")
    try:
        ipaddress.ip_address(asked.source)
    except ValueError:
        raise BadRequest(f"--from {asked.source!r} must be an IP address") from None
    headers = [_header(one) for one in asked.headers]
    if not any(name.lower() == "host" for name, _ in headers):
        headers.insert(0, ("Host", parts.netloc.rpartition("@")[2]))
    rest = asked.url.split("://", 1)[1].partition("#")[0]
    cut = min((rest.index(char) for char in "/?" if char in rest), default=len(rest))
    target = rest[cut:] if rest[cut:].startswith("/") else "/" + rest[cut:]
    return Request(
        listener=port or (443 if parts.scheme == "https" else 80),
        method=asked.method,
        target=target,
        headers=tuple(headers),
        http_version=asked.http_version,
        scheme=parts.scheme,
        source=asked.source,
        server_name=host,
        zone=asked.zone,
    )


def _check_text(name: str, text: str) -> None:
    """Raises BadRequest for what no client sends: line breaks and the like, and broken bytes."""
    if not is_unicode(text):
        raise BadRequest(f"{name} {text!r} must be UTF-8 text")
    if any(ord(char) < 32 or ord(char) == 127 for char in text):
        raise BadRequest(f"{name} {text!r} must have no control characters")


def _header(text: str) -> tuple[str, str]:
    _check_text("-H", text.replace("\t", " "))
    name, found, value = text.partition(":")
    if not found or not name.strip():
        raise BadRequest(f"-H {text!r} must be 'Name: value'")
    return name.strip(), value.strip()
