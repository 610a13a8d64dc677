"""Certificates with their keys: how they are made, read, and given to TLS."""

from __future__ import annotations

import contextlib
import ipaddress
import os
import ssl
import tempfile
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from pathlib import Path

import msgspec
from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from alb_controller.values import Secret

_SKEW = timedelta(minutes=5)
"""Clocks of other machines may be that much behind."""
_PEM = serialization.Encoding.PEM
_SIGNS_CERTIFICATES = x509.KeyUsage(
    digital_signature=False,
    content_commitment=False,
    key_encipherment=False,
    data_encipherment=False,
    key_agreement=False,
    key_cert_sign=True,
    crl_sign=False,
    encipher_only=False,
    decipher_only=False,
)


class Pair(msgspec.Struct, frozen=True):
    """A server's certificate (PEM) and its key."""

    certificate: bytes
    key: Secret


class Issued(msgspec.Struct, frozen=True):
    """A new pair, and the CA (PEM) that has signed it and will sign nothing else."""

    pair: Pair
    authority: bytes


def issue(name: str, hosts: Iterable[str], now: datetime, lifetime: timedelta) -> Issued:
    """Make a CA and one certificate of it; the CA's key is gone when this returns.

    `name` is for people who look at certificates.
    """
    names = sorted(hosts)
    ca_key, key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    serial = x509.random_serial_number()
    # a name of its own: verifiers look for a certificate's issuer by name
    ca_name = _name(f"{name} {serial:x}"[:64])
    span = (now - _SKEW, now + lifetime)
    ca = _builder(ca_name, ca_name, ca_key, span)
    ca = ca.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
    ca = ca.add_extension(_SIGNS_CERTIFICATES, critical=True)
    ca_id = x509.SubjectKeyIdentifier.from_public_key(ca_key.public_key())
    ca = ca.add_extension(ca_id, critical=False)
    leaf = _builder(_name(name), ca_name, key, span)
    leaf = leaf.add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
    leaf = leaf.add_extension(x509.SubjectAlternativeName(list(map(_san, names))), critical=False)
    usage = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH])
    leaf = leaf.add_extension(usage, critical=False)
    issuer = x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(ca_id)
    leaf = leaf.add_extension(issuer, critical=False)
    private = key.private_bytes(
        _PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return Issued(
        Pair(leaf.sign(ca_key, hashes.SHA256()).public_bytes(_PEM), Secret(private.decode())),
        ca.sign(ca_key, hashes.SHA256()).public_bytes(_PEM),
    )


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def _san(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        return x509.DNSName(host)


def _builder(
    subject: x509.Name,
    issuer: x509.Name,
    key: ec.EllipticCurvePrivateKey,
    span: tuple[datetime, datetime],
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(span[0])
        .not_valid_after(span[1])
    )


def certificates(bundle: bytes) -> list[x509.Certificate]:
    """All certificates of a PEM text; none for what cannot be read."""
    try:
        return x509.load_pem_x509_certificates(bundle)
    except ValueError:
        return []


def encoded(certificate: x509.Certificate) -> bytes:
    """A certificate as PEM."""
    return certificate.public_bytes(_PEM)


def is_whole(pair: Pair) -> bool:
    """Whether the key is that of the certificate."""
    try:
        key = serialization.load_pem_private_key(pair.key.reveal().encode(), password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        return False
    found = certificates(pair.certificate)
    return bool(found) and found[0].public_key() == key.public_key()


def hosts_of(certificate: x509.Certificate) -> frozenset[str]:
    """The host names and addresses that it is for."""
    try:
        found = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except (x509.ExtensionNotFound, ValueError):
        return frozenset()
    addresses = map(str, found.get_values_for_type(x509.IPAddress))
    return frozenset((*found.get_values_for_type(x509.DNSName), *addresses))


def is_signed_by(certificate: x509.Certificate, authorities: Iterable[x509.Certificate]) -> bool:
    """Whether one of them has signed it."""
    return any(_has_signed(authority, certificate) for authority in authorities)


def _has_signed(authority: x509.Certificate, certificate: x509.Certificate) -> bool:
    try:
        certificate.verify_directly_issued_by(authority)
    except (InvalidSignature, TypeError, ValueError):
        return False
    return True


def server_context(pair: Pair, client_authorities: str | None = None) -> ssl.SSLContext:
    """TLS 1.2 and newer with a pair; clients need a certificate of a CA of that file, if given.

    Raises ValueError or OSError (ssl.SSLError is one) for what does not fit.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_alpn_protocols(["http/1.1"])
    with _readable(pair.certificate + b"\n" + pair.key.reveal().encode()) as path:
        context.load_cert_chain(path)
    if client_authorities:
        context.load_verify_locations(client_authorities)
        context.verify_mode = ssl.CERT_REQUIRED
    return context


@contextlib.contextmanager
def _readable(content: bytes) -> Iterator[str]:
    """A path to content for as long as the block: the ssl module reads keys from files alone.

    In memory where the kernel can (the image's root is read-only); else readable by us alone.
    """
    if hasattr(os, "memfd_create"):
        descriptor = os.memfd_create("webhooks")
        path = f"/proc/self/fd/{descriptor}"
    else:
        descriptor, path = tempfile.mkstemp()
    try:
        os.write(descriptor, content)
        yield path
    finally:
        os.close(descriptor)
        if not path.startswith("/proc/"):
            Path(path).unlink()
