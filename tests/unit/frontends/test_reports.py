"""What all front ends report of an outcome alike."""

from __future__ import annotations

from alb_controller.frontends.outcomes import Unchanged
from alb_controller.frontends.reports import events_of, reports_of
from tests.factories import ingress
from tests.unit.frontends.ingress.translation import WEB, snapshot


def test_an_outcome_without_a_translation_says_nothing_of_members() -> None:
    """The pass did not come so far: there is no problem to name, and each stands as before."""
    seen = snapshot(WEB, ingress())
    assert list(events_of(seen, None, Unchanged())) == []
    assert reports_of(seen, None, Unchanged()) is None
