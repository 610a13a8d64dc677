"""The table of Event reasons."""

from __future__ import annotations

from alb_controller.objects.events import TABLE, Reason, events_page


def test_every_reason_has_a_row() -> None:
    """No Event is written that the page does not explain, and none is explained twice."""
    assert [row.reason for row in TABLE] == list(Reason)
    assert all(f"`{reason}`" in events_page() for reason in Reason)
