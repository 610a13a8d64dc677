"""What became of a pass, presented by the front end and published."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator
from typing import Generic

from alb_controller.errors import ControllerError, Invalid, KubeError
from alb_controller.frontends.events import Event
from alb_controller.frontends.frontend import FrontEnd, M, S
from alb_controller.frontends.outcomes import Failed, Outcome
from alb_controller.frontends.translation import Translation
from alb_controller.objects.events import Reason
from alb_controller.objects.kinds import ref_of
from alb_controller.reconcile.refused import is_refused_object
from alb_controller.reconcile.stack.deploy import Deployer
from alb_controller.reconcile.stack.publish import Publisher


class Reporter(Generic[S, M]):
    """Publishes outcomes of the passes of one front end."""

    def __init__(self, front_end: FrontEnd[S, M], publisher: Publisher, deployer: Deployer) -> None:
        self._front_end, self._publisher, self._deployer = front_end, publisher, deployer

    def report(self, snapshot: S, translation: Translation[M] | None, outcome: Outcome) -> None:
        """Users see it now; what is refused of one object stops no other. Raises KubeError."""
        presentation = self._front_end.present(snapshot, translation, outcome)
        try:
            self._publisher.publish(snapshot, presentation)
        except KubeError as error:
            if not is_refused_object(error):
                raise

    def announce(self, snapshot: S, gaps: Iterable[str]) -> None:
        """Every member hears of it before it happens."""
        members = [ref_of(one.object) for one in snapshot.members]
        events = [
            Event(member, "Warning", Reason.REPLACED_WITH_GAP, gap)
            for gap in gaps
            for member in members
        ]
        self._publisher.record(snapshot, events)

    @contextlib.contextmanager
    def failing(self, snapshot: S, reason: Reason) -> Iterator[None]:
        """Those concerned see what a part of the pass breaks off with (spec 9.1)."""
        try:
            yield
        except ControllerError as error:
            if reason is Reason.FAILED_BUILD_MODEL:
                self._deployer.note_loss(snapshot.key, error)
            self.report_failure(snapshot, reason, error)
            raise

    def report_failure(self, snapshot: S, reason: Reason, error: ControllerError) -> None:
        """A mistake of a member is reported as one, whenever it shows."""
        if isinstance(error, Invalid):
            reason = Reason.FAILED_BUILD_MODEL
        self.report(snapshot, None, Failed(error=error, reason=reason))
