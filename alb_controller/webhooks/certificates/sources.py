"""Where the server's certificate comes from, for each connection anew."""

from __future__ import annotations

import ssl
import threading
from pathlib import Path
from typing import Protocol

import structlog

from alb_controller.values import Secret
from alb_controller.webhooks.certificates.pairs import Pair, is_whole, server_context
from alb_controller.webhooks.choice import Files

_log = structlog.get_logger(__name__)


class CertificateSource(Protocol):
    """The certificate of the moment."""

    def context(self) -> ssl.SSLContext | None:
        """What the next connection is served with; None where there is no certificate yet."""

    def stop(self) -> None:
        """End what keeps it fresh."""


class CertificateFiles:
    """A certificate and its key in files that others write: read again when they change."""

    def __init__(self, files: Files, authorities: str | None) -> None:
        self._files, self._authorities = files, authorities
        self._lock = threading.Lock()
        self._seen: object = None
        self._context: ssl.SSLContext | None = None

    def context(self) -> ssl.SSLContext | None:
        """Of the files as they are; of what they were while they do not fit each other."""
        with self._lock:
            state = (_state(self._files.certificate), _state(self._files.key))
            if state != self._seen:
                self._seen = state
                self._read()
            return self._context

    def stop(self) -> None:
        """There is nothing to end."""

    def _read(self) -> None:
        files = self._files
        try:
            pair = Pair(files.certificate.read_bytes(), Secret(files.key.read_text("ascii")))
            if not is_whole(pair):
                self._report("the key is not that of the certificate")
                return
            self._context = server_context(pair, self._authorities)
        except OSError as error:
            self._report(error.strerror or str(error))
        except ValueError as error:
            self._report(type(error).__name__)  # its text may hold a part of the key
        else:
            _log.info("webhook_certificate_read", file=str(files.certificate))

    def _report(self, problem: str) -> None:
        files = [str(self._files.certificate), str(self._files.key)]
        _log.warning("webhook_certificate_unusable", files=files, problem=problem)


def _state(path: Path) -> object:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_ino, found.st_size
