"""What passes without a review."""

from __future__ import annotations

from collections.abc import Callable

import structlog

from alb_controller.errors import KubeError
from alb_controller.webhooks.reviews import CREATE, UPDATE, Request

_log = structlog.get_logger(__name__)


class Passes:
    """What passes unseen: deletions, other namespaces than the watched one, and our own writes.

    Those are known by who makes them, whichever replica it is.
    """

    def __init__(self, read_account: Callable[[], str | None], watched: str | None = None) -> None:
        """`read_account` may raise KubeErrors; then a write is reviewed like any other's."""
        self._read_account, self._watched = read_account, watched
        self._known: tuple[str | None] | None = None

    def __call__(self, request: Request) -> bool:
        """Whether a change need not be looked at."""
        if request.operation not in (CREATE, UPDATE):
            return True
        if self._watched and request.namespace not in ("", self._watched):
            return True
        return self._is_own(request)

    def knows_own(self) -> bool:
        """Whether a write that does not pass is somebody else's for certain."""
        return self._known is not None and self._known[0] is not None

    def _is_own(self, request: Request) -> bool:
        known = self._known
        if known is None:  # reviews that come at once may each ask: none waits for another
            try:
                self._known = known = (self._read_account(),)
            except KubeError as error:
                _log.debug("own_account_unknown", error=str(error))
                return False
        return known[0] is not None and request.user_info.username == known[0]
