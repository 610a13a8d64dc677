"""Whether webhooks are served, and with which certificate: by flags and files alone (ADR 17).

Beside the server so that a process without webhooks need not load what they need: 9 MiB.
"""

from __future__ import annotations

from pathlib import Path

import msgspec

from alb_controller.settings import Settings

DEFAULT_FOLDER = Path("/", "tmp", "k8s-webhook-server", "serving-certs")
"""LBC's: where its chart mounts a Secret."""


class Files(msgspec.Struct, frozen=True):
    """A certificate and its key; they may be missing."""

    certificate: Path
    key: Path


def files_of(settings: Settings) -> Files:
    """Where the flags say, else where LBC looks."""
    folder = Path(settings.webhook_cert_dir or DEFAULT_FOLDER)
    return Files(
        folder / (settings.webhook_cert_file or "tls.crt"),
        folder / (settings.webhook_key_file or "tls.key"),
    )


def is_served(settings: Settings) -> bool:
    """Whether a certificate is given or asked for."""
    files = files_of(settings)
    asked = (
        settings.webhook_cert_secret,
        settings.webhook_cert_dir,
        settings.webhook_cert_file,
        settings.webhook_key_file,
    )
    return any(asked) or (files.certificate.exists() and files.key.exists())
