"""Secrets of a stack: watched while it uses them."""

from __future__ import annotations

from typing import Any

from alb_controller.errors import NotReady
from alb_controller.frontends.snapshot import Snapshot
from alb_controller.frontends.translation import Translation
from alb_controller.reconcile.stack.edges import WatchedSecrets

_SECONDS = 2.0
"""Until the next look; the answer itself wakes the stack at once."""


def watch_secrets(
    secrets: WatchedSecrets, snapshot: Snapshot, translation: Translation[Any]
) -> None:
    """Watch what a stack uses; raises NotReady while one has not been read for the first time."""
    secrets.use(snapshot.key, translation.secrets)
    unread = sorted("/".join(name) for name in translation.secrets - snapshot.secrets.keys())
    if unread:
        raise NotReady(f"the first look at Secret {', '.join(unread)}", _SECONDS)
