"""Handshakes: which certificate is presented, which clients are taken, what targets learn."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.routing.asked import Document, asked, seen, to_target

CERTIFICATES = {
    "first": {"domains": ["first.test"], "key": "RSA-2048"},
    "wild": {"domains": ["*.a.test"], "key": "RSA-4096"},
    "exact": {"domains": ["x.a.test", "Other.test"], "key": "RSA-2048"},
    "elliptic": {"domains": ["*.a.test"], "key": "EC-P256"},
    "exact-elliptic": {"domains": ["y.a.test"], "key": "EC-P256"},
    "longer": {"domains": ["y.a.test"], "key": "EC-P384"},
    "weak": {"domains": ["h.test"], "key": "RSA-4096", "digest": 128},
    "strong": {"domains": ["h.test"], "key": "RSA-2048"},
    "same": {"domains": ["*.b.test"], "key": "RSA-2048"},
    "same-exact": {"domains": ["z.b.test"], "key": "RSA-2048"},
}


def secure(**more: Any) -> Document:
    """An HTTPS listener with all of them, the first by default."""
    names = [*CERTIFICATES, "not-known"]
    return to_target(**{"Port": 443, "Certificates": names, **more}) | {
        "certificates": CERTIFICATES,
        "trust_stores": {"corp": ["ca"]},
        "client_certificates": {
            "ann": {"subject": "CN=ann,O=A", "issuer": "ca"},
            "eve": {"subject": "CN=eve", "issuer": "other"},
            "old": {"subject": "CN=old", "issuer": "ca", "expired": True},
        },
    }


@pytest.mark.parametrize(
    "name, expected",
    [
        ("x.a.test", "elliptic"),
        ("X.A.Test.", "elliptic"),
        ("y.a.test", "longer"),
        ("other.test", "exact"),
        ("h.test", "strong"),
        ("z.b.test", "same-exact"),
        ("b.b.test", "same"),
        ("a.b.b.test", "first"),
        ("first.test", "first"),
        ("nothing.test", "first"),
        ("192.0.2.1", "first"),
        (None, "first"),
    ],
)
def test_the_server_name_chooses_the_certificate(name: str | None, expected: str) -> None:
    """Kind of key, hash, length, then the exact name; without a fit the default one."""
    assert asked(secure(), server_name=name).certificate == expected


def test_a_certificate_that_nothing_is_known_of_is_named_as_it_is() -> None:
    """A listener over HTTPS may have none at all in a document."""
    assert asked(secure(Certificates=["arn:x"])).certificate == "arn:x"
    assert asked(secure(Certificates=[])).certificate is None
    assert asked(to_target()).certificate is None


def test_the_protocol_must_be_that_of_the_listener() -> None:
    """No TLS to an HTTP listener, and 400 for plain HTTP to an HTTPS one."""
    assert asked(to_target(), scheme="https").tls_error == "listener 80 speaks no TLS"
    assert asked(secure(), scheme="http").status == 400
    assert asked(secure(), scheme="https").target is not None


VERIFY = {"Mode": "verify", "TrustStoreArn": "corp"}


@pytest.mark.parametrize(
    "client, extra, refused",
    [
        ("ann", {}, None),
        (None, {}, "the client presents no certificate"),
        ("eve", {}, "other is not in trust store corp"),
        ("ann", {"TrustStoreArn": "gone"}, "ca is not in trust store gone"),
        ("old", {}, "the client's certificate has expired"),
        ("old", {"IgnoreClientCertificateExpiry": True}, None),
    ],
)
def test_clients_are_verified(client: str | None, extra: dict[str, Any], refused: str) -> None:
    """By trust store and date; a refusal ends the handshake."""
    document = secure(MutualAuthentication={**VERIFY, **extra})
    outcome = asked(document, client_certificate=client)
    assert outcome.tls_error == refused
    assert (outcome.target is None) is (refused is not None)


MTLS = "X-Amzn-Mtls-Clientcert"
LEAF = "-----BEGIN%20CERTIFICATE-----"


def test_the_target_learns_who_the_client_is() -> None:
    """Five headers, in AWS's forms; what a client says by these names itself is dropped."""
    document = secure(MutualAuthentication=VERIFY)
    outcome = asked(document, client_certificate="ann", headers={f"{MTLS}-Subject": "CN=root"})
    assert seen(outcome, f"{MTLS}-Subject") == "CN=ann,O=A"
    assert seen(outcome, f"{MTLS}-Issuer") == "CN=ca"
    assert seen(outcome, f"{MTLS}-Validity") == (
        "NotBefore=2023-11-13T22:13:20Z;NotAfter=2024-11-13T22:13:20Z"
    )
    serial = seen(outcome, f"{MTLS}-Serial-Number") or ""
    assert len(serial) == 32
    assert (seen(outcome, f"{MTLS}-Leaf") or "").startswith(LEAF)


def test_an_expired_certificate_shows_its_dates() -> None:
    """Where expiry is ignored."""
    document = secure(MutualAuthentication={**VERIFY, "IgnoreClientCertificateExpiry": True})
    validity = seen(asked(document, client_certificate="old"), f"{MTLS}-Validity") or ""
    assert validity.endswith("NotAfter=2023-11-13T22:13:20Z")


def test_passing_through_verifies_nothing() -> None:
    """One header with the chain, none without a certificate."""
    document = secure(MutualAuthentication={"Mode": "passthrough"})
    assert (seen(asked(document, client_certificate="eve"), MTLS) or "").startswith(LEAF)
    assert seen(asked(document, headers={MTLS: "forged"}), MTLS) is None


def test_listeners_rename_headers() -> None:
    """What comes by the new name from a client is dropped, too."""
    attributes = {"routing.http.request.x_amzn_mtls_clientcert_subject.header_name": "X-Who"}
    document = secure(MutualAuthentication=VERIFY, Attributes=attributes)
    outcome = asked(document, client_certificate="ann", headers={"x-who": "root"})
    assert seen(outcome, "X-Who") == "CN=ann,O=A"
    assert seen(outcome, f"{MTLS}-Subject") is None


@pytest.mark.parametrize(
    "policy, version, cipher",
    [
        ("ELBSecurityPolicy-TLS13-1-2-2021-06", "TLSv1.3", "TLS_AES_128_GCM_SHA256"),
        ("ELBSecurityPolicy-2016-08", "TLSv1.2", "ECDHE-RSA-AES128-GCM-SHA256"),
    ],
)
def test_version_and_cipher_are_shown_where_asked_for(
    policy: str, version: str, cipher: str
) -> None:
    """Off by default, and never over HTTP; a client cannot claim them."""
    shown = {"routing.http.x_amzn_tls_version_and_cipher_suite.enabled": "true"}
    document = secure(SslPolicy=policy, attributes=shown)
    outcome = asked(document, headers={"X-Amzn-Tls-Version": "SSLv3"})
    assert seen(outcome, "X-Amzn-Tls-Version") == version
    assert seen(outcome, "X-Amzn-Tls-Cipher-Suite") == cipher
    assert seen(asked(secure()), "X-Amzn-Tls-Version") is None
    assert seen(asked(to_target(attributes=shown)), "X-Amzn-Tls-Version") is None
