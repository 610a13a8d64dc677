"""A certificate in files, read again when they change, and when webhooks are served at all."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import structlog

from alb_controller.errors import ControllerError
from alb_controller.webhooks import serving
from alb_controller.webhooks.certificates.pairs import Issued, issue
from alb_controller.webhooks.certificates.sources import CertificateFiles
from alb_controller.webhooks.serving import WebhookEdges, serve
from tests.unit.frontends.ingress.translation import settings


def made() -> Issued:
    """A certificate for loopback."""
    return issue(["127.0.0.1"], datetime.now(UTC), timedelta(hours=1))


def write(folder: Path, issued: Issued) -> None:
    """Put both files in place."""
    (folder / "tls.crt").write_bytes(issued.pair.certificate)
    (folder / "tls.key").write_text(issued.pair.key.reveal())


def test_files_are_read_when_they_appear_and_when_they_change(tmp_path: Path) -> None:
    """And not in between."""
    files = CertificateFiles(tmp_path, "tls.crt", "tls.key", None)
    assert files.context() is None
    assert not files.exist()
    write(tmp_path, made())
    first = files.context()
    assert first is not None
    assert files.context() is first
    write(tmp_path, made())
    assert files.context() is not first


def test_files_that_do_not_fit_leave_the_last_good_pair(tmp_path: Path) -> None:
    """One of them is written before the other; no word of the key is logged."""
    files = CertificateFiles(tmp_path, "tls.crt", "tls.key", None)
    write(tmp_path, made())
    first = files.context()
    other = made()
    with structlog.testing.capture_logs() as logs:
        (tmp_path / "tls.key").write_text(other.pair.key.reveal())
        assert files.context() is first
        assert files.context() is first
        (tmp_path / "tls.crt").write_bytes(b"nonsense")
        assert files.context() is first
        (tmp_path / "tls.key").unlink()
        assert files.context() is first
    assert [log["event"] for log in logs] == ["webhook_certificate_unusable"] * 3
    assert "PRIVATE" not in str(logs)


NO_EDGES = WebhookEdges(
    client=None,  # type: ignore[arg-type]  # nothing is served
    stores=None,  # type: ignore[arg-type]
    sender=None,  # type: ignore[arg-type]
    clock=None,  # type: ignore[arg-type]
    vpc_id="",
)


def test_without_a_certificate_nothing_is_served(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A port alone asks for nothing; one line says so."""
    monkeypatch.setattr(serving, "DEFAULT_FOLDER", tmp_path)
    with structlog.testing.capture_logs() as logs:
        assert serve(settings(webhook_bind_port=19443), NO_EDGES) is None
    assert [log["event"] for log in logs] == ["webhooks_not_served"]


@pytest.mark.parametrize(
    "flags, sentence",
    [
        ({"kube_ca_pem_filepath": "/no/such"}, "--kube-ca-pem-filepath /no/such: No such file"),
        ({"webhook_cert_secret": "tls"}, "--webhook-cert-secret: give NAMESPACE/tls"),
    ],
)
def test_what_keeps_webhooks_from_being_served_stops_the_start(
    flags: dict[str, str], sentence: str
) -> None:
    """In one sentence that names the flag."""
    with pytest.raises(ControllerError, match=sentence):
        serve(settings(**flags), NO_EDGES)
