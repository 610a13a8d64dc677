"""Server certificates, trust stores and clients' certificates of a document."""

from __future__ import annotations

import re

from alb_controller.routing.state import Certificate, ClientCertificate, TrustStore
from alb_controller.state.nodes import Node

_KEY = re.compile(r"(RSA)-(\d{4})|(EC)-P(\d{3})")


def read_certificate(node: Node, name: str) -> Certificate:
    """A certificate by its `domains`, `key` and `digest`."""
    key = node.get("key", "RSA-2048")
    found = _KEY.fullmatch(key.text())
    if found is None:
        raise key.refuse("such as RSA-2048 or EC-P256")
    algorithm, bits = (part for part in found.groups() if part)
    return Certificate(
        name=node.get("name", name).text(),
        domains=node.get("domains", ()).texts(),
        algorithm=algorithm,
        bits=int(bits),
        digest_bits=node.get("digest", 256).number(),
    )


def key_name(certificate: Certificate) -> str:
    """The key as documents write it."""
    curve = "P" if certificate.algorithm == "EC" else ""
    return f"{certificate.algorithm}-{curve}{certificate.bits}"


def read_trust_store(node: Node, name: str) -> TrustStore:
    """A trust store as the list of its authorities."""
    return TrustStore(name=name, authorities=node.texts())


def read_client_certificate(node: Node, name: str) -> ClientCertificate:
    """A client's certificate by subject, issuer and whether it has expired."""
    return ClientCertificate(
        name=name,
        subject=node["subject"].text(),
        issuer=node["issuer"].text(),
        is_expired=node.get("expired", False).flag(),
    )
