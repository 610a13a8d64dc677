"""Requests and outcomes as programs write and read them: JSON objects."""

from __future__ import annotations

import ipaddress
from typing import Any

from alb_controller.model.refs import Reference
from alb_controller.routing.outcome import Outcome
from alb_controller.routing.raw import read_raw
from alb_controller.routing.rejections import Rejection
from alb_controller.routing.request import Request
from alb_controller.routing.state import State
from alb_controller.state.nodes import Node

_SECURE = "https://"


def read_request(node: Node) -> Request | Rejection:
    """The request of an object; one of `raw` bytes may be none."""
    port, zone = node.get("from_port"), node.get("zone")
    sni, client = node.get("sni"), node.get("client_certificate")
    url = node.get("url", "").text()
    request = Request(
        listener=_listener(node, url),
        method=node.get("method", "GET").text(),
        target=node.get("target", _target(url)).text(),
        headers=tuple(_header(one) for one in node.get("headers", ()).entries()),
        http_version=node.get("http_version", "1.1").text(),
        scheme=node.get("scheme", url.partition("://")[0] if url else "").text().lower(),
        source=_source(node.get("from", "127.0.0.1")),
        source_port=None if port.value is None else port.number(),
        server_name=None if sni.value is None else sni.text(),
        client_certificate=None if client.value is None else client.text(),
        zone=None if zone.value is None else zone.text(),
        body_bytes=node.get("body_bytes", 0).number(),
    )
    return read_raw(node["raw"].text(), request) if "raw" in node else request


def _source(node: Node) -> str:
    text = node.text()
    try:
        ipaddress.ip_address(text)
    except ValueError:
        raise node.refuse("an IP address") from None
    return text


def _listener(node: Node, url: str) -> int:
    if "listener" in node:
        return node["listener"].number()
    return 443 if url.lower().startswith(_SECURE) else 80


def _target(url: str) -> str:
    rest = url.partition("://")[2].partition("#")[0]
    cut = min((rest.index(char) for char in "/?" if char in rest), default=len(rest))
    return rest[cut:] if rest[cut:].startswith("/") else "/" + rest[cut:]


def _header(node: Node) -> tuple[str, str]:
    pair = node.texts()
    if len(pair) != 2:
        raise node.refuse("a name and a value")
    return pair[0], pair[1]


def answer_of(outcome: Outcome, state: State) -> dict[str, Any]:
    """The outcome with what applies to it, target groups by their names."""
    if outcome.tls_error is not None:
        return {"tls_error": outcome.tls_error}
    names = {one.identity: one.resource.name for one in state.observed.target_groups}
    found: dict[str, Any] = {
        "rule": _rule(outcome),
        "action": outcome.action,
        "status": outcome.status,
        "location": outcome.location,
        "body": outcome.body,
        "content_type": outcome.content_type,
        "certificate": outcome.certificate,
        "why": outcome.why or None,
    }
    answer = {key: value for key, value in found.items() if value is not None}
    answer["response_headers"] = dict(outcome.response_headers)
    answer["set_cookies"] = dict(outcome.cookies)
    if outcome.target is not None:
        answer |= {
            "target_group": names[str(outcome.target_group)],
            "target_groups": {names[name]: weight for name, weight in outcome.weights.items()},
            "targets": [one.target.id for one in outcome.targets],
            "target": outcome.target.target.id,
            "path_seen_by_target": outcome.path_seen,
            "host_seen_by_target": outcome.host_seen,
            "http_version_seen_by_target": outcome.version_seen,
            "headers_seen_by_target": [list(pair) for pair in outcome.headers_seen],
        }
    return answer


def rejected(reason: Rejection) -> dict[str, Any]:
    """The answer to what is no request."""
    return {"action": "error", "status": reason.status, "why": reason.why}


def _rule(outcome: Outcome) -> int | str | None:
    if not outcome.is_routed:
        return None
    return "default" if outcome.rule is None else outcome.rule.priority


def group_names(state: State) -> dict[Reference, str]:
    """Identity -> name."""
    return {one.identity: one.resource.name for one in state.observed.target_groups}
