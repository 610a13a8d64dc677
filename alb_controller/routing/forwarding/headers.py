"""The headers of a request as its target sees them.

Sources: "X-Forwarded headers", "Request tracing", "Load balancer attributes" and "Header
modification" of the Application Load Balancer guide. Not documented, and chosen here: headers by
which the load balancer speaks of clients are taken out of what a client sends, where it may set
them itself.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator, Mapping

import msgspec

from alb_controller.routing.request import Chance, Request

DROP_INVALID = "routing.http.drop_invalid_header_fields.enabled"
_XFF_MODE = "routing.http.xff_header_processing.mode"
_XFF_PORT = "routing.http.xff_client_port.enabled"
_VALID = re.compile(r"[-A-Za-z0-9]+")
_CONNECTION = ("connection", "keep-alive", "proxy-connection", "expect")
_FORWARDED = ("host", "x-forwarded-for", "x-forwarded-proto", "x-forwarded-port")
_TRACE = "x-amzn-trace-id"
CLAIMS = ("x-amzn-oidc-data", "x-amzn-oidc-identity", "x-amzn-oidc-accesstoken")
_FIRST_PORT, _PORTS = 1024, 64512

Headers = list[tuple[str, str]]


class Passage(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of a request when its headers are made."""

    host: str
    """For the target."""
    protocol: str
    attributes: Mapping[str, str]
    """Of the load balancer."""
    about_client: tuple[tuple[str, str], ...] = ()
    """What TLS says of connection and client."""
    hidden: tuple[str, ...] = ()
    """In lower case: names that no client may use here."""


def without_invalid(request: Request, attributes: Mapping[str, str]) -> Request:
    """The request without headers of invalid names, where the load balancer drops them."""
    if attributes.get(DROP_INVALID) != "true":
        return request
    kept = tuple(pair for pair in request.headers if _VALID.fullmatch(pair[0]))
    return msgspec.structs.replace(request, headers=kept)


def headers_for_target(request: Request, passage: Passage, chance: Chance) -> Headers:
    """All headers that the target gets."""
    made = [("Host", passage.host)]
    made += [pair for pair in request.headers if _passes(pair[0].lower(), request, passage)]
    made += [("X-Forwarded-For", value) for value in _forwarded_for(request, passage, chance)]
    made += [
        ("X-Forwarded-Proto", passage.protocol.lower()),
        ("X-Forwarded-Port", str(request.listener)),
        ("X-Amzn-Trace-Id", _trace(request, chance)),
    ]
    return [*made, *passage.about_client]


def _passes(name: str, request: Request, passage: Passage) -> bool:
    if name in ("connection", "upgrade") and request.first("upgrade") is not None:
        return True
    return (
        name not in _CONNECTION
        and name not in _FORWARDED
        and name != _TRACE
        and name not in passage.hidden
    )


def _forwarded_for(request: Request, passage: Passage, chance: Chance) -> Iterator[str]:
    sent = ", ".join(value for value in request.values("x-forwarded-for") if value)
    mode = passage.attributes.get(_XFF_MODE, "append")
    if mode == "append":
        source = request.source
        if passage.attributes.get(_XFF_PORT) == "true":
            source = _with_port(source, request.source_port, chance)
        yield f"{sent}, {source}" if sent else source
    elif mode == "preserve" and sent:
        yield sent


def _with_port(source: str, port: int | None, chance: Chance) -> str:
    """Where nobody says which, some port."""
    if port is None:
        port = _FIRST_PORT + int(chance.fraction() * _PORTS)
    is_ipv6 = ipaddress.ip_address(source).version == 6
    return f"[{source}]:{port}" if is_ipv6 else f"{source}:{port}"


def _trace(request: Request, chance: Chance) -> str:
    """Root is made where there is none; else Self is put before it, and other fields stay."""
    made = f"1-{chance.seconds:08x}-{chance.digits(24)}"
    sent = ";".join(value for value in request.values(_TRACE) if value)
    fields = [one.strip() for one in sent.split(";") if one.strip()]
    kept = [one for one in fields if not one.lower().startswith("self=")]
    has_root = any(one.lower().startswith("root=") for one in kept)
    return ";".join([f"{'Self' if has_root else 'Root'}={made}", *kept])
