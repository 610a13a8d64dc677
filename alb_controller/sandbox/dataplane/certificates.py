"""Makes the certificates that a state names: of servers, of authorities, and of clients."""

from __future__ import annotations

import datetime as dt
import hashlib
from pathlib import Path
from typing import TypeAlias

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import NameOID

from alb_controller.clock import Clock
from alb_controller.routing.state import Certificate, ClientCertificate, TrustStore
from alb_controller.sandbox.dataplane.compiler.tls import Files

_Key: TypeAlias = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey
_CURVES = {256: ec.SECP256R1(), 384: ec.SECP384R1(), 521: ec.SECP521R1()}
_Hash: TypeAlias = hashes.SHA256 | hashes.SHA384 | hashes.SHA512
_HASHES: dict[int, _Hash] = {256: hashes.SHA256(), 384: hashes.SHA384(), 512: hashes.SHA512()}
_LONGEST_NAME = 64
"""Of a common name (RFC 5280)."""


class Certificates:
    """Certificates in the files of a folder, each made when it is asked for first."""

    def __init__(self, folder: Path, clock: Clock) -> None:
        self._folder, self._now = folder, clock.now()
        self._authorities: dict[str, tuple[x509.Certificate, _Key]] = {}
        self._made: dict[object, Files] = {}

    def server(self, wanted: Certificate) -> Files:
        """A server's certificate, signed by itself; its common name is its name."""
        if wanted not in self._made:
            key = _new_key(wanted.algorithm, wanted.bits)
            subject = _common_name(wanted.name)
            builder = self._begin(subject, subject, key)
            if wanted.domains:
                names = x509.SubjectAlternativeName(map(x509.DNSName, wanted.domains))
                builder = builder.add_extension(names, critical=False)
            signed = builder.sign(key, _HASHES.get(wanted.digest_bits, hashes.SHA256()))
            self._made[wanted] = self._write(f"server {wanted.name}", signed, key)
        return self._made[wanted]

    def client(self, wanted: ClientCertificate) -> Files:
        """A client's certificate, signed by its authority."""
        if wanted not in self._made:
            issuer, issuer_key = self._authority(wanted.issuer)
            key = _new_key("EC", 256)
            subject = x509.Name.from_rfc4514_string(wanted.subject)
            builder = self._begin(subject, issuer.subject, key, is_expired=wanted.is_expired)
            signed = builder.sign(issuer_key, hashes.SHA256())
            self._made[wanted] = self._write(f"client {wanted.name}", signed, key)
        return self._made[wanted]

    def bundle(self, store: TrustStore) -> Path:
        """The authorities of a trust store, in one file."""
        path = self._path(f"store {store.name}", "pem")
        path.write_bytes(b"".join(_pem(self._authority(name)[0]) for name in store.authorities))
        return path

    def _authority(self, name: str) -> tuple[x509.Certificate, _Key]:
        if name not in self._authorities:
            key = _new_key("EC", 256)
            subject = _common_name(name)
            builder = self._begin(subject, subject, key).add_extension(
                x509.BasicConstraints(ca=True, path_length=None), critical=True
            )
            self._authorities[name] = builder.sign(key, hashes.SHA256()), key
        return self._authorities[name]

    def _begin(
        self, subject: x509.Name, issuer: x509.Name, key: _Key, *, is_expired: bool = False
    ) -> x509.CertificateBuilder:
        day = dt.timedelta(days=1)
        return (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(issuer)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(self._now - 30 * day)
            .not_valid_after(self._now + (-1 if is_expired else 365) * day)
        )

    def _write(self, name: str, certificate: x509.Certificate, key: _Key) -> Files:
        files = Files(self._path(name, "crt"), self._path(name, "key"))
        files.certificate.write_bytes(_pem(certificate))
        files.key.touch(mode=0o600)
        files.key.write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption(),
            )
        )
        return files

    def _path(self, name: str, kind: str) -> Path:
        digest = hashlib.sha256(name.encode()).hexdigest()[:16]
        return self._folder / f"{digest}.{kind}"


def _new_key(algorithm: str, bits: int) -> _Key:
    if algorithm == "EC":
        return ec.generate_private_key(_CURVES.get(bits, ec.SECP256R1()))
    return rsa.generate_private_key(65537, max(bits, 2048))


def _common_name(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name[-_LONGEST_NAME:])])


def _pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)
