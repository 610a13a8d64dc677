"""The outer form of a record, which users can write too (ADR 32)."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from alb_controller.objects.records import joined_of, pack
from alb_controller.values import Joined


def test_when_its_object_joined_is_read_back() -> None:
    """In whole seconds, with its place among those who came late."""
    joined = Joined(datetime(2026, 1, 2, tzinfo=UTC), 3)
    assert joined_of(pack("team", "uid", joined, b"")) == joined
    assert joined_of(pack("team", "uid", None, b"")) is None


@pytest.mark.parametrize("at", ["9999999999999999.1", "1", "1.x", "-1.1", "1." + "1" * 20])
def test_a_time_that_is_none_says_nothing(at: str) -> None:
    """Nor does a year that no calendar has."""
    assert joined_of(f"v1:team:uid:{at}:") is None
