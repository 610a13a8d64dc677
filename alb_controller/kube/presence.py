"""Whether the API server has a kind that a cluster may lack (ADR 30)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import structlog

from alb_controller.errors import KubeError, ObjectMissing
from alb_controller.kube.client import KubeClient
from alb_controller.kube.discovery import served_versions

if TYPE_CHECKING:
    from alb_controller.kube.informer import Mirror

ABSENT_LOOKS = 2
"""So many must miss a kind before its objects are taken for deleted."""

_log = structlog.get_logger(__name__)


class Presence:
    """Of one mirror's kind. Kinds that are not optional are always taken to be served."""

    def __init__(self, client: KubeClient, mirror: Mirror) -> None:
        self._client, self._mirror = client, mirror
        self._misses = 0
        self.is_served = not mirror.kind.optional

    def look(self) -> bool:
        """Whether the server serves the kind; where it has it in no version, no object is left.

        Raises KubeError where the server does not say so: what is known stays.
        """
        kind = self._mirror.kind
        versions = served_versions(self._client, kind)
        self.is_served = kind.version in versions
        if not versions:
            self._miss()
        elif self._misses < ABSENT_LOOKS:
            self._misses = 0
        if versions and not self.is_served:
            self._mirror.unserved = f"its CRD serves {', '.join(versions)}, not {kind.version}"
        return self.is_served

    def _miss(self) -> None:
        """The API server deletes the objects of a CRD before it lets the CRD go.

        What is known goes at the second look: one of several API servers may not know a new CRD.
        """
        mirror = self._mirror
        self._misses += 1
        if mirror.synced.is_set() and self._misses != ABSENT_LOOKS:
            return
        self._misses = ABSENT_LOOKS
        mirror.replace((), mirror.version)
        mirror.unserved = ""
        mirror.synced.set()
        kind = mirror.kind
        _log.info("kind_not_installed", kind=kind.name, api_version=kind.api_version)

    def failed(self, error: KubeError) -> None:
        """After a list or watch has failed: a 404 asks for a look."""
        if isinstance(error, ObjectMissing) and self._mirror.kind.optional:
            self.is_served = False

    def listed(self) -> None:
        """After a list."""
        self._misses, self._mirror.unserved = 0, ""

    @property
    def was_missed(self) -> bool:
        """Whether the last look found nothing: the next list counts whatever is remembered.

        A CRD that was taken away by force comes back with its objects.
        """
        return self._misses > 0
