"""A certificate authority and a server certificate for 127.0.0.1, made anew for each server; keys
never leave memory but for the moment in which OpenSSL reads them.
"""

from __future__ import annotations

import ipaddress
import os
import ssl
import tempfile
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

VALIDITY = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class ServerIdentity:
    """The CA that clients trust (PEM), and the context that servers speak with."""

    ca_pem: bytes
    context: ssl.SSLContext


def make_identity() -> ServerIdentity:
    """A fresh CA, and a certificate of it for loopback."""
    ca_key, key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    ca_name, name = (_name(text) for text in ("alb-controller sandbox CA", "127.0.0.1"))
    constraints = x509.BasicConstraints(ca=True, path_length=0)
    ca = _builder(ca_name, ca_name, ca_key).add_extension(constraints, critical=True)
    addresses = [x509.IPAddress(ipaddress.ip_address("127.0.0.1")), x509.DNSName("localhost")]
    leaf = _builder(name, ca_name, key).add_extension(
        x509.SubjectAlternativeName(addresses), critical=False
    )
    leaf = leaf.add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
    pem = serialization.Encoding.PEM
    chain = leaf.sign(ca_key, hashes.SHA256()).public_bytes(pem)
    private = key.private_bytes(
        pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    ca_pem = ca.sign(ca_key, hashes.SHA256()).public_bytes(pem)
    return ServerIdentity(ca_pem, _load_context(chain + private))


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def _builder(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePrivateKey
) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + VALIDITY)
    )


def _load_context(pem: bytes) -> ssl.SSLContext:
    """A server context; the ssl module reads keys from files only, so one exists for a moment,
    readable by us alone.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    descriptor, path = tempfile.mkstemp()
    try:
        os.write(descriptor, pem)
        context.load_cert_chain(path)
    finally:
        os.close(descriptor)
        Path(path).unlink()
    return context
