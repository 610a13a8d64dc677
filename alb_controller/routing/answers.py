"""What a load balancer answers by itself when a rule says so: redirects and fixed responses.

Sources: "Redirect actions" and "Fixed-response actions" of the Application Load Balancer guide,
RedirectActionConfig of the API reference, "Header modification" for response headers.
"""

from __future__ import annotations

from collections.abc import Mapping

from alb_controller.model.actions import KEPT_PARTS, RedirectAction
from alb_controller.model.elbv2 import Listener
from alb_controller.model.limits import LISTENER_ATTRIBUTES
from alb_controller.routing.matching import Facts
from alb_controller.routing.request import name_of

_SERVER = "awselb/2.0"
_PREFIX, _SUFFIX = "routing.http.response.", ".header_value"
_ADDED = {
    row.key: "-".join(w.capitalize() for w in row.key[len(_PREFIX) : -len(_SUFFIX)].split("_"))
    for row in LISTENER_ATTRIBUTES
    if row.key.startswith(_PREFIX) and row.key.endswith(_SUFFIX)
}
"""Listener attribute -> response header."""


def status_of(action: RedirectAction) -> int:
    """The number in HTTP_301."""
    return int(action.status_code.rpartition("_")[2])


def location(action: RedirectAction, facts: Facts, listener: Listener) -> str:
    """Where a redirect leads; the port is always written out."""
    request = facts.request
    parts = {
        "#{protocol}": listener.protocol.lower(),
        "#{host}": name_of(facts.host),
        "#{port}": str(listener.port),
        "#{path}": request.path.removeprefix("/"),
        "#{query}": request.query or "",
    }
    part = {name: _filled(getattr(action, name), name, parts) for name in KEPT_PARTS}
    query = f"?{part['query']}" if part["query"] else ""
    protocol = part["protocol"].lower()
    return f"{protocol}://{part['host']}:{part['port']}{part['path']}{query}"


def _filled(template: str | None, name: str, parts: Mapping[str, str]) -> str:
    text = KEPT_PARTS[name] if template is None else template
    pieces = text.split("#{")
    made = [pieces[0]]
    for piece in pieces[1:]:
        keyword, closed, rest = piece.partition("}")
        value = parts.get(f"#{{{keyword}}}") if closed else None
        made.append(f"#{{{piece}" if value is None else value + rest)
    return "".join(made)


def response_headers(listener: Listener, *, is_own: bool) -> dict[str, str]:
    """What the listener adds to an answer; the answers of the load balancer itself name it."""
    attributes = listener.attributes or {}
    added = {name: attributes[key] for key, name in _ADDED.items() if attributes.get(key)}
    if is_own and attributes.get(f"{_PREFIX}server.enabled") != "false":
        added["Server"] = _SERVER
    return added
