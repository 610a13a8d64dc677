"""A certificate in files, read again when they change, and when webhooks are served at all."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import structlog

from alb_controller.errors import ControllerError
from alb_controller.webhooks import choice
from alb_controller.webhooks.certificates.pairs import Issued, issue
from alb_controller.webhooks.certificates.sources import CertificateFiles
from alb_controller.webhooks.choice import files_of, is_served
from alb_controller.webhooks.serving import serve
from tests.unit.frontends.ingress.translation import settings


def made() -> Issued:
    """A certificate for loopback."""
    return issue("test", ["127.0.0.1"], datetime.now(UTC), timedelta(hours=1))


def put(path: Path, content: bytes) -> None:
    """A file of its own in the path's place, as kubelets do: two in one tick are not the same."""
    new = path.with_suffix(".new")
    new.write_bytes(content)
    new.replace(path)


def write(folder: Path, issued: Issued) -> None:
    """Put both files in place."""
    put(folder / "tls.crt", issued.pair.certificate)
    put(folder / "tls.key", issued.pair.key.reveal().encode())


def test_files_are_read_when_they_appear_and_when_they_change(tmp_path: Path) -> None:
    """And not in between."""
    files = CertificateFiles(files_of(settings(webhook_cert_dir=str(tmp_path))), None)
    assert files.context() is None
    write(tmp_path, made())
    first = files.context()
    assert first is not None
    assert files.context() is first
    write(tmp_path, made())
    assert files.context() is not first


def test_files_that_do_not_fit_leave_the_last_good_pair(tmp_path: Path) -> None:
    """One of them is written before the other; no word of the key is logged."""
    files = CertificateFiles(files_of(settings(webhook_cert_dir=str(tmp_path))), None)
    write(tmp_path, made())
    first = files.context()
    other = made()
    with structlog.testing.capture_logs() as logs:
        put(tmp_path / "tls.key", other.pair.key.reveal().encode())
        assert files.context() is first
        assert files.context() is first
        put(tmp_path / "tls.crt", b"nonsense")
        assert files.context() is first
        (tmp_path / "tls.key").unlink()
        assert files.context() is first
    assert [log["event"] for log in logs] == ["webhook_certificate_unusable"] * 3
    assert "PRIVATE" not in str(logs)


NO_EDGES: Any = SimpleNamespace(client=None, may_write=None, clock=None)


def test_without_a_certificate_nothing_is_served(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A port alone asks for nothing; files in LBC's place do, and so does each flag."""
    monkeypatch.setattr(choice, "DEFAULT_FOLDER", tmp_path)
    assert not is_served(settings(webhook_bind_port=19443))
    assert is_served(settings(webhook_cert_secret="tls"))
    assert is_served(settings(webhook_cert_dir="/no/such"))
    write(tmp_path, made())
    assert is_served(settings())


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
