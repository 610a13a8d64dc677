"""Which certificate a listener presents, and which clients' certificates it takes.

Sources: "SSL certificates for your Application Load Balancer" and "Mutual authentication with TLS
in Application Load Balancer". Not documented: of certificates alike in all that AWS names, an
exact name goes before a wildcard, then the order of the list.
"""

from __future__ import annotations

import ipaddress

import msgspec

from alb_controller.model.elbv2 import Listener
from alb_controller.model.queries import domain_covers
from alb_controller.routing.request import Request
from alb_controller.routing.state import Certificate, ClientCertificate, State


class Handshake(msgspec.Struct, frozen=True):
    """What comes of a handshake: a refusal, or the two certificates."""

    refused: str = ""
    certificate: str | None = None
    """The name of the server's."""
    client: ClientCertificate | None = None


def handshake(listener: Listener, request: Request, state: State) -> Handshake:
    """The handshake of a request; over HTTP there is none."""
    if listener.protocol != "HTTPS":
        if request.scheme == "https":
            return Handshake(f"listener {listener.port} speaks no TLS")
        return Handshake()
    if request.scheme == "http":
        return Handshake()
    client = state.client_certificates.get(request.client_certificate or "")
    refused = _refusal(listener, client, state)
    return Handshake(refused, presented(listener, request.server_name, state), client)


def presented(listener: Listener, server_name: str | None, state: State) -> str | None:
    """The name of the certificate for a server name; the default one where none fits."""
    if not listener.certificates:
        return None
    default, *listed = listener.certificates
    known = [state.certificates[one] for one in listed if one in state.certificates]
    name = _host(server_name)
    fitting = [one for one in known if name and _fit(one, name)]
    if fitting:
        return min(fitting, key=lambda one: _rank_key(one, name)).name
    return state.certificates[default].name if default in state.certificates else default


def _host(server_name: str | None) -> str:
    """In lower case; an address is no server name."""
    name = (server_name or "").lower().removesuffix(".")
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return name
    return ""


def _fit(certificate: Certificate, name: str) -> bool:
    return any(domain_covers(domain.lower(), name) for domain in certificate.domains)


def _rank_key(certificate: Certificate, name: str) -> tuple[bool, int, int, bool]:
    exact = name in (domain.lower() for domain in certificate.domains)
    is_rsa = certificate.algorithm != "EC"
    return is_rsa, -certificate.digest_bits, -certificate.bits, not exact


def _refusal(listener: Listener, client: ClientCertificate | None, state: State) -> str:
    asked = listener.mutual_authentication
    if asked is None or asked.mode != "verify":
        return ""
    if client is None:
        return "the client presents no certificate"
    store = state.trust_stores.get(asked.trust_store_arn or "")
    if store is None or client.issuer not in store.authorities:
        return f"{client.issuer} is not in trust store {asked.trust_store_arn}"
    if client.is_expired and not asked.ignore_client_certificate_expiry:
        return "the client's certificate has expired"
    return ""
