"""Secrets of a stack: watched while it uses them, and noted on the Ingresses once AWS has them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Protocol

from alb_controller.errors import NotReady, ObjectMissing
from alb_controller.frontends.ingress.load import Snapshot
from alb_controller.frontends.ingress.routing.secrets import note
from alb_controller.frontends.translation import Translation
from alb_controller.objects.kinds import INGRESS
from alb_controller.objects.secrets import APPLIED_SECRETS, SecretName, SecretState
from alb_controller.objects.writer import ObjectWriter
from alb_controller.values import StackKey

_SECONDS = 2.0
"""Until the next look; the answer itself wakes the stack at once."""


class Secrets(Protocol):
    """What `kube.secrets.SecretWatches` is to a pass."""

    def known(self) -> Mapping[SecretName, SecretState]:
        """Every watched Secret whose state is known."""

    def use(self, stack: StackKey, names: Iterable[SecretName]) -> None:
        """Watch these for a stack, and no others."""


def use_secrets(secrets: Secrets, snapshot: Snapshot, translation: Translation[Any]) -> None:
    """Watch what a stack uses; raises NotReady while one has not been read for the first time."""
    secrets.use(snapshot.key, translation.secrets)
    unread = sorted("/".join(name) for name in translation.secrets - snapshot.secrets.keys())
    if unread:
        raise NotReady(f"the first look at Secret {', '.join(unread)}", _SECONDS)


def note_secrets(writer: ObjectWriter, snapshot: Snapshot, translation: Translation[Any]) -> None:
    """Write on each Ingress which Secrets AWS has of it, where it does not say so already."""
    for member in snapshot.members:
        good, meta = translation.good.get(member.uid), member.ingress.metadata
        if good is None or note(good.secrets) == meta.annotations.get(APPLIED_SECRETS):
            continue
        noted = {"uid": meta.uid, "annotations": {APPLIED_SECRETS: note(good.secrets)}}
        try:
            writer.merge_patch(INGRESS, meta.namespace, meta.name, {"metadata": noted})
        except ObjectMissing:
            continue  # it is gone, and its secrets with it
