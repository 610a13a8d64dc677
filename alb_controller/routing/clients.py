"""What a target learns of TLS: version and cipher, and the client's certificate.

Sources: "Mutual authentication with TLS", "Load balancer attributes" and "Header modification" of
the Application Load Balancer guide. Certificates here have names alone: numbers, dates and bytes
are made up from them, in the form that AWS documents.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from urllib.parse import quote

from alb_controller.model.elbv2 import Listener
from alb_controller.routing.request import Chance
from alb_controller.routing.state import ClientCertificate

_TLS = "routing.http.x_amzn_tls_version_and_cipher_suite.enabled"
_DAY = 86_400
_VERIFIED = (
    "X-Amzn-Mtls-Clientcert-Serial-Number",
    "X-Amzn-Mtls-Clientcert-Issuer",
    "X-Amzn-Mtls-Clientcert-Subject",
    "X-Amzn-Mtls-Clientcert-Validity",
    "X-Amzn-Mtls-Clientcert-Leaf",
)
_CHAIN = "X-Amzn-Mtls-Clientcert"
_VERSION, _CIPHER = "X-Amzn-Tls-Version", "X-Amzn-Tls-Cipher-Suite"


def headers_about(
    listener: Listener,
    client: ClientCertificate | None,
    attributes: Mapping[str, str],
    chance: Chance,
) -> Iterator[tuple[str, str]]:
    """The headers, by the names that the listener gives them."""
    for name, value in _headers(listener, client, attributes, chance):
        yield _renamed(name, listener), value


def hidden_names(listener: Listener, attributes: Mapping[str, str]) -> tuple[str, ...]:
    """In lower case: what a client may not say where the load balancer may."""
    names = [_VERSION, _CIPHER] if _shows_tls(listener, attributes) else []
    if listener.mutual_authentication is not None:
        names += [*_VERIFIED, _CHAIN]
    return tuple({alias.lower() for name in names for alias in (name, _renamed(name, listener))})


def _headers(
    listener: Listener,
    client: ClientCertificate | None,
    attributes: Mapping[str, str],
    chance: Chance,
) -> Iterator[tuple[str, str]]:
    if _shows_tls(listener, attributes):
        is_new = "TLS13" in (listener.ssl_policy or "TLS13")
        yield _VERSION, "TLSv1.3" if is_new else "TLSv1.2"
        yield _CIPHER, "TLS_AES_128_GCM_SHA256" if is_new else "ECDHE-RSA-AES128-GCM-SHA256"
    asked = listener.mutual_authentication
    if asked is None or client is None:
        return
    if asked.mode == "passthrough":
        yield _CHAIN, _pem(client)
    else:
        yield from zip(_VERIFIED, _verified(client, chance), strict=True)


def _shows_tls(listener: Listener, attributes: Mapping[str, str]) -> bool:
    return listener.protocol == "HTTPS" and attributes.get(_TLS) == "true"


def _verified(client: ClientCertificate, chance: Chance) -> tuple[str, ...]:
    until = chance.seconds + (-1 if client.is_expired else 365) * _DAY
    validity = f"NotBefore={_date(until - 366 * _DAY)};NotAfter={_date(until)}"
    serial = _digest(client).hex()[:32].upper()
    return serial, f"CN={client.issuer}", client.subject, validity, _pem(client)


def _date(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _digest(client: ClientCertificate) -> bytes:
    return hashlib.sha256(f"{client.subject}\n{client.issuer}".encode()).digest()


def _pem(client: ClientCertificate) -> str:
    body = base64.b64encode(_digest(client)).decode()
    text = f"-----BEGIN CERTIFICATE-----\n{body}\n-----END CERTIFICATE-----\n"
    return quote(text, safe="+=/")


def _renamed(name: str, listener: Listener) -> str:
    key = name.lower().replace("-", "_")
    return (listener.attributes or {}).get(f"routing.http.request.{key}.header_name") or name
