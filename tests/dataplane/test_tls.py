"""HTTPS on the wire: certificates by server name, clients' certificates, HTTP/2."""

from __future__ import annotations

import json
import socket
import ssl
from collections.abc import Iterator
from typing import Any

import h2.config
import h2.connection
import h2.events
import pytest
from cryptography import x509
from cryptography.x509.oid import NameOID

from tests.dataplane.serving import Json, Plane, forward, group, serve


def _listener(port: int, **rest: Any) -> Json:
    return {
        "Port": port,
        "Protocol": "HTTPS",
        "Certificates": ["default", "shop", "wild"],
        "DefaultActions": [forward("a")],
        **rest,
    }


STATE: Json = {
    "certificates": {
        "default": {"domains": ["default.example"], "key": "EC-P256"},
        "shop": {"domains": ["shop.example.com"], "key": "EC-P256"},
        "wild": {"domains": ["*.example.com"], "key": "EC-P256"},
    },
    "trust_stores": {"corp": ["corp-ca"]},
    "client_certificates": {
        "alice": {"subject": "CN=alice,O=Example", "issuer": "corp-ca"},
        "mallory": {"subject": "CN=mallory", "issuer": "other-ca"},
        "old": {"subject": "CN=old", "issuer": "corp-ca", "expired": True},
    },
    "listeners": [
        _listener(443),
        _listener(444, MutualAuthentication={"Mode": "verify", "TrustStoreArn": "corp"}),
        _listener(
            445,
            MutualAuthentication={
                "Mode": "verify",
                "TrustStoreArn": "corp",
                "IgnoreClientCertificateExpiry": True,
            },
        ),
        _listener(446, MutualAuthentication={"Mode": "passthrough"}),
    ],
    "target_groups": {"a": group("10.0.0.1")},
}


@pytest.fixture(scope="module")
def plane(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Plane]:
    """The state above, served."""
    with serve(STATE, tmp_path_factory.mktemp("tls")) as made:
        yield made


def _connect(
    plane: Plane, port: int, name: str | None, *, client: str = "", alpn: str = "http/1.1"
) -> ssl.SSLSocket:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    context.set_alpn_protocols([alpn])
    if client:
        files = plane.places["client_certificates"][client]
        context.load_cert_chain(files["cert"], files["key"])
    host, _, number = plane.places["listeners"][str(port)].rpartition(":")
    plain = socket.create_connection((host, int(number)), timeout=10)
    return context.wrap_socket(plain, server_hostname=name)


def _seen(plane: Plane, port: int, client: str = "") -> Json:
    """What the pod says of a request, as a mapping of headers too."""
    with _connect(plane, port, "shop.example.com", client=client) as made:
        made.sendall(b"GET / HTTP/1.1\r\nHost: shop.example.com\r\nConnection: close\r\n\r\n")
        data = b""
        while part := made.recv(65536):
            data += part
    seen: Json = json.loads(data.partition(b"\r\n\r\n")[2])
    return {name.lower(): value for name, value in seen["headers"]}


@pytest.mark.parametrize(
    "name,certificate",
    [
        ("shop.example.com", "shop"),
        ("WWW.example.com", "wild"),
        ("a.b.example.com", "default"),
        ("unknown.example", "default"),
        (None, "default"),
    ],
)
def test_the_server_name_chooses_the_certificate(
    plane: Plane, name: str | None, certificate: str
) -> None:
    """A wildcard is one label; what fits nothing gets the default one."""
    with _connect(plane, 443, name) as made:
        shown = made.getpeercert(binary_form=True)
    assert shown is not None
    subject = x509.load_der_x509_certificate(shown).subject
    assert subject.get_attributes_for_oid(NameOID.COMMON_NAME)[0].value == certificate


def test_targets_learn_who_a_verified_client_is(plane: Plane) -> None:
    """Five headers, the leaf percent-encoded."""
    seen = _seen(plane, 444, "alice")
    assert "CN=alice" in seen["x-amzn-mtls-clientcert-subject"]
    assert "CN=corp-ca" in seen["x-amzn-mtls-clientcert-issuer"]
    assert seen["x-amzn-mtls-clientcert-leaf"].startswith("-----BEGIN%20CERTIFICATE-----")
    assert seen["x-forwarded-proto"] == "https"


@pytest.mark.parametrize("client", ["", "mallory", "old"])
def test_who_is_not_trusted_gets_no_connection(plane: Plane, client: str) -> None:
    """Without a certificate, with another authority's, with one that has expired."""
    with pytest.raises(OSError, match=r"(?i)alert|reset|eof"):
        _seen(plane, 444, client)


def test_expiry_can_be_ignored_and_nothing_verified(plane: Plane) -> None:
    """As the listener says; passed through, the whole chain is one header."""
    assert "CN=old" in _seen(plane, 445, "old")["x-amzn-mtls-clientcert-subject"]
    assert "BEGIN%20CERTIFICATE" in _seen(plane, 446, "mallory")["x-amzn-mtls-clientcert"]
    assert "x-amzn-mtls-clientcert" not in _seen(plane, 446)


def test_http_2_is_offered_and_targets_get_http_1(plane: Plane) -> None:
    """One stream, its answer read to the end."""
    connection = h2.connection.H2Connection(h2.config.H2Configuration(header_encoding="utf-8"))
    body, ended = b"", False
    with _connect(plane, 443, "shop.example.com", alpn="h2") as made:
        assert made.selected_alpn_protocol() == "h2"
        connection.initiate_connection()
        pairs = [(":method", "GET"), (":authority", "shop.example.com"), (":scheme", "https")]
        connection.send_headers(1, [*pairs, (":path", "/two?x")], end_stream=True)
        made.sendall(connection.data_to_send())
        while not ended and (data := made.recv(65536)):
            for event in connection.receive_data(data):
                body += event.data if isinstance(event, h2.events.DataReceived) else b""
                ended |= isinstance(event, h2.events.StreamEnded)
    assert json.loads(body)["path"] == "/two?x"
